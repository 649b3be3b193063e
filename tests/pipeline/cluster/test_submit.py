"""`biotune submit` from its command line to the fake server, with the real package."""

import json
import threading
import time

import pytest

from components.console import INTERRUPTED
from pipeline.cli import main
from pipeline.cluster import wait as waiting

REQUEST = ["--checkpoint", "s3://models/last.ckpt", "--dataset", "s3://data/emg"]
REQUEST += ["experiment=demo"]
SECRET = "s3cr3t-of-mine"


@pytest.fixture
def submit(kfp_server, capsys, monkeypatch):
    """Runs the command; gives its exit code, stdout, and the lines of stderr."""
    monkeypatch.setattr(waiting, "INTERVAL", 0.05)

    def call(*words, host=kfp_server.url, request=REQUEST):
        try:
            code = main(["submit", *(["--host", host] if host else []), *request, *words])
        except SystemExit as error:
            code = error.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert SECRET not in captured.out + captured.err
        return code, captured.out, captured.err.splitlines()

    return call


@pytest.fixture
def meanwhile(kfp_server):
    """Does something with the run once it is there."""
    threads, over = [], threading.Event()

    def order(act):
        def run():
            while not kfp_server.called("GetRun") and not over.wait(0.01):
                continue
            if not over.is_set():
                act(next(iter(kfp_server.state.runs)))

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()

    yield order
    over.set()
    for thread in threads:
        thread.join(30)


def test_a_run_with_everything_in_its_place(kfp_server, submit, tmp_path):
    profile = tmp_path / "cluster.yaml"
    profile.write_text("service_account: biotune-runner\ngpu: {count: 1}\n")
    words = ["--profile", str(profile), "--set", "gpu_count=2", "--name", "nightly"]
    code, out, err = submit(*words, "--experiment", "emg", "trainer.devices=2")
    run = kfp_server.run_named("nightly")
    assert (code, out, err) == (0, f"{kfp_server.url}/#/runs/details/{run['run_id']}\n", [])
    assert run["service_account"] == "biotune-runner"
    parameters = run["runtime_config"]["parameters"]
    assert parameters["checkpoint_uri"] == "s3://models/last.ckpt"
    assert parameters["overrides"] == ["experiment=demo", "trainer.devices=2"]
    assert parameters["gpu_count"] == "2"
    assert kfp_server.state.experiments[run["experiment_id"]]["display_name"] == "emg"
    assert "finetune" in kfp_server.steps(run["run_id"])


def test_the_experiment_is_made_once(kfp_server, submit):
    submit()
    submit()
    assert len(kfp_server.state.runs) == 2
    assert [e["display_name"] for e in kfp_server.state.experiments.values()] == ["biotune"]


def test_nothing_is_sent_of_a_wrong_configuration(kfp_server, submit):
    code, out, err = submit("optimizer.optim=Adamm", "--set", "gpu_count=2")
    assert (code, out, len(err)) == (2, "", 1), err
    assert "optimizer.optim" in err[0]
    assert kfp_server.requests == []


@pytest.mark.parametrize(
    "words, told",
    [
        (["--set", "gpu_cuont=2"], "did you mean gpu_count?"),
        (["--set", "colour=2"], "there are gpu_resource, gpu_count"),
        (["--set", "gpu_count=-1"], "gpu_count=-1"),
        (["--set", "gpu_count"], "write NAME=VALUE"),
        (["--timeout", "1h"], "needs --wait"),
        (["--wait", "--timeout", "long"], "90m or 12h"),
        (["--profile", "nowhere.yaml"], "nowhere.yaml"),
        (["--token-file", "nowhere"], "nowhere"),
    ],
)
def test_nothing_is_sent_of_a_wrong_option(kfp_server, submit, words, told):
    code, out, err = submit(*words)
    assert (code, out, len(err)) == (2, "", 1)
    assert told in err[0] and err[0].startswith("error: ")
    assert kfp_server.requests == []


def test_a_path_of_this_machine_is_nothing_to_a_pod(kfp_server, submit):
    code, _, err = submit(request=["--checkpoint", "last.ckpt", "--dataset", "s3://data/emg"])
    assert code == 2 and "last.ckpt" in err[0]
    assert kfp_server.requests == []


def test_a_server_that_refuses_the_run_is_told_in_one_line(kfp_server, submit):
    kfp_server.fail(400, operation="CreateRun", message="parameter x is not in the pipeline")
    code, out, err = submit()
    assert (code, out, len(err)) == (2, "", 1)
    assert "parameter x" in err[0]


def test_whether_a_run_was_started_may_not_be_known(kfp_server, submit):
    kfp_server.fail(how="drop", operation="CreateRun")
    code, _, err = submit("--name", "nightly")
    assert code == 1
    assert "nightly may have been started all the same" in err[0]
    assert len(kfp_server.called("CreateRun")) == 1  # asked again, there might be two


def test_the_token_goes_along_and_is_never_told(kfp_server, submit, monkeypatch):
    kfp_server.state.token = SECRET
    assert submit()[0] == 2
    monkeypatch.setenv("BIOTUNE_KFP_TOKEN", SECRET)
    assert submit("--json")[0] == 0
    kfp_server.fail(500, message=f"Bearer {SECRET} is odd")
    assert submit()[0] == 1
    assert SECRET not in json.dumps(kfp_server.state.runs)


def test_waiting_for_success(kfp_server, submit, meanwhile):
    def steps(run_id):
        while kfp_server.advance(run_id) != "SUCCEEDED":
            seen = len(kfp_server.called("GetRun"))
            end = time.monotonic() + 20
            # The first of two more looks may have begun before the step went on.
            while len(kfp_server.called("GetRun")) < seen + 2 and time.monotonic() < end:
                time.sleep(0.01)

    meanwhile(steps)
    code, out, err = submit("--wait")
    assert code == 0 and out.startswith(kfp_server.url)
    assert "finetune         RUNNING" in err and "evaluate         SUCCEEDED" in err


def test_waiting_for_a_failure_across_a_restart(kfp_server, submit, meanwhile):
    def fail(run_id):
        kfp_server.task(run_id, "preflight", "SUCCEEDED")
        kfp_server.restart()
        kfp_server.task(run_id, "finetune", "FAILED", "main: Error\n(exit code 2)")
        kfp_server.finish(run_id, "FAILED")

    meanwhile(fail)
    code, out, err = submit("--wait", "--name", "nightly", "--json")
    content = json.loads(out)
    assert code == 1
    assert err[-1] == (
        "error: nightly: finetune failed: main: Error (exit code 2); see " + content["url"]
    )
    assert sorted(content) == ["name", "run_id", "state", "steps", "url"]
    assert content["state"] == "FAILED"
    steps = {step["name"]: step for step in content["steps"]}
    assert steps["preflight"]["state"] == "SUCCEEDED"
    assert steps["finetune"]["error"] == "main: Error (exit code 2)"


def test_waiting_for_a_run_that_is_canceled(kfp_server, submit, meanwhile):
    meanwhile(lambda run_id: kfp_server.finish(run_id, "CANCELED"))
    code, _, err = submit("--wait", "--name", "nightly")
    assert (code, err[-1].split(";")[0]) == (1, "error: nightly was canceled")


def test_the_time_is_up_and_the_run_goes_on(kfp_server, submit):
    code, out, err = submit("--wait", "--timeout", "1s", "--name", "nightly")
    assert code == 1
    assert err == [f"error: nightly has not ended in time; it goes on: {out.strip()}"]
    assert kfp_server.called("Terminate") == []


def test_ctrl_c_leaves_the_run_alone(kfp_server, submit, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    code, out, err = submit("--wait", "--json")
    content = json.loads(out)
    assert (code, content["state"]) == (INTERRUPTED, "PENDING")
    assert err == [f"interrupted; the run goes on: {content['url']}"]
    assert kfp_server.called("Terminate") == []
    assert kfp_server.state.runs[content["run_id"]]["state"] == "PENDING"


def test_a_run_that_is_deleted_meanwhile(kfp_server, submit, meanwhile):
    meanwhile(lambda run_id: kfp_server.state.runs.pop(run_id))
    code, _, err = submit("--wait")
    assert code == 2 and "not found" in err[-1]
