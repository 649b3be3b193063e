"""Runs out of their folders; what is no finished run is refused in a line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from components import artifacts
from components.evaluate.comparison.runs import Run, flat, mean_history, mean_subjects
from components.failures import FAILURE, Findings, InputError, first_line, noting
from components.folds.summary import KIND, by_subject

EVALUATION, MODEL, SUMMARY = "evaluation", "model", "summary"
STEPS = {"backbone": "load-checkpoint", MODEL: "finetune", EVALUATION: "evaluate"}
BEGUN = (".kfp", "backbone", MODEL, "fold-*", "seed-*", FAILURE)


def read(paths: Sequence[str]) -> list[Run]:
    """Reads runs, each by the folder of `biotune run --out` or by that of its evaluation.

    Raises:
        Findings: each that is no finished run, or is given twice.
    """
    findings: list[str] = []
    runs = []
    resolved = [Path(path).expanduser().resolve() for path in paths]
    names = _names(paths, resolved)
    for index, (path, folder) in enumerate(zip(paths, resolved, strict=True)):
        with noting(findings):
            if folder in resolved[:index]:
                raise InputError(f"{path}: is given twice; give each run once")
            runs.append(_run(path, folder, names[index]))
    if findings:
        raise Findings(findings)
    return runs


def _names(paths: Sequence[str], resolved: Sequence[Path]) -> list[str]:
    """A name for each run: its folder's, or the path where two folders have one name."""
    short = [f.parent.name if f.name == EVALUATION else f.name for f in resolved]
    return [n if short.count(n) == 1 else str(path) for n, path in zip(short, paths, strict=True)]


def _run(path: str, folder: Path, name: str) -> Run:
    if not folder.is_dir():
        raise InputError(f"{path}: no such folder; give one that `biotune run --out` made")
    try:
        if (folder / SUMMARY / artifacts.SUMMARY).is_file():
            return _repeated(path, folder, name)
        if (folder / EVALUATION / artifacts.DETAILS).is_file():
            return _single(path, folder / EVALUATION, folder / MODEL, name)
        if (folder / artifacts.DETAILS).is_file():
            return _single(path, folder, None, name)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{path}: its records are not what evaluate leaves ({type(error).__name__}: "
            f"{first_line(error)}); evaluate again"
        ) from error
    raise InputError(f"{path}: {_why(folder)}")


def _why(folder: Path) -> str:
    if not any(found for pattern in BEGUN for found in folder.glob(pattern)):
        return (
            f"is no run (no {EVALUATION}/{artifacts.DETAILS}); give a folder that "
            "`biotune run --out` made, or an evaluation's"
        )
    repeated = sorted({*folder.glob("fold-*"), *folder.glob("seed-*")})
    for part in (*repeated, *([folder] if not repeated else [])):
        for made, step in STEPS.items():
            if (part / made).is_dir() or (repeated and made == "backbone"):
                continue
            where = f"{part.name}/" if repeated else ""
            return (
                f"is unfinished: {where}{made} is missing ({step} has not ended); run it again "
                "with the same --out"
            )
    return "is unfinished: summary is missing (summarize has not ended); run it again"


def _single(path: str, evaluation: Path, model: Path | None, name: str) -> Run:
    details = _details(evaluation)
    config = _config(model / artifacts.CONFIG) if model else {}
    metrics = details["metrics"]
    return Run(
        name=name,
        path=path,
        kind="one test",
        test=str(details["provenance"]["test_fingerprint"]),
        settings=flat(config),
        metrics={key: value for key, value in metrics.items() if key != "undefined"},
        bounds={key: b for key, b in (details.get("intervals") or {}).items() if b},
        method=str(details.get("interval_method") or ""),
        subjects={str(row["subject"]): row for row in details.get("by_subject") or []},
        history=list(details.get("history") or []),
        rates=list(details.get("learning_rates") or []),
        details=details,
    )


def _repeated(path: str, folder: Path, name: str) -> Run:
    summary = _json(folder / SUMMARY / artifacts.SUMMARY)
    folds = summary.get("kind") == KIND
    numbers = range(1, summary["of"] + 1) if folds else summary["seeds"]
    parts = [folder / f"{'fold' if folds else 'seed'}-{number}" for number in numbers]
    every = [_details(part / EVALUATION) for part in parts]
    config = flat(_config(parts[0] / MODEL / artifacts.CONFIG))
    config = {key: v for key, v in config.items() if key != ("data.fold" if folds else "seed")}
    metrics = summary["metrics"]
    if folds:
        tables = dict(enumerate((details["by_subject"] for details in every), start=1))
        subjects = {str(row["subject"]): row for row in by_subject(tables)}
        test = f"folds {summary['of']}, {summary['seed']}, {summary['data']}"
    else:
        subjects = mean_subjects([details["by_subject"] for details in every])
        test = str(every[0]["provenance"]["test_fingerprint"])
    return Run(
        name=name,
        path=path,
        kind=f"{len(parts)} {'folds' if folds else 'seeds'}, means",
        test=test,
        settings=config,
        metrics={key: spread["mean"] for key, spread in metrics.items()},
        bounds={key: s["interval"] for key, s in metrics.items() if s.get("interval")},
        spread={key: s["std"] for key, s in metrics.items() if s["std"] is not None},
        method="over folds, corrected for shared training data" if folds else "",
        subjects=subjects,
        history=mean_history([details.get("history") or [] for details in every]),
        rates=list(every[0].get("learning_rates") or []),
        details=every[0],
    )


def _details(evaluation: Path) -> dict[str, Any]:
    found = _json(evaluation / artifacts.DETAILS)
    _ = found["metrics"].items(), found["provenance"]["test_fingerprint"]
    return found


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: can't be read ({first_line(error)})") from error


def _config(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: can't be read ({first_line(error)})") from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: is not that of a tuned model")
    return found
