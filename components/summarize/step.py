"""Summarize: what several seeds, or the folds of a cross-validation, came to."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from components.artifacts import SUMMARY, SUMMARY_REPORT, publish
from components.failures import InputError
from components.folds.summary import summarized
from components.pages import rendered

log = logging.getLogger("biotune")

TEMPLATE = Path(__file__).parent / "summary.html.j2"
OF_FOLDS = Path(__file__).parent / "folds.html.j2"


@dataclass(frozen=True)
class Spread:
    """One metric over the seeds.

    Attributes:
        values: a number for each seed, None where it is undefined.
        mean: of the values; None where a seed has none, since a mean over fewer seeds would pass
            for one over all.
        std: the sample standard deviation (n - 1); None for one seed too.
    """

    values: tuple[float | None, ...]
    mean: float | None
    std: float | None


@dataclass(frozen=True)
class Summary:
    """The numbers of all seeds.

    Attributes:
        seeds: in ascending order.
        metrics: by the names of `metrics.json`.
    """

    seeds: tuple[int, ...]
    metrics: dict[str, Spread]

    def numbers(self) -> dict[str, float]:
        """Every mean and standard deviation that is defined, by name."""
        return {
            f"{name}_{kind}": value
            for name, spread in self.metrics.items()
            for kind, value in (("mean", spread.mean), ("std", spread.std))
            if value is not None
        }


@dataclass(frozen=True)
class OfFolds:
    """A cross-validation.

    Attributes:
        content: of `summary.json`.
    """

    content: dict[str, Any]

    def numbers(self) -> dict[str, float]:
        """Every mean, standard deviation, bound and pooled value that is defined, by name."""
        found: dict[str, float | None] = {}
        for name, spread in self.content["metrics"].items():
            low, high = spread["interval"] or (None, None)
            found |= {f"{name}_mean": spread["mean"], f"{name}_std": spread["std"]}
            found |= {f"{name}_low": low, f"{name}_high": high}
        found |= {f"{name}_pooled": value for name, value in self.content["pooled"].items()}
        return {name: value for name, value in found.items() if value is not None}


def run(results: Sequence[Mapping[str, Any]], output: Path) -> Summary | OfFolds:
    """Puts the tests of several seeds or folds side by side.

    Args:
        results: for each its `seed` and `metrics`, the content of `metrics.json`; for a fold also
            what `components.folds.told` gives.
        output: the folder to make: `summary.json` and `summary.html`.

    Raises:
        InputError: a seed is there twice, or a fold is not there once.
    """
    if any("fold" in result for result in results):
        return _of_folds(results, output)
    ordered = sorted(results, key=lambda result: result["seed"])
    seeds = tuple(int(result["seed"]) for result in ordered)
    if len(set(seeds)) < len(seeds):
        raise InputError(f"seeds={list(seeds)}: one is there twice, which is no second sample")
    names = [name for name in ordered[0]["metrics"] if name != "undefined"]
    columns = {name: tuple(result["metrics"].get(name) for result in ordered) for name in names}
    summary = Summary(seeds, {name: _spread(values) for name, values in columns.items()})
    _write(output, asdict(summary), TEMPLATE, {"summary": summary})
    log.info("summarize: %s over seeds %s", _told(summary), ", ".join(map(str, seeds)))
    return summary


def _of_folds(results: Sequence[Mapping[str, Any]], output: Path) -> OfFolds:
    if not all("fold" in result for result in results):
        raise InputError("some results are of a fold and some are not; summarize them apart")
    content = summarized(results)
    _write(output, content, OF_FOLDS, content)
    spread = content["metrics"]["test_balanced_acc"]
    low, high = map(_figure, spread["interval"] or (None, None))
    told = f"test_balanced_acc {_figure(spread['mean'])} ({low} to {high})"
    log.info("summarize: %s over %d folds", told, content["of"])
    return OfFolds(content)


def _write(output: Path, data: Any, template: Path, content: Mapping[str, Any]) -> None:
    with publish(output) as folder:
        (folder / SUMMARY).write_text(json.dumps(data, indent=1, allow_nan=False))
        page = rendered(template, content, {"figure": _figure})
        (folder / SUMMARY_REPORT).write_text(page, encoding="utf-8")


def _spread(values: tuple[float | None, ...]) -> Spread:
    if None in values:
        return Spread(values, None, None)
    return Spread(values, mean(values), stdev(values) if len(values) > 1 else None)


def _told(summary: Summary) -> str:
    spread = summary.metrics["test_balanced_acc"]
    return f"test_balanced_acc {_figure(spread.mean)} \N{PLUS-MINUS SIGN} {_figure(spread.std)}"


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
