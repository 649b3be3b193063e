"""What a reader of several runs has to bear in mind."""

from collections.abc import Iterator, Sequence

from components.evaluate.comparison import scores
from components.evaluate.comparison.runs import Run, comparable
from components.evaluate.report import cautions
from components.evaluate.report.text import finite, interval, metric

MAIN = "test_balanced_acc"


def sentences(runs: Sequence[Run]) -> list[str]:
    """Lists what concerns the comparison itself, the gravest first."""
    found = (_tests, _settings, _overlapping, _few, _scratch, _unknown)
    return [sentence for find in found for sentence in find(runs)]


def _tests(runs: Sequence[Run]) -> Iterator[str]:
    if comparable(runs):
        return
    groups: dict[str, list[str]] = {}
    for run in runs:
        groups.setdefault(run.test, []).append(run.name)
    together = "; ".join(" and ".join(names) for names in groups.values() if len(names) > 1)
    why = "classes or classification types" if len(groups) == 1 else "test data"
    yield (
        f"The runs have different {why}: their numbers can't be compared with each other, so none "
        "is marked and no subject is paired."
        + (f" On the same test data: {together}." if together and len(groups) > 1 else "")
    )


def _settings(runs: Sequence[Run]) -> Iterator[str]:
    known = [(r.details.get("evaluated") or {}).get("settings") or {} for r in runs]
    for key in ("device", "version", "batch_size"):
        values = list(dict.fromkeys(str(settings.get(key, "not recorded")) for settings in known))
        if len(values) > 1 and comparable(runs):
            yield (
                f"The tests differ in their {key.replace('_', ' ')} ({', '.join(values)}): last "
                "digits may differ for that alone."
            )


def _overlapping(runs: Sequence[Run]) -> Iterator[str]:
    if len(runs) < 2 or not comparable(runs):
        return
    values = [run.metrics.get(MAIN) for run in runs]
    for index in sorted(scores.best(values, MAIN)):
        low = runs[index].bounds.get(MAIN)
        if not interval(low):
            continue
        near = [
            run.name
            for run, value in zip(runs, values, strict=True)
            if finite(value) is not None and low[0] <= value < values[index]
        ]
        if near:
            yield (
                f"{metric(MAIN)}: the best is {runs[index].name}, but within its interval lies "
                f"{', '.join(near)}. The subjects' pairs tell more than the intervals."
            )


def _few(runs: Sequence[Run]) -> Iterator[str]:
    if not comparable(runs):
        return
    subjects = max((len(run.subjects) for run in runs), default=0)
    if len(runs) > 1 and 0 < subjects < cautions.FEW_SUBJECTS:
        yield f"Only {subjects} subjects were tested: who is best among the runs may be chance."
    if len(runs) > 2:
        yield (
            f"The best of {len(runs)} runs on one test split is chosen by that split, and looks "
            "better than it is. Choose on other data than you report."
        )


def _scratch(runs: Sequence[Run]) -> Iterator[str]:
    names = [run.name for run in runs if cautions.from_scratch(run.details)]
    if names and len(names) < len(runs):
        yield f"Trained from scratch, without a checkpoint: {', '.join(names)}."


def _unknown(runs: Sequence[Run]) -> Iterator[str]:
    names = [run.name for run in runs if not run.settings]
    if names:
        yield f"Settings unknown (a bare evaluation): {', '.join(names)}."
