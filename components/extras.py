"""Packages that only some commands need, asked for in one line where they are missing."""

from importlib.util import find_spec

from components.failures import InputError


def require(extra: str, *packages: str) -> None:
    """Returns if all packages are installed.

    Args:
        extra: of our own package, which brings them.

    Raises:
        InputError: one line with what is missing.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise InputError(
            f"{', '.join(missing)}: not installed here; pip install 'biotune[{extra}]'"
        )
