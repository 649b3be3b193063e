"""The steps on the command line: `python -m components STEP ...`, one container's work each."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components import any_task, arguments, console, staging
from components.commands import export, predict
from components.importing import uncollected

log = logging.getLogger("biotune")

PROGRAM = "python -m components"
CHECKPOINT = "a .ckpt, .pt, .pth or .safetensors file, or a sharded folder's index: path or s3://"
DATASET = "a folder or s3:// prefix with train.h5, val.h5 and test.h5"
TUNED, TESTED = "finetune's output", "evaluate's output"
REGISTRY = "where promoted models lie: a folder or s3:// prefix"
CHAMPION = (
    "a model in a registry to test beside it, as in s3://bucket/registry/models/<fingerprint>"
)
OUTPUT = "folder to make; written whole or not at all"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one step.

    Returns:
        The exit code: 0 done. A failure ends the process with its own: 1 failed, 2 wrong input.
    """
    args = arguments.parse(_parser(), argv)
    console.log_plainly()
    with console.told():
        args.run(args)
    return 0


def _describe(args: argparse.Namespace) -> None:
    from components.describe.step import as_text, run

    print(as_text(run(args.overrides)), end="")


def _preflight(args: argparse.Namespace) -> None:
    from components.config import compose, shipped_manifest
    from components.preflight.step import run

    composed = compose(args.overrides)
    shipped = shipped_manifest(composed) is not None
    manifest = None if shipped else _manifest(args.overrides, composed)
    given = {"manifest": manifest, "registry": args.registry}
    checked = run(args.checkpoint, args.dataset, args.overrides, **given)
    if args.json:
        print(json.dumps(checked.slices, indent=1))
        return
    print(f"checkpoint  {checked.checkpoint_fingerprint}")
    for split, fingerprint in checked.dataset_fingerprints.items():
        print(f"{split:<10}  {fingerprint}")
    if args.registry:
        print(f"champion    {checked.champion or 'none'}")
        print(f"verdict     {checked.verdict}")


def _load_checkpoint(args: argparse.Namespace) -> None:
    from components.config import compose, draft, for_step
    from components.load_checkpoint.step import run

    overrides, drafted = args.overrides, draft(args.overrides)
    if not drafted.head:
        overrides = any_task.completed(overrides, drafted)
    overrides = [*any_task.SIGNAL, *overrides]
    composed = compose(overrides)
    piece, manifest = for_step("load_checkpoint", composed), _manifest(overrides, composed)
    run(args.checkpoint, args.output, {**piece, "manifest": manifest})


def _finetune(args: argparse.Namespace) -> None:
    staging.try_ahead(args.dataset, ("train", "val"))
    from components.config import compose, for_step

    with uncollected():
        from components.finetune.step import run

    piece = for_step("finetune", compose(args.overrides))
    run(args.dataset, args.output, piece, backbone=args.backbone)


def _evaluate(args: argparse.Namespace) -> None:
    staging.try_ahead(args.dataset, ("test",))
    from components.config import compose, for_step

    with uncollected():
        from components.evaluate.step import run

    # The model's folder says what the task is; the configuration only how to test.
    piece = for_step("evaluate", compose([*any_task.SIGNAL, *any_task.completed(args.overrides)]))
    done = run(args.model, args.dataset, args.output, piece, champion=args.champion)
    print(json.dumps(done.metrics, indent=1))
    log.info("Report: %s", done.report)


def _promote(args: argparse.Namespace) -> None:
    from components.config import compose, for_step
    from components.promote.step import run

    piece = for_step("promote", compose([*any_task.SIGNAL, *any_task.completed(args.overrides)]))
    run(args.model, args.evaluation, args.registry, args.output, piece)


def _manifest(overrides: Sequence[str], composed: Any) -> dict[str, Any]:
    """The committed manifest of the model, or one made here, which takes torch."""
    from components.config import shipped_manifest, sized

    if (committed := shipped_manifest(composed)) is not None:
        return committed
    from components.describe.step import run

    return sized(run(overrides), composed.num_logits)


def _parser() -> arguments.Parser:
    parser = arguments.Parser(
        prog=PROGRAM,
        description="Run one step of a fine-tuning, as its container does.",
        epilog=f"example:\n  {PROGRAM} describe model=waveform_transformer",
    )
    commands = parser.add_subparsers(title="steps", metavar="STEP", required=True)

    describe = arguments.add_command(
        commands,
        "describe",
        _describe,
        help="print a model's manifest: every tensor's name, shape, dtype and part",
        example=f"{PROGRAM} describe model=waveform_transformer",
    )
    preflight = arguments.add_command(
        commands,
        "preflight",
        _preflight,
        help="check checkpoint, data and configuration before anything costly",
        example=f"{PROGRAM} preflight --checkpoint last.ckpt --dataset data/ num_classes=4",
    )
    load = arguments.add_command(
        commands,
        "load-checkpoint",
        _load_checkpoint,
        help="take a pretrained backbone's weights out of a checkpoint",
        example=f"{PROGRAM} load-checkpoint --checkpoint last.ckpt --output backbone",
    )
    finetune = arguments.add_command(
        commands,
        "finetune",
        _finetune,
        help="fine-tune a backbone, or train from scratch without one",
        example=f"{PROGRAM} finetune --backbone backbone --dataset data/ --output model",
    )
    evaluate = arguments.add_command(
        commands,
        "evaluate",
        _evaluate,
        help="test a tuned model and report what came out",
        example=f"{PROGRAM} evaluate --model model --dataset data/ --output evaluation",
    )
    promote = arguments.add_command(
        commands,
        "promote",
        _promote,
        help="make a tuned model the champion of a registry if it is the better one",
        example=f"{PROGRAM} promote --model m --evaluation e --registry models/ --output decision",
    )
    for command in (preflight, load):
        command.add_argument("--checkpoint", required=True, metavar="URI", help=CHECKPOINT)
    preflight.add_argument("--json", action="store_true", help="print each step's configuration")
    finetune.add_argument("--backbone", type=Path, metavar="DIR", help="load-checkpoint's output")
    for command in (evaluate, promote):
        command.add_argument("--model", type=Path, required=True, metavar="DIR", help=TUNED)
    evaluate.add_argument("--champion", default="", metavar="URI", help=CHAMPION)
    promote.add_argument("--evaluation", type=Path, required=True, metavar="DIR", help=TESTED)
    preflight.add_argument("--registry", default="", metavar="URI", help=REGISTRY)
    promote.add_argument("--registry", required=True, metavar="URI", help=REGISTRY)
    for command in (preflight, finetune, evaluate):
        command.add_argument("--dataset", required=True, metavar="URI", help=DATASET)
    for command in (load, finetune, evaluate, promote):
        command.add_argument("--output", type=Path, required=True, metavar="DIR", help=OUTPUT)
    for command in (describe, preflight, load, finetune, evaluate, promote):
        arguments.add_overrides(command)
    for further in (predict, export):
        further.add(commands, PROGRAM)
    return parser


if __name__ == "__main__":
    sys.exit(main())
