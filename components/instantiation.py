"""Objects from the configuration, by Hydra, with errors that name the key."""

import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from components.failures import Failure, InputError, first_line


def make(node: Mapping[str, Any], key: str, **further: Any) -> Any:
    """Instantiates `node._target_` with the node's other values.

    Args:
        node: a part of the configuration.
        key: where it stands in the configuration, for the error.
        further: arguments that the configuration cannot hold.

    Raises:
        InputError: the class cannot be imported, or does not take these arguments.
    """
    if "_target_" not in node:
        raise InputError(f"{key}._target_ is not set; give the import path of a class")
    try:
        return instantiate(node, **further)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, Failure):
            raise cause from None
        if cause is not None and "Error locating target" not in str(error):
            raise InputError(f"{key} ({node['_target_']}): {_said(cause)}") from error
        reason = first_line(getattr(cause, "__cause__", None) or cause or error)
        where, hint = "here", "is its package installed, or its folder on PYTHONPATH?"
        if image := os.environ.get("BIOTUNE_IMAGE"):  # set in every container of ours
            where, hint = f"in the image {image}", "docs/docker.md tells how to put it into one"
        raise InputError(
            f"{key}._target_={node['_target_']}: cannot be imported {where} ({reason}); {hint}"
        ) from error


def _said(cause: BaseException) -> str:
    """A refused argument in the words of the class; anything else with the place to look at."""
    if isinstance(cause, (TypeError, ValueError)):
        return first_line(cause)
    place = traceback.extract_tb(cause.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"{type(cause).__name__} at {where}: {first_line(cause)}"
