"""Importing what takes seconds."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the garbage collector still while torch and Lightning are imported.

    They make a million objects, all of which stay; looking for garbage among them, again and again
    as they come, takes a fifth of the time. What is there at the end is not looked through later
    either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
