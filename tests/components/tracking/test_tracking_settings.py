"""What the settings refuse, and what they leave as it is."""

import socket
import threading

import pytest

from components import config as configuration
from components import resume
from components.failures import Findings, ServiceError
from components.preflight import retraining
from components.tracking import reach

TASK = ("experiment=demo",)
ON = ("tracking=mlflow", "tracking.uri=http://127.0.0.1:9")
STEPS = ("load_checkpoint", "finetune", "evaluate", "promote")


def sliced(*overrides):
    config = configuration.compose([*TASK, *overrides])
    pieces = {step: configuration.for_step(step, config) for step in STEPS}
    pieces["finetune"]["fingerprints"] = pieces["evaluate"]["fingerprints"] = {}
    pieces["load_checkpoint"]["fingerprint"] = "sha256:0"
    return pieces


def test_a_password_has_no_place_in_the_configuration():
    with pytest.raises(Findings) as told:
        configuration.compose([*TASK, "tracking=mlflow", "tracking.uri=http://me:hushhush@host:5"])
    assert "MLFLOW_TRACKING_PASSWORD" in str(told.value)
    assert "hushhush" not in str(told.value)


def test_a_server_has_to_be_named(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(Findings, match=r"tracking\.uri=null: name MLflow's server"):
        configuration.compose([*TASK, "tracking=mlflow"])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    configuration.compose([*TASK, "tracking=mlflow"])


def test_tracking_is_no_part_of_what_is_computed(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    plain, followed = sliced(), sliced(*ON)
    assert not any("tracking" in piece for piece in plain.values())
    assert "tracking" not in followed["load_checkpoint"]
    names = [
        retraining.standing(str(tmp_path), pieces, "").attempt["fingerprint"]
        for pieces in (plain, followed)
    ]
    assert names[0] == names[1], "the same retraining, also when it is followed"
    facts = [resume.facts(p["finetune"], {}, None, 1) for p in (plain, followed)]
    assert facts[0] == facts[1], "a training that was killed goes on, also when it is followed now"


def test_a_server_out_of_reach_is_warned_of_or_refused(caplog):
    config = configuration.resolved(configuration.compose([*TASK, *ON]))
    reach.check(config)
    assert "out of reach" in caplog.text
    config["tracking"]["required"] = True
    with pytest.raises(ServiceError, match=r"tracking\.required=false"):
        reach.check(config)


@pytest.mark.parametrize("kind", ["no port", "no HTTP"])
def test_a_server_that_is_none_of_mlflows_is_out_of_reach(kind, caplog):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = "50O0" if kind == "no port" else other.getsockname()[1]
        threading.Thread(target=_greet, args=(other,), daemon=True).start()
        on = ("tracking=mlflow", f"tracking.uri=http://127.0.0.1:{port}")
        config = configuration.resolved(configuration.compose([*TASK, *on]))
        reach.check(config)
        assert "out of reach" in caplog.text and "\n" not in caplog.text.rstrip()
        config["tracking"]["required"] = True
        with pytest.raises(ServiceError, match="out of reach"):
            reach.check(config)


def _greet(server):
    for _ in range(2):
        try:
            connection, _ = server.accept()
        except OSError:  # closed: nobody came
            return
        with connection:
            connection.recv(1024)
            connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")
