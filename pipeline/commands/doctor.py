"""`biotune doctor`: whether this machine has what is needed."""

import argparse

from components import arguments


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "doctor",
        _doctor,
        help="check this machine: versions, GPU, docker, S3, disk",
        example="biotune doctor --s3 s3://models",
    )
    parser.add_argument("--s3", metavar="URI", help="bucket or prefix to reach")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _doctor(args: argparse.Namespace) -> int:
    from pipeline import doctor

    return doctor.run(args.s3, args.json)
