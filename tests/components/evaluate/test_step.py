"""The step as a user sees it: a tuned model's folder and a dataset in, a folder of results out."""

import csv
import json

import h5py
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from sklearn import metrics as sk

from components.evaluate.step import run
from components.failures import Failure, InputError

CHANNELS, SAMPLES, WINDOWS = 3, 8, 60
CONFIG = {
    "data": {"batch_size": 16, "num_workers": 0},
    "allowed": {"allow_subject_overlap": False, "allow_signal_mismatch": False},
    "evaluation": {"bootstrap": 50},
    "seed": 0,
    "accelerator": "cpu",
    "allow_targets": ["torch.nn.Sequential", "torch.nn.Flatten", "torch.nn.Linear"],
}
#: type, class of the objective, num_classes, num_outputs, number of logits, shape of a label
KINDS = {
    "bc": ("Binary", 2, None, 2, ()),
    "ml": ("MultiClass", 4, None, 4, ()),
    "mc": ("MultiLabel", 3, None, 3, (3,)),
    "mmc": ("MultiOutput", 3, 2, 6, (2,)),
}


def make_model(folder, kind, **objective):
    """A linear layer on flat windows, in a folder as finetune leaves it."""
    target, classes, outputs, logits, _ = KINDS[kind]
    folder.mkdir()
    rng = torch.Generator().manual_seed(0)
    weight = torch.randn(logits, CHANNELS * SAMPLES, generator=rng)
    save_file({"1.weight": weight, "1.bias": torch.zeros(logits)}, folder / "model.safetensors")
    linear = {"_target_": "torch.nn.Linear", "in_features": CHANNELS * SAMPLES}
    layers = [{"_target_": "torch.nn.Flatten"}, linear | {"out_features": logits}]
    config = {
        "model": {"_target_": "torch.nn.Sequential", "_args_": layers},
        "classification_type": kind,
        "objective": {
            "_target_": f"components.objectives.{target}",
            "num_classes": classes,
            "num_outputs": outputs,
            **objective,
        },
        "input_normalization": {"normalize": "none"},
        "seed": 5,
        "provenance": {
            "checkpoint": "s3://models/last.ckpt",
            "classes": [f"gesture {index}" for index in range(classes)],
            "data": {"train": {"windows": 100, "subjects": 4}},
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "history.csv").write_text("epoch,train_loss,val_auroc\n0,1.5,\n1,1.25,0.75\n")
    with (folder / "learning_rates.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["parameter", "part", "lr", "scale", "weight_decay", "frozen"])
        rows.writerow(["1.weight", "head", 0.001, 1.0, 0.05, False])
        rows.writerow(["1.bias", "head", 0.001, 1.0, 0.0, False])
    return folder


def make_data(folder, kind, *, named=True, channels=CHANNELS, classes=None):
    """Noise with random labels; three subjects of two recordings each, in mixed order."""
    _, values, _, _, shape = KINDS[kind]
    rng = np.random.default_rng(1)
    folder.mkdir()
    with h5py.File(folder / "test.h5", "w") as file:
        file["data"] = rng.standard_normal((WINDOWS, channels, SAMPLES)).astype(np.float32)
        file["label"] = rng.integers(0, 2 if kind == "mc" else values, (WINDOWS, *shape))
        if named:
            file["subject"] = [f"S{index % 3}" for index in range(WINDOWS)]
            file["recording"] = [f"r{index % 2}" for index in range(WINDOWS)]
        file.attrs["classes"] = classes or [f"gesture {index}" for index in range(values)]
    return folder


def evaluate(tmp_path, kind, *, config=CONFIG, model=None, **data):
    model = model or make_model(tmp_path / "model", kind)
    dataset = make_data(tmp_path / "data", kind, **data)
    return run(model, str(dataset), tmp_path / "out", config)


def strict(file):
    """JSON without NaN and infinities, which other readers refuse."""

    def refuse(constant):
        raise AssertionError(f"{constant} in {file.name}")

    return json.loads(file.read_text(), parse_constant=refuse)


@pytest.mark.parametrize("kind", KINDS)
def test_leaves_these_files_and_says_the_same_in_all(tmp_path, kind):
    done = evaluate(tmp_path, kind)
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"metrics.json", "details.json", "predictions.npz", "report.html"}
    assert strict(tmp_path / "out" / "metrics.json") == done.metrics
    assert strict(tmp_path / "out" / "details.json") == done.details
    assert done.report == tmp_path / "out" / "report.html"
    for key, value in done.metrics.items():
        if key != "undefined":
            assert key.startswith("test_")
            assert value is not None or done.metrics["undefined"][key]
    assert {f"test_{name}" for name in ("loss", "acc", "auroc", "aupr")} < done.metrics.keys()
    assert "gesture 1" in done.report.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_follow_from_the_stored_predictions(tmp_path, kind):
    metrics = evaluate(tmp_path, kind).metrics
    stored = np.load(tmp_path / "out" / "predictions.npz")
    labels, predictions = stored["labels"], stored["predictions"]
    assert stored["index"].tolist() == list(range(WINDOWS))
    assert stored["subject"][:4].tolist() == ["S0", "S1", "S2", "S0"]
    acc = sk.accuracy_score(labels.ravel(), predictions.ravel())
    assert metrics["test_acc"] == pytest.approx(acc)
    scores = stored["probabilities"]
    assert scores.dtype == np.float64
    columns = np.moveaxis(scores, -1, 0).reshape(scores.shape[-1], -1)
    truths = labels.T if kind == "mc" else [labels.ravel() == k for k in range(len(columns))]
    areas = [sk.roc_auc_score(*pair) for pair in zip(truths, columns, strict=True)]
    wanted = areas[1] if kind == "bc" else np.mean(areas)
    assert metrics["test_auroc"] == pytest.approx(wanted)


def test_binary_reports_sensitivity_and_specificity(tmp_path):
    done = evaluate(tmp_path, "bc")
    stored = np.load(tmp_path / "out" / "predictions.npz")
    recall = sk.recall_score(stored["labels"], stored["predictions"], average=None)
    assert done.metrics["test_specificity"] == pytest.approx(recall[0])
    assert done.metrics["test_sensitivity"] == pytest.approx(recall[1])
    assert [curve["class"] for curve in done.details["roc"]] == ["gesture 1"]


def test_loss_is_that_of_the_logits_without_weights_and_smoothing(tmp_path):
    weighted = {"label_smoothing": 0.3, "class_weights": [1.0, 2.0, 3.0, 4.0]}
    model = make_model(tmp_path / "model", "ml", **weighted)
    metrics = evaluate(tmp_path, "ml", model=model).metrics
    stored = np.load(tmp_path / "out" / "predictions.npz")
    wanted = sk.log_loss(stored["labels"], stored["probabilities"])
    assert metrics["test_loss"] == pytest.approx(wanted)


def test_each_output_is_reported(tmp_path):
    done = evaluate(tmp_path, "mmc")
    stored = np.load(tmp_path / "out" / "predictions.npz")
    for index in (0, 1):
        acc = sk.accuracy_score(stored["labels"][:, index], stored["predictions"][:, index])
        assert done.metrics[f"test_acc_output_{index}"] == pytest.approx(acc)
        assert done.details["by_output"][index]["acc"] == pytest.approx(acc)
    assert [matrix["name"] for matrix in done.details["confusion"]] == ["output 0", "output 1"]


def test_tables_add_up(tmp_path):
    details = evaluate(tmp_path, "ml").details
    stored = np.load(tmp_path / "out" / "predictions.npz")
    labels, predictions = stored["labels"], stored["predictions"]
    (confusion,) = details["confusion"]
    assert confusion["matrix"] == sk.confusion_matrix(labels, predictions).tolist()
    assert confusion["labels"] == details["classes"]
    report = sk.classification_report(labels, predictions, output_dict=True, zero_division=0)
    for index, row in enumerate(details["per_class"]):
        wanted = report[str(index)]
        assert row["support"] == wanted["support"]
        assert row["recall"] == pytest.approx(wanted["recall"])
        assert row["precision"] == pytest.approx(wanted["precision"])
        assert row["f1_score"] == pytest.approx(wanted["f1-score"])
        area = sk.roc_auc_score(labels == index, stored["probabilities"][:, index])
        assert row["auroc"] == pytest.approx(area)


def test_subjects_and_recordings_have_their_own_results(tmp_path):
    details = evaluate(tmp_path, "ml").details
    stored = np.load(tmp_path / "out" / "predictions.npz")
    right = stored["labels"] == stored["predictions"]
    assert [row["subject"] for row in details["by_subject"]] == ["S0", "S1", "S2"]
    for row in details["by_subject"]:
        own = stored["subject"] == row["subject"]
        assert row["windows"] == own.sum()
        assert row["acc"] == pytest.approx(right[own].mean())
    assert len(details["by_recording"]) == 6
    for row in details["by_recording"]:
        own = (stored["subject"] == row["subject"]) & (stored["recording"] == row["recording"])
        assert row["windows"] == own.sum()
        assert row["acc"] == pytest.approx(right[own].mean())
    assert details["interval_method"].startswith("95 % percentile bootstrap over 3 subjects")
    low, high = details["intervals"]["test_acc"]
    assert low <= details["metrics"]["test_acc"] <= high


def test_data_without_subjects_has_no_intervals_and_says_why(tmp_path):
    details = evaluate(tmp_path, "ml", named=False).details
    assert details["by_subject"] == details["by_recording"] == []
    assert details["intervals"] == {}
    assert details["interval_method"] == ""
    assert "which subject" in details["interval_reason"]
    assert "subject" not in np.load(tmp_path / "out" / "predictions.npz")


def test_tells_what_was_tuned_from_what(tmp_path):
    details = evaluate(tmp_path, "ml").details
    assert details["provenance"]["checkpoint"] == "s3://models/last.ckpt"
    assert details["provenance"]["seed"] == 5
    assert details["provenance"]["test_fingerprint"].startswith("sha256:")
    assert details["data"]["train"] == {"windows": 100, "subjects": 4}
    assert details["data"]["test"]["windows"] == WINDOWS
    assert details["history"] == [
        {"epoch": 0, "train_loss": 1.5, "val_auroc": None},
        {"epoch": 1, "train_loss": 1.25, "val_auroc": 0.75},
    ]
    head = {"part": "head", "scale": 1.0, "lr": 0.001, "weight_decay": 0.05, "frozen": False}
    assert details["learning_rates"] == [head | {"parameters": 4 * (CHANNELS * SAMPLES + 1)}]


def test_the_numbers_do_not_depend_on_the_batches(tmp_path):
    one = evaluate(tmp_path, "ml").metrics
    config = CONFIG | {"data": {"batch_size": 7, "num_workers": 0}}
    other = run(tmp_path / "model", str(tmp_path / "data"), tmp_path / "other", config).metrics
    assert {k: v for k, v in one.items() if k != "test_loss"} == {
        k: v for k, v in other.items() if k != "test_loss"
    }
    assert one["test_loss"] == pytest.approx(other["test_loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"channels": 5}, "5 channels and 8 samples"),
        ({"classes": ["a", "b", "c", "d"]}, "tuned on gesture 0, gesture 1"),
    ],
)
def test_data_of_another_kind_are_refused(tmp_path, data, told):
    with pytest.raises(InputError, match=told):
        evaluate(tmp_path, "ml", **data)
    assert not (tmp_path / "out").exists()


def test_labels_of_another_type_are_refused(tmp_path):
    model = make_model(tmp_path / "model", "bc")
    with pytest.raises(InputError, match=r"test\.h5.*labels run from 0 to 3.*bc"):
        evaluate(tmp_path, "ml", model=model)


def test_a_model_that_diverged_is_refused(tmp_path):
    model = make_model(tmp_path / "model", "ml")
    tensors = {"1.weight": torch.full((4, CHANNELS * SAMPLES), torch.nan), "1.bias": torch.zeros(4)}
    save_file(tensors, model / "model.safetensors")
    with pytest.raises(Failure, match="not finite for 60 of 60 windows"):
        evaluate(tmp_path, "ml", model=model)
    assert not (tmp_path / "out").exists()


def test_a_test_split_that_changed_since_preflight_is_refused(tmp_path):
    config = CONFIG | {"fingerprints": {"test": "sha256:" + "0" * 64}}
    with pytest.raises(InputError, match=r"test\.h5"):
        evaluate(tmp_path, "ml", config=config)


@pytest.mark.parametrize("name", ["tpu", "gpu"])
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_an_accelerator_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"accelerator={name}"):
        evaluate(tmp_path, "ml", config=CONFIG | {"accelerator": name})


def retold(folder, **further):
    """A tuned model whose record says more."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | further))
    return folder


def test_a_subject_that_was_trained_on_is_refused_by_name(tmp_path):
    model = retold(make_model(tmp_path / "model", "bc"), subjects={"train": ["S1", "S9"]})
    with pytest.raises(InputError, match=r"subjects in both train and test: S1 \(1\)"):
        evaluate(tmp_path, "bc", model=model)
    allowed = CONFIG | {"allowed": CONFIG["allowed"] | {"allow_subject_overlap": True}}
    assert run(model, str(tmp_path / "data"), tmp_path / "out", allowed).metrics


def test_another_signal_than_that_of_the_training_is_refused(tmp_path):
    model = make_model(tmp_path / "model", "bc")
    config = yaml.safe_load((model / "config.yaml").read_text())["model"]
    retold(model, model=config | {"signal": {"window": 16}})
    with pytest.raises(InputError, match="window is 8, but the model expects 16"):
        evaluate(tmp_path, "bc", model=model)


def test_the_licence_of_the_data_is_told(tmp_path):
    dataset = make_data(tmp_path / "data", "bc")
    with h5py.File(dataset / "test.h5", "a") as file:
        file.attrs["licence"] = "MIT, somebody"
    done = run(make_model(tmp_path / "model", "bc"), str(dataset), tmp_path / "out", CONFIG)
    assert done.details["notices"] == ["Data: MIT, somebody"]
    assert "MIT, somebody" in done.report.read_text()
