"""The results in parts: by class, decision, subject and recording."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from components.metrics import Decisions

Row = dict[str, Any]


def per_class(decisions: Decisions, names: Sequence[str]) -> list[Row]:
    """One row a class: its windows, and how well it is told from the rest; None where undefined."""
    table = {key: column.tolist() for key, column in decisions.table(decisions.confusion()).items()}
    rows = []
    for index, name in enumerate(names):
        row = {"class": name} | {key: column[index] for key, column in table.items()}
        areas = torch.stack(decisions.rank(index).areas()).tolist()
        areas = [None if area != area else area for area in areas]
        rows.append(row | {"support": int(row["support"]), "auroc": areas[0], "aupr": areas[1]})
    return rows


def confusions(decisions: Decisions, names: Sequence[str]) -> list[Row]:
    """One matrix a decision of a window, rows the truth."""
    titles, labels = decisions.matrices(names)
    matrices = decisions.confusion().tolist()
    return [
        {"name": title, "labels": labels, "matrix": matrix}
        for title, matrix in zip(titles, matrices, strict=True)
    ]


def by_output(decisions: Decisions, names: Sequence[str]) -> list[Row]:
    """One row for each of a window's outputs, where they were pooled; else none."""
    return [
        {"output": title, "windows": len(part), **part.scores(names).values}
        for title, part in decisions.outputs()
    ]


def by_subject(decisions: Decisions, subjects: np.ndarray | None) -> list[Row]:
    """One row a subject, in the order of their names; none where the data name none."""
    return _grouped(decisions, {"subject": subjects})


def by_recording(
    decisions: Decisions, subjects: np.ndarray | None, recordings: np.ndarray | None
) -> list[Row]:
    """One row a recording; two subjects may use one name for theirs."""
    if recordings is None:
        return []
    owners = {} if subjects is None else {"subject": subjects}
    return _grouped(decisions, owners | {"recording": recordings})


def _grouped(decisions: Decisions, columns: dict[str, np.ndarray | None]) -> list[Row]:
    given = {key: column for key, column in columns.items() if column is not None}
    if not given:
        return []
    keys, places = np.unique(np.stack(list(given.values()), 1), axis=0, return_inverse=True)
    places = places.ravel()  # some versions of numpy keep a second axis
    order = torch.from_numpy(np.argsort(places, kind="stable")).to(decisions.labels.device)
    parts = order.split(np.bincount(places, minlength=len(keys)).tolist())
    rows = []
    for key, windows in zip(keys, parts, strict=True):
        named = {name: str(value) for name, value in zip(given, key, strict=True)}
        part = decisions.select(windows)
        rows.append(named | {"windows": len(part)} | part.scores().values)
    return rows
