"""One thread for many small operations."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch to one CPU thread within the block.

    After every small operation all threads wait for the slowest. Where a container may use fewer
    cores than it sees, that waiting was seen to make a second's work last a minute.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
