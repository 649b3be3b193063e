"""The manifest of a model that has no committed one: made by a child, since it takes torch."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence

from components import config, parameters
from components.console import ERROR
from components.failures import Failure, Findings, InputError
from pipeline.process import environment

Describe = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
TORCH_MISSING = "No module named 'torch'"


SEARCH_PATH = "hydra.searchpath="


def manifest(overrides: Sequence[str], describe: Describe | None = None) -> str:
    """The packed manifest for the pipeline, "" where preflight finds a committed one.

    A configuration that does not compose gives "" as well: preflight tells of it, together with
    all else it finds.

    Args:
        overrides: Hydra overrides.
        describe: runs the step `describe` where the model's class is, which may hold
            configuration that is not here; a child of this process by default.

    Raises:
        InputError: the model cannot be described.
        Failure: there is no torch here to describe it with.
    """
    try:
        if config.shipped_manifest(config.compose(overrides)) is not None:
            return ""
    except InputError:
        if not describe or not any(override.startswith(SEARCH_PATH) for override in overrides):
            return ""
    described = _read((describe or _here)(overrides))
    return parameters.pack(config.sized(described, described["num_logits"]))


def _here(overrides: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "components", "describe", *overrides]
    return subprocess.run(command, capture_output=True, text=True, env=environment())


def _read(child: subprocess.CompletedProcess[str]) -> dict:
    if child.returncode == 0:
        return json.loads(child.stdout)
    lines = child.stderr.strip().splitlines()
    errors = [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]
    if child.returncode == 2 and errors:
        raise Findings(errors)
    if TORCH_MISSING in child.stderr:
        raise Failure("model: has no committed manifest, and to make one takes biotune[train]")
    raise Failure(f"model: could not be described ({lines[-1] if lines else child.returncode})")
