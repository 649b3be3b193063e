"""The page of a comparison: one HTML file that needs nothing else, not even a script."""

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from components.evaluate.comparison import charts, scores
from components.evaluate.comparison.cautions import sentences
from components.evaluate.comparison.runs import Run, comparable, differing
from components.evaluate.report import TEMPLATES, background, cautions, learning_rates, text
from components.evaluate.report.tables import Column, counts, table, words
from components.pages import rendered

ABSENT = object()


def render(runs: Sequence[Run]) -> str:
    """Renders the comparison; whatever comes from a run is taken for text and escaped.

    Returns:
        A self-contained HTML document that makes no request and runs no script.
    """
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    filters = {"fixed": text.fixed, "breakable": text.breakable}
    content = {
        "style": style,
        "title": " / ".join(text.shorten(run.name, 60) for run in runs),
        "runs": runs,
        "styles": [charts.style(index) for index in range(len(runs))],
        "same_test": comparable(runs),
        "warnings": sentences(runs),
        "settings": settings_table(runs),
        "unknown": [run.name for run in runs if not run.settings],
        "metrics": scores.metrics_table(runs),
        "methods": list(dict.fromkeys(run.method for run in runs if run.method)),
        "spread": any(run.spread for run in runs),
        "subjects": scores.subjects_table(runs),
        "pairs": pairs_table(runs),
        "least_p": max((row["least_p"] for row in scores.pairs(runs) if row["p"]), default=0.0),
        "histories": charts.histories(runs),
        "rates": rates(runs),
        "origins": origins_table(runs),
        "their_warnings": [
            (run.name, found) for run in runs if (found := cautions.warnings(run.details))
        ],
        "notices": list(
            dict.fromkeys(str(n) for r in runs for n in r.details.get("notices") or [])
        ),
    }
    return rendered(TEMPLATES / "comparison.html.j2", content, filters)


def settings_table(runs: Sequence[Run]) -> dict[str, Any] | None:
    """The settings that differ, a row each; None where all are the same."""
    rows = [
        {"setting": name, **{str(i): setting(run, name) for i, run in enumerate(runs)}}
        for name in differing(runs)
    ]
    if not rows:
        return None
    columns = [Column(c.key, c.label, c.write, numeric=False) for c in scores.columns(runs)]
    return table("Settings that differ", [words("setting", "Setting"), *columns], rows)


def setting(run: Run, name: str) -> str:
    """A setting's value as it would be written on the command line."""
    value = run.settings.get(name, ABSENT)
    if value is ABSENT:
        return text.DASH
    written = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.shorten(written, 120)


def pairs_table(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Each further run against the first, subject by subject."""
    if not (found := scores.pairs(runs)):
        return None
    columns = [
        words("name", f"Against {text.shorten(runs[0].name, 40)}"),
        counts("subjects", "Subjects"),
        Column("difference", "Mean difference", _signed),
        Column("interval", "95 % interval", lambda b: text.interval(b) or text.DASH),
        counts("higher", "Higher for"),
        counts("lower", "Lower for"),
        Column("p", "Wilcoxon p"),
    ]
    key = scores.subject_metric(runs)
    return table(f"Differences in {text.metric(key).lower()} by subject", columns, found)


def rates(runs: Sequence[Run]) -> list[tuple[str, Markup]]:
    """The learning rates by part, a chart for each run, or one for all where they are the same."""
    told = [(run.name, run.rates) for run in runs if run.rates]
    if len(told) == len(runs) and all(rows == told[0][1] for _, rows in told):
        told = [("all runs", told[0][1])]
    drawn = [(name, learning_rates.by_part(rows)) for name, rows in told]
    return [(name, chart) for name, chart in drawn if chart is not None]


def origins_table(runs: Sequence[Run]) -> dict[str, Any]:
    """Where each run's results come from, a row a fact."""
    found = [{fact["label"]: "; ".join(fact["lines"]) for fact in _facts(run)} for run in runs]
    labels = list(dict.fromkeys(label for facts in found for label in facts))
    rows = [
        {"fact": label, **{str(i): facts.get(label) for i, facts in enumerate(found)}}
        for label in labels
    ]
    columns = [words(str(i), run.name) for i, run in enumerate(runs)]
    return table("What was trained from what", [words("fact", "Fact"), *columns], rows)


def _facts(run: Run) -> list[dict[str, Any]]:
    evaluated = (run.details.get("evaluated") or {}).get("settings") or {}
    facts = {"Folder": run.path, "Tested": text.moment(run.details.get("created"))}
    facts |= {"Result": run.kind, "Epochs": str(len(run.history))}
    facts |= {f"Test {key.replace('_', ' ')}": str(value) for key, value in evaluated.items()}
    own = [{"label": label, "lines": [value]} for label, value in facts.items()]
    return [*own, *background.origins(run.details)]


def _signed(value: Any) -> str:
    number = text.finite(value)
    return f"+{text.fixed(number)}" if number is not None and number > 0 else text.fixed(number)
