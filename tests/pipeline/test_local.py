import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components import parameters
from components.failures import STOPPED, InputError
from pipeline import local, place
from pipeline.outcome import StepFailed
from pipeline.process import GRACE

HOME = Path(__file__).parents[2]


def contents(folder):
    """The files that a run shows; those of the engine are hidden, and gone when all went well."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path) for path in files if path.parts[0] != ".kfp")


def running(pid):
    """Whether a process runs; one that has ended may stay listed until its parent looks."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def start(out, overrides=("a=1",), **more):
    local.run("weights.ckpt", "s3://bucket/data", overrides, out=out, **more)


METRICS = {
    "test_acc": 0.75,
    "test_balanced_acc": 0.75,
    "test_auroc": None,
    "undefined": {"test_auroc": "one class"},
}
BACKBONE = ["backbone/backbone.safetensors", "backbone/report.json"]


def test_a_run_leaves_the_folders_of_its_steps_and_nothing_else(steps, tmp_path):
    start(tmp_path / "out")
    assert contents(tmp_path / "out") == [
        *BACKBONE,
        "evaluation/details.json",
        "evaluation/metrics.json",
        "evaluation/predictions.npz",
        "evaluation/report.html",
        "model/config.yaml",
        "model/model.safetensors",
    ]


def test_each_step_gets_its_slice_and_local_paths_from_the_root_on(steps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start(tmp_path / "out", ["a=1", "b=[1,2]"], manifest=parameters.pack({"entries": "x" * 9000}))
    report = json.loads((tmp_path / "out/backbone/report.json").read_text())
    assert report["checkpoint"] == str(tmp_path / "weights.ckpt")
    assert report["fingerprint"] == "etag"
    assert report["config"]["overrides"] == ["a=1", "b=[1,2]"]
    assert report["config"]["manifest"] == {"entries": "x" * 9000}


def test_a_manifest_of_thousands_of_tensors_goes_through(steps, tmp_path):
    entries = [{"name": f"layer{i}.weight", "shape": [i, i], "part": "stem"} for i in range(9000)]
    assert len(json.dumps(entries)) > 4 * 131072  # Linux refuses an argument of 128 KiB
    start(tmp_path / "out", manifest=parameters.pack({"entries": entries}))
    config = json.loads((tmp_path / "out/model/config.yaml").read_text())
    assert config["manifest"]["entries"] == entries


def test_a_path_with_python3_or_a_space_in_it_stays_as_it_is(steps, tmp_path):
    uri = str(tmp_path / "lib python3.11/weights.ckpt")
    local.run(uri, "s3://bucket/data", [], out=tmp_path / "out python3")
    report = json.loads((tmp_path / "out python3/backbone/report.json").read_text())
    assert report["checkpoint"] == uri


def test_a_working_folder_with_components_of_its_own_does_not_shadow_ours(
    steps, tmp_path, monkeypatch
):
    (tmp_path / "components").mkdir()
    (tmp_path / "components/__init__.py").write_text("raise RuntimeError('not ours')")
    monkeypatch.chdir(tmp_path)
    start(tmp_path / "out")
    assert (tmp_path / "out/evaluation/report.html").exists()


def test_lines_carry_the_name_of_their_step_and_none_are_of_kfp(steps, tmp_path, capfd):
    start(tmp_path / "out")
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert f"preflight       | looked at {os.getcwd()}/weights.ckpt s3://bucket/data" in lines
    assert "finetune        | bad byte \ufffd" in lines
    names = [line.split(" | ")[0].rstrip() for line in lines]
    assert list(dict.fromkeys(names)) == ["preflight", "load-checkpoint", "finetune", "evaluate"]
    assert not any("KFP" in line or "executor" in line.lower() for line in lines)


@pytest.mark.parametrize(
    ("order", "kind", "code", "message"),
    [
        ("wrong input", "input", 2, "first thing wrong\nsecond thing wrong"),
        ("no service", "service", 1, "s3://x: out of reach"),
        ("crash", "crash", 1, "finetune crashed: ValueError: a fault in two lines"),
        (
            "killed",
            "failed",
            1,
            "finetune was killed by SIGKILL (exit code 137), most often because memory ran out",
        ),
        ("leaves", "failed", 1, "finetune ended with exit code 7 and left no reason"),
        (
            "makes nothing",
            "failed",
            1,
            "finetune ended without its output (model.safetensors, config.yaml)",
        ),
    ],
)
def test_a_failed_step_is_told_as_it_failed_and_what_was_done_stays(
    steps, tmp_path, order, kind, code, message
):
    steps(finetune=order)
    with pytest.raises(StepFailed) as caught:
        start(tmp_path / "out")
    assert (str(caught.value), caught.value.exit_code) == (message, code)
    assert contents(tmp_path / "out") == [*BACKBONE, "failure.json"]
    record = json.loads((tmp_path / "out/failure.json").read_text())
    told = {"step": "finetune", "kind": kind, "message": message, "exit_code": code}
    assert {key: record[key] for key in told} == told


def test_the_first_step_to_fail_ends_the_run(steps, tmp_path, capfd):
    steps(preflight="wrong input")
    with pytest.raises(StepFailed):
        start(tmp_path / "out")
    assert contents(tmp_path / "out") == ["failure.json"]
    assert "load-checkpoint" not in capfd.readouterr().err


def test_the_same_run_goes_on_where_it_broke_off(steps, tmp_path, capfd):
    steps(evaluate="killed")
    with pytest.raises(StepFailed):
        start(tmp_path / "out")
    assert contents(tmp_path / "out") == [*BACKBONE, "failure.json", *TUNED]
    before = (tmp_path / "out/model/model.safetensors").stat().st_mtime_ns
    capfd.readouterr()
    steps()
    start(tmp_path / "out")
    err = capfd.readouterr().err
    assert "preflight" in err and "evaluate" in err
    assert "load-checkpoint" not in err and "finetune" not in err
    assert contents(tmp_path / "out") == sorted([*BACKBONE, *TESTED, *TUNED])
    assert (tmp_path / "out/model/model.safetensors").stat().st_mtime_ns == before
    assert not (tmp_path / "out/.kfp").exists()


def test_a_run_that_goes_on_with_other_settings_repeats_what_depends_on_them(steps, tmp_path):
    steps(evaluate="killed")
    with pytest.raises(StepFailed):
        start(tmp_path / "out", ["a=1"])
    steps()
    start(tmp_path / "out", ["a=2"])
    config = json.loads((tmp_path / "out/model/config.yaml").read_text())
    assert config["overrides"] == ["a=2"]


def test_a_run_that_goes_back_to_earlier_settings_leaves_the_model_that_it_tested(steps, tmp_path):
    steps(evaluate="killed")
    for value in (1, 2):
        with pytest.raises(StepFailed):
            start(tmp_path / "out", [f"a={value}"])
    steps()
    start(tmp_path / "out", ["a=1"])
    config = json.loads((tmp_path / "out/model/config.yaml").read_text())
    report = json.loads((tmp_path / "out/backbone/report.json").read_text())
    assert config["overrides"] == report["config"]["overrides"] == ["a=1"]


def test_nothing_stays_of_seeds_that_are_no_longer_asked_for(steps, tmp_path):
    steps(evaluate="killed")
    with pytest.raises(StepFailed):
        start(tmp_path / "out", seeds=(1,))
    steps()
    start(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "backbone",
        "evaluation",
        "model",
    ]


def test_a_run_that_was_killed_as_a_whole_goes_on_too(steps, tmp_path, capfd):
    steps(finetune="hangs")
    program = f"from pipeline import local; local.run('c', 's3://b/d', [], out={str(tmp_path)!r})"
    program = f"from pathlib import Path; {program.replace('out=', 'out=Path(')})"
    child = subprocess.Popen([sys.executable, "-c", program], cwd=HOME)
    pid = tmp_path / "pid"
    while not pid.exists():
        assert child.poll() is None
        time.sleep(0.05)
    child.kill()
    child.wait()
    os.kill(int(pid.read_text()), signal.SIGKILL)
    steps()
    capfd.readouterr()
    local.run("c", "s3://b/d", [], out=tmp_path)
    assert "load-checkpoint" not in capfd.readouterr().err
    assert (tmp_path / "evaluation/report.html").exists()


def test_two_runs_do_not_share_a_folder(steps, tmp_path):
    with (
        place.claimed(tmp_path / "out"),
        pytest.raises(InputError, match=r"--out .*out: another run works there; name another"),
    ):
        start(tmp_path / "out")


TUNED = ["model/config.yaml", "model/model.safetensors"]
TESTED = [
    f"evaluation/{n}" for n in ("details.json", "metrics.json", "predictions.npz", "report.html")
]


def test_several_seeds_leave_a_folder_each_and_one_summary(steps, tmp_path):
    start(tmp_path / "out", seeds=(3, 1))
    each = [f"seed-{seed}/{name}" for seed in (1, 3) for name in (*TESTED, *TUNED)]
    assert contents(tmp_path / "out") == [
        *BACKBONE,
        *each,
        "summary/summary.html",
        "summary/summary.json",
    ]
    for seed in (1, 3):
        tuned = json.loads((tmp_path / f"out/seed-{seed}/model/config.yaml").read_text())
        assert tuned["seed"] == seed
    assert json.loads((tmp_path / "out/summary/summary.json").read_text())["seeds"] == [1, 3]


def test_of_several_seeds_the_one_that_fails_is_told(steps, tmp_path, capfd):
    steps(finetune="fails for seed 1")
    with pytest.raises(StepFailed, match="seed 1 is unlucky"):
        start(tmp_path / "out", seeds=(0, 1))
    assert json.loads((tmp_path / "out/failure.json").read_text())["step"] == "finetune-2"
    done = [f"seed-0/{name}" for name in (*TESTED, *TUNED)]
    assert contents(tmp_path / "out") == [*BACKBONE, "failure.json", *done]


def test_with_a_registry_the_run_ends_with_a_decision(steps, tmp_path):
    start(tmp_path / "out", registry="s3://bucket/registry")
    decision = json.loads((tmp_path / "out/decision/decision.json").read_text())
    assert decision["registry"] == "s3://bucket/registry"
    assert decision["evaluated"] == METRICS


def test_an_unchanged_retraining_ends_with_preflight(steps, tmp_path, capfd):
    steps(preflight="unchanged")
    start(tmp_path / "out", registry="s3://bucket/registry")
    assert contents(tmp_path / "out") == []
    assert "load-checkpoint" not in capfd.readouterr().err


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(steps, tmp_path):
    (tmp_path / "out/model").mkdir(parents=True)
    (tmp_path / "out/model/model.safetensors").write_text("precious")
    with pytest.raises(InputError, match=r"--out .*out: holds a run already \(model\)"):
        start(tmp_path / "out")
    assert contents(tmp_path / "out") == ["model/model.safetensors"]


def test_a_folder_where_preflight_found_something_can_be_used_again(steps, tmp_path):
    steps(preflight="wrong input")
    with pytest.raises(StepFailed):
        start(tmp_path / "out")
    steps()
    start(tmp_path / "out")
    assert "failure.json" not in contents(tmp_path / "out")


def test_an_out_below_a_file_is_the_users_mistake(steps, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        start(tmp_path / "file/out")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_no_process_behind(steps, tmp_path, number):
    steps(finetune="hangs")
    out = ["--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", "--checkpoint", "c", "--dataset", "d", *out],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(local.__file__).parents[1],
    ) as process:
        pid = tmp_path / "pid"
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        started = time.monotonic()
        err = process.stderr.read()
        assert process.wait(30) == 130
        assert time.monotonic() - started < GRACE  # it did not come to SIGKILL
    assert err.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in err
    assert not running(int(pid.read_text()))
    assert contents(tmp_path / "out") == [*BACKBONE, "failure.json"]
    assert json.loads((tmp_path / "out/failure.json").read_text())["kind"] == STOPPED
