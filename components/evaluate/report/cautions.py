"""What a reader has to bear in mind, found in the results themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components import flaws
from components.evaluate.report.text import (
    finite,
    fixed,
    interval,
    metric,
    percent,
    plural,
    shorten,
)

FEW_SUBJECTS = 5
FEW_WINDOWS = 20
WIDE = 0.2


def warnings(details: Mapping[str, Any]) -> list[str]:
    """Lists warnings as sentences, the gravest first."""
    found = [_overlap, _coverage, _flaws, _guessing, _subjects, _width, _support, _silent]
    found += [_undefined]
    return [warning for find in found for warning in find(details)]


def from_scratch(details: Mapping[str, Any]) -> bool:
    """Says whether the provenance names no checkpoint."""
    provenance = details.get("provenance") or {}
    return "checkpoint" in provenance and not provenance["checkpoint"]


def chance(details: Mapping[str, Any]) -> dict[str, float]:
    """Gives what guessing reaches, by metric key, where that is known beforehand."""
    levels = {"test_auroc": 0.5, "test_cohen_kappa": 0.0}
    kind = details.get("classification_type")
    supports = [finite(row.get("support")) or 0.0 for row in _rows(details)]
    present = sum(support > 0 for support in supports)
    if kind in ("bc", "mcc", "ml") and present:
        levels["test_balanced_acc"] = 1 / present
    elif kind == "mc" and all(0 < support < windows(details) for support in supports):
        levels["test_balanced_acc"] = 0.5
    return levels


def windows(details: Mapping[str, Any]) -> float:
    """Gives the number of test windows, 0 where it was not recorded."""
    return finite(((details.get("data") or {}).get("test") or {}).get("windows")) or 0.0


def coverage(value: Any) -> list[tuple[str, float]]:
    """Reads the covered share of the backbone: a number, or one for tensors and parameters."""
    shares = value.items() if isinstance(value, Mapping) else [("", value)]
    return [(str(name), share) for name, given in shares if (share := finite(given)) is not None]


def _overlap(details: Mapping[str, Any]) -> Iterator[str]:
    splits = details.get("data") or {}
    named = {
        name: {str(subject) for subject in split["subjects"]}
        for name, split in splits.items()
        if isinstance(split, Mapping) and isinstance(split.get("subjects"), list)
    }
    for other in named:
        shared = sorted(named[other] & named.get("test", set())) if other != "test" else []
        if shared:
            whose = f"{plural(len(shared), 'subject')} ({_some(shared)})"
            yield (
                f"{whose} of the test split also in {other}: the numbers say nothing about "
                "people whom the model has not seen."
            )


def _coverage(details: Mapping[str, Any]) -> Iterator[str]:
    if from_scratch(details):
        return
    provenance = details.get("provenance") or {}
    for name, share in coverage(provenance.get("backbone_coverage")):
        if share < 1:
            what = f"the backbone's {name}" if name else "the backbone"
            yield f"Only {percent(share)} of {what} came from the checkpoint; the rest is new."


def _flaws(details: Mapping[str, Any]) -> Iterator[str]:
    for name, split in (details.get("data") or {}).items():
        if isinstance(split, Mapping) and (words := flaws.told(split.get("flaws") or {})):
            yield f"The {name} split has {words}."


def _guessing(details: Mapping[str, Any]) -> Iterator[str]:
    intervals = details.get("intervals") or {}
    for key, level in chance(details).items():
        bounds = intervals.get(key)
        if interval(bounds) and bounds[0] <= level <= bounds[1]:
            yield (
                f"The interval of {metric(key)} ({interval(bounds)}) includes {fixed(level)}, "
                "which guessing reaches."
            )


def _subjects(details: Mapping[str, Any]) -> Iterator[str]:
    subjects = len(details.get("by_subject") or [])
    if not (details.get("intervals") or {}):
        why = details.get("interval_reason")
        because = f" ({why})" if why else ""
        yield f"There are no intervals{because}: how far other people's results differ is unknown."
    if 0 < subjects < FEW_SUBJECTS:
        yield (
            f"The test split has {plural(subjects, 'subject')}. Intervals from so few tend to be "
            "too narrow, and say little about other people."
        )


def _width(details: Mapping[str, Any]) -> Iterator[str]:
    wide = [
        metric(key)
        for key, bounds in (details.get("intervals") or {}).items()
        if interval(bounds) and key != "test_loss" and bounds[1] - bounds[0] > WIDE
    ]
    if wide:
        yield f"Wide interval (more than {WIDE:g}) for: {', '.join(wide)}."


def _support(details: Mapping[str, Any]) -> Iterator[str]:
    rows = [(str(row.get("class")), finite(row.get("support"))) for row in _rows(details)]
    absent = [name for name, support in rows if support == 0]
    few = [name for name, support in rows if support and support < FEW_WINDOWS]
    if absent:
        yield f"Not in the test split: {_some(absent)}."
    if few:
        yield f"Rare in the test split (fewer than {FEW_WINDOWS} each): {_some(few)}."


def _silent(details: Mapping[str, Any]) -> Iterator[str]:
    never = []
    for entry in details.get("confusion") or []:
        matrix, labels = entry.get("matrix") or [], entry.get("labels") or []
        for index, (label, row) in enumerate(zip(labels, matrix, strict=False)):
            if sum(row) and not sum(other[index] for other in matrix):
                never.append(f"{label} in {entry['name']}" if entry.get("name") else str(label))
    if never:
        yield f"Never predicted, though in the test split: {_some(never)}."


def _undefined(details: Mapping[str, Any]) -> Iterator[str]:
    undefined = (details.get("metrics") or {}).get("undefined") or {}
    nulls = [key for key in undefined if (details.get("metrics") or {}).get(key) is None]
    if nulls:
        yield f"Not defined here, for reasons given with the metrics: {_some(map(metric, nulls))}."


def _rows(details: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return details.get("per_class") or []


def _some(names: Any, most: int = 6) -> str:
    names = [shorten(name, 40) for name in names]
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
