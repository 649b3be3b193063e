"""`biotune`: fine-tune and evaluate pretrained biosignal models, here or on Kubeflow."""

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from components import arguments, console
from components.failures import InputError
from pipeline import docker_arguments

DEMO = Path(__file__).parent / "demo"
DEMO_CHECKPOINT = DEMO / "pretrained.ckpt"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit code: 0 done. A failure ends the process with its own: 1 failed, 2 wrong input.
    """
    args = arguments.parse(_parser(), argv)
    console.log_plainly()
    with console.told():
        return args.run(args)


def _run(args: argparse.Namespace) -> int:
    checkpoint, dataset, overrides = _asked(args)
    from pipeline import description, local, summary

    out = args.out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    containers = docker_arguments.containers(args, checkpoint, dataset, overrides)
    manifest = description.manifest(overrides, containers and containers.describe)
    local.run(checkpoint, dataset, overrides, out=out, manifest=manifest, runner=containers)
    summary.show(out / "evaluation")
    return 0


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


def _compile(args: argparse.Namespace) -> int:
    from kfp import compiler

    from pipeline import dag

    if args.output.suffix not in (".yaml", ".yml", ".json"):
        raise InputError(f"--output {args.output}: must end in .yaml, .yml or .json")
    try:
        compiler.Compiler().compile(dag.pipeline(dag.images()), str(args.output))
    except OSError as error:
        raise InputError(f"--output {args.output}: {error.strerror}") from error
    print(args.output)
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from pipeline import inspection

    return inspection.run(args.uri, args.overrides, args.json)


def _doctor(args: argparse.Namespace) -> int:
    from pipeline import doctor

    return doctor.run(args.s3, args.json)


def _parser() -> arguments.Parser:
    parser = arguments.Parser(
        prog="biotune",
        description="Fine-tune and evaluate pretrained biosignal models, here or on Kubeflow.",
        epilog="example, the bundled demo:\n  biotune run",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = arguments.add_command(
        commands,
        "run",
        _run,
        help="run the whole pipeline here; the demo unless checkpoint and dataset are named",
        example="biotune run --checkpoint last.ckpt --dataset data/ num_classes=4",
    )
    run.add_argument(
        "--runner",
        choices=["subprocess", "docker"],
        default="subprocess",
        help="where a step runs: in a process of this machine (default) or a container on it",
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="default: runs/<date>-<time>")
    run.add_argument("--checkpoint", metavar="URI", help="checkpoint: path, file:// or s3://")
    run.add_argument(
        "--dataset", metavar="URI", help="folder or s3:// prefix with train.h5, val.h5 and test.h5"
    )
    arguments.add_overrides(run)
    docker_arguments.add(run)

    compiled = arguments.add_command(
        commands,
        "compile",
        _compile,
        help="write the pipeline as YAML for Kubeflow",
        example="biotune compile -o biotune.yaml",
    )
    compiled.add_argument("-o", "--output", type=Path, default=Path("biotune.yaml"), metavar="FILE")

    inspect = arguments.add_command(
        commands,
        "inspect",
        _inspect,
        help="tell what a checkpoint, a dataset or a tuned model is",
        example="biotune inspect s3://models/last.ckpt",
    )
    inspect.add_argument("uri", metavar="URI")
    arguments.add_overrides(inspect)

    doctor = arguments.add_command(
        commands,
        "doctor",
        _doctor,
        help="check this machine: versions, GPU, docker, S3, disk",
        example="biotune doctor --s3 s3://models",
    )
    doctor.add_argument("--s3", metavar="URI", help="bucket or prefix to reach")
    for command in (inspect, doctor):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser
