"""Recordings: signals over time from files of several formats, and the windows made of them.

`open_recording` opens a file, `find` all files below folders, a BIDS data set too. `Prepared` picks
channels, converts units, filters and resamples a recording piece by piece, as a `Settings` says,
and gives its windows; memory does not grow with the recording. `biotune convert` keeps the settings
in the dataset, so that whoever meets new recordings can make the same windows of them.
"""

from components.recordings.finding import Source, find
from components.recordings.opening import SUFFIXES, open_recording, open_source
from components.recordings.prepared import Prepared
from components.recordings.recording import Annotation, BrokenRecording, Channel, Recording
from components.recordings.settings import Settings
from components.recordings.tables import rows

__all__ = [
    "SUFFIXES", "Annotation", "BrokenRecording", "Channel", "Prepared", "Recording", "Settings",
    "Source", "find", "open_recording", "open_source", "rows",
]  # fmt: skip
