"""The chain of tags that a FIF file is, followed once before mne does: a damaged one may be a ring.

mne walks a chain that leads back into itself for ever, and believes any size.
"""

import os
import struct
from pathlib import Path

_HEADER = struct.Struct(">iIii")  # kind, type, size, where the next tag is
_NEXT, _END = 0, -1


def require_end(path: Path) -> None:
    """Follows the chain to its end.

    Raises:
        ValueError: it leads out of the file or back into itself, or a tag is larger than the file.
        OSError: the file can't be read.
    """
    seen: set[int] = set()
    with open(path, "rb", buffering=0) as file:
        whole, place = os.fstat(file.fileno()).st_size, 0
        while place < whole:
            header = os.pread(file.fileno(), _HEADER.size, place)
            if len(header) < _HEADER.size:
                raise ValueError(f"it ends inside the tag at byte {place:,}")
            _, _, size, following = _HEADER.unpack(header)
            if size < 0 or place + _HEADER.size + size > whole or following < _END:
                raise ValueError(f"the tag at byte {place:,} leads out of the file")
            seen.add(place)
            if following == _END:
                return
            place = place + _HEADER.size + size if following == _NEXT else following
            if place in seen:
                raise ValueError(f"its tags go round in a circle at byte {place:,}")
