"""The options that a run here and a run on a cluster share."""

import argparse

from components import arguments
from components.failures import InputError
from pipeline.package import FEWEST_FOLDS, LARGEST_SEED, MOST_FOLDS

EACH = "subject"  # leaves one subject out in each fold


def add(parser: arguments.Parser) -> None:
    """Lets a command take `--seeds`, `--folds` and `--registry`."""
    add_seeds(parser)
    parser.add_argument(
        "--registry",
        default="",
        metavar="URI",
        help="compare with the champion there, and promote the better model",
    )


def add_seeds(parser: arguments.Parser) -> None:
    """Lets a command take `--seeds` and `--folds`."""
    parser.add_argument(
        "--seeds",
        type=_seeds,
        default=(),
        metavar="N,N,...",
        help="train and test with each of these, and summarize",
    )
    parser.add_argument(
        "--folds",
        type=_folds,
        metavar="N|subject",
        help="cross-validate by subject in N folds, or leave one subject out",
    )


def folds(args: argparse.Namespace, dataset: str) -> int:
    """How many folds are asked for; 0 for none.

    Raises:
        InputError: the dataset's subjects can't be counted, or something else excludes folds.
        ServiceError: the dataset is out of reach.
    """
    if args.folds is None:
        return 0
    if args.seeds or args.registry:
        other = "--seeds" if args.seeds else "--registry"
        raise InputError(f"--folds and {other} exclude each other; leave one of them out")
    if args.folds != EACH:
        return args.folds
    from components.folds.counting import subjects

    if (count := subjects(dataset)) > MOST_FOLDS:
        raise InputError(
            f"--folds subject: there are {count} subjects, and a pipeline has {MOST_FOLDS} folds "
            "at most; give a number, as in --folds 10"
        )
    return count


def _folds(text: str) -> int | str:
    if text == EACH:
        return text
    if text.isascii() and text.isdigit() and FEWEST_FOLDS <= int(text) <= MOST_FOLDS:
        return int(text)
    told = f"{text}: write subject, or a number from {FEWEST_FOLDS} to {MOST_FOLDS}"
    raise argparse.ArgumentTypeError(told)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: write integers, as in 0,1,2") from None
    if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) > LARGEST_SEED:
        told = f"{text}: each seed once, and from 0 to {LARGEST_SEED}"
        raise argparse.ArgumentTypeError(told)
    return seeds
