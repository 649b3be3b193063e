"""Reads the header of a safetensors file."""

import json
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from components.checkpoint.contents import (
    Checkpoint,
    plain_metadata,
    printable,
    require_readable_names,
)
from components.checkpoint.dtypes import SIZES
from components.checkpoint.tensors import Source, TensorRef

_LARGEST_HEADER = 100_000_000  # the format's own limit
_MOST_PARTS = 2_000_000  # of JSON; a tensor has about ten
_MOST_DIMENSIONS = 64


def read(source: Source) -> Checkpoint:
    """Reads names, types, shapes and places of the tensors.

    Raises:
        InputError: the file is cut off, or has elements of an unknown type.
        Exception: of many kinds, if it is damaged.
    """
    size = int.from_bytes(source.read(0, 8), "little")
    if size > _LARGEST_HEADER:
        raise ValueError("its header is larger than the format allows")
    header = parsed(source.read(8, size))
    saved = header.pop("__metadata__", {})
    require_readable_names(header)
    tensors = {name: _tensor(name, entry, 8 + size, source) for name, entry in header.items()}
    _require_apart(entry["data_offsets"] for entry in header.values())
    return Checkpoint(source.uri, "safetensors", tensors, plain_metadata(saved), [], [])


def parsed(text: bytes) -> Any:
    """The content of a JSON text, whose memory is bounded before it is taken.

    Raises:
        ValueError: no JSON, a name twice, or of more parts than any checkpoint has.
    """
    if sum(text.count(sign) for sign in (b",", b"[", b"{")) > _MOST_PARTS:
        raise ValueError("its header lists more than any checkpoint holds")
    # json itself would guess at UTF-16 and UTF-32, which the format does not know
    return json.loads(text.decode(), object_pairs_hook=_unique)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("its header has a name twice")
    return found


def _tensor(name: str, entry: Mapping[str, Any], base: int, source: Source) -> TensorRef:
    dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in SIZES:
        raise source.refusal(
            f"{name} has elements of type {printable(str(dtype))}, which can't be read; "
            f"save it as one of {', '.join(SIZES)}"
        )
    numbers = [start, stop, *shape]
    if len(shape) > _MOST_DIMENSIONS or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(f"{name} has a shape or place that can't be")
    if stop - start != prod(shape) * SIZES[dtype]:
        raise ValueError(f"{name} has {stop - start} bytes, which does not fit its shape {shape}")
    if base + stop > source.size:
        raise source.refusal(
            f"the file is cut off: {name} ends at byte {base + stop:,}, the file has "
            f"{source.size:,}; download or copy it again"
        )
    return TensorRef(
        name, dtype, tuple(shape), stop - start, lambda: source.pieces(base + start, stop - start)
    )


def _require_apart(places: Iterable[list[int]]) -> None:
    end = 0
    for start, stop in sorted(place for place in places if place[0] != place[1]):
        if start < end:
            raise ValueError("two of its tensors share bytes")
        end = stop
