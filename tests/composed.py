"""Hydra composes one list of overrides once in a process; the tests ask for few lists, and often.

Most of its time goes into reading the YAML files of `components/conf`, which no test changes.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from components import config


@contextmanager
def remembered() -> Iterator[None]:
    """Gives a copy of what the same overrides came to before; an error is found anew each time."""
    compose, known = config.hydra_compose, {}

    def composed(name: str, overrides: list[str]) -> Any:
        if any(override.startswith("hydra.searchpath=") for override in overrides):
            return compose(name, overrides=overrides)  # of a user's files, which a test may change
        key = (name, *overrides)
        if key not in known:
            known[key] = compose(name, overrides=overrides)
        return copy.deepcopy(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "hydra_compose", composed)
        yield


@pytest.fixture(scope="session", autouse=True)
def composed_once() -> Iterator[None]:
    """For each test of this process."""
    with remembered():
        yield
