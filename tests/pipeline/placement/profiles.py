"""Every profile that stands in the docs and in the tests, asking for three nodes."""

import re
from pathlib import Path

import yaml

from pipeline.placement import Profile
from tests.charts.places import VALUES
from tests.pipeline.packages import PROFILE

DOCS = Path(__file__).parents[3] / "docs"


def _pages():
    """Profiles by themselves, and those in the values of the chart."""
    for page in ("placement", "cluster", "chart"):
        text = (DOCS / f"{page}.md").read_text()
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)):
            content = yaml.safe_load(block)
            profile = content.get("profile", content)
            if isinstance(profile, dict) and profile.keys() & {"images", "nodes", "train_job"}:
                yield f"{page}.md-{number}", profile


def _written():
    for file in sorted((DOCS / "profiles").glob("*.yaml")):
        yield file.stem, yaml.safe_load(file.read_text())
    yield from _pages()
    for stem, file in VALUES.items():
        # Without the chart's volumes, on which `runs` may lie.
        profile = yaml.safe_load(file.read_text()).get("profile", {})
        yield f"chart-{stem}", {**profile, "runs": "s3://bucket/runs"}
    yield "packages", yaml.safe_load(PROFILE)


def on_nodes(content, nodes=3):
    """A profile as it would be for several nodes."""
    runs = content.get("runs") or "s3://bucket/biotune/runs"
    return Profile.model_validate({**content, "nodes": nodes, "runs": runs})


PROFILES = {name: on_nodes(content) for name, content in _written()}
EVERYTHING = PROFILES["everything"]
