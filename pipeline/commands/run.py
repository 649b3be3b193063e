"""`biotune run`: the whole pipeline on this machine."""

import argparse
from datetime import datetime
from pathlib import Path

from components import arguments
from components.failures import InputError
from pipeline.commands import retraining
from pipeline.containers import options

DEMO = Path(__file__).parents[1] / "demo"
DEMO_CHECKPOINT = DEMO / "pretrained.ckpt"


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "run",
        _run,
        help="run the whole pipeline here; the demo unless checkpoint and dataset are named",
        example="biotune run --checkpoint last.ckpt --dataset data/ num_classes=4",
    )
    parser.add_argument(
        "--runner",
        choices=["subprocess", "docker"],
        default="subprocess",
        help="where a step runs: in a process of this machine (default) or a container on it",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: runs/<date>-<time>")
    parser.add_argument("--checkpoint", metavar="URI", help="checkpoint: path, file:// or s3://")
    parser.add_argument(
        "--dataset", metavar="URI", help="folder or s3:// prefix with train.h5, val.h5 and test.h5"
    )
    retraining.add(parser)
    arguments.add_overrides(parser)
    options.add(parser)


def _run(args: argparse.Namespace) -> int:
    checkpoint, dataset, overrides = _asked(args)
    if args.seeds and args.registry:
        raise InputError("--seeds and --registry exclude each other: a champion is one model")
    _on_this_machine(overrides)
    folds = retraining.folds(args, dataset)
    from pipeline import description, local, summary

    out = args.out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    containers = options.containers(args, checkpoint, dataset, overrides)
    manifest = description.manifest(overrides, containers and containers.describe)
    local.run(
        checkpoint,
        dataset,
        overrides,
        out=out,
        manifest=manifest,
        seeds=args.seeds,
        folds=folds,
        registry=args.registry,
        runner=containers,
    )
    summary.show(out)
    return 0


def _on_this_machine(overrides: list[str]) -> None:
    """Refuses several nodes at once; where a file of the configuration says so, preflight does."""
    from components.rules import RULES

    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key == "trainer.num_nodes" and value != "1":
            raise InputError(f"{override}: must be {RULES[key][1]}")


def _asked(args: argparse.Namespace) -> tuple[str, str, list[str]]:
    """Checkpoint, dataset and overrides: the user's, or the demo's where neither is named."""
    if args.checkpoint and args.dataset:
        return args.checkpoint, args.dataset, args.overrides
    if args.checkpoint or args.dataset:
        missing = "--dataset" if args.checkpoint else "--checkpoint"
        raise InputError(f"{missing}: missing; name both, or neither for the demo")
    chosen = any(override.startswith("experiment=") for override in args.overrides)
    demo = [] if chosen else ["experiment=demo"]
    return str(DEMO_CHECKPOINT), str(DEMO), [*demo, *args.overrides]
