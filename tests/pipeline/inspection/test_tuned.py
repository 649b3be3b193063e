"""What `biotune inspect` tells of a tuned model and the folder of a run."""

import json

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from components.failures import InputError
from pipeline import inspection


@pytest.fixture
def run_folder(tmp_path):
    """The folder of a run, as far as it is read here."""
    model = tmp_path / "run" / "model"
    model.mkdir(parents=True)
    config = {
        "model": {"_target_": "components.models.x.X", "depth": 4, "layout": {"head": "head"}},
        "classification_type": "mcc",
        "num_classes": 8,
        "input_normalization": {"normalize": "quartile"},
        "optimizer": {"optim": "AdamW", "lr": 0.001},
        "seed": 3,
        "provenance": {"checkpoint": "s3://lab/last.ckpt", "dataset": "s3://lab/data"},
    }
    (model / "config.yaml").write_text(yaml.safe_dump(config))
    (model / "history.csv").write_text("epoch,val_loss\n0,1.5\n1,1.25\n")
    save_file({"head.weight": np.zeros((8, 2), np.float32)}, model / "model.safetensors")
    (tmp_path / "run" / "evaluation").mkdir()
    metrics = {"test_acc": 0.75, "test_auroc": None, "undefined": {"test_auroc": "one class"}}
    (tmp_path / "run" / "evaluation" / "metrics.json").write_text(json.dumps(metrics))
    return tmp_path / "run"


@pytest.mark.parametrize("inner", ["", "model", "model/"])
def test_a_run_tells_its_model_origin_and_metrics(run_folder, inner):
    found = inspection.read(f"{run_folder}/{inner}")
    assert (found["kind"], found["model"]) == ("model", "components.models.x.X")
    assert found["arguments"] == {"depth": 4}
    assert found["provenance"]["checkpoint"] == "s3://lab/last.ckpt"
    assert (found["num_classes"], found["seed"], found["lr"]) == (8, 3, 0.001)
    assert [row["epoch"] for row in found["history"]] == ["0", "1"]
    assert found["metrics"]["test_acc"] == 0.75
    assert found["parameters"] == 16


def test_it_is_shown_with_undefined_metrics_and_their_reason(run_folder, capsys):
    inspection.run(str(run_folder))
    shown = capsys.readouterr().out
    for words in (
        "s3://lab/last.ckpt",
        "0.7500",
        "undefined: one class",
        "lr=0.001",
        "head.weight",
    ):
        assert words in shown


def test_without_evaluation_it_says_so(run_folder, capsys, monkeypatch):
    (run_folder / "evaluation" / "metrics.json").unlink()
    monkeypatch.chdir(run_folder)
    inspection.run("model")
    assert "none beside it" in capsys.readouterr().out
    assert inspection.read("model")["metrics"] is None


@pytest.mark.s3
def test_the_same_from_s3(s3, run_folder):
    for file in run_folder.rglob("*.*"):
        s3.put(f"run/{file.relative_to(run_folder).as_posix()}", file.read_bytes())
    here, there = inspection.read(str(run_folder)), inspection.read(s3.uri("run"))
    assert {key for key in here if here[key] != there[key]} == {
        "uri",
        "fingerprint",
        "metrics_from",
    }


@pytest.mark.parametrize(
    "content",
    ["- 1", "a: [", "model: {day: 2026-11-23}", "model: !!python/object:os.system {}", "\0"],
)
def test_a_damaged_configuration_is_one_line(run_folder, content):
    (run_folder / "model" / "config.yaml").write_text(content)
    with pytest.raises(InputError, match=r"config\.yaml: is no configuration") as caught:
        inspection.read(str(run_folder))
    assert "\n" not in str(caught.value)


def test_a_folder_of_something_else_tells_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=r"it holds notes\.txt"):
        inspection.read(str(tmp_path))
    with pytest.raises(InputError, match=r"notes\.txt"):
        inspection.read(str(tmp_path / "notes.txt"))
    with pytest.raises(InputError, match="no such file"):
        inspection.read(str(tmp_path / "none"))


def test_inspecting_brings_in_no_torch(run_folder):
    import subprocess
    import sys

    program = (
        "import sys; from pipeline import inspection; "
        f"inspection.run({str(run_folder)!r}); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=-3, check=False).returncode == 0
