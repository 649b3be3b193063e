"""`biotune compile`: the pipeline as YAML for Kubeflow."""

import argparse
from pathlib import Path

from components import arguments
from components.failures import InputError


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "compile",
        _compile,
        help="write the pipeline as YAML for Kubeflow",
        example="biotune compile -o biotune.yaml",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("biotune.yaml"), metavar="FILE")


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
