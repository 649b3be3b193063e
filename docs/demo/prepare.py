"""Turn an archive of labelled EMG windows into the demo's ``train.h5``, ``val.h5``, ``test.h5``.

Usage: ``python docs/demo/prepare.py WINDOWS.npz OUTPUT_FOLDER``

The archive holds ``X`` (N, 8, 200) int8, ``y`` (N,) class index, ``subject`` (N,), ``session``
(N,), ``split`` (N,) train/val/test, ``classes`` (names) and ``fs`` (Hz). The same archive always
gives the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np

SPLITS = ("train", "val", "test")
FULL_SCALE = 128  # the armband's converter is 8 bits wide and signed
WINDOWS_PER_CHUNK = 64


def split_subjects(subject: np.ndarray, split: np.ndarray) -> dict[str, set[str]]:
    """Return the subjects of every split.

    Raises:
        ValueError: A subject occurs in more than one split.
    """
    found = {name: {str(value) for value in subject[split == name]} for name in SPLITS}
    every = [value for name in SPLITS for value in found[name]]
    shared = sorted({value for value in every if every.count(value) > 1})
    if shared:
        raise ValueError(f"subjects in more than one split: {', '.join(shared)}")
    return found


def write_split(path: Path, windows: dict[str, np.ndarray], chosen: np.ndarray) -> None:
    """Write the windows where `chosen` (N,) is true to `path` in the flat layout."""
    data = np.ascontiguousarray(windows["X"][chosen])
    subject = [str(value) for value in windows["subject"][chosen]]
    session = [int(value) for value in windows["session"][chosen]]
    recording = [f"{who}-{number}" for who, number in zip(subject, session, strict=True)]
    count, channels, samples = data.shape
    # track_times=False and a fixed library version: the bytes depend on the windows alone.
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        file.create_dataset(
            "data",
            data=data,
            chunks=(min(WINDOWS_PER_CHUNK, count), channels, samples),
            compression="gzip",
            compression_opts=9,
            shuffle=False,  # of no use on single bytes
            track_times=False,
        )
        file.create_dataset(
            "label",
            data=windows["y"][chosen].astype(np.int64),
            compression="gzip",
            track_times=False,
        )
        for name, values in (("subject", subject), ("recording", recording)):
            text = h5py.string_dtype("utf-8", max(len(value) for value in values))
            file.create_dataset(
                name, data=np.array(values, dtype=text), compression="gzip", track_times=False
            )
        file.attrs["scale"] = 1 / FULL_SCALE  # physical value = data * scale
        file.attrs["unit"] = "full scale"
        file.attrs["sampling_rate"] = float(windows["fs"])
        file.attrs["channels"] = [f"EMG{number}" for number in range(1, channels + 1)]
        file.attrs["classes"] = [str(name) for name in windows["classes"]]
        file.attrs["licence"] = "MIT, github.com/aljazfrancic/myo-readings-dataset, commit 2630b1d"


def main() -> None:
    """Convert the archive named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path, help="archive of windows (.npz)")
    parser.add_argument("output", type=Path, help="folder for the three files")
    arguments = parser.parse_args()
    with np.load(arguments.windows) as archive:
        windows = dict(archive)
    subjects = split_subjects(windows["subject"], windows["split"])
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in SPLITS:
        path = arguments.output / f"{name}.h5"
        write_split(path, windows, windows["split"] == name)
        print(f"{path}: {', '.join(sorted(subjects[name]))} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
