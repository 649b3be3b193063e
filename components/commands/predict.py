"""`predict`: a table of what a tuned model says of windows or recordings."""

import argparse
import logging

from components import arguments
from components.importing import uncollected

log = logging.getLogger("biotune")

MODEL = "a tuned model: finetune's output, or a model in a registry; path or s3://"
DATA = "windows (an HDF5 file, or a folder with <split>.h5) or recordings; path or s3://"
OUTPUT = "file to make, .parquet or .csv, here or s3://; written whole or not at all"
LIKE = "repeat the conversion of this dataset of `biotune convert` on the recordings"
SKIP = "windows with NaN get a row without numbers; go on without recordings that can't be read"
OPTIONS = ("split", "like", "stride", "assume_unit", "sampling_rate", "skip_broken")


def add(commands, program: str) -> None:
    """Adds the command to those of `program`."""
    parser = arguments.add_command(
        commands,
        "predict",
        _predict,
        help="write a table of what a tuned model says of windows or recordings",
        example=f"{program} predict --model model --data data/ -o predictions.parquet",
    )
    parser.add_argument("--model", required=True, metavar="URI", help=MODEL)
    parser.add_argument("--data", required=True, metavar="URI", help=DATA)
    parser.add_argument("-o", "--output", required=True, metavar="URI", help=OUTPUT)
    parser.add_argument("--split", default="test", metavar="NAME", help="of a folder (test)")
    parser.add_argument("--like", default="", metavar="URI", help=LIKE)
    parser.add_argument("--stride", type=float, metavar="SECONDS", help="between windows' starts")
    parser.add_argument("--assume-unit", metavar="UNIT", help="unit of recordings that name none")
    parser.add_argument(
        "--sampling-rate",
        type=float,
        metavar="HZ",
        help="of .npz and CSV files that tell none, or round it",
    )
    parser.add_argument("--skip-broken", action="store_true", help=SKIP)
    arguments.add_overrides(parser)


def _predict(args: argparse.Namespace) -> int:
    from components import any_task, extras
    from components.config import compose, for_step

    extras.require("train", "torch", "lightning")
    with uncollected():
        from components.predict.step import run

    piece = for_step("evaluate", compose([*any_task.SIGNAL, *any_task.completed(args.overrides)]))
    options = {key: getattr(args, key) for key in OPTIONS}
    done = run(args.model, args.data, args.output, piece, **options)
    lost = f", {done.lost:,} of them without numbers" if done.lost else ""
    log.info("%s: %s windows%s", done.output, f"{done.windows:,}", lost)
    return 0
