"""The chart as a package: versions, schema, and what it says when it is done."""

import json
import re
import subprocess
import sys
import tarfile
import tomllib

import pytest
import yaml

from charts import schema
from tests.charts.places import CHART, HOME, VALUES


def chart():
    return yaml.safe_load((CHART / "Chart.yaml").read_text())


def test_the_chart_has_the_package_s_version():
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    assert (chart()["appVersion"], chart()["version"]) == (project["version"],) * 2


def test_the_schema_s_profile_is_the_placement_s():
    written = json.loads(schema.FILE.read_text())
    assert written == schema.embedded(written), "run: python -m charts.schema"


def test_schedules_have_the_keys_that_biotune_reads():
    from pipeline.schedule.file import Schedule

    ours = json.loads(schema.FILE.read_text())["definitions"]["schedule"]
    assert set(ours["properties"]) == set(Schedule.model_fields)


def test_every_key_has_a_default_and_a_schema():
    def keys(part):
        return {
            name: keys(inner["properties"]) if "properties" in inner and name != "profile" else None
            for name, inner in part.items()
            if name != "global"
        }

    def given(part, known):
        return {
            name: given(value, known[name]) if known.get(name) else None
            for name, value in part.items()
        }

    whole = json.loads(schema.FILE.read_text())
    for which in ("data", "cache"):
        whole["properties"]["volumes"]["properties"][which] = whole["definitions"]["volume"]
    known = keys(whole["properties"])
    assert given(yaml.safe_load((CHART / "values.yaml").read_text()), known) == known


def test_only_what_belongs_to_it_is_packed(helm, tmp_path):
    assert helm("package", CHART, "--destination", tmp_path).returncode == 0
    (archive,) = tmp_path.glob("biotune-*.tgz")
    with tarfile.open(archive) as packed:
        names = {name.removeprefix("biotune/") for name in packed.getnames()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json"} <= names
    assert all(n.startswith(("templates/", "Chart", "values", ".helmignore")) for n in names)


@pytest.mark.parametrize("name", VALUES)
def test_the_notes_say_what_to_type_next(helm, name):
    done = helm(
        "install", "biotune", CHART, "--namespace", "emg", "--dry-run=client",
        "--values", VALUES[name],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    assert "biotune submit --host http" in notes
    assert "%!" not in notes
    assert "not-a-secret" not in notes


def test_helm_is_fetched_once(helm, tmp_path):
    """By .ci/helm, which takes what is there; nothing is fetched in this test."""
    there = tmp_path / "helm"
    there.write_text("#!/bin/sh\necho v0\n")
    there.chmod(0o755)
    done = subprocess.run(
        [sys.executable, HOME / ".ci" / "helm", tmp_path],
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere"},
    )
    assert done.stdout == f"{there}\n", done.stderr


def test_the_values_of_the_docs_are_good(render):
    (example,) = re.findall(
        r"```yaml\n(# values.yaml\n.*?)```", (HOME / "docs/chart.md").read_text(), re.DOTALL
    )
    made = render(yaml.safe_load(example))
    assert {"Job", "PersistentVolumeClaim", "ConfigMap"} <= {kind for kind, _ in made}
