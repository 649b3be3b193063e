"""Writes a safetensors file, a piece at a time."""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from components.checkpoint.dtypes import SIZES, count_non_finite
from components.checkpoint.tensors import TensorRef
from components.failures import InputError

_ALIGNMENT = 8
_AT_ONCE = 4  # tensors: looking at their bytes takes longer than writing them


def write_safetensors(
    path: Path, tensors: Iterable[TensorRef], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors under their names, with little memory however large they are.

    Wider elements come first, so that every tensor is aligned.

    Args:
        path: the file; what was there is replaced.
        tensors: must have different names.
        metadata: texts for the header.

    Raises:
        InputError: an element is NaN or infinite, or would be in float32; every such tensor is
            named. No file is left.
    """
    # equal widths keep their order, in which they are read fastest
    ordered = sorted(tensors, key=lambda tensor: -SIZES[tensor.dtype])
    path = Path(path)
    try:
        with path.open("wb") as file:
            file.write(_header(ordered, metadata or {}))
            *places, end = accumulate((t.nbytes for t in ordered), initial=file.tell())
            file.flush()
            # A full disk is told at once; and large writes to a file that grows are slow on ext4.
            os.posix_fallocate(file.fileno(), 0, end)
            with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
                counts = list(pool.map(_copy, [file] * len(ordered), ordered, places))
        spoilt = {t.name: count for t, count in zip(ordered, counts, strict=True) if count}
        if spoilt:
            raise InputError(_told(spoilt))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _copy(file: BinaryIO, tensor: TensorRef, place: int) -> int:
    """Writes a tensor to its place; gives the number of its elements that are not finite."""
    spoilt = 0
    for piece in tensor.chunks():
        spoilt += count_non_finite(tensor.dtype, piece)
        left = memoryview(piece)
        while left:
            written = os.pwrite(file.fileno(), left, place)
            left, place = left[written:], place + written
    return spoilt


def _header(tensors: list[TensorRef], metadata: Mapping[str, str]) -> bytes:
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    start = 0
    for tensor in tensors:
        if tensor.dtype == "C128":
            raise InputError(f"{tensor.name}: safetensors has no complex128; save it as complex64")
        if tensor.name in header:
            raise InputError(f"{tensor.name}: two tensors have this name; rename one of them")
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [start, start + tensor.nbytes],
        }
        start += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _told(spoilt: Mapping[str, int]) -> str:
    first = ", ".join(f"{name} ({count:,})" for name, count in list(spoilt.items())[:5])
    more = f" and {len(spoilt) - 5} more" if len(spoilt) > 5 else ""
    return (
        "the checkpoint holds NaN or infinite values, or ones too large for float32, in "
        f"{len(spoilt)} tensor{'s' if len(spoilt) > 1 else ''}: {first}{more}; the training that "
        "saved it diverged: give an earlier checkpoint"
    )
