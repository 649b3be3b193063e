"""What evaluate tells of the folds of a made-up cross-validation."""

import numpy as np

NAMES = ("ann", "bob", "cem", "dai", "eva")


def results(values=(0.5, 0.6, 0.7, 0.8, 0.4), *, seed=0, data="data", auroc=True):
    """Leave-one-subject-out with these balanced accuracies."""
    folds = []
    for number, (name, value) in enumerate(zip(NAMES, values, strict=False), start=1):
        hits = round(100 * value)
        metrics = {
            "test_loss": 1 - value,
            "test_balanced_acc": value,
            "test_auroc": value if auroc or number > 1 else None,
            "undefined": {},
        }
        row = {k.removeprefix("test_"): v for k, v in metrics.items() if "loss" not in k}
        row.pop("undefined")
        test = {"number": number, "of": len(values), "seed": seed, "data": data, "test": [name]}
        test["subjects"] = {"train": len(values) - 2, "val": 1, "test": 1}
        test["windows"] = {"train": 300, "val": 100, "test": 200}
        folds.append(
            {
                "seed": 7,
                "metrics": metrics,
                "fold": test,
                "classification_type": "mcc",
                "confusion": np.array([[[hits, 100 - hits], [100 - hits, hits]]]).tolist(),
                "by_subject": [{"subject": name, "windows": 200, **row}],
                "model": "nobody.imports.This",
                "checkpoint": "s3://models/last.ckpt",
            }
        )
    return folds
