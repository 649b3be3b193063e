"""Objects from the configuration, by Hydra, with errors that name the key."""

from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from components.failures import Failure, InputError


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
        if isinstance(cause, (TypeError, ValueError)):
            raise InputError(f"{key} ({node['_target_']}): {cause}") from error
        if cause is not None and not isinstance(cause, (ImportError, AttributeError)):
            raise
        reason = str(getattr(cause, "__cause__", None) or cause or error).splitlines()[0]
        raise InputError(
            f"{key}._target_={node['_target_']}: cannot be imported here ({reason}); "
            "is its package installed, or its folder on PYTHONPATH?"
        ) from error
