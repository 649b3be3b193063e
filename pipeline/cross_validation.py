"""Cross-validations that have been run: read, compared, and shown on the terminal."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components import artifacts, records, storage
from components.failures import InputError
from components.folds import form
from components.folds.comparison import Comparison, compare
from components.folds.statistics import RESAMPLES, Paired
from components.folds.summary import KIND, by_subject

FIX = "was it changed? Summarize again"


def read(run: str) -> dict[str, Any]:
    """The summary of a run with folds.

    Args:
        run: URI of the run's folder, or of its summary's.

    Raises:
        InputError: no such summary is there, or it is damaged.
        ServiceError: the storage is out of reach.
    """
    for name in (f"summary/{artifacts.SUMMARY}", artifacts.SUMMARY):
        try:
            content, _ = storage.read(storage.join(run, name))
            found = json.loads(content)
        except storage.Missing:
            continue
        except (ValueError, RecursionError) as error:
            raise InputError(f"{storage.shown(run)}: {name} is no JSON; was it changed?") from error
        if not isinstance(found, dict) or found.get("kind") != KIND:
            raise InputError(f"{storage.shown(run)}: is no cross-validation; make one by --folds")
        records.hold(form.Folds, found, storage.shown(storage.join(run, name)), FIX)
        return found if found["by_subject"] else found | {"by_subject": _of_subjects(run, found)}
    raise InputError(f"{storage.shown(run)}: holds no {artifacts.SUMMARY} of a run with --folds")


def _of_subjects(run: str, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each subject's results from the folds' own folders, where the summary had no room."""
    tables = {}
    for number in range(1, summary["of"] + 1):
        place = storage.join(run, f"fold-{number}/evaluation/{artifacts.DETAILS}")
        try:
            found = json.loads(storage.read(place)[0])
        except storage.Missing:
            return []
        except (ValueError, RecursionError) as error:
            raise InputError(f"{storage.shown(place)}: is no JSON; was it changed?") from error
        records.hold(form.Tested, found, storage.shown(place), "was it changed? Evaluate again")
        tables[number] = found["by_subject"]
    return by_subject(tables)


def compared(first: str, second: str, metric: str) -> Comparison:
    """Compares two runs; see `components.folds.comparison.compare`."""
    return compare(read(first), read(second), metric)


def show(found: Comparison, names: tuple[str, str]) -> None:
    """Prints the subjects' pairs and the tests.

    Args:
        names: of both runs.
    """
    console = Console(emoji=False)  # a name may look like one, or like markup
    table = Table(title=escape(f"{found.metric} by subject"))
    for column in ("subject", "A", "B", "B - A"):
        table.add_column(column, justify="left" if column == "subject" else "right")
    for row in found.subjects:
        values = f"{row['first']:.4f}", f"{row['second']:.4f}", f"{row['difference']:+.4f}"
        table.add_row(escape(row["subject"]), *values)
    table.add_section()
    table.add_row("mean", f"{found.first:.4f}", f"{found.second:.4f}", f"{found.difference:+.4f}")
    console.print(table)
    for line in lines(found, names):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def lines(found: Comparison, names: tuple[str, str]) -> list[str]:
    """What the comparison comes to, in words."""
    told = [f"{letter}: {storage.shown(name)}" for letter, name in zip("AB", names, strict=True)]
    count = len(found.subjects)
    told.append(
        f"B is higher for {found.higher} of {count} subjects, lower for {found.lower}, "
        f"equal for {found.equal}"
    )
    if found.interval:
        low, high = found.interval
        told.append(
            f"mean difference {found.difference:+.4f}, 95 % interval {low:+.4f} to {high:+.4f} "
            f"(percentile bootstrap over {count} subjects, {RESAMPLES:,} resamples)"
        )
    told.append(_test("Wilcoxon signed-rank, exact, over subjects", "W", found.wilcoxon))
    told.append(_test("corrected resampled t-test, over folds", "t", found.corrected_t))
    if found.wilcoxon and found.least_p > 0.05:
        told.append(
            f"{found.wilcoxon.pairs} subjects who differ can't give a Wilcoxon p below "
            f"{found.least_p:.3g}: these are too few to tell"
        )
    if found.left_out:
        told.append(f"left out, since the metric is undefined: {', '.join(found.left_out)}")
    return [*told, found.note]


def table_of_folds(summary: Mapping[str, Any]) -> Table:
    """Mean, spread, interval and pooled value of each metric."""
    title = f"{summary['of']} folds by subject, {summary['subjects']} subjects"
    title += f", seed {summary['seed']}"
    table = Table(
        title=escape(title), caption="interval: corrected for shared training data, see report"
    )
    for column in ("test metric", "mean", "standard deviation", "95 % interval", "pooled"):
        table.add_column(column, justify="left" if column == "test metric" else "right")
    for name, spread in summary["metrics"].items():
        interval = " to ".join(f"{bound:.4f}" for bound in spread["interval"] or ())
        last = _figure(summary["pooled"][name]) if name in summary["pooled"] else ""
        cells = (_figure(spread["mean"]), _figure(spread["std"]), interval, last)
        table.add_row(escape(name.removeprefix("test_")), *cells)
    return table


def _test(name: str, statistic: str, found: Paired | None) -> str:
    if found is None:
        return f"{name}: can't be told, nothing differs or a value is undefined"
    value = f"{found.statistic:.4g}"
    return f"{name}: {statistic} = {value}, p = {found.p:.4g} ({found.pairs} pairs)"


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
