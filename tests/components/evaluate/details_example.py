"""Details of an evaluation as the evaluate step leaves them, of any size, from a seed."""

import numpy as np

GESTURES = ("rest", "fist", "open hand", "wrist flexion", "wrist extension", "pinch")
SCORES = ("acc", "balanced_acc", "recall", "precision", "f1_score", "cohen_kappa", "auroc", "aupr")


def details_example(kind="mcc", classes=GESTURES, subjects=3, epochs=12, outputs=1, scratch=False):
    """Gives plausible details; `outputs` matrices for `mmc`, one a label for `mc`."""
    rng = np.random.default_rng(0)
    classes = list(classes)
    windows = 400 * max(subjects, 3)
    skills = list(zip(classes, rng.uniform(0, 1, len(classes)), strict=True))
    details = {
        "title": "WaveformTransformer on wrist-gestures",
        "created": "2026-11-24T09:30:00+00:00",
        "classification_type": kind,
        "classes": classes,
        "per_class": _per_class(rng, skills, windows),
        "confusion": _confusion(rng, kind, classes, windows, outputs),
        "roc": [_roc(name, 1.5 + 6 * share) for name, share in skills],
        "pr": [_pr(name, 0.5 + 2 * share) for name, share in skills],
        "history": _history(rng, epochs),
        "learning_rates": _learning_rates(),
        "provenance": _provenance(scratch),
        "data": {
            "train": {"windows": 14_820, "subjects": 14},
            "val": {"windows": 3_130, "subjects": 3},
            "test": {"windows": windows, "subjects": subjects or None},
        },
        "notices": ["Recordings: Myo wrist gestures, CC BY 4.0, Example et al. 2021."],
    }
    return details | _results(rng, kind) | _by_group(rng, subjects)


def _results(rng, kind):
    names = SCORES + (("sensitivity", "specificity") if kind == "bc" else ())
    metrics = {f"test_{name}": float(rng.uniform(0.5, 0.9)) for name in names}
    intervals = {key: [value - 0.05, value + 0.04] for key, value in metrics.items()}
    return {
        "metrics": {"test_loss": 1.1234567, **metrics, "undefined": {}},
        "intervals": intervals,
        "interval_method": "95 % percentile bootstrap over 3 subjects, 1000 resamples, seed 0",
    }


def _by_group(rng, subjects):
    if not subjects:
        return {"by_subject": [], "by_recording": [], "intervals": {}, "interval_method": ""}
    people = [{"subject": f"S{i + 1:02d}", "windows": 400, **_scores(rng)} for i in range(subjects)]
    recordings = [
        {"subject": person["subject"], "recording": f"r{i}", "windows": 200, **_scores(rng)}
        for person in people
        for i in range(2)
    ]
    return {"by_subject": people, "by_recording": recordings}


def _scores(rng):
    middle = rng.normal(0.62, 0.09)
    names = ("acc", "balanced_acc", "recall", "precision", "f1_score", "auroc")
    return {name: float(np.clip(middle + rng.normal(0, 0.03), 0, 1)) for name in names}


def _per_class(rng, skills, windows):
    support = np.maximum(rng.dirichlet(np.full(len(skills), 4.0)) * windows, 1).astype(int)
    return [
        {
            "class": name,
            "support": int(n),
            **{key: float(rng.uniform(0.4, 0.95)) for key in ("recall", "precision", "f1_score")},
            "auroc": 1 - 1 / (2.5 + 6 * skill),
            "aupr": 1 - 0.8 / (1.5 + 2 * skill),
        }
        for (name, skill), n in zip(skills, support, strict=True)
    ]


def _confusion(rng, kind, classes, windows, outputs):
    def matrix(labels, name=""):
        size = len(labels)
        mixed = rng.dirichlet(np.full(size, 0.3), size) * 0.5 + np.eye(size) * 0.5
        counts = np.round(mixed * windows / size).astype(int)
        return {"name": name, "labels": labels, "matrix": counts.tolist()}

    if kind == "mc":
        return [matrix(["absent", "present"], name) for name in classes]
    if kind == "mmc":
        return [matrix(classes, f"output {index}") for index in range(outputs)]
    return [matrix(classes)]


def _roc(name, power):
    fpr = np.linspace(0, 1, 200)
    tpr = 1 - (1 - fpr) ** power
    thresholds = np.linspace(1, 0, 200)
    return {
        "class": name,
        "fpr": fpr.tolist(),
        "tpr": tpr.tolist(),
        "thresholds": thresholds.tolist(),
    }


def _pr(name, power):
    recall = np.linspace(0, 1, 200)
    return {
        "class": name,
        "recall": recall.tolist(),
        "precision": (1 - 0.8 * recall**power).tolist(),
    }


def _history(rng, epochs):
    rows = []
    for epoch in range(epochs):
        gone = 1 - np.exp(-(epoch + 1) / 4)
        late = 0.02 * max(0, epoch - 8)
        rows.append(
            {
                "epoch": epoch,
                "train_loss": float(1.8 - 1.1 * gone + rng.normal(0, 0.01)),
                "val_loss": float(1.75 - 0.7 * gone + late + rng.normal(0, 0.02)),
                "train_balanced_acc": float(0.17 + 0.6 * gone + rng.normal(0, 0.01)),
                "val_balanced_acc": float(0.17 + 0.46 * gone - late / 2 + rng.normal(0, 0.01)),
            }
        )
    return rows


def _learning_rates(blocks=6, decay=0.75):
    parts = [("stem", decay ** (blocks + 1), True)]
    parts += [(f"block {i}", decay ** (blocks - i), i == 0) for i in range(blocks)]
    parts += [("norm", 1.0, False), ("head", 1.0, False)]
    sizes = {"stem": 12_416, "norm": 256, "head": 774}
    return [
        {
            "part": part,
            "scale": 0.0 if frozen else scale,
            "lr": 0.0 if frozen else 5e-4 * scale,
            "weight_decay": 0.05,
            "parameters": sizes.get(part, 49_984),
            "frozen": frozen,
        }
        for part, scale, frozen in parts
    ]


def _provenance(scratch):
    given = {
        "checkpoint": "s3://models/emg/pretrained/waveform-epoch=89-step=41220.ckpt",
        "checkpoint_fingerprint": "d41d8cd98f00b204e9800998ecf8427e",
        "backbone_coverage": 1.0,
    }
    if scratch:
        given = dict.fromkeys(given, None)
    return given | {
        "dataset": "s3://biosignals/wrist-gestures/2026-11-01/windows",
        "dataset_fingerprint": "sha256:" + "9f86d081884c7d65" * 4,
        "model": "components.models.waveform.WaveformTransformer",
        "seed": 0,
        "versions": {"biotune": "0.1.0", "python": "3.11.2", "torch": "2.14.1"},
    }
