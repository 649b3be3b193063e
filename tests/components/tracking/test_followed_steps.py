"""The steps with a real server, and without one that answers."""

import json
import logging

import yaml

from components.evaluate.step import run as evaluate
from components.promote.step import run as promote
from components.tracking import following
from components.tracking.tracked import RECORD
from tests.tuned import name_of

PASSWORD = "hush/hush+canary"
MODEL = "grips"


def test_finetune_evaluate_and_promote_fill_one_run(
    train, slices, server, client, tmp_path, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.replace("//", "//me:hush%2Fhush%2Bcanary@"))
    on = ("tracking=mlflow", f"tracking.registered_model={MODEL}")
    model, evaluation = train("model", *on), tmp_path / "evaluation"
    done = evaluate(model, str(tmp_path / "data"), evaluation, slices("evaluate", *on))
    registry, retried = str(tmp_path / "registry"), {"attempt": {"fingerprint": "f" * 64}}
    for output in ("decision", "again"):
        config = slices("promote", *on) | retried
        decided = promote(model, evaluation, registry, tmp_path / output, config)
    run = client.get_run(json.loads((model / RECORD).read_text())["run_id"])
    assert run.info.status == "FINISHED"
    assert [m.step for m in client.get_metric_history(run.info.run_id, "val_loss")] == [1, 2]
    measured = {k: v for k, v in done.metrics.items() if k != "undefined" and v is not None}
    assert {k: run.data.metrics[k] for k in measured} == measured
    assert run.data.params["optimizer.lr"] == "0.0002"
    assert run.data.params["provenance.dataset"] == str(tmp_path / "data")
    assert not [name for name in run.data.params if name.startswith(("tracking", "resume"))]
    sent = {
        f.path for p in ("model", "evaluation") for f in client.list_artifacts(run.info.run_id, p)
    }
    assert {"model/model.safetensors", "model/config.yaml", "evaluation/report.html"} <= sent
    assert decided.decision == "promoted", "by the first try; the second finds it so"
    version = client.get_model_version_by_alias(MODEL, "champion")
    assert (version.version, version.run_id) == ("1", run.info.run_id)
    texts = [caplog.text, str(run.data), *(p.read_text() for p in model.glob("*.[cj]*"))]
    assert not [text for text in texts if "canary" in text]


def test_a_training_is_the_same_without_a_server_and_warns_once(train, caplog):
    plain = train("plain")
    lost = train("lost", "tracking=mlflow", "tracking.uri=http://127.0.0.1:9")
    warned = [r for r in caplog.records if r.levelno >= logging.WARNING and "track" in r.message]
    assert len(warned) == 1, "one warning, and no more"
    assert not (lost / RECORD).exists()
    assert name_of(plain) == name_of(lost), "the model's fingerprint knows nothing of tracking"
    assert "tracking" not in yaml.safe_load((lost / "config.yaml").read_text())


def test_a_server_that_comes_back_gets_the_whole_history(train, server, client, monkeypatch):
    begin, calls = following.begun, []

    def late(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise ConnectionError("out of reach")
        return begin(*args, **kwargs)

    monkeypatch.setattr(following, "begun", late)
    model = train("model", "tracking=mlflow", f"tracking.uri={server}")
    run_id = json.loads((model / RECORD).read_text())["run_id"]
    assert [m.step for m in client.get_metric_history(run_id, "train_loss")] == [1, 2]
