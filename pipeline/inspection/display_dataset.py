"""Shows on the terminal what a dataset is."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.filesize import decimal

from pipeline.inspection.layout import facts, table

_MOST_ROWS = 40
_MOST_NAMES = 12


def show(found: Mapping[str, Any], console: Console) -> None:
    """Prints the splits, their labels, and the overrides that fit."""
    splits = found["splits"]
    facts(console, {"dataset": found["uri"], "missing": ", ".join(found["missing"])})
    header = (
        "split",
        "windows:",
        "channels:",
        "samples:",
        "dtype",
        "subjects:",
        "recordings:",
        "size:",
    )
    rows = [
        (
            name,
            f"{split['windows']:,}",
            str(split["channels"]),
            str(split["samples"]),
            split["dtype"],
            "-" if split["subjects"] is None else str(len(split["subjects"])),
            "-" if split["recordings"] is None else str(split["recordings"]),
            decimal(split["size"]),
        )
        for name, split in splits.items()
    ]
    console.print()
    console.print(table(header, rows))
    console.print()
    signal = {
        "sampling rate": _same(splits, "sampling_rate", lambda v: f"{v:g} Hz ({_seconds(splits)})"),
        "unit": _same(splits, "unit", str),
        "scale": _same(splits, "scale", lambda v: f"{v:g}") if _scaled(splits) else None,
        "channels": _same(splits, "channel_names", ", ".join),
    }
    facts(console, signal | {f"subjects in {s}": _subjects(split) for s, split in splits.items()})
    _labels(splits, console)
    console.print()
    shared = {
        f"SUBJECTS IN {pair.upper()}": _some(s) for pair, s in found["shared_subjects"].items()
    }
    facts(console, shared)
    facts(console, {"labels fit": " ".join(found["task"])})
    _quartiles(found["quartiles"], console)


def _labels(splits: Mapping[str, Any], console: Console) -> None:
    """One row for each value of each label column, with its count in every split."""
    columns = max(len(split["labels"]) for split in splits.values())
    rows = []
    for column in range(columns):
        counts = {name: _column(split, column) for name, split in splits.items()}
        values = dict.fromkeys(value for count in counts.values() for value in count)
        for value in sorted(values, key=lambda v: (len(v), v)):
            name = _class(splits, column, columns, value)
            numbers = [f"{count.get(value, 0):,}" for count in counts.values()]
            rows.append([*([str(column)] if columns > 1 else []), value, name, *numbers])
    header = (*(["label"] if columns > 1 else []), "value", "class", *(f"{s}:" for s in splits))
    console.print()
    console.print(table(header, rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        console.print(f"... and {len(rows) - _MOST_ROWS} more; --json has them all")


def _column(split: Mapping[str, Any], column: int) -> Mapping[str, int]:
    return split["labels"][column] if column < len(split["labels"]) else {}


def _class(splits: Mapping[str, Any], column: int, columns: int, value: str) -> str:
    """What the file calls it: of several label columns, each is a class of its own."""
    names = next((split["classes"] for split in splits.values() if split["classes"]), [])
    place = column if columns > 1 else int(value) if value.isdecimal() else -1
    if columns > 1 and len(names) != columns:
        return ""
    return names[place] if 0 <= place < len(names) else ""


def _quartiles(found: Mapping[str, Any] | None, console: Console) -> None:
    if found is None:
        return
    if found["not_finite"]:
        console.print(f"NOT FINITE: {found['not_finite']:,} values in {found['windows']:,} windows")
    if found["lower"] == found["upper"]:
        console.print("quartiles: equal, so not usable; set input_normalization.normalize=zscore")
        return
    console.print(f"quartiles of {found['windows']:,} training windows, as overrides:")
    for override in found["overrides"]:
        console.print(f"  {override}", soft_wrap=True)


def _same(splits: Mapping[str, Any], key: str, text) -> str | None:
    """The value that all splits have, or each one's."""
    told = {name: text(split[key]) for name, split in splits.items() if split[key]}
    if len(set(told.values())) <= 1 and len(told) in (0, len(splits)):
        return next(iter(told.values()), None)
    return "DIFFERS: " + "; ".join(f"{name}: {told.get(name, 'not said')}" for name in splits)


def _seconds(splits: Mapping[str, Any]) -> str:
    split = next(split for split in splits.values() if split["sampling_rate"])
    return f"windows of {split['samples'] / split['sampling_rate']:g} s"


def _scaled(splits: Mapping[str, Any]) -> bool:
    return any(split["scale"] != 1.0 for split in splits.values())


def _subjects(split: Mapping[str, Any]) -> str | None:
    return None if split["subjects"] is None else _some(split["subjects"])


def _some(names: list[str]) -> str:
    more = f", ... ({len(names)})" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
