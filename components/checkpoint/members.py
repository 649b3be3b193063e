"""The members of a zip file, as its directory lists them: bounded, and apart from each other."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from zipfile import ZipInfo

from components.checkpoint.contents import printable
from components.checkpoint.tensors import Source

_LARGEST_DIRECTORY = 16 * 2**20  # of some 200,000 members
FINGERPRINT = "zip:"
_LOCAL_HEADER = 30  # bytes before a member's name, at least


@dataclass(frozen=True)
class Member:
    """A member of a zip file.

    Attributes:
        info: what the directory says of it.
        stop: where the next one begins, or the directory.
    """

    info: ZipInfo
    stop: int


def fingerprint(source: Source) -> str | None:
    """Changes with the content of any member, and costs no more than reading the directory.

    Returns:
        None if the members have no checksums, as after `set_crc32_options(False)` in torch.

    Raises:
        InputError, Exception: see `members`.
    """
    listed = [member.info for member in members(source).values()]
    if any(info.file_size and not info.CRC for info in listed):
        return None
    facts = sorted((i.header_offset, i.filename, i.file_size, i.CRC) for i in listed)
    return f"{FINGERPRINT}{hashlib.sha256(repr(facts).encode()).hexdigest()}"


def members(source: Source) -> dict[str, Member]:
    """The members by name.

    Raises:
        InputError: two of them have the same name, or share bytes; the directory is no directory.
        Exception: of many kinds, if it is damaged.
    """
    with zipfile.ZipFile(_Bounded(source)) as archive:
        listed, directory = archive.infolist(), archive.start_dir
    listed.sort(key=lambda info: info.header_offset)
    stops = [*(info.header_offset for info in listed[1:]), directory]
    found = {info.filename: Member(info, stop) for info, stop in zip(listed, stops, strict=False)}
    if len(found) != len(listed):
        raise source.refusal("the file is damaged: parts of it have the same name")
    _require_apart(listed, directory)
    return found


def _require_apart(listed: list[ZipInfo], directory: int) -> None:
    """Members that overlap would be more data than the file holds."""
    end = 0
    for info in listed:
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
