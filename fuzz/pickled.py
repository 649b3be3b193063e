"""Damages pickles by their instructions: taken out, moved, changed, and hostile ones put in."""

import pickletools
from collections.abc import Callable
from random import Random

Pieces = list[bytes]
CODES = {op.name: op.code.encode("latin-1") for op in pickletools.opcodes}
NUMBERS = (-(2**63), -1, 0, 1, 255, 2**31 - 1, 2**32, 2**62, 2**63, 2**64 - 1, 2**200)
NAMES = (
    *("", "\0", "../../x", "/etc/passwd", "<script>alert(1)</script>", "a" * 600, "a" * 70_000),
    *("state_dict", "model", "stem.weight", "\x1b[31m", "\u202etxt", "model." * 90, "0", "1", "x"),
)
CALLABLES = (
    *("os system", "posix system", "builtins exec", "builtins eval", "builtins open"),
    *("subprocess call", "subprocess Popen", "shutil rmtree", "pathlib Path.touch"),
    *("builtins getattr", "builtins __import__", "importlib import_module", "pickle loads"),
    *("torch.storage _load_from_bytes", "torch load", "codecs decode", "types CodeType"),
    *("functools partial", "operator attrgetter", "hydra.utils instantiate", "ctypes CDLL"),
)


def pieces(pickled: bytes) -> Pieces:
    """Its instructions, each with its argument."""
    starts = [place for _, _, place in pickletools.genops(pickled)]
    return [pickled[a:b] for a, b in zip(starts, [*starts[1:], len(pickled)], strict=True)]


def mutated(found: Pieces, random: Random, canary: str) -> bytes:
    """The pickle after some damage."""
    found = list(found)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        place = random.randrange(len(found)) if found else 0
        random.choice(_WAYS)(found, place, random, canary)
    return b"".join(found)


def text(value: str, random: Random) -> bytes:
    """A text, by one of its instructions."""
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) < 256 and random.random() < 0.3:
        return b"\x8c" + bytes([len(raw)]) + raw
    return b"X" + len(raw).to_bytes(4, "little") + raw


def number(value: int, random: Random) -> bytes:
    """A number, by one of its instructions."""
    if random.random() < 0.3:
        return b"I%d\n" % value
    raw = value.to_bytes(32, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def payload(random: Random, canary: str) -> bytes:
    """A call that would leave a mark, by one of the ways to call."""
    module, name = random.choice(CALLABLES).split(" ")
    said = f"touch {canary}"
    if name in ("exec", "eval"):
        said = f"open({canary!r}, 'w')"
    elif name in ("open", "Path.touch"):
        said = canary
    shell = random.random() < 0.5
    args = text(said, random) + (text("w", random) if name == "open" else b"")
    named = (
        f"c{module}\n{name}\n".encode()
        if shell
        else text(module, random) + text(name, random) + b"\x93"
    )
    return random.choice(
        (
            named + b"(" + args + b"tR",
            named + b"(" + args + b"t\x81",
            named + b"(" + args + b"t}\x92",
            b"(" + args + f"i{module}\n{name}\n".encode(),
            b"(" + named + args + b"o",
            named + b")\x81}(" + args + b"Nub",
            b"}" + named + b")RNs0",
            b"\x82\x01" if shell else b"P" + canary.encode() + b"\n",
        )
    )


def _remove(found: Pieces, place: int, random: Random, _: str) -> None:
    del found[place : place + random.choice((1, 1, 2, 5))]


def _repeat(found: Pieces, place: int, random: Random, _: str) -> None:
    found[place:place] = found[place : place + random.choice((1, 3, 20))] * random.choice(
        (1, 2, 50)
    )


def _move(found: Pieces, place: int, random: Random, _: str) -> None:
    if found:
        found.insert(random.randrange(len(found)), found.pop(place))


def _insert(found: Pieces, place: int, random: Random, _: str) -> None:
    code = random.choice(list(CODES.values()))
    found.insert(place, code + random.randbytes(random.choice((0, 0, 1, 4, 8))))


def _attack(found: Pieces, place: int, random: Random, canary: str) -> None:
    found.insert(place, payload(random, canary))


def _renumber(found: Pieces, place: int, random: Random, _: str) -> None:
    numbers = [i for i, piece in enumerate(found) if piece[:1] in (b"K", b"M", b"J", b"G")]
    if numbers:
        found[random.choice(numbers)] = number(random.choice(NUMBERS), random)


def _rename(found: Pieces, place: int, random: Random, _: str) -> None:
    texts = [i for i, piece in enumerate(found) if piece[:1] in (b"X", b"\x8c")]
    if texts:
        found[random.choice(texts)] = text(random.choice(NAMES), random)


def _memo(found: Pieces, place: int, random: Random, _: str) -> None:
    index = random.choice((0, 1, 2, 300, 2**31, 2**32 - 1)).to_bytes(4, "little")
    found.insert(place, random.choice((b"j", b"r")) + index if random.random() < 0.7 else b"\x94")


def _flip(found: Pieces, place: int, random: Random, _: str) -> None:
    if found and found[place]:
        piece = bytearray(found[place])
        piece[random.randrange(len(piece))] ^= 1 << random.randrange(8)
        found[place] = bytes(piece)


def _bomb(found: Pieces, place: int, random: Random, _: str) -> None:
    count = random.choice((10, 1000, 20_000))
    found.insert(
        place, random.choice((b"(", b"]", b"}", b"2", b"\x85", b"]2a", b"N\x85", b"0")) * count
    )


_WAYS: tuple[Callable[[Pieces, int, Random, str], None], ...] = (
    *(_remove, _repeat, _move, _insert, _insert, _attack, _attack),
    *(_renumber, _renumber, _rename, _rename, _memo, _flip, _bomb),
)
