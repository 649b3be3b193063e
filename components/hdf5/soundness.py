"""What an array in an HDF5 file must not be: somewhere else, or far more than its file holds.

`BIOTUNE_TRUST_HDF5=1` lifts the bounds on sizes, for files of one's own.
"""

import os
from collections.abc import Sequence
from math import prod

import h5py

from components.failures import InputError

TRUST = "BIOTUNE_TRUST_HDF5"
LARGEST_CHUNK = 256 << 20  # bytes; a window's whole chunk is read into memory
_MOST_TIMES, _AND_BYTES = 100, 64 << 20  # what a file's arrays may be, of the file's size
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}
_NAMED = {
    **{4: "szip", 5: "nbit", 6: "scaleoffset", 32001: "blosc", 32026: "blosc2", 32004: "lz4"},
    **{32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 307: "bzip2"},
}
_REPACK = "write it again with gzip, as h5repack -f GZIP=4 does"


def trusted() -> bool:
    """Whether the user vouches for all files."""
    return os.environ.get(TRUST, "") not in ("", "0")


def child(group: h5py.Group, key: str, name: str) -> h5py.Dataset | h5py.Group | None:
    """What lies at `key`; None if nothing does.

    Raises:
        InputError: it is a link, which may lead to any file.
    """
    kind = group.get(key, getclass=True, getlink=True)
    if kind is None:
        return None
    if kind is not h5py.HardLink:
        sort = "link to another file" if kind is h5py.ExternalLink else "link"
        raise InputError(f"{name}: `{plain(key)}` is a {sort}; store the array itself in its place")
    return group[key]


def require_sound(data: h5py.Dataset, name: str) -> None:
    """Refuses an array that lies in other files, or can't be read by what is built in.

    Raises:
        InputError: one line with the reason.
    """
    where = f"{name}: {plain(data.name)}"
    plan = data.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL:
        raise InputError(f"{where} is a virtual dataset, made of other files; copy it into one")
    if plan.get_external_count():
        raise InputError(f"{where} keeps its values in another file; copy them into this one")
    codes = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    for code in codes:
        if code not in _FILTERS:
            title = f"{_NAMED[code]} ({code})" if code in _NAMED else str(code)
            raise InputError(f"{where} is stored by the filter {title}; {_REPACK}")
    if len(set(codes)) < len(codes):
        raise InputError(f"{where} is stored by the filter {_FILTERS[codes[0]]} twice; {_REPACK}")
    if not trusted():
        _require_size(data, where)


def _require_size(data: h5py.Dataset, where: str) -> None:
    chunk = prod(data.chunks) * data.dtype.itemsize if data.chunks else 0
    if chunk > LARGEST_CHUNK:
        raise InputError(
            f"{where} has chunks of {chunk / 2**20:,.0f} MiB; write it again with chunks of one or "
            f"a few windows (or set {TRUST}=1)"
        )
    size = data.file.id.get_filesize()
    if data.nbytes > most(size) or chunk > most(size):
        raise InputError(
            f"{where} is said to hold {data.nbytes:,} bytes, in a file of {size:,}; that is "
            f"damage, or else set {TRUST}=1"
        )


def require_sum(arrays: Sequence[h5py.Dataset], name: str) -> None:
    """Refuses arrays that are together far more than their file.

    Raises:
        InputError: one line with the numbers.
    """
    size, total = arrays[0].file.id.get_filesize(), sum(array.nbytes for array in arrays)
    if total > most(size) and not trusted():
        raise InputError(
            f"{name}: its {len(arrays)} groups are said to hold {total:,} bytes, in a file of "
            f"{size:,}; that is damage, or else set {TRUST}=1"
        )


def most(size: int) -> int:
    """Bytes that may come of a file of this size."""
    return _MOST_TIMES * size + _AND_BYTES


def plain(text: str, longest: int = 100) -> str:
    """A name from the file as a message may show it: on one line, and short."""
    fits = text.isprintable() and len(text) <= longest
    return text if fits else ascii(text[:longest])[:longest]
