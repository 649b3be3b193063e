import zipfile
from pathlib import Path

import pytest


def _text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


class Assembler:
    """Writes torch files whose pickle is put together by hand."""

    def dictionary(self, **items: bytes) -> bytes:
        """A dict whose values are given as pickle instructions."""
        return b"}" + b"".join(_text(key) + value + b"s" for key, value in items.items())

    def tensor(self, key: str = "0", count: int = 3, shape: bytes = b"K\x03\x85") -> bytes:
        """A float32 tensor on the storage `key`."""
        pid = (
            b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text(key) + _text("cpu")
            + b"J" + count.to_bytes(4, "little") + b"tQ"
        )  # fmt: skip
        hooks = b"ccollections\nOrderedDict\n)R"
        return (
            b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + b"K\x00" + shape + b"K\x01\x85\x89"
            + hooks + b"tR"
        )  # fmt: skip

    def save(self, path: Path, instructions: bytes, proto: bytes = b"\x80\x02", **options) -> str:
        """Packs instructions and a storage `0` of 1, 2, 3."""
        data = b"\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40"
        with zipfile.ZipFile(path, "w", **options) as archive:
            archive.writestr("archive/data.pkl", proto + instructions + b".")
            archive.writestr("archive/byteorder", "little")
            archive.writestr("archive/data/0", data)
            archive.writestr("archive/version", "3\n")
        return str(path)


@pytest.fixture
def assembler() -> Assembler:
    return Assembler()
