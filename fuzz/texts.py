"""Damages the JSON of safetensors files and of sharded checkpoints' indices."""

import copy
from random import Random
from typing import Any

from fuzz import pickled, seeds

VALUES: tuple[Any, ...] = (
    *(None, True, "", "F32", "F64", "BOOL", [], {}, [[]], [0], [0, 0], [1, 0], -1, 0, 1, 2**31),
    *(2**63, 2**64, 10**300, 0.5, 1e308, float("nan"), float("inf"), "x" * 1000, [2**62, 4]),
    *([2**32, 2**32], [-1, -1], [0] * 70, {"dtype": "F32"}, "../../x", "/etc/passwd", "\0"),
)


def header(random: Random) -> bytes:
    """A safetensors file with a header that is wrong in some places."""
    content = copy.deepcopy(seeds.header())
    for _ in range(random.choice((1, 1, 2, 4))):
        _spoil(content, random)
    raw = _raw(seeds.as_json(content), random)
    length = None
    if random.random() < 0.15:
        length = random.choice((0, 1, len(raw) - 1, len(raw) + 1, 10**8, 2**32, 2**63, 2**64 - 1))
    return seeds.safetensors_file(raw, length)


def index(random: Random, names: tuple[str, ...]) -> bytes:
    """An index that is wrong in some places."""
    content = copy.deepcopy(seeds.index())
    for _ in range(random.choice((1, 1, 2))):
        if random.random() < 0.5:
            key = random.choice([*content["weight_map"], *pickled.NAMES])
            content["weight_map"][key] = random.choice(names)
        else:
            _spoil(content, random)
        if not isinstance(content.get("weight_map"), dict):
            break
    return _raw(seeds.as_json(content), random)


def _spoil(content: dict[str, Any], random: Random) -> None:
    """Changes a value, a value's value, or a name."""
    key = random.choice(list(content) or ["x"])
    way = random.randrange(4)
    inner = content.get(key)
    if way == 0:
        content[key] = copy.deepcopy(random.choice(VALUES))
    elif way == 1 and isinstance(inner, dict) and inner:
        inner[random.choice(list(inner))] = copy.deepcopy(random.choice(VALUES))
    elif way == 2 and isinstance(inner, dict) and inner.get("shape"):
        shape = inner["shape"]
        if isinstance(shape, list):
            shape[random.randrange(len(shape))] = copy.deepcopy(random.choice(VALUES))
    else:
        content[random.choice(pickled.NAMES)] = content.pop(key, None)


def _raw(text: bytes, random: Random) -> bytes:
    way = random.randrange(10)
    place = random.randrange(len(text))
    if way == 0:
        return text[:place] + random.choice((b"[", b'{"a":')) * random.choice((10, 2000, 50_000))
    if way == 1:
        return text[:place] + random.randbytes(2) + text[place:]
    if way == 2:  # a name twice
        return text[:-1] + b"," + text[1:]
    if way == 3:
        return text[:-1] + b',"n":' + random.choice((b"1e999", b"-Infinity", b"9" * 5000)) + b"}"
    return text
