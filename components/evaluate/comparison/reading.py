"""Runs out of their folders; what is no finished run is refused in a line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from components import artifacts, records
from components.evaluate.comparison.form import Details, Folds, Seeds
from components.evaluate.comparison.runs import Run, flat, mean_history, mean_subjects
from components.failures import FAILURE, Findings, InputError, first_line, noting
from components.folds.summary import KIND, by_subject

EVALUATION, MODEL, SUMMARY = "evaluation", "model", "summary"
STEPS = {"backbone": "load-checkpoint", MODEL: "finetune", EVALUATION: "evaluate"}
BEGUN = (".kfp", "backbone", MODEL, "fold-*", "seed-*", FAILURE)


def read(paths: Sequence[str]) -> list[Run]:
    """Reads runs, each by the folder of `biotune run --out` or by that of its evaluation.

    Raises:
        Findings: each that is no finished run, is damaged, or is given twice.
    """
    findings: list[str] = []
    runs = []
    resolved = [Path(path).expanduser().resolve() for path in paths]
    read_from = [_read_from(folder) for folder in resolved]
    names = _names(paths, resolved)
    for index, (path, folder) in enumerate(zip(paths, resolved, strict=True)):
        with noting(findings):
            if (earlier := read_from.index(read_from[index])) < index:
                raise InputError(f"{path}: is the run {paths[earlier]}; give each run once")
            runs.append(_run(path, folder, names[index]))
    if findings:
        raise Findings(findings)
    return runs


def _read_from(folder: Path) -> Path:
    """Where the results lie: a run of one test and its evaluation are the same."""
    if (folder / SUMMARY / artifacts.SUMMARY).is_file():
        return folder
    inner = folder / EVALUATION
    return inner.resolve() if (inner / artifacts.DETAILS).is_file() else folder


def _names(paths: Sequence[str], resolved: Sequence[Path]) -> list[str]:
    """A name for each run: its folder's, or the path where two folders have one name."""
    short = [f.parent.name if f.name == EVALUATION else f.name for f in resolved]
    return [n if short.count(n) == 1 else str(path) for n, path in zip(short, paths, strict=True)]


def _run(path: str, folder: Path, name: str) -> Run:
    if not folder.is_dir():
        raise InputError(f"{path}: no such folder; give one that `biotune run --out` made")
    if (folder / SUMMARY / artifacts.SUMMARY).is_file():
        return _repeated(path, folder, name)
    if (folder / EVALUATION / artifacts.DETAILS).is_file():
        return _single(path, folder / EVALUATION, folder / MODEL, name)
    if (folder / artifacts.DETAILS).is_file():
        return _single(path, folder, None, name)
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
        test=details["provenance"]["test_fingerprint"],
        settings=flat(config),
        metrics={key: value for key, value in metrics.items() if key != "undefined"},
        bounds={key: b for key, b in (details.get("intervals") or {}).items() if b},
        method=str(details.get("interval_method") or ""),
        subjects={row["subject"]: row for row in details.get("by_subject") or []},
        history=list(details.get("history") or []),
        rates=list(details.get("learning_rates") or []),
        details=details,
    )


def _repeated(path: str, folder: Path, name: str) -> Run:
    file = folder / SUMMARY / artifacts.SUMMARY
    summary = _json(file)
    folds = isinstance(summary, dict) and summary.get("kind") == KIND
    records.hold(Folds if folds else Seeds, summary, str(file), "summarize again")
    numbers = range(1, summary["of"] + 1) if folds else summary["seeds"]
    part = "fold" if folds else "seed"
    every = [_details(folder / f"{part}-{number}" / EVALUATION) for number in numbers]
    config = flat(_config(folder / f"{part}-{numbers[0]}" / MODEL / artifacts.CONFIG))
    config = {key: v for key, v in config.items() if key != ("data.fold" if folds else "seed")}
    metrics = summary["metrics"]
    if folds:
        tables = {n: told.get("by_subject") or [] for n, told in zip(numbers, every, strict=True)}
        subjects = {row["subject"]: row for row in by_subject(tables)}
        test = f"folds {summary['of']}, {summary['seed']}, {summary['data']}"
    else:
        subjects = mean_subjects([details.get("by_subject") or [] for details in every])
        test = every[0]["provenance"]["test_fingerprint"]
    return Run(
        name=name,
        path=path,
        kind=f"{len(every)} {part}s, means",
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
    file = evaluation / artifacts.DETAILS
    found = _json(file)
    records.hold(Details, found, str(file), "evaluate again")
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
