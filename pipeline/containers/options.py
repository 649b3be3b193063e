"""The options of `biotune run` that are for containers."""

import argparse
from collections.abc import Sequence

from components import arguments
from components.failures import InputError

OF_DOCKER = {
    "images": "--image",
    "gpus": "--gpus",
    "shm_size": "--shm-size",
    "network": "--network",
    "mounts": "--mount",
}


def containers(args: argparse.Namespace, checkpoint: str, dataset: str, overrides: Sequence[str]):
    """What runs the steps with `--runner docker`, else None.

    Raises:
        InputError: an option is wrong, is given without `--runner docker`, or names no image.
        ServiceError: no docker daemon answers.
    """
    given = {name: value for name in OF_DOCKER if (value := getattr(args, name)) is not None}
    if args.runner != "docker":
        if given:
            raise InputError(f"{OF_DOCKER[next(iter(given))]}: needs --runner docker")
        return None
    from pipeline.containers.runner import Containers, Options

    return Containers(checkpoint, dataset, overrides, Options(**given), args.registry)


def add(run: arguments.Parser) -> None:
    """Lets a command take them."""
    group = run.add_argument_group("with --runner docker")
    group.add_argument(
        "--image",
        dest="images",
        action="append",
        metavar="[STEP=]IMAGE",
        help="another image than biotune-STEP:VERSION, for one step or all",
    )
    group.add_argument("--gpus", help="auto (default), none, all, a number, or device=0,2")
    group.add_argument("--shm-size", metavar="SIZE", help="of /dev/shm (default: 2g)")
    group.add_argument(
        "--network", metavar="MODE", help="default: none, but bridge for S3 and host for S3 here"
    )
    group.add_argument(
        "--mount",
        dest="mounts",
        action="append",
        metavar="PATH",
        help="a further file or folder that the steps read, under the same path",
    )
