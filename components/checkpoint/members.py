"""The members of a zip file, as its directory lists them: bounded, and apart from each other."""

import io
import zipfile
from zipfile import ZipInfo

from components.checkpoint.contents import printable
from components.checkpoint.tensors import Source

_LARGEST_DIRECTORY = 16 * 2**20  # of some 200,000 members
_LOCAL_HEADER = 30  # bytes before a member's name, at least


def members(source: Source) -> dict[str, ZipInfo]:
    """What the directory at the end of the file says of each member, by name.

    Raises:
        InputError: two of them have the same name, or share bytes; the directory is no directory.
        Exception: of many kinds, if it is damaged.
    """
    with zipfile.ZipFile(_Bounded(source)) as archive:
        listed, directory = archive.infolist(), archive.start_dir
    found = {info.filename: info for info in listed}
    if len(found) != len(listed):
        raise source.refusal("the file is damaged: parts of it have the same name")
    _require_apart(listed, directory)
    return found


def _require_apart(listed: list[ZipInfo], directory: int) -> None:
    """Members that overlap would be more data than the file holds."""
    end = 0
    for info in sorted(listed, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ValueError(f"{printable(info.filename)} inside it shares bytes with another part")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
    if end > directory:
        raise ValueError("its parts reach into the directory at its end")


class _Bounded(io.RawIOBase):
    """The file for `zipfile`, which would make room for as many bytes as the file says."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._position = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise OSError("a place before its beginning")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._source.size - self._position)
        size = left if size is None or size < 0 else min(size, left)
        if size > _LARGEST_DIRECTORY:
            raise ValueError("its directory lists more than any checkpoint holds")
        data = self._source.read(self._position, size)
        self._position += len(data)
        return data
