"""The channels of one sampling rate on their way through the filters."""

from collections.abc import Sequence

import numpy as np

from components.recordings.mending import Mending, good
from components.recordings.recording import Recording


class Lane:
    """Reads channels of one rate piece by piece, and keeps what has come out of the stages.

    Args:
        picks: places of the channels in the recording.
        factors: (C, 1) to the wanted unit.
        rate: of the channels, in Hz.
        samples: how many of each are read.
        stages: objects with `push(piece)` and `finish()`, in their order.
    """

    def __init__(
        self,
        recording: Recording,
        picks: list[int],
        factors: np.ndarray,
        rate: float,
        samples: int,
        stages: list,
    ) -> None:
        self._recording, self._picks, self._factors = recording, picks, factors
        self._rate, self._samples, self._stages = rate, samples, stages
        self.seconds = samples / rate
        self.mending = Mending(len(picks), rate)
        self._out: list[np.ndarray] = []
        self.ready = 0

    def advance(self, start: float, stop: float) -> None:
        """Reads what lies between two times in seconds, and pushes it on."""
        first = min(round(start * self._rate), self._samples)
        last = min(round(stop * self._rate), self._samples)
        if first < last:
            piece = self._read(range(len(self._picks)), first, last)
            if first == 0 and self._stages and not good(piece[:, :1]).all():
                self.mending.begin(self._first_good(piece))
            self._push(self.mending.push(piece), 0)

    def finish(self) -> None:
        """Takes out what the stages have kept back."""
        for place, stage in enumerate(self._stages):
            self._push(stage.finish(), place + 1)

    def take(self, count: int) -> np.ndarray:
        """The next `count` samples (C, count)."""
        held = np.concatenate(self._out or [np.zeros((len(self._picks), 0))], axis=1)
        self._out = [held[:, count:]]
        self.ready -= count
        return held[:, :count]

    def _read(self, rows: Sequence[int], first: int, last: int) -> np.ndarray:
        piece = self._recording.read([self._picks[row] for row in rows], first, last)
        piece *= self._factors[rows]
        return piece

    def _first_good(self, piece: np.ndarray) -> np.ndarray:
        """(C, 1) the first good value of each channel, 0 where there is none.

        A filter that began with anything else would ring long after the first good sample. Channels
        that have none in the first `piece` are read ahead, a piece at a time, and read again later.
        """
        found, rows = np.zeros((len(piece), 1)), np.arange(len(piece))
        step = last = piece.shape[1]
        while True:
            usable = good(piece)
            some = usable.any(axis=1)
            found[rows[some], 0] = piece[some, usable.argmax(axis=1)[some]]
            rows = rows[~some]
            if not len(rows) or last >= self._samples:
                return found
            first, last = last, min(last + step, self._samples)
            piece = self._read(rows, first, last)

    def _push(self, piece: np.ndarray | None, place: int) -> None:
        """Through the stages from `place` on."""
        for stage in self._stages[place:]:
            if piece is None:
                return
            piece = stage.push(piece)
        if piece is not None:
            self._out.append(piece)
            self.ready += piece.shape[1]
