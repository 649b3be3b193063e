"""The report of an evaluation: one HTML file that needs nothing else, not even a script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from components.evaluate.report import (
    background,
    cautions,
    champion,
    curve_section,
    parts,
    results,
    text,
)
from components.pages import rendered

TEMPLATES = Path(__file__).parent / "templates"


def render(details: Mapping[str, Any]) -> str:
    """Renders the report; everything in `details` is taken for text and escaped.

    Args:
        details: the content of details.json. Whatever is absent or empty is left out of the
            report, and named at its end.

    Returns:
        A self-contained HTML document that makes no request and runs no script.
    """
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    filters = {"fixed": text.fixed, "breakable": text.breakable}
    return rendered(TEMPLATES / "report.html.j2", {"style": style, **_content(details)}, filters)


def _content(details: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(details.get("classification_type") or "")
    content = {
        "title": str(details.get("title") or "Evaluation report"),
        "created": text.moment(details.get("created")),
        "kind": background.KINDS.get(kind, kind),
        "kind_key": kind,
        "summary": text.unbroken(results.summary(details)),
        "scratch": cautions.from_scratch(details),
        "tiles": results.headline(details),
        "lowest": results.lowest(details),
        "interval_method": text.unbroken(details.get("interval_method") or ""),
        "interval_reason": str(details.get("interval_reason") or NO_INTERVALS),
        "origins": background.origins(details),
        "notices": [str(notice) for notice in details.get("notices") or []],
        "warnings": cautions.warnings(details),
        "splits": background.splits(details),
        "metrics": results.all_metrics(details),
        "undefined": results.remarks(details),
        "versus": champion.versus(details),
        "classes": results.classes(details),
        "matrices": results.confusions(details),
        "curves": curve_section.charts(details),
        "groups": parts.groups(details),
        "rates": background.rates(details),
        "past": background.past(details),
    }
    content["groups_title"] = _groups_title(content["groups"])
    content["absent"] = [why for key, why in ABSENT.items() if not content[key]]
    titles = CONTENTS | {"groups": content["groups_title"]}
    content["contents"] = [(key, name) for key, name in titles.items() if content[key]]
    return content


def _groups_title(groups: list[dict[str, Any]]) -> str:
    names = [f"{group['what']}s" for group in groups]
    return " and ".join(", ".join(names).rsplit(", ", 1)).capitalize()


NO_INTERVALS = "they need two subjects, and data that say whom a window comes from"
CONTENTS = {
    "tiles": "Main results",
    "origins": "What was trained from what",
    "notices": "Notices",
    "warnings": "Read with care",
    "splits": "Data",
    "metrics": "All metrics",
    "versus": "Against the champion",
    "classes": "Classes",
    "matrices": "Confusion",
    "curves": "Curves",
    "groups": "",
    "rates": "Learning rates",
    "past": "Training history",
}
ABSENT = {
    "splits": "Data: the sizes of the splits were not recorded.",
    "classes": "Classes: no results by class were recorded.",
    "matrices": "Confusion: no matrix was recorded.",
    "curves": "Curves: there is no class with both outcomes in the test split.",
    "groups": "Subjects and recordings: the dataset does not say whom a window comes from.",
    "rates": "Learning rates: none were recorded.",
    "past": "Training history: none was recorded.",
}
