"""What a checkpoint is: its tensors in groups and, if the model is told, how it fills it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from components import checkpoint
from components.checkpoint import TensorRef
from components.checkpoint.unwrapping import matches, unwrapped, wrapper
from components.failures import Failure, Findings, InputError
from components.manifest import Manifest
from components.storage import shown
from pipeline.inspection.grouping import group

# What the parts of a model depend on not, but a configuration needs; the user's own go before.
_ANY_TASK = ("classification_type=mcc", "num_classes=2", "input_normalization.normalize=none")
_DECODER, _UNKNOWN = "decoder", "unknown"


def read(uri: str, overrides: Sequence[str]) -> dict[str, Any]:
    """See `pipeline.inspection.read`."""
    stat = checkpoint.stat(uri)
    with checkpoint.open_checkpoint(uri, fingerprint=stat.fingerprint) as opened:
        tensors = opened.tensors
    model, manifest = _against(tensors, overrides) if overrides else (None, None)
    inner = _names(tensors, manifest)
    wrappers = Counter(wrapper(name, inner[name]) for name in tensors)
    part = _parts(inner, manifest)
    if model and part:
        model["parts"] = _extents(tensors, part)
    return {
        "kind": "checkpoint",
        "uri": shown(uri),
        "format": opened.format,
        "size": stat.size,
        "fingerprint": stat.fingerprint,
        "metadata": opened.metadata,
        "wrappers": {prefix: count for prefix, count in wrappers.items() if prefix},
        "foreign": opened.foreign,
        "not_tensors": opened.others,
        "parameters": sum(prod(ref.shape) for ref in tensors.values()),
        "dtypes": dict(Counter(ref.dtype for ref in tensors.values())),
        "model": model,
        "groups": group(
            (inner[name], ref.shape, ref.dtype, part.get(name, "")) for name, ref in tensors.items()
        ),
        "tensors": [
            {"name": name, "shape": list(ref.shape), "dtype": ref.dtype, "part": part.get(name)}
            for name, ref in tensors.items()
        ],
    }


def _against(
    tensors: Mapping[str, TensorRef], overrides: Sequence[str]
) -> tuple[dict[str, Any], Manifest | None]:
    """What load-checkpoint would say of this checkpoint for that model."""
    from components import config, parameters
    from pipeline import description

    overrides = [*_ANY_TASK, *overrides]
    composed = config.compose(overrides)
    found = {"target": composed.model.get("_target_"), "coverage": None, "problems": []}
    described = config.shipped_manifest(composed)
    try:
        described = described or parameters.unpack(description.manifest(overrides))
    except InputError:
        raise
    except Failure as error:  # without torch, the model of a checkpoint can't be described here
        found["problems"].append(str(error))
        return found, None
    manifest = Manifest.from_dict(described)
    settings = config.for_step("load_checkpoint", composed)
    try:
        matching = checkpoint.match(
            tensors, manifest, head=settings["head"], **settings["checkpoint"]
        )
        found["coverage"] = matching.percent
    except Findings as findings:
        found["problems"].extend(findings.messages)
    return found, manifest


def _names(tensors: Mapping[str, TensorRef], manifest: Manifest | None) -> dict[str, str]:
    if manifest is None:
        return unwrapped(tensors, (), ())
    return unwrapped(tensors, manifest.names, [*manifest.head_patterns, *manifest.decoder])


def _parts(inner: Mapping[str, str], manifest: Manifest | None) -> dict[str, str]:
    if manifest is None:
        return {}
    known = {entry.name: entry.part for entry in manifest.entries}

    def part_of(name: str) -> str:
        if name in known:
            return known[name]
        if matches(manifest.head_patterns, name):
            return "head"
        return _DECODER if matches(manifest.decoder, name) else _UNKNOWN

    return {source: part_of(name) for source, name in inner.items()}


def _extents(
    tensors: Mapping[str, TensorRef], part: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, ref in tensors.items():
        extent = found.setdefault(part[name], {"tensors": 0, "parameters": 0})
        extent["tensors"] += 1
        extent["parameters"] += prod(ref.shape)
    return found
