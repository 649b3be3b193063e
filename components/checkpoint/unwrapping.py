"""Removes what training tools put in front of the names of tensors."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

# Lightning modules, data parallel, torch.compile, and a usual attribute of training scripts
_MOST_WRAPPERS = 8  # around one another
WRAPPERS = ("model.", "module.", "_orig_mod.", "net.")


def unwrapped(
    names: Iterable[str], known: Iterable[str], patterns: Sequence[str]
) -> dict[str, str]:
    """The name within the model of each name in the checkpoint.

    The least is removed that makes a known name, or else one that a pattern matches. From other
    names goes what goes from most, or else all that can.

    Args:
        names: in the checkpoint.
        known: the model's own names; they are never unwrapped.
        patterns: regular expressions for further names that are of use.
    """
    known, names = set(known), list(names)
    found = {name: _first(name, known.__contains__) for name in names}
    removed = Counter(wrapper(name, inner) for name, inner in found.items() if inner)
    usual = removed.most_common(1)[0][0] if removed else ""
    for name, inner in found.items():
        if inner is None:
            if usual and name.startswith(usual):
                found[name] = name.removeprefix(usual)
            else:
                found[name] = _first(name, lambda n: matches(patterns, n)) or list(_inner(name))[-1]
    return found


def wrapper(name: str, inner: str) -> str:
    """What was removed from the front of `name` to get `inner`."""
    return name.removesuffix(inner)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the regular expressions matches the start of the name."""
    return any(re.match(pattern, name) for pattern in patterns)


def _first(name: str, wanted: Callable[[str], bool]) -> str | None:
    return next((inner for inner in _inner(name) if wanted(inner)), None)


def _inner(name: str) -> Iterator[str]:
    yield name
    for _ in range(_MOST_WRAPPERS):
        prefix = next((w for w in WRAPPERS if name.startswith(w) and name != w), None)
        if prefix is None:
            return
        name = name.removeprefix(prefix)
        yield name
