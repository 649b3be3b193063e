"""The manifest of a model that has no committed one: made by a child, since it takes torch."""

import json
import subprocess
import sys
from collections.abc import Sequence

from components import config, parameters
from components.console import ERROR
from components.failures import Failure, Findings, InputError
from pipeline.process import environment

TORCH_MISSING = "No module named 'torch'"


def manifest(overrides: Sequence[str]) -> str:
    """The packed manifest for the pipeline, "" where preflight finds a committed one.

    A configuration that does not compose gives "" as well: preflight tells of it, together with
    all else it finds.

    Raises:
        InputError: the model cannot be described.
        Failure: there is no torch here to describe it with.
    """
    try:
        composed = config.compose(overrides)
        if config.shipped_manifest(composed) is not None:
            return ""
    except InputError:
        return ""
    described = _describe(overrides)
    return parameters.pack(config.sized(described, composed.num_logits))


def _describe(overrides: Sequence[str]) -> dict:
    command = [sys.executable, "-m", "components", "describe", *overrides]
    child = subprocess.run(command, capture_output=True, text=True, env=environment())
    if child.returncode == 0:
        return json.loads(child.stdout)
    lines = child.stderr.strip().splitlines()
    errors = [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]
    if child.returncode == 2 and errors:
        raise Findings(errors)
    if TORCH_MISSING in child.stderr:
        raise Failure("model: has no committed manifest, and to make one takes biotune[train]")
    raise Failure(f"model: could not be described ({lines[-1] if lines else child.returncode})")
