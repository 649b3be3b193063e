"""Two settings on the same folds: which subjects gain by the second, and could it be chance."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from components.failures import InputError
from components.folds import statistics
from components.folds.statistics import Paired
from components.folds.summary import KIND

ALIKE = ("of", "seed", "data")  # what makes the folds of two runs the same
PREFIX = "test_"
NOTE = (
    "Wilcoxon's signed-rank test takes the subjects' differences as independent and asks nothing "
    "of their distribution; with few subjects it is the test to go by. The corrected t-test "
    "(Nadeau and Bengio 2003) takes the folds' and allows for the training data that folds share; "
    "it asks for a normal distribution. Neither speaks of another choice of people or seeds."
)


@dataclass(frozen=True)
class Comparison:
    """Two cross-validations side by side; a difference is the second less the first.

    Attributes:
        metric: by its name without a prefix.
        subjects: for each its name, both values and the difference, by name.
        left_out: subjects for whom one of the runs has no value.
        first, second: means over the subjects.
        difference: mean over the subjects.
        interval: 95 % percentile bootstrap of it, subjects drawn again; None for one subject.
        higher, lower, equal: for how many the second is.
        wilcoxon: over subjects; None where nobody differs.
        corrected_t: over folds; None where a fold lacks the metric.
        least_p: that so many pairs can give, all differing the same way; 1 where nobody differs.
    """

    metric: str
    subjects: list[dict[str, Any]]
    left_out: list[str]
    first: float
    second: float
    difference: float
    interval: tuple[float, float] | None
    higher: int
    lower: int
    equal: int
    wilcoxon: Paired | None
    corrected_t: Paired | None
    least_p: float
    note: str = NOTE

    def plain(self) -> dict[str, Any]:
        """The same as plain JSON data."""
        return asdict(self)


def compare(first: Mapping[str, Any], second: Mapping[str, Any], metric: str) -> Comparison:
    """Compares two cross-validations of the same folds, subject by subject.

    Args:
        first, second: the content of `summary.json` of both.
        metric: as `balanced_acc`.

    Raises:
        InputError: the folds are not the same, or the metric is not known of each subject.
    """
    _refuse_others(first, second)
    known = [
        name
        for name in first["by_subject"][0]
        if all(PREFIX + name in run["metrics"] for run in (first, second))
    ]
    if metric not in known:
        raise InputError(f"--metric {metric}: unknown; there are {', '.join(known) or 'none'}")
    pairs = {
        row["subject"]: (row.get(metric), other.get(metric))
        for row, other in zip(first["by_subject"], second["by_subject"], strict=True)
    }
    whole = {name: pair for name, pair in pairs.items() if None not in pair}
    if not whole:
        raise InputError(f"--metric {metric}: undefined for every subject; name another")
    differences = statistics.differences(whole.values())
    rows = [
        {"subject": name, "first": a, "second": b, "difference": difference}
        for (name, (a, b)), difference in zip(whole.items(), differences, strict=True)
    ]
    tested = statistics.signed_rank(differences)
    return Comparison(
        metric=metric,
        subjects=rows,
        left_out=[name for name in pairs if name not in whole],
        first=mean(a for a, _ in whole.values()),
        second=mean(b for _, b in whole.values()),
        difference=mean(differences),
        interval=statistics.bootstrap(differences),
        higher=sum(d > 0 for d in differences),
        lower=sum(d < 0 for d in differences),
        equal=sum(d == 0 for d in differences),
        wilcoxon=tested,
        corrected_t=_by_fold(first, second, PREFIX + metric),
        least_p=statistics.least_p(tested),
    )


def _by_fold(first: Mapping[str, Any], second: Mapping[str, Any], name: str) -> Paired | None:
    values = [run["metrics"][name]["values"] for run in (first, second)]
    if any(None in column for column in values):
        return None
    differences = statistics.differences(zip(*values, strict=True))
    return statistics.corrected_t(differences, first["test_to_train"])


def _refuse_others(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    for name, run in (("first", first), ("second", second)):
        if run.get("kind") != KIND:
            raise InputError(f"the {name} run: is no cross-validation; make one by --folds")
        if not run["by_subject"]:
            raise InputError(
                f"the {name} run: has too many subjects for a summary's table; give the folder of "
                "a whole run, with the evaluation of each fold"
            )
    for key, told in zip(ALIKE, ("number of folds", "data.fold_seed", "data"), strict=True):
        if first[key] != second[key]:
            raise InputError(
                f"the runs differ in their {told} ({first[key]} and {second[key]}), so that their "
                "subjects are no pairs; run both alike"
            )
    tested, again = (
        [(row["subject"], row["fold"]) for row in run["by_subject"]] for run in (first, second)
    )
    if tested != again:
        raise InputError("the runs' folds hold other subjects; run both with the same version")
