"""`biotune compare-folds`: two cross-validations, subject by subject."""

import argparse
import json

from components import arguments


def add(commands) -> None:
    """Adds the command."""
    parser = arguments.add_command(
        commands,
        "compare-folds",
        _compare,
        help="compare two cross-validations on the same folds, subject by subject",
        example="biotune compare-folds runs/scratch runs/tuned --metric balanced_acc",
    )
    told = "a run with --folds: its folder or s3:// prefix, or that of its summary"
    parser.add_argument("first", metavar="RUN_A", help=told)
    parser.add_argument("second", metavar="RUN_B", help="the one that may be better")
    parser.add_argument("--metric", default="balanced_acc", help="default: balanced_acc")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _compare(args: argparse.Namespace) -> int:
    from pipeline import cross_validation

    found = cross_validation.compared(args.first, args.second, args.metric)
    if args.json:
        print(json.dumps(found.plain(), indent=1))
    else:
        cross_validation.show(found, (args.first, args.second))
    return 0
