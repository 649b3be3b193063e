"""Reads of a file what a step would read of it: run where it may crash."""

import zlib
from collections.abc import Iterator
from math import prod
from random import Random
from typing import Any

import h5py
import numpy as np

from components.failures import InputError
from components.hdf5.blocks import blocks_of, opened, readable
from components.hdf5.header import header_of
from components.hdf5.soundness import plain

_PLACES, _TOGETHER = 16, 4  # windows that are read of each split
_INFLATED = 128 << 20  # bytes of chunks that are unpacked, at most
_GZIP, _FLETCHER, _LZF = 1, 3, 32000


def walk(source: Any, name: str, *, whole: bool) -> None:
    """Reads the header, some windows, and where each chunk lies.

    Args:
        source: path or seekable binary file.
        whole: whether to look at every chunk's place, and to unpack some chunks: not where each
            read is a request to a server.

    Raises:
        InputError: whatever the file has that it must not have.
    """
    with opened(source, name) as file, readable(name):
        # A file to predict on may lack labels; who needs them says so later.
        header_of(file, name, labelled=False)
        blocks = [data for data, _ in blocks_of(file, name, labelled=False)]
        for data in blocks if whole else ():
            if data.chunks:
                _walk_chunks(data, name)
        for data in blocks[:_PLACES] + blocks[_PLACES:][-1:]:
            for start in np.unique(
                np.linspace(0, max(0, len(data) - _TOGETHER), _PLACES, dtype=int)
            ):
                data[start : start + _TOGETHER].astype(np.float32)


def _walk_chunks(data: h5py.Dataset, name: str) -> None:
    found: list[Any] = []
    data.id.chunk_iter(found.append)
    size, nominal = data.file.id.get_filesize(), prod(data.chunks) * data.dtype.itemsize
    _require_grid(found, data, name)
    for chunk in found:
        if chunk.byte_offset + chunk.size > size:
            raise InputError(
                f"{name}: cut off: {plain(data.name)} has a chunk at byte {chunk.byte_offset:,}, "
                f"the file has {size:,}; download or copy it again"
            )
        if chunk.size > 2 * nominal + 4096:
            raise InputError(
                f"{name}: damaged: a chunk of {plain(data.name)} takes {chunk.size:,} bytes for "
                f"{nominal:,}; download or copy it again"
            )
    plan = data.id.get_create_plist()
    codes = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if _LZF in codes and plan.get_filter(codes.index(_LZF))[2][2:3] != (nominal,):
        raise InputError(
            f"{name}: damaged: a chunk of {plain(data.name)} takes {nominal:,} bytes, its filter "
            "says otherwise; download or copy it again"
        )
    if _GZIP in codes:
        for chunk in _some(found, nominal):
            _, raw = data.id.read_direct_chunk(chunk.chunk_offset)
            _require_inflated(raw[:-4] if codes[-1] == _FLETCHER else raw, nominal, data, name)


def _require_grid(chunks: list[Any], data: h5py.Dataset, name: str) -> None:
    """Each chunk's place must be one of the grid that shape and chunks make, and no other's."""
    places = {chunk.chunk_offset for chunk in chunks}
    outside = (
        place
        for place in places
        if any(
            at % step or at >= end
            for at, step, end in zip(place, data.chunks, data.shape, strict=True)
        )
    )
    if len(places) < len(chunks) or any(outside):
        raise InputError(
            f"{name}: damaged: {plain(data.name)} has chunks where none can be; "
            "download or copy it again"
        )


def _some(chunks: list[Any], nominal: int) -> Iterator[Any]:
    """Chunks that nobody can foretell, as many as are quickly unpacked."""
    count = min(len(chunks), max(1, _INFLATED // max(1, nominal)))
    plain_ones = [chunk for chunk in Random().sample(chunks, count) if not chunk.filter_mask]
    return iter(plain_ones)


def _require_inflated(raw: bytes, nominal: int, data: h5py.Dataset, name: str) -> None:
    """libhdf5 would unpack as much as there is, whatever the size of a chunk."""
    stream = zlib.decompressobj()
    try:
        got = len(stream.decompress(raw, nominal + 64))
    except zlib.error as error:
        raise InputError(f"{name}: damaged, cannot be read to its end ({error})") from None
    if got > nominal + 32:
        raise InputError(
            f"{name}: {plain(data.name)} has a chunk that unpacks to more than a chunk is; "
            "that is damage: download or copy it again"
        )
