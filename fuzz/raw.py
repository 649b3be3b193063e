"""Damages files without regard to their structure, and zip files with some."""

from random import Random

EDGES = (b"\0", b"\xff", b"\x7f", b"\x80")


def mutated(data: bytes, other: bytes, random: Random) -> bytes:
    """The file with bytes changed, cut out, put in, or half of another file."""
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        way, place = random.randrange(6), random.randrange(len(found) or 1)
        if way == 0 and found:
            found[place] ^= 1 << random.randrange(8)
        elif way == 1:
            width = random.choice((1, 2, 4, 8))
            found[place : place + width] = random.choice(EDGES) * width
        elif way == 2:
            del found[place : place + random.choice((1, 8, 100))]
        elif way == 3:
            found[place:place] = random.randbytes(random.choice((1, 8, 100)))
        elif way == 4:
            found[place:] = b"" if random.random() < 0.3 else other[random.randrange(len(other)) :]
        else:
            start = random.randrange(len(other))
            piece = other[start : start + random.choice((4, 16, 64, 512))]
            found[place : place + len(piece)] = piece
    return bytes(found)


# Where the fields of a zip's records lie, and how wide they are.
_DIRECTORY = ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4))
_END = ((8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
_LOCAL = ((6, 2), (8, 2), (18, 4), (22, 4), (26, 2), (28, 2))
_RECORDS = ((b"PK\x01\x02", _DIRECTORY), (b"PK\x05\x06", _END), (b"PK\x03\x04", _LOCAL))


def zip_fields(data: bytes, random: Random) -> bytes:
    """The zip file with fields of its records changed: sizes, offsets, flags, names, counts."""
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        signature, fields = random.choice(_RECORDS)
        places = _places(found, signature)
        if not places:
            continue
        place, (offset, width) = random.choice(places), random.choice(fields)
        held = int.from_bytes(found[place + offset : place + offset + width], "little")
        value = random.choice(
            (0, 1, held + 1, held - 1, 2 * held, len(data), 2 ** (8 * width) - 1, held + 30)
        )
        if random.random() < 0.2 and len(places) > 1:  # a field of another member: it overlaps
            twin = random.choice(places)
            value = int.from_bytes(found[twin + offset : twin + offset + width], "little")
        raw = (value % 2 ** (8 * width)).to_bytes(width, "little")
        found[place + offset : place + offset + width] = raw
    if random.random() < 0.1:
        found = found.replace(b"archive/data/0", random.choice(_NAMES), 2)
    return bytes(found)


_NAMES = (
    b"archive/data/1",
    b"../../../../x0",
    b"/etc/passwd-00",
    b"archive/data\0/",
    b"C:\\Windows\\0xy",
)


def _places(data: bytearray, signature: bytes) -> list[int]:
    found, place = [], data.find(signature)
    while place >= 0:
        found.append(place)
        place = data.find(signature, place + 4)
    return found
