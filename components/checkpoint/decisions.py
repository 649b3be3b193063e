"""What becomes of a checkpoint's tensors, and how much of the model they fill."""

from dataclasses import dataclass

from components.checkpoint.dtypes import family
from components.manifest import Entry

BACKBONE, HEAD = "backbone", "head"
HEAD_STRIPPED = "head stripped (head=false)"
DECODER = "pre-training decoder"
IGNORED = "ignored by checkpoint.ignore"
UNKNOWN = "in no part of the model"


@dataclass(frozen=True)
class Decision:
    """What becomes of one tensor of the checkpoint.

    Attributes:
        name: in the model.
        source_name: in the checkpoint.
        shape: sizes; () for a scalar.
        dtype: name in safetensors.
        reason: `BACKBONE` or `HEAD` if it is kept, else why it is not.
    """

    name: str
    source_name: str
    shape: tuple[int, ...]
    dtype: str
    reason: str

    @property
    def kept(self) -> bool:
        """Whether it is loaded."""
        return self.reason in (BACKBONE, HEAD)

    def fits(self, entry: Entry) -> bool:
        """Whether it can fill an entry of the model; precision may differ."""
        return self.shape == entry.shape and family(self.dtype) == family(entry.dtype)


@dataclass(frozen=True)
class Extent:
    """So many tensors, with so many elements together."""

    tensors: int
    parameters: int

    @classmethod
    def of(cls, entries: "tuple[Entry, ...] | list[Entry]") -> "Extent":
        """The extent of some entries."""
        return cls(len(entries), sum(entry.elements for entry in entries))


@dataclass(frozen=True)
class Matching:
    """What a checkpoint gives to a model.

    Attributes:
        decisions: one for each tensor of the checkpoint.
        missing: backbone entries that the checkpoint does not fill.
        wrappers: what was removed in front of names, and from how many.
        covered: what is filled of the backbone.
        total: all of the backbone.
    """

    decisions: tuple[Decision, ...]
    missing: tuple[Entry, ...]
    wrappers: dict[str, int]
    covered: Extent
    total: Extent

    @property
    def tensor_coverage(self) -> float:
        """Share of the backbone's tensors that are filled, 0 to 1."""
        return self.covered.tensors / max(self.total.tensors, 1)

    @property
    def parameter_coverage(self) -> float:
        """Share of the backbone's elements that are filled, 0 to 1."""
        return self.covered.parameters / max(self.total.parameters, 1)

    @property
    def percent(self) -> str:
        """The smaller of the two shares, rounded down: 100.0 means all."""
        shares = ((self.covered.tensors, self.total.tensors),
                  (self.covered.parameters, self.total.parameters))  # fmt: skip
        return f"{min(1000 * part // max(whole, 1) for part, whole in shares) / 10:.1f} %"
