"""Memory that does not suffice, on a device or the host: told with what would fit."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from components.failures import Failure, first_line

# What torch's allocators of the host's memory say; they have no exception of their own.
_HOST = ("can't allocate memory", "Cannot allocate memory", "not enough memory")


@contextmanager
def told(batch_size: int) -> Iterator[None]:
    """Turns an allocation that failed in the block into a line with a smaller batch.

    Args:
        batch_size: windows in a step on each device.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _failure("the device", batch_size, error) from error
    except MemoryError as error:
        raise _failure("the host", batch_size, error) from error
    except RuntimeError as error:
        if not any(words in str(error) for words in _HOST):
            raise
        raise _failure("the host", batch_size, error) from error


def _failure(where: str, batch_size: int, error: BaseException) -> Failure:
    fix = "take a smaller model, or shorter windows"
    if batch_size > 1:
        fix = (
            f"try data.batch_size={batch_size // 2}, which takes about half "
            "(trainer.accumulate_grad_batches=2 makes up for it)"
        )
    return Failure(
        f"out of memory on {where} with data.batch_size={batch_size}; {fix}: {first_line(error)}"
    )
