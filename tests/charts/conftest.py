"""What the chart's tests share: a real helm, and what it makes of the chart.

Without helm they are skipped by name, unless BIOTUNE_REQUIRE_HELM is set.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.charts.places import CHART, VALUES


@pytest.fixture(scope="session")
def program():
    """The path of helm."""
    beside = Path(sys.executable).parent / "helm"
    found = os.environ.get("HELM") or shutil.which("helm")
    if found is None and beside.is_file():
        found = str(beside)
    if found is None:
        reason = "there is no helm: set HELM, or run .ci/helm"
        if os.environ.get("BIOTUNE_REQUIRE_HELM"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def helm(program):
    """Runs helm; called with its words, returns what subprocess does, texts and all."""

    def run(*words, **options):
        command = [program, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="session")
def template(helm):
    """What helm says to `template`; called with values, a file's path or a mapping."""

    def run(values, *words, name="biotune", namespace="emg", chart=CHART):
        given = str(values) if isinstance(values, Path) else "-"
        content = None if isinstance(values, Path) else json.dumps(values)
        options = ["--namespace", namespace, "--values", given]
        return helm("template", name, chart, *options, *words, input=content)

    return run


@pytest.fixture(scope="session")
def render(template):
    """The objects that the chart makes, by kind and name; of a values file's stem or a mapping."""

    @functools.cache
    def made(text, words, options):
        values = VALUES[text] if text in VALUES else json.loads(text)
        done = template(values, *words, **dict(options))
        assert done.returncode == 0, done.stderr
        parts = [part for part in yaml.safe_load_all(done.stdout) if part]
        named = {(part["kind"], part["metadata"]["name"]): part for part in parts}
        assert len(named) == len(parts), "two objects have one kind and name"
        return named

    def run(values, *words, **options):
        text = values if isinstance(values, str) else json.dumps(values)
        return made(text, words, tuple(sorted(options.items())))

    return run


@pytest.fixture(params=VALUES)
def objects(render, request):
    """The objects of each values file in turn; as an upgrade, which makes all there is."""
    return render(request.param, "--is-upgrade")
