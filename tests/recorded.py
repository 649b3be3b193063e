"""Recordings made of the demo's real EMG windows, in each format."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import edfio
import h5py
import mne
import numpy as np

from components.recordings.edf_header import read_header

DEMO = Path(__file__).parents[1] / "pipeline" / "demo"
RATE, COUNTS = 200, 128  # Hz; the armband's converter at full scale
GESTURES = ("rest", "flexion", "extension", "radial_deviation",
            "ulnar_deviation", "pronation", "supination", "fist")  # fmt: skip


@cache
def emg(person: int = 0, windows: int = 40) -> tuple[np.ndarray, tuple[int, ...], tuple[str, ...]]:
    """Every fifth or so of one person's windows in a row: (8, n) in uV, labels, channel names.

    A step of the armband's converter is called a microvolt here; what it is nobody published.
    """
    with h5py.File(DEMO / "train.h5") as file:
        people = np.unique(file["subject"][:])
        own = np.flatnonzero(file["subject"][:] == people[person])
        chosen = own[np.linspace(0, len(own) - 1, windows).astype(int)]
        data, labels = file["data"][np.unique(chosen)], file["label"][np.unique(chosen)]
        names = tuple(file.attrs["channels"])
    return np.concatenate(list(data), axis=1).astype(float), tuple(labels.tolist()), names


def spans(labels) -> list[tuple[float, float, str]]:
    """Onset, duration and text of runs of one label; a window is a second."""
    cuts = [0, *(n for n in range(1, len(labels)) if labels[n] != labels[n - 1]), len(labels)]
    return [
        (float(start), float(stop - start), GESTURES[labels[start]])
        for start, stop in pairwise(cuts)
    ]


def write_edf(
    path: Path, data, names, notes=(), *, rates=RATE, unit="uV", subject="X", bdf=False, full=COUNTS
) -> Path:
    """EDF+ or BDF+ from -full to full; `unit` and `rates` may be one, or one for each channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rates = [rates] * len(data) if np.isscalar(rates) else rates
    units = [unit] * len(data) if isinstance(unit, str) else unit
    kind, whole = (edfio.BdfSignal, edfio.Bdf) if bdf else (edfio.EdfSignal, edfio.Edf)
    steps = {"physical_range": (-full, full), "digital_range": (-COUNTS, COUNTS)}
    signals = [
        kind(row, rate, label=name, physical_dimension=own, **steps)
        for row, rate, name, own in zip(data, rates, names, units, strict=True)
    ]
    noted = [edfio.EdfAnnotation(onset, duration, text) for onset, duration, text in notes]
    whole(signals, patient=edfio.Patient(code=subject), annotations=noted).write(path)
    return path


def write_fif(
    path: Path, data, names, notes=(), *, subject=None, first_sample=0, bads=(), date=0, crop=0
) -> Path:
    """FIF in volts, whose first sample may be another than 0; `crop` seconds are cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    info = mne.create_info(list(names), RATE, "emg", verbose="ERROR")
    raw = mne.io.RawArray(data * 1e-6, info, first_samp=first_sample, verbose="ERROR")
    told = subject if isinstance(subject, dict) else {"his_id": subject}
    raw.info["subject_info"] = told if subject else None
    raw.info["bads"] = list(bads)
    raw.set_meas_date(date)
    onsets, durations, texts = zip(*notes, strict=True) if notes else ((), (), ())
    raw.set_annotations(mne.Annotations(onsets, durations, texts))  # from the first sample
    raw.crop(crop).save(path, fmt="double", verbose="ERROR")
    return path


def write_npz(path: Path, data, names, notes=(), *, subject=None, compressed=False) -> Path:
    """An archive with all that it can tell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    onsets, durations, texts = zip(*notes, strict=True) if notes else ((), (), ())
    told = {"data": data, "sampling_rate": RATE, "channels": list(names), "unit": "uV"}
    told |= {"subject": subject} if subject else {}
    told |= {"onset": onsets, "duration": durations, "label": texts} if notes else {}
    (np.savez_compressed if compressed else np.savez)(path, **told)
    return path


def write_csv(path: Path, data, names, labels=(), *, unit="uV", delimiter=",") -> Path:
    """A table with a column of times, and one of labels (one a second) if there are any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    heads = ["time (ms)", *(f"{name} ({unit})" if unit else name for name in names)]
    rows = [delimiter.join(heads + (["label"] if labels else []))]
    for sample, values in enumerate(data.T):
        cells = [f"{1000 * sample / RATE:g}", *(f"{value:g}" for value in values)]
        cells += [GESTURES[labels[sample // RATE]]] if labels else []
        rows.append(delimiter.join(cells))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def write_bids(root: Path, data, names, notes=(), *, subject="01", bad=(), **edf) -> Path:
    """A data set of one recording, whose events and units lie beside it."""
    folder = root / f"sub-{subject}" / "emg"
    stem = f"sub-{subject}_task-gestures"
    file = write_edf(folder / f"{stem}_emg.edf", data, names, **edf)
    (root / "dataset_description.json").write_text('{"Name": "gestures", "BIDSVersion": "1.10.0"}')
    events = [f"{onset}\t{duration}\t{text}" for onset, duration, text in notes]
    (folder / f"{stem}_events.tsv").write_text("onset\tduration\ttrial_type\n" + "\n".join(events))
    rows = [f"{name}\tEMG\tuV\t{'bad' if name in bad else 'good'}" for name in names]
    (folder / f"{stem}_channels.tsv").write_text("name\ttype\tunits\tstatus\n" + "\n".join(rows))
    (root / "task-gestures_emg.json").write_text(f'{{"SamplingFrequency": {RATE}}}')
    return file


def people(folder: Path, count: int = 4, *, windows: int = 40) -> Path:
    """A folder with an EDF file of each of some people, annotated."""
    for person in range(count):
        data, labels, names = emg(person, windows)
        path = folder / f"p{person}" / "gestures.edf"
        write_edf(path, data, names, spans(labels), subject=f"p{person}")
    return folder


def demo_as_edf(folder: Path) -> Path:
    """The demo's data set taken apart: an EDF file for each recording, and a table of splits."""
    table = ["subject,split"]
    for split in ("train", "val", "test"):
        with h5py.File(DEMO / f"{split}.h5") as file:
            names, owners = tuple(file.attrs["channels"]), file["recording"][:].astype(str)
            for recording in np.unique(owners):
                own = np.flatnonzero(owners == recording)
                data = np.concatenate(list(file["data"][own] / COUNTS), axis=1)
                subject = recording.partition("-")[0]
                path = folder / "recordings" / subject / f"{recording}.edf"
                labels = file["label"][own].tolist()
                notes = spans(labels)
                write_edf(path, data, names, notes, unit="", subject=subject, full=1)
                table += [f"{subject},{split}"] if f"{subject},{split}" not in table else []
    (folder / "splits.csv").write_text("\n".join(table) + "\n")
    return folder


def write_sparse(path: Path, seconds: int, *, channels: int = 8, rate: int = 2000) -> Path:
    """An EDF file of zeros that take no place on the disk."""
    names = [f"EMG{n + 1}" for n in range(channels)]
    write_edf(path, np.zeros((channels, rate)), names, rates=rate)
    header = read_header(path)
    with path.open("r+b") as file:
        file.seek(236)
        file.write(f"{seconds:<8}".encode())
        file.truncate(header.start + seconds * header.record_bytes)
    return path
