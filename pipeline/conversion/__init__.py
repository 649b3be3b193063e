"""`biotune convert`: options from the command line and a file, and the table in the end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.failures import InputError
from pipeline.conversion import display, options


def run(
    inputs: Sequence[str], output: Path | None, given: Mapping[str, Any], settings: Path | None
) -> int:
    """Converts, and prints what came of it.

    Args:
        given: values of options by name, None where one was not given.
        settings: a YAML file with options; those on the command line win.

    Raises:
        InputError: an option is wrong or missing, or the conversion finds something wrong.
    """
    told = options.merged(given, settings)
    named = told.get("inputs", [])
    inputs = list(inputs) or [str(uri) for uri in (named if isinstance(named, list) else [named])]
    output = output or (Path(told["output"]) if told.get("output") else None)
    if not inputs:
        raise InputError("no recordings: name files or folders, as in biotune convert recordings/")
    if remote := next((uri for uri in inputs if "://" in uri), None):
        raise InputError(f"{remote}: recordings are converted from local files; fetch them first")
    if output is None:
        raise InputError("--output: name the folder to make")
    wishes = options.wishes(told)

    from components.convert.step import run as convert

    display.show(convert([Path(path) for path in inputs], output, wishes))
    return 0
