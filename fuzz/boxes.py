"""Damages HDF5 files by their structure: addresses, sizes, counts, and right checksums of it."""

import re
from functools import lru_cache
from random import Random

SIGNATURES = re.compile(
    rb"TREE|HEAP|SNOD|GCOL|OHDR|OCHK|BTHD|BTIN|BTLF|FRHP|FHDB|FHIB|FSHD|FSSE|EAHD|EAIB|EASB|EADB"
    rb"|FAHD|FADB|\x89HDF\r\n\x1a\n"
)
_WORD = 2**32
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)


def mutated(data: bytes, random: Random) -> bytes:
    """The file after some damage, its checksums made right most of the time."""
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        random.choice((_field, _field, _address, _address, _message))(found, random)
    if random.random() < 0.9:
        _check(found)
    return bytes(found)


def _field(found: bytearray, random: Random) -> None:
    """Changes a field close behind one of the signatures."""
    places = [match.end() for match in SIGNATURES.finditer(found)]
    if places:
        place = random.choice(places) + random.randrange(120)
        width = random.choice((1, 1, 2, 4, 8))
        held = int.from_bytes(found[place : place + width], "little")
        value = random.choice((*_EDGES, held + 1, held - 1, held * 2, random.randrange(256)))
        _put(found, place, value, width)


def _address(found: bytearray, random: Random) -> None:
    """Makes an address lead to itself, to another's place, or anywhere."""
    words = _words(bytes(found[: 1 << 16]))
    if words:
        place = random.choice(words)
        other = random.choice(words)
        value = int.from_bytes(found[other : other + 8], "little")
        _put(found, place, random.choice((value, place, other, random.randrange(len(found)))), 8)


def _message(found: bytearray, random: Random) -> None:
    """Changes some byte that is not zero: types, shapes, filters, names."""
    places = _used(bytes(found[: 1 << 14]))
    place = random.choice(places)
    _put(found, place, random.choice((0, 1, 3, 9, 0x10, 0x7F, 0xFF, found[place] ^ 1)), 1)


@lru_cache(64)
def _words(data: bytes) -> list[int]:
    """Where addresses within the file seem to stand."""
    found = (match.start() for match in re.finditer(rb"(?=[\s\S]{3}\0{5})", data))
    return [p for p in found if 48 <= int.from_bytes(data[p : p + 3], "little") < len(data)]


@lru_cache(64)
def _used(data: bytes) -> list[int]:
    return [place for place, byte in enumerate(data) if byte]


def _put(found: bytearray, place: int, value: int, width: int) -> None:
    if 0 <= place <= len(found) - width:
        found[place : place + width] = (value % 2 ** (8 * width)).to_bytes(width, "little")


def _check(found: bytearray) -> None:
    """Puts right checksums behind the superblock and the object headers that have one."""
    if found[8:9] in (b"\2", b"\3"):
        _put(found, 44, checksum(bytes(found[:44])), 4)
    for match in re.finditer(rb"OHDR\x02", bytes(found)):
        place, flags = match.start(), found[match.start() + 5] if match.end() < len(found) else 0
        start = place + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        end = start + width + int.from_bytes(found[start : start + width], "little")
        if end + 4 <= len(found):
            _put(found, end, checksum(bytes(found[place:end])), 4)


def checksum(data: bytes) -> int:
    """Bob Jenkins' lookup3, as HDF5 uses it."""
    words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    words += [0] * (-len(words) % 3)
    mixed = [(0xDEADBEEF + len(data)) % _WORD] * 3
    for place in range(0, len(words), 3):
        mixed = [(x + y) % _WORD for x, y in zip(mixed, words[place : place + 3], strict=True)]
        if place + 3 == len(words):
            break
        for step, left in enumerate((4, 6, 8, 16, 19, 4)):
            x, y, z = step % 3, (step + 1) % 3, (step + 2) % 3
            mixed[x] = (mixed[x] - mixed[z]) % _WORD ^ _turned(mixed[z], left)
            mixed[z] = (mixed[z] + mixed[y]) % _WORD
    for step, left in enumerate((14, 11, 25, 16, 4, 14, 24) if data else ()):
        x, y = (step + 2) % 3, (step + 1) % 3
        mixed[x] = ((mixed[x] ^ mixed[y]) - _turned(mixed[y], left)) % _WORD
    return mixed[2]


def _turned(value: int, left: int) -> int:
    return (value << left | value >> (32 - left)) % _WORD
