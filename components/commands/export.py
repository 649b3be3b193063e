"""`export`: a tuned model as one file that runs without this package."""

import argparse
import json

from components import arguments
from components.importing import uncollected

MODEL = "a tuned model: finetune's output, or a model in a registry; path or s3://"
OUTPUT = "file to make, .onnx or .pt2; <file>.json with the report comes beside"
DATA = "windows to check it on, an HDF5 file or a folder with <split>.h5; noise without"


def add(commands, program: str) -> None:
    """Adds the command to those of `program`."""
    parser = arguments.add_command(
        commands,
        "export",
        _export,
        help="write a tuned model as ONNX or torch.export's .pt2, held against the original",
        example=f"{program} export --model model --data data/ -o model.onnx",
    )
    parser.add_argument("--model", required=True, metavar="URI", help=MODEL)
    parser.add_argument("-o", "--output", required=True, metavar="URI", help=OUTPUT)
    parser.add_argument("--data", default="", metavar="URI", help=DATA)
    parser.add_argument("--split", default="test", metavar="NAME", help="of a folder (test)")
    arguments.add_overrides(parser)


def _export(args: argparse.Namespace) -> int:
    from components import any_task, extras
    from components.config import compose, for_step

    extras.require("train", "torch", "lightning")
    with uncollected():
        from components.export.step import run

    piece = for_step("evaluate", compose([*any_task.SIGNAL, *any_task.completed(args.overrides)]))
    report = run(args.model, args.output, piece, data=args.data, split=args.split)
    print(
        json.dumps({key: report[key] for key in ("format", "size", "parity", "latency")}, indent=1)
    )
    return 0
