"""Steps without torch, in place before a child of KFP's engine asks for the real ones."""

import json
import os
import signal
import sys
import time
import types
from pathlib import Path

ORDERS = json.loads(os.environ["BIOTUNE_TEST_ORDERS"])
FILES = {
    "load_checkpoint": {"backbone.safetensors": "weights", "report.json": "{}"},
    "finetune": {"model.safetensors": "tuned", "config.yaml": "{}"},
    "promote": {},
    "evaluate": {"metrics.json": "{}", "details.json": "{}", "report.html": "<p>seen</p>"},
}
METRICS = {
    "test_acc": 0.75,
    "test_balanced_acc": 0.75,
    "test_auroc": None,
    "undefined": {"test_auroc": "one class"},
}
DETAILS = {
    "title": "A made-up run",
    "classes": ["rest", "fist"],
    "intervals": {"test_acc": [0.5, 0.875]},
    "interval_method": "made up",
    "confusion": [{"name": "", "labels": ["rest", "fist"], "matrix": [[3, 1], [0, 4]]}],
}


def obey(step):
    from components import failures

    order = ORDERS.get(step, "")
    if order == "wrong input":
        raise failures.Findings(["first thing wrong", "second thing wrong"])
    if order == "no service":
        raise failures.ServiceError("s3://x: out of reach")
    if order == "crash":
        raise ValueError("a fault\nin two lines")
    if order == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "leaves":
        os._exit(7)
    if order == "hangs":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
        Path(os.environ["BIOTUNE_TEST_PID"]).write_text(str(os.getpid()))
        try:
            time.sleep(600)
        except SystemExit:  # as a library's handler has it
            print("Traceback of a step that was stopped")
            raise
    return order


def leave(step, output, **more):
    if obey(step) == "makes nothing":
        return
    output.mkdir(parents=True)
    for name, text in {**FILES[step], **more}.items():
        (output / name).write_text(text)


def preflight(checkpoint, dataset, overrides, *, manifest=None, **retraining):
    verdict = obey("preflight") or "train"
    print("looked at", checkpoint, dataset)
    facts = {"overrides": list(overrides), "manifest": manifest}
    if folds := retraining.get("folds"):
        facts |= {"data": {"folds": folds}, "fold": {"folds": folds}}
    slices = {
        "load_checkpoint": {**facts, "fingerprint": "etag"},
        "finetune": facts,
        "evaluate": facts,
        "promote": facts,
    }
    return types.SimpleNamespace(slices=slices, champion="", verdict=verdict)


def load_checkpoint(checkpoint, output, config, *, fingerprint=None):
    leave(
        "load_checkpoint",
        output,
        **{
            "report.json": json.dumps(
                {"checkpoint": checkpoint, "config": config, "fingerprint": fingerprint}
            )
        },
    )


def finetune(dataset, output, config, *, backbone=None):
    print("\x1b[1mepoch 0\x1b[0m", (backbone / "backbone.safetensors").read_text(), flush=True)
    os.write(1, b"bad byte \xff\n")
    if ORDERS.get("finetune") == "fails for seed 1" and config["seed"] == 1:
        raise ValueError("seed 1 is unlucky")
    if ORDERS.get("finetune") == "fails for fold 2" and config["data"]["fold"] == 2:
        raise ValueError("fold 2 is unlucky")
    leave("finetune", output, **{"config.yaml": json.dumps(config)})


def evaluate(model, dataset, output, config, **champion):
    assert (model / "model.safetensors").exists()
    leave(
        "evaluate",
        output,
        **{"metrics.json": json.dumps(METRICS), "details.json": json.dumps(DETAILS)},
    )
    import numpy as np

    np.savez(output / "predictions.npz", probabilities=np.eye(2), labels=np.arange(2))
    tuned = json.loads((model / "config.yaml").read_text())
    details = DETAILS | tested_in(config.get("fold"), tuned)
    return types.SimpleNamespace(
        metrics=METRICS | ({"test_loss": 0.5} if config.get("fold") else {}),
        details=details,
        report=output / "report.html",
        seed=tuned.get("seed", 0),
    )


def tested_in(fold, tuned):
    """What details tell of a fold that has one subject, and one only."""
    if not fold:
        return {}
    assert tuned["data"]["fold"] == fold["fold"], "a model is tested in the fold that it is of"
    name = f"s{fold['fold']}"
    parts = {"train": ["a"], "val": ["b"], "test": [name], "data": {"test": "etag"}}
    return {
        "fold": {"number": fold["fold"], "of": fold["folds"], "seed": 0, **parts},
        "data": {split: {"windows": 8} for split in ("train", "val", "test")},
        "classification_type": "mcc",
        "by_subject": [{"subject": name, "windows": 8, "balanced_acc": 0.75}],
        "provenance": {"model": "a.Model", "checkpoint": "weights.ckpt"},
    }


def promote(model, evaluation, registry, output, config):
    evaluated = json.loads((evaluation / "metrics.json").read_text())
    decision = {"registry": registry, "evaluated": evaluated}
    leave("promote", output, **{"decision.json": json.dumps(decision)})
    return types.SimpleNamespace(numbers={}, **decision)


for function in (preflight, load_checkpoint, finetune, evaluate, promote):
    module = types.ModuleType(f"components.{function.__name__}.step")
    module.run = function
    sys.modules[module.__name__] = module
