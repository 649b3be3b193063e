"""What the steps know of a model without building it: its tensors and the part each belongs to."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any

from components.failures import InputError


@dataclass(frozen=True)
class Entry:
    """One tensor of a model.

    Attributes:
        name: as in the model's state dict.
        shape: sizes; () for a scalar.
        dtype: name in safetensors, such as "F32".
        part: "stem", "block 0", ..., "norm" or "head".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    part: str

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class Identity:
    """What tells a model's checkpoints from those of a namesake.

    Attributes:
        name: of this one.
        otherwise: what a checkpoint is that breaks the rule, and the override for it.
        has: regular expression for a tensor that this one's checkpoints hold; "" for none.
        lacks: the same for a tensor that they do not hold.
    """

    name: str
    otherwise: str
    has: str = ""
    lacks: str = ""

    def fits(self, names: Iterable[str]) -> bool:
        """Whether a checkpoint with these (unwrapped) names is of this model."""
        names = list(names)
        if self.has and not any(re.match(self.has, name) for name in names):
            return False
        return not (self.lacks and any(re.match(self.lacks, name) for name in names))


@dataclass(frozen=True)
class Manifest:
    """All tensors of a model.

    Attributes:
        entries: every parameter and persistent buffer, in the model's order.
        decoder: regular expressions for tensors that only the pre-training model has.
        identity: set where another model bears the same name.
        head_patterns: regular expressions for head tensors; a checkpoint's head may have other
            names or shapes than this model's. All expressions are matched from the start of a name.
    """

    entries: tuple[Entry, ...]
    decoder: tuple[str, ...] = ()
    head_patterns: tuple[str, ...] = ()
    identity: Identity | None = None

    @cached_property
    def backbone(self) -> tuple[Entry, ...]:
        """The entries that are not head."""
        return tuple(entry for entry in self.entries if entry.part != "head")

    @cached_property
    def head(self) -> tuple[Entry, ...]:
        """The entries of the head."""
        return tuple(entry for entry in self.entries if entry.part == "head")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all entries."""
        return tuple(entry.name for entry in self.entries)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, from which `from_dict` makes an equal manifest."""
        return {
            "entries": [
                {"name": e.name, "shape": list(e.shape), "dtype": e.dtype, "part": e.part}
                for e in self.entries
            ],
            "decoder": list(self.decoder),
            "head_patterns": list(self.head_patterns),
            "identity": asdict(self.identity) if self.identity else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Manifest":
        """Reads what `to_dict` or `describe` gives.

        Raises:
            InputError: it is not the data of a manifest, or two entries have one name.
        """
        try:
            manifest = cls(
                entries=tuple(_entry(entry) for entry in data["entries"]),
                decoder=_texts(data.get("decoder", ())),
                head_patterns=_texts(data.get("head_patterns", ())),
                identity=Identity(**data["identity"]) if data.get("identity") else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"manifest: is not what `python -m components describe` writes ({error!r}); "
                "make it again"
            ) from error
        doubled = [name for name, count in Counter(manifest.names).items() if count > 1]
        if doubled:
            raise InputError(f"manifest: names {doubled[0]} twice; make it again with `describe`")
        return manifest


def _entry(data: Mapping[str, Any]) -> Entry:
    shape = tuple(data["shape"])
    if not all(type(size) is int and size >= 0 for size in shape):
        # an unsized manifest says "num_logits" where the size follows the task
        raise ValueError(f"shape {list(shape)} of {data['name']}")
    if not all(isinstance(data[key], str) for key in ("name", "dtype", "part")):
        raise ValueError(f"entry {dict(data)}")
    return Entry(data["name"], shape, data["dtype"], data["part"])


def _texts(values: Any) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{values!r} instead of a list of regular expressions")
    return tuple(values)
