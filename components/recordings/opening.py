"""Opens a recording by its suffix."""

from pathlib import Path

from components.failures import InputError
from components.recordings.finding import SUFFIXES, Source
from components.recordings.recording import Recording
from components.recordings.settings import Settings

__all__ = ["SUFFIXES", "open_recording", "open_source"]


def open_recording(
    path: Path, *, name: str | None = None, sampling_rate: float | None = None
) -> Recording:
    """Opens a recording; its samples are read later, in pieces.

    Args:
        name: the file's stem where none is given.
        sampling_rate: in Hz, of a file that tells none.

    Raises:
        BrokenRecording: the file can't be read.
        InputError: no format of ours, or a package is missing.
    """
    path = Path(path)
    name = path.stem if name is None else name
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if suffix in (".edf", ".bdf"):
        from components.recordings.edf import Edf

        return Edf(path, name)
    if suffix == ".fif":
        from components.recordings.fif import Fif

        return Fif(path, name)
    if suffix == ".npz":
        from components.recordings.npz import Npz

        return Npz(path, name, sampling_rate)
    if suffix in (".csv", ".tsv"):
        from components.recordings.text import Text

        return Text(path, name, sampling_rate)
    raise InputError(f"{path}: no recording by its name; known are {', '.join(SUFFIXES)}")


def open_source(source: Source, settings: Settings) -> Recording:
    """Opens what `find` found, with what a BIDS data set says beside it."""
    opened = open_recording(source.path, name=source.name, sampling_rate=settings.assumed_rate)
    if source.root is not None:
        from components.recordings import bids

        bids.describe(opened, source.root)
    return opened
