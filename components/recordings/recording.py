"""What a recording is, whatever file it lies in."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from components.failures import InputError
from components.hdf5.soundness import plain


class BrokenRecording(InputError):
    """A file that can't be read, be the wishes what they may."""


@dataclass(frozen=True)
class Channel:
    """One channel of a recording.

    Attributes:
        unit: of the values that `Recording.read` gives; None where the file names none.
        sampling_rate: in Hz.
        samples: how many there are.
        signal: False of triggers and the like, which nobody means by "all channels".
        bad: whether the recording's makers marked it so.
    """

    name: str
    unit: str | None
    sampling_rate: float
    samples: int
    signal: bool = True
    bad: bool = False


@dataclass(frozen=True)
class Annotation:
    """What was noted of a span of time: `onset` and `duration` in seconds from the first sample."""

    onset: float
    duration: float
    text: str


class Recording(ABC):
    """A recording whose samples are read in pieces.

    Args:
        path: of its file.
        name: how tables and datasets call it: the path below the folder given, without suffix.
        channels: in the order of the file.
        annotations: in any order.
        subject: who was recorded; None where the file does not tell.

    Raises:
        BrokenRecording: an annotation without a time.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        channels: Sequence[Channel],
        annotations: Sequence[Annotation] = (),
        subject: str | None = None,
    ) -> None:
        self.path, self.name = path, name
        self.subject = None if subject is None else _on_one_line(subject)
        self.channels = tuple(replace(c, name=_on_one_line(c.name)) for c in channels)
        self.annotate(annotations)

    @property
    def seconds(self) -> float:
        """How long the longest channel is."""
        return max((c.samples / c.sampling_rate for c in self.channels), default=0.0)

    @abstractmethod
    def read(self, picks: Sequence[int], start: int, stop: int) -> np.ndarray:
        """Samples `start` to `stop` of channels that share one sampling rate.

        Args:
            picks: places in `channels`.

        Returns:
            (len(picks), stop - start) float64, each channel in its own unit.

        Raises:
            BrokenRecording: the file holds something else than its header promised.
        """

    def close(self) -> None:  # noqa: B027  (most hold nothing open)
        """Lets go of what a reader keeps while it is in use."""

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        """Replaces the annotations.

        Raises:
            BrokenRecording: one is at no time.
        """
        for note in annotations:
            if not (math.isfinite(note.onset) and math.isfinite(note.duration)):
                raise BrokenRecording(
                    f"{self.path}: annotation {plain(note.text)}: its onset and duration must be "
                    "finite"
                )
        self.annotations = tuple(replace(n, text=_on_one_line(n.text)) for n in annotations)

    def described_anew(self, said: Mapping[str, Mapping[str, object]]) -> None:
        """Replaces what is known of channels, by a channel's name, as a sidecar file tells it."""
        self.channels = tuple(replace(c, **said.get(c.name, {})) for c in self.channels)


def _on_one_line(text: str) -> str:
    """A stranger's text as tables may show it; whole, as texts that differ must not become one."""
    return text if text.isprintable() else ascii(text)
