"""Holds the tensors of a checkpoint against the manifest of a model."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from components.checkpoint.decisions import (
    BACKBONE,
    DECODER,
    HEAD,
    HEAD_STRIPPED,
    IGNORED,
    UNKNOWN,
    Decision,
    Extent,
    Matching,
)
from components.checkpoint.explaining import findings
from components.checkpoint.tensors import TensorRef
from components.checkpoint.unwrapping import matches, unwrapped, wrapper
from components.failures import Findings, InputError
from components.manifest import Manifest


def match(
    tensors: Mapping[str, TensorRef],
    manifest: Manifest,
    *,
    head: bool,
    ignore: Sequence[str] = (),
    min_coverage: float = 1.0,
) -> Matching:
    """Decides on every tensor, and accepts nothing that it can't account for.

    Args:
        tensors: by name in the checkpoint.
        manifest: of the model to be filled.
        head: whether to keep the checkpoint's head, which must then be there and fit.
        ignore: regular expressions, matched at the start of names (in the checkpoint or in the
            model), of tensors to leave out.
        min_coverage: the least share of the backbone's tensors, and of its elements, to be filled.

    Raises:
        InputError: the checkpoint is of another model of the same name.
        Findings: all that does not fit, a line each with counts, names and the key to set.
    """
    _require_expressions(ignore)
    inner = unwrapped(
        [name for name in tensors if not matches(ignore, name)],
        manifest.names,
        [*manifest.head_patterns, *manifest.decoder],
    )
    sort = _sorter(manifest, head, ignore)
    decisions = tuple(
        Decision(
            name=inner.get(source, source),
            source_name=source,
            shape=tensor.shape,
            dtype=tensor.dtype,
            reason=sort(inner[source]) if source in inner else IGNORED,
        )
        for source, tensor in tensors.items()
    )
    filled = {decision.name for decision in decisions if decision.reason == BACKBONE}
    removed = Counter(wrapper(source, name) for source, name in inner.items())
    matching = Matching(
        decisions=decisions,
        missing=tuple(entry for entry in manifest.backbone if entry.name not in filled),
        wrappers={prefix: count for prefix, count in removed.items() if prefix},
        covered=Extent.of([entry for entry in manifest.backbone if entry.name in filled]),
        total=Extent.of(manifest.backbone),
    )
    identity = manifest.identity
    if identity and filled and not identity.fits(inner.values()):
        raise InputError(f"model: the checkpoint is not of {identity.name}; {identity.otherwise}")
    if found := findings(matching, manifest, head=head, min_coverage=min_coverage):
        raise Findings(found)
    return matching


def _sorter(manifest: Manifest, head: bool, ignore: Sequence[str]):
    backbone = {entry.name for entry in manifest.backbone}
    own_head = {entry.name for entry in manifest.head}

    def sort(name: str) -> str:
        if matches(ignore, name):
            return IGNORED
        if name in backbone:
            return BACKBONE
        if name in own_head or matches(manifest.head_patterns, name):
            return HEAD if head else HEAD_STRIPPED
        return DECODER if matches(manifest.decoder, name) else UNKNOWN

    return sort


def _require_expressions(ignore: Sequence[str]) -> None:
    if isinstance(ignore, str) or not all(isinstance(pattern, str) for pattern in ignore):
        raise InputError(
            f"checkpoint.ignore={ignore}: must be a list of regular expressions, such as "
            "checkpoint.ignore=[criterion,teacher]"
        )
    for pattern in ignore:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InputError(
                f"checkpoint.ignore={pattern}: is no regular expression ({error})"
            ) from error
