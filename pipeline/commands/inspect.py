"""`biotune inspect`: what a checkpoint, a dataset or a tuned model is."""

import argparse

from components import arguments


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "inspect",
        _inspect,
        help="tell what a checkpoint, a dataset or a tuned model is",
        example="biotune inspect s3://models/last.ckpt",
    )
    parser.add_argument("uri", metavar="URI")
    arguments.add_overrides(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _inspect(args: argparse.Namespace) -> int:
    from pipeline import inspection

    return inspection.run(args.uri, args.overrides, args.json)
