"""The options that a run here and a run on a cluster share."""

import argparse

from components import arguments
from pipeline.package import LARGEST_SEED


def add(parser: arguments.Parser) -> None:
    """Lets a command take `--seeds` and `--registry`."""
    add_seeds(parser)
    parser.add_argument(
        "--registry",
        default="",
        metavar="URI",
        help="compare with the champion there, and promote the better model",
    )


def add_seeds(parser: arguments.Parser) -> None:
    """Lets a command take `--seeds`."""
    parser.add_argument(
        "--seeds",
        type=_seeds,
        default=(),
        metavar="N,N,...",
        help="train and test with each of these, and summarize",
    )


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: write integers, as in 0,1,2") from None
    if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) > LARGEST_SEED:
        told = f"{text}: each seed once, and from 0 to {LARGEST_SEED}"
        raise argparse.ArgumentTypeError(told)
    return seeds
