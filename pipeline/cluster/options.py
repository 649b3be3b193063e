"""The options of a command that speaks with Kubeflow Pipelines."""

import argparse
from pathlib import Path

from components import arguments
from pipeline.cluster import target as targets


def add_target(parser: arguments.Parser) -> None:
    """Lets a command take them."""
    group = parser.add_argument_group("Kubeflow Pipelines")
    group.add_argument(
        "--host", metavar="URL", help=f"URL up to /#/ in the browser (default: ${targets.HOST})"
    )
    group.add_argument(
        "--namespace",
        metavar="NAME",
        help=f"where Kubeflow has several users (default: ${targets.NAMESPACE})",
    )
    group.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"with the token to show (default: ${targets.TOKEN}, or a pod's own)",
    )
    group.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificates to trust, in PEM (default: certifi's)"
    )


def target(args: argparse.Namespace) -> targets.Target:
    """What the options and the environment name.

    Raises:
        InputError: no host is named, or what is named cannot work.
    """
    return targets.target(args.host, args.namespace, args.token_file, args.ca)
