"""What is in the images, and what is not."""

import json
import re
from pathlib import Path

import pytest

from tests.docker.conftest import LOCKED

pytestmark = pytest.mark.docker

HOME = Path(__file__).parents[2]
IMAGES = ("load-checkpoint", "promote", "finetune", "evaluate", "predict", "client")
LIGHT = ("load-checkpoint", "promote", "client")


@pytest.fixture
def output(daemon, image):
    def run(step, *words):
        return daemon.containers.run(image(step), list(words), remove=True, network_mode="none")

    return run


@pytest.fixture
def made(daemon, image):
    return lambda step: daemon.images.get(image(step))


@pytest.mark.parametrize("step", LIGHT)
def test_what_needs_no_torch_is_small(made, step):
    assert made(step).attrs["Size"] < 450e6


@pytest.mark.parametrize("step", IMAGES)
def test_no_layer_tells_where_it_was_built(made, step):
    told = json.dumps([made(step).history(), made(step).attrs["Config"]])
    urls = set(re.findall(r"\w+://[^\s\"']+", told))
    assert urls <= {"https://github.com/biotune/biotune"}
    assert not re.search(r"127\.0\.0\.1|localhost|/root|/home/|find-links|index-url \w", told)


@pytest.mark.parametrize("step", IMAGES)
def test_labels_and_user(made, image, step):
    config = made(step).attrs["Config"]
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items()}
    name, _, tag = image(step).partition(":")
    assert (labels["title"], labels["version"]) == (name, tag)
    assert labels["licenses"] == "Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}|", labels["revision"])
    assert config["User"] == "1000:1000"


def test_finetune_and_evaluate_share_all_but_their_code(made):
    ours, theirs = (made(step).attrs["RootFS"]["Layers"] for step in ("finetune", "evaluate"))
    assert ours[:-1] == theirs[:-1]
    assert made("predict").attrs["RootFS"]["Layers"][: len(ours) - 1] == ours[:-1]
    base = made("load-checkpoint").attrs["RootFS"]["Layers"]
    assert ours[: len(base) - 1] == base[:-1]
    assert made("promote").attrs["RootFS"]["Layers"] == base
    assert made("client").attrs["RootFS"]["Layers"][:-1] == base


@pytest.mark.parametrize("step", ["load-checkpoint", "finetune", "predict"])
def test_what_is_installed_is_what_is_pinned(output, step):
    pinned = dict(
        line.lower().replace("_", "-").split("==")
        for line in (HOME / "constraints.txt").read_text().split()
    )
    listed = json.loads(output(step, "pip", "list", "--format", "json"))
    found = {entry["name"].lower().replace("_", "-"): entry["version"] for entry in listed}
    for own in ("biotune", "pip", "setuptools"):
        found.pop(own, None)
    assert {name: pinned.get(name) for name in found} == found


def test_there_is_neither_torch_nor_what_only_building_takes(output):
    look = "import importlib.util as u; print([n for n in ('torch', 'pytest') if u.find_spec(n)])"
    assert output("load-checkpoint", "python3", "-c", look) == b"[]\n"
    assert output("promote", "python3", "-c", look) == b"[]\n"
    script = "command -v gcc cc || true; ls -A /root/.cache /tmp /build 2>/dev/null || true"
    assert output("load-checkpoint", "sh", "-c", script).replace(b"/tmp:\n", b"").strip() == b""


def test_the_client_is_biotune(output):
    assert b"schedule" in output("client", "--help")


def test_the_client_compiles_locked_up_as_the_chart_has_it(daemon, image):
    words = ["compile", "--output", "/tmp/biotune.yaml"]
    told = daemon.containers.run(image("client"), words, remove=True, stderr=True, **LOCKED)
    assert b"Traceback" not in told
