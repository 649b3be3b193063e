"""Packages that only those need who convert recordings."""

import importlib
from types import ModuleType

from components.failures import InputError


def needed(module: str, what: str) -> ModuleType:
    """Imports a module of the extra `convert`.

    Args:
        what: needs it, for the message.

    Raises:
        InputError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InputError(
            f"{what} needs the package {package}: pip install 'biotune[convert]'"
        ) from None
