"""Tells by its first bytes what a file is that should be HDF5, and is not."""

import re
from typing import BinaryIO

from components.failures import InputError

HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD = 2048 + len(HDF5)
_USER_BLOCKS = (0, 512, 1024, 2048)  # where the signature may stand
_CONVERT = "convert it as docs/data.md says"
_KINDS = (
    (
        b"version https://git-lfs",
        "is a git-lfs pointer, not the file; fetch it with `git lfs pull`",
    ),
    (b"<!doctype", "is a web page, not the file; download the file itself (its 'raw' link)"),
    (b"<html", "is a web page, not the file; download the file itself (its 'raw' link)"),
    (b"<?xml", "is XML, an error of the server perhaps; download the file itself"),
    (b"matlab 5.0", f"is a MATLAB file of before version 7.3; {_CONVERT}"),
    (b"0       ", f"is an EDF recording, not windows of one; {_CONVERT}"),
    (b"\xffbiosemi", f"is a BDF recording, not windows of one; {_CONVERT}"),
    (b"brain vision", f"is a BrainVision header, not windows; {_CONVERT}"),
    (b"\x93numpy", f"is a NumPy array; {_CONVERT}"),
    (b"pk\x03\x04", f"is a zip file (a .npz, a checkpoint?); unpack it, or {_CONVERT}"),
    (b"par1", f"is a Parquet file; {_CONVERT}"),
    (b"cdf\x01", f"is a classic NetCDF file; {_CONVERT}"),
    (b"cdf\x02", f"is a classic NetCDF file; {_CONVERT}"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first"),
    (b"bzh", "is compressed with bzip2; unpack it first"),
)
_TRUNCATED = re.compile(r"truncated file: eof = (\d+).*stored_eof = (\d+)")


def refuse(stream: BinaryIO, name: str) -> None:
    """Refuses what is no HDF5 file; puts the stream back to its beginning.

    Raises:
        InputError: and what it seems to be instead.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    if any(head[place:].startswith(HDF5) for place in _USER_BLOCKS):
        return
    start = head.lstrip().lower()
    for magic, told in _KINDS:
        if start.startswith(magic) or head.lower().startswith(magic):
            raise InputError(f"{name}: {told}")
    if not head:
        raise InputError(f"{name}: is empty; download or copy it again")
    if not head.strip(b"\0"):
        raise InputError(f"{name}: begins with nothing but zeros; download or copy it again")
    raise InputError(f"{name}: is no HDF5 file (it begins with {head[:8].hex(' ')}); {_CONVERT}")


def cut_off(said: str) -> str | None:
    """What HDF5 says of a truncated file, in plainer words; None if it says something else."""
    if not (found := _TRUNCATED.search(said)):
        return None
    has, wanted = map(int, found.groups())
    return f"is cut off: {has:,} of {wanted:,} bytes are there; download or copy it again"
