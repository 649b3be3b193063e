"""A seekable file over ranges: reads few bytes of a large object, or all of it in large pieces."""

import io
from collections import OrderedDict
from collections.abc import Callable

BLOCK = 256 * 2**10
_AHEAD = 32  # blocks in one request at most: 8 MiB
_KEPT = 64  # blocks kept: headers are read back and forth


class RangeReader(io.RawIOBase):
    """Reads blocks on demand; while the reading goes straight on, each request is twice as large.

    Args:
        size: length in bytes.
        read_range: gives the bytes from start to stop (exclusive), all of them.
        block: bytes of a block; few where little more than what is wanted shall be transferred.
    """

    def __init__(
        self, size: int, read_range: Callable[[int, int], bytes], block: int | None = None
    ) -> None:
        super().__init__()
        self._block = block or BLOCK
        self._size = size
        self._read_range = read_range
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._following = -1  # the block after the last one loaded
        self._ahead = 1

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves; a place behind the end is allowed, as in any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, target) -> int:
        """Fills `target` up to the end of a block at most; gives the number of bytes."""
        wanted = min(len(target), self._size - self._position)
        if wanted <= 0:
            return 0
        index, offset = divmod(self._position, self._block)
        if index in self._blocks:
            self._blocks.move_to_end(index)
        else:
            self._load(index, -(-(offset + wanted) // self._block))
        piece = memoryview(self._blocks[index])[offset : offset + wanted]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _load(self, index: int, wanted: int) -> None:
        """Loads `wanted` blocks from `index` on, and more when the reading goes straight on."""
        self._ahead = min(2 * self._ahead, _AHEAD) if index == self._following else 1
        count = min(max(wanted, self._ahead), _AHEAD)
        # what is here already is not asked for again
        count = next((i for i in range(1, count) if index + i in self._blocks), count)
        block = self._block
        start, stop = index * block, min((index + count) * block, self._size)
        data = memoryview(self._read_range(start, stop))
        for place in range(0, len(data), block):
            self._blocks[index + place // block] = bytes(data[place : place + block])
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        self._following = index + -(-len(data) // block)
