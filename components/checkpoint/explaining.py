"""Says what keeps a checkpoint from filling a model, why that may be, and which key to set."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.checkpoint.decisions import BACKBONE, HEAD, IGNORED, UNKNOWN, Decision, Matching
from components.manifest import Entry, Manifest

_SHOWN = 3
_LOOKED_AT = 1000  # names, of what may be a hundred thousand
_LIKELY = 0.5  # share of the backbone below which it may rather be another model's


def findings(
    matching: Matching, manifest: Manifest, *, head: bool, min_coverage: float
) -> list[str]:
    """A line for each kind of thing that does not fit; none if all is well."""
    if not matching.covered.tensors:
        return [_nothing(matching, manifest)]
    entries = {entry.name: entry for entry in manifest.entries}
    return [
        *_collisions(matching),
        *_misfits(matching, entries),
        *_coverage(matching, manifest, min_coverage),
        *_unknown(matching, manifest),
        *(_head(matching, manifest, entries) if head else ()),
    ]


def _nothing(matching: Matching, manifest: Manifest) -> str:
    theirs = [d.source_name for d in matching.decisions if d.reason != IGNORED]
    ours = [entry.name for entry in manifest.backbone]
    return (
        f"checkpoint: none of its {len(theirs)} tensors is one of the model's {len(ours)}; it has "
        f"{_some(theirs)}; the model has {_some(ours)}; {_why_nothing(theirs, ours)}"
    )


def _why_nothing(theirs: list[str], ours: list[str]) -> str:
    for own in ours:
        for name in theirs[:_LOOKED_AT]:
            if name.endswith(f".{own}"):
                return (
                    f"its names begin with {name.removesuffix(own)!r}, which is no wrapper that is "
                    "known here: save it without"
                )
    return "it is of another model: set model= to the one that was pre-trained"


def _collisions(matching: Matching) -> Iterator[str]:
    sources = defaultdict(list)
    for decision in matching.decisions:
        if decision.reason != IGNORED:
            sources[decision.name].append(decision.source_name)
    twice = [(name, found) for name, found in sources.items() if len(found) > 1]
    if twice:
        name, found = twice[0]
        yield (
            f"checkpoint: {_count(twice, 'name')} of the model stand for two tensors each, such as "
            f"{name} for {' and '.join(found)}; leave one out: "
            f"checkpoint.ignore=[{max(found, key=len)}]"
        )


def _misfits(matching: Matching, entries: Mapping[str, Entry]) -> Iterator[str]:
    wrong = [d for d in matching.decisions if d.reason == BACKBONE and not d.fits(entries[d.name])]
    if wrong:
        sized = any(d.shape != entries[d.name].shape for d in wrong)
        way_out = "set the model's sizes to those of the checkpoint (model.*)"
        way_out = way_out if sized else "save such tensors in the model's type"
        yield (
            f"checkpoint: {_count(wrong, 'tensor')} of the backbone with another shape or type "
            f"than the model's: {_some(_difference(d, entries[d.name]) for d in wrong)}; "
            f"{way_out}, or leave such tensors out with checkpoint.ignore and "
            "checkpoint.min_coverage"
        )


def _coverage(matching: Matching, manifest: Manifest, min_coverage: float) -> Iterator[str]:
    share = min(matching.tensor_coverage, matching.parameter_coverage)
    if share >= min_coverage:
        return
    covered, total = matching.covered, matching.total
    lacking = _some(_with_shape(entry) for entry in matching.missing)
    yield (
        f"checkpoint.min_coverage={min_coverage}: the checkpoint fills only {matching.percent} of "
        f"the backbone ({covered.tensors} of {total.tensors} tensors, {covered.parameters:,} of "
        f"{total.parameters:,} parameters); it lacks {lacking}{_whole_parts(matching, manifest)}; "
        f"{_advice(share)}"
    )


def _advice(share: float) -> str:
    if share < _LIKELY:
        return "it seems to be of another model: set model= to the one that was pre-trained"
    least = math.floor(share * 1000) / 1000
    return (
        f"set model.* as it was pre-trained, or checkpoint.min_coverage={least} to begin at random"
    )


def _whole_parts(matching: Matching, manifest: Manifest) -> str:
    """Names the parts of the model of which nothing is there, such as further blocks."""
    all_of = Counter(entry.part for entry in manifest.backbone)
    missing = Counter(entry.part for entry in matching.missing)
    whole = [part for part, count in missing.items() if count == all_of[part]]
    return f" (all of {_some(whole)})" if whole else ""


def _unknown(matching: Matching, manifest: Manifest) -> Iterator[str]:
    unknown = [d for d in matching.decisions if d.reason == UNKNOWN]
    if unknown:
        used = [entry.name for entry in manifest.entries]
        used += [name for d in matching.decisions if d.kept for name in (d.name, d.source_name)]
        used.sort()
        patterns = list(dict.fromkeys(_pattern(d.name, used) for d in unknown[:_LOOKED_AT]))
        more = f" and {len(patterns) - _SHOWN} more" if len(patterns) > _SHOWN else ""
        names = _some(f"{d.source_name} {d.shape}" for d in unknown)
        yield (
            f"checkpoint.ignore: {_count(unknown, 'tensor')} of the checkpoint in no part of the "
            f"model: {names}; the model may be smaller than the one that was pre-trained; if they "
            f"are of no use, set checkpoint.ignore=[{','.join(patterns[:_SHOWN])}]{more}"
        )


def _pattern(name: str, used: Sequence[str]) -> str:
    """The shortest beginning of `name` that leaves out nothing of use; `used` is sorted."""
    pieces = name.split(".")
    for count in range(1, len(pieces) + 1):
        pattern = ".".join(pieces[:count])
        place = bisect_left(used, pattern)
        if place == len(used) or not used[place].startswith(pattern):
            return pattern
    return f"{name}$"


def _head(matching: Matching, manifest: Manifest, entries: Mapping[str, Entry]) -> Iterator[str]:
    found = {d.name: d for d in matching.decisions if d.reason == HEAD}
    way_out = "set head=false to begin with a new head"
    if manifest.head and not found:
        wanted = _some(_with_shape(entry) for entry in manifest.head)
        yield f"head=true: the checkpoint has no head (the model's is {wanted}); {way_out}"
        return
    wrong = [
        _difference(d, entries[d.name])
        if d.name in entries
        else f"{d.name} {d.shape} is not in the model"
        for d in found.values()
        if d.name not in entries or not d.fits(entries[d.name])
    ]
    wrong += [
        f"{_with_shape(entry)} is not in the checkpoint"
        for entry in manifest.head
        if entry.name not in found
    ]
    if wrong:
        yield (
            f"head=true: the checkpoint's head does not fit the model's: {_some(wrong)}; "
            f"{way_out}, or num_classes as in pre-training"
        )


def _difference(decision: Decision, entry: Entry) -> str:
    theirs, ours = (decision.shape, entry.shape)
    if theirs == ours:
        theirs, ours = (f"{theirs} {decision.dtype}", f"{ours} {entry.dtype}")
    return f"{decision.name} is {theirs}, the model has {ours}"


def _with_shape(entry: Entry) -> str:
    return f"{entry.name} {entry.shape}"


def _count(things: list, noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


def _some(texts: Iterable[str]) -> str:
    """The first few texts."""
    texts = list(texts)
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
