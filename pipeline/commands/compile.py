"""`biotune compile`: the pipeline as YAML for Kubeflow."""

import argparse
from pathlib import Path

from components import arguments
from components.failures import InputError
from pipeline.commands import retraining


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "compile",
        _compile,
        help="write the pipeline as YAML for Kubeflow",
        example="biotune compile --profile cluster.yaml -o biotune.yaml",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("biotune.yaml"), metavar="FILE")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="placement on the cluster, see docs"
    )
    retraining.add_seeds(parser)
    parser.add_argument(
        "--promote", action="store_true", help="take registry_uri; promote the better model"
    )


def _compile(args: argparse.Namespace) -> int:
    if args.folds == retraining.EACH:
        raise InputError(
            "--folds subject: compile does not see the data; give the number of subjects, as in "
            "--folds 15 for 15, which leaves one out in each"
        )
    from pipeline import package

    shape = {"seeds": args.seeds, "folds": args.folds or 0, "promotion": args.promote}
    package.write(args.output, profile=args.profile, **shape)
    print(args.output)
    return 0
