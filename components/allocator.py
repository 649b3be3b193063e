"""How glibc's malloc deals with large buffers, which a training makes and drops at every step."""

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names in malloc.h
_BYTES = 1 << 30
_OURS_TO_SET = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_buffers() -> None:
    """Keeps freed memory for the next step instead of giving it back and asking for it again.

    The system zeroes every page that it hands out: 30,000 a step of LUNA base. The process holds
    what it needed at most, and no more. Nothing is done without glibc, or where the environment
    says otherwise.
    """
    if any(name in os.environ for name in _OURS_TO_SET):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _BYTES)
        mallopt(_TRIM_THRESHOLD, _BYTES)
