"""Linear discriminant analysis on hand-made EMG features: the bar for the demo's model.

python benchmarks/lda.py [--test]      fitted on train, scored on val (and on test)

Two sets of features stand beside each other, because the choice matters more than one number tells:

hudgins    Mean absolute value, waveform length, zero crossings and slope sign changes of each
           channel, the textbook set, on stored converter steps with a threshold of 5. It is the
           definition that gives the 0.569 by which the demo was first measured: it was found by
           scoring 896 combinations of such features on the test subjects, which ranged from 0.521
           to 0.601 with a median of 0.559. So its test score is not an unseen one.
log power  The logarithm of each channel's variance alone, the best of a first dozen on the
           validation subjects.
"""

import argparse
from pathlib import Path

import h5py
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DEMO = Path(__file__).resolve().parents[1] / "pipeline" / "demo"
THRESHOLD = 5  # converter steps: smaller crossings and turns are noise


def hudgins(windows: np.ndarray) -> np.ndarray:
    """(N, C, T) converter steps to (N, 4 C)."""
    steps = np.diff(windows, axis=-1)
    crossings = (windows[..., 1:] * windows[..., :-1] < 0) & (np.abs(steps) > THRESHOLD)
    steep = np.abs(steps) > THRESHOLD
    turns = (steps[..., 1:] * steps[..., :-1] < 0) & (steep[..., 1:] | steep[..., :-1])
    features = [
        np.abs(windows).mean(axis=-1),
        np.abs(steps).sum(axis=-1),
        crossings.sum(axis=-1),
        turns.sum(axis=-1),
    ]
    return np.concatenate(features, axis=1)


def log_power(windows: np.ndarray) -> np.ndarray:
    """(N, C, T) converter steps to (N, C)."""
    return np.log(windows.var(axis=-1) + 1)


FEATURES = {"hudgins": hudgins, "log power": log_power}


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Windows (N, C, T) in converter steps, as stored, and labels (N,)."""
    with h5py.File(path) as file:
        return file["data"][:].astype(np.float64), file["label"][:]


def baseline(folder: Path, split: str, features: str = "hudgins") -> float:
    """Balanced accuracy on a split of a discriminant fitted on the train split."""
    extract = FEATURES[features]
    windows, labels = read(folder / "train.h5")
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())
    model.fit(extract(windows), labels)
    windows, labels = read(folder / f"{split}.h5")
    return balanced_accuracy_score(labels, model.predict(extract(windows)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="score the test subjects too")
    splits = ("val", "test") if parser.parse_args().test else ("val",)
    for features in FEATURES:
        scores = [f"{split} {baseline(DEMO, split, features):.3f}" for split in splits]
        print(f"{features:10}", *scores)


if __name__ == "__main__":
    main()
