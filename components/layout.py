r"""Which part of a model each of its tensors belongs to.

A model's YAML says it by regular expressions, matched at the start of a name:

    layout:
      stem: patch_embed\.|pos_embed
      blocks: blocks\.(\d+)\.        # or one expression a block, in a list
      norm: norm\.
      head: head\.
      decoder: decoder\.             # only in pre-training checkpoints
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.failures import Findings, InputError

PARTS = ("stem", "blocks", "norm", "head", "decoder")


def block_index(part: str) -> int | None:
    """The number of a part `block 3`, or None for another part."""
    return int(part.removeprefix("block ")) if part.startswith("block ") else None


@dataclass(frozen=True)
class Layout:
    """The regular expressions of a model's parts; a part that it lacks has none."""

    stem: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    norm: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    decoder: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, node: Mapping[str, Any] | None) -> "Layout":
        """Reads `model.layout`.

        Raises:
            InputError: no layout, an unknown part, or an expression that cannot be compiled.
        """
        if not node or "head" not in node:
            raise InputError(
                "model.layout: missing, or without `head`; say which tensors are the head, e.g. "
                r"layout: {stem: 'conv1\.', blocks: 'blocks\.(\d+)\.', head: 'fc\.'}"
            )
        if unknown := set(node) - set(PARTS):
            raise InputError(f"model.layout.{sorted(unknown)[0]}: the parts are {', '.join(PARTS)}")
        parts = {}
        for part, patterns in node.items():
            parts[part] = tuple([patterns] if isinstance(patterns, str) else patterns or ())
            for pattern in parts[part]:
                _compiled(part, pattern)
        return cls(**parts)

    def assign(self, names: Iterable[str]) -> dict[str, str]:
        """The part of each tensor: `stem`, `block 0`, ..., `norm` or `head`.

        Raises:
            Findings: a name in no part or in two, a part without a name, a gap in the blocks.
        """
        found = {name: self._parts_of(name) for name in names}
        findings = [
            f"model.layout: {name} is in {' and in '.join(parts)}; it must be in one part alone"
            for name, parts in found.items()
            if len(parts) > 1
        ]
        if lost := [name for name, parts in found.items() if not parts]:
            some = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
            findings.append(
                f"model.layout: {len(lost)} of {len(found)} tensors are in no part ({some}); "
                "give them one"
            )
        assigned = {name: parts[0] for name, parts in found.items() if parts}
        present = set(assigned.values())
        findings += [
            f"model.layout.{part}: matches none of the model's tensors"
            for part in ("stem", "norm", "head")
            if getattr(self, part) and part not in present
        ]
        blocks = sorted(index for p in present if (index := block_index(p)) is not None)
        if blocks != list(range(len(blocks))) or (self.blocks and not blocks):
            findings.append(f"model.layout.blocks: gives the blocks {blocks}, not 0, 1, 2, ...")
        if findings:
            raise Findings(findings)
        return assigned

    def _parts_of(self, name: str) -> list[str]:
        parts = [
            part
            for part in ("stem", "norm", "head")
            if any(re.match(pattern, name) for pattern in getattr(self, part))
        ]
        for place, pattern in enumerate(self.blocks):
            if match := re.match(pattern, name):
                parts.append(f"block {match.group(1) if match.re.groups else place}")
        return parts


def _compiled(part: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except (re.error, TypeError) as error:
        raise InputError(
            f"model.layout.{part}={pattern!r}: no regular expression ({error})"
        ) from None
    if part == "blocks" and groups > 1:
        raise InputError(f"model.layout.blocks={pattern!r}: needs one group, the block's number")
