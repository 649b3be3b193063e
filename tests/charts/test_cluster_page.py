"""The lines of docs/cluster.md in their order: helm's by helm, ours against a stand-in server."""

import re
import shlex
import threading
from pathlib import Path

import pytest
import yaml

from pipeline.cli import main
from pipeline.cluster import wait as waiting
from tests.charts.places import CHART

PAGE = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def commands(program):
    """The words of each line that starts with a program, its continuations joined."""
    text = "\n".join(blocks("sh")).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith(f"{program} ")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the page's files, each named in its first line."""
    for text in blocks("yaml"):
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def going_on(kfp_server, monkeypatch):
    """Lets every run of the server go on by itself."""
    monkeypatch.setattr(waiting, "INTERVAL", 0.05)
    over = threading.Event()

    def go():
        while not over.wait(0.05):
            for run in list(kfp_server.state.runs.values()):
                if run["state"] in ("PENDING", "RUNNING"):
                    kfp_server.advance(run["run_id"])

    thread = threading.Thread(target=go)
    thread.start()
    yield
    over.set()
    thread.join(30)


def rendered(helm, folder):
    """What the page's `helm install` makes."""
    (words,) = [words for words in commands("helm") if words[0] == "install"]
    words = ["template", *(str(CHART) if word == "charts/biotune" else word for word in words[1:])]
    done = helm(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def test_the_page_leads_to_a_run_and_a_schedule(
    helm, folder, kfp_server, going_on, monkeypatch, capsys
):
    made = {(m["kind"], m["metadata"]["name"]): m for m in rendered(helm, folder)}
    profile = made["ConfigMap", "biotune-profile"]["data"]["profile.yaml"]
    (folder / "cluster.yaml").write_text(profile)
    monkeypatch.setenv("BIOTUNE_KFP_HOST", kfp_server.url)
    monkeypatch.setenv("BIOTUNE_KFP_NAMESPACE", "emg")
    monkeypatch.setenv("BIOTUNE_KFP_TOKEN", "a-token")
    ours = commands("biotune")
    assert [words[:2] for words in ours if words[0] == "schedule"] == [
        ["schedule", verb] for verb in ("apply", "apply", "list", "pause", "resume", "remove")
    ]
    recurring = []
    for words in ours:
        assert main(words) == 0, words
        recurring.append(len(kfp_server.state.recurring))
    assert recurring == [0, 0, 1, 1, 1, 1, 0]  # submit, a dry run, apply, ..., remove
    (run,) = kfp_server.state.runs.values()
    assert run["state"] == "SUCCEEDED"
    assert run["service_account"] == made["ServiceAccount", "biotune-runner"]["metadata"]["name"]
    captured = capsys.readouterr()
    assert "nightly" in captured.out and "a-token" not in captured.out + captured.err


def test_the_chart_takes_the_schedules_of_the_page_over(helm, folder):
    described = yaml.safe_load((folder / "schedules.yaml").read_text())
    values = yaml.safe_load((folder / "values.yaml").read_text())
    (owner,) = re.findall(r"^`(scheduler: .*?)`", PAGE, re.MULTILINE)
    values |= yaml.safe_load(owner) | {"schedules": described["schedules"]}
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    texts = [m["data"] for m in rendered(helm, folder) if m["kind"] == "ConfigMap"]
    (text,) = [data["schedules.yaml"] for data in texts if "schedules.yaml" in data]
    taken = yaml.safe_load(text)
    assert (taken["owner"], taken["schedules"]) == (described["owner"], described["schedules"])


def test_the_secret_of_the_page_is_the_one_that_the_steps_ask_for(helm, folder):
    (secret,) = [words for words in commands("kubectl") if words[:2] == ["create", "secret"]]
    made = [m for m in rendered(helm, folder) if m["metadata"]["name"] == "biotune-profile"]
    profile = yaml.safe_load(made[0]["data"]["profile.yaml"])
    assert profile["s3"]["secret"] == secret[3]
    keys = {word.split("=")[1] for word in secret if word.startswith("--from-literal")}
    assert keys == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
