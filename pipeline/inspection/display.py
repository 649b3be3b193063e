"""Shows on the terminal what `pipeline.inspection.read` found."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from pipeline.inspection import display_dataset
from pipeline.inspection.grouping import together
from pipeline.inspection.layout import facts, table, terminal


def show(found: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints it, on standard output if no other console is given."""
    console = console or terminal()
    shows = {"checkpoint": _checkpoint, "dataset": display_dataset.show, "model": _model}
    shows[found["kind"]](found, console)


def _checkpoint(found: Mapping[str, Any], console: Console) -> None:
    wrappers = [f"{prefix} before {count} names" for prefix, count in found["wrappers"].items()]
    about = {
        "checkpoint": found["uri"],
        "format": found["format"],
        "size": decimal(found["size"]),
        "fingerprint": found["fingerprint"],
        "saved with it": _pairs(found["metadata"]),
        "wrappers": ", ".join(wrappers) or "none before the names",
        "tensors": f"{len(found['tensors']):,} ({_dtypes(found)})",
        "parameters": f"{found['parameters']:,}",
        "pickled, not loaded": _some(found["foreign"]),
        "no tensors": _some(found["not_tensors"]),
    }
    facts(console, about)
    if found["model"]:
        _fit(found["model"], console)
    console.print()
    console.print(_tensors(found))


def _fit(model: Mapping[str, Any], console: Console) -> None:
    console.print()
    about = {"model": model["target"]}
    if model["coverage"]:
        about["fills"] = f"{model['coverage']} of the backbone"
    for number, problem in enumerate(model["problems"]):
        about[f"does not fit {number + 1}" if number else "does not fit"] = problem
    facts(console, about)
    if parts := model.get("parts"):
        console.print()
        console.print(table(("part", "tensors:", "parameters:"), _blocks_together(parts)))


def _blocks_together(parts: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str, str]]:
    """One row for each part; blocks that follow each other and are alike share one."""
    alike = groupby(parts, lambda part: (part.partition(" ")[0], tuple(parts[part].values())))
    return [
        (together(names), f"{tensors * len(names):,}", f"{parameters * len(names):,}")
        for (_, (tensors, parameters)), group in alike
        if (names := list(group))
    ]


def _model(found: Mapping[str, Any], console: Console) -> None:
    origin = found["provenance"] or {}
    nothing = "none: from scratch" if "checkpoint" in origin else None
    normalization = (found["input_normalization"] or {}).items()
    about = {
        "tuned model": found["uri"],
        "model": found["model"],
        "arguments": _pairs(found["arguments"]),
        "parameters": f"{found['parameters']:,} ({_dtypes(found)})",
        "fingerprint": found["fingerprint"],
        "task": _pairs(
            {k: found[k] for k in ("classification_type", "num_classes", "num_outputs")}
        ),
        "normalization": _pairs(
            {k.removeprefix("quartile_normalization_"): v for k, v in normalization}
        ),
        "checkpoint": origin.get("checkpoint") or nothing,
        "dataset": origin.get("dataset"),
        "optimizer": _pairs(
            {k: found[k] for k in ("optimizer", "lr", "layerwise_lr_decay", "seed")}
        ),
        "backbone frozen": "yes" if found["freeze_backbone"] else "no",
        "epochs": len(found["history"]) or None,
        "selected": origin.get("selected"),
        "versions": _pairs(origin.get("versions") or {}),
    }
    facts(console, about)
    if found["metrics"]:
        undefined = found["metrics"].get("undefined") or {}
        rows = [
            (name, f"{value:.4f}" if value is not None else f"undefined: {undefined.get(name, '')}")
            for name, value in found["metrics"].items()
            if name != "undefined"
        ]
        console.print()
        console.print(table(("test metric", "value:"), rows))
    else:
        facts(
            console, {"test metrics": "none beside it; `python -m components evaluate` makes them"}
        )
    console.print()
    console.print(_tensors(found))


def _tensors(found: Mapping[str, Any]) -> Table:
    """One row for each group; a line between those whose first name is another."""
    in_parts = any(row["part"] for row in found["groups"])
    columns = ("tensor", "count:", "shape", "dtype", "parameters:", *(["part"] * in_parts))
    made = table(columns)
    groups = found["groups"]
    for row, following in zip(groups, [*groups[1:], None], strict=True):
        cells = [
            row["name"],
            str(row["count"]),
            "x".join(map(str, row["shape"])) or "scalar",
            row["dtype"],
            f"{row['parameters']:,}",
        ]
        ends = following is not None and _first(following["name"]) != _first(row["name"])
        made.add_row(*cells, *([row["part"] or ""] * in_parts), end_section=ends)
    return made


def _first(name: str) -> str:
    return name.partition(".")[0]


def _dtypes(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{dtype}: {count}" for dtype, count in found["dtypes"].items())


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def _some(names: list[str], most: int = 5) -> str:
    more = f", ... ({len(names)})" if len(names) > most else ""
    return ", ".join(names[:most]) + more
