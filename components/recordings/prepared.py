"""A recording as the windows want it: picked, in one unit, filtered, resampled; piece by piece."""

from collections.abc import Iterator

import numpy as np

from components.failures import InputError
from components.recordings import filters, picking, resampling
from components.recordings.lane import Lane
from components.recordings.recording import Recording
from components.recordings.settings import Settings
from components.recordings.windowing import Batch, cut

_LONGEST = 2**53  # samples of a window or a stride, which float64 still counts one by one
_PIECE = 2**21  # values of a whole file that are held together: 16 MiB as float64


class Prepared:
    """A recording made ready as `settings` say; nothing of it is read before `windows`.

    Attributes:
        channels: names, in the order of the windows.
        unit: of the windows.
        sampling_rate: of the windows, in Hz.
        samples: how many there are at that rate; 0 of a recording too short for the filters.
        window, stride: in samples.

    Raises:
        InputError: a channel is missing, a unit is not known, rates are mixed, or a filter does
            not fit the sampling rate; with the option that mends it.
    """

    def __init__(self, recording: Recording, settings: Settings) -> None:
        self.recording, self._settings = recording, settings
        self._picks = picking.picked(recording, settings.channels)
        chosen = [recording.channels[pick] for pick in self._picks]
        self.channels = tuple(channel.name for channel in chosen)
        self.bad = tuple(channel.name for channel in chosen if channel.bad)
        self.unit = picking.unit_of(recording, self._picks, settings)
        factors = picking.factors(recording, self._picks, self.unit, settings)
        self._factors = np.array(factors)
        rates = list(dict.fromkeys(channel.sampling_rate for channel in chosen))
        if settings.sampling_rate is None and len(rates) > 1:
            told = " and ".join(f"{rate:g}" for rate in rates)
            raise InputError(
                f"{recording.path}: its channels were sampled at {told} Hz; ask for one rate by "
                "--resample, or for fewer channels by --channels"
            )
        self.sampling_rate = settings.sampling_rate or rates[0]
        self._rows = [
            [row for row, channel in enumerate(chosen) if channel.sampling_rate == rate]
            for rate in rates
        ]
        self._rates = rates
        self.samples = min(self._length(rate) for rate in rates)
        self.window = _samples("window", settings.window, self.sampling_rate)
        self.stride = _samples("stride", settings.stride, self.sampling_rate)

    def starts(self) -> np.ndarray:
        """First samples of all whole windows, a stride apart from the recording's beginning."""
        return np.arange(0, self.samples - self.window + 1, self.stride)

    def windows(self, starts: np.ndarray | None = None) -> Iterator[Batch]:
        """Reads the recording once and gives windows in the order of their starts.

        Args:
            starts: (N,) first samples, ascending; all of `starts()` where None is given.

        Yields:
            `Batch` of `places` (n,) in `starts`, `data` (n, C, T) float32 in `unit`, and `finite`
            (n,): whether every value that the window was made of was. A batch takes a few MB.

        Raises:
            BrokenRecording: the file holds something else than its header promised.
        """
        wanted = self.starts() if starts is None else np.asarray(starts, dtype=np.int64)
        lanes = [self._lane(rows, rate) for rows, rate in zip(self._rows, self._rates, strict=True)]
        pieces = self._joined(lanes)
        yield from cut(pieces, wanted, self.window, self.sampling_rate, [x.mending for x in lanes])

    def _joined(self, lanes: list[Lane]) -> Iterator[np.ndarray]:
        """(C, n) of all lanes, as far as the slowest of them has come."""
        all_rates = sum(channel.sampling_rate for channel in self.recording.channels)
        seconds = _PIECE / all_rates
        total = max(lane.seconds for lane in lanes)
        for number in range(int(total / seconds) + 1):
            for lane in lanes:
                lane.advance(number * seconds, (number + 1) * seconds)
            yield self._take(lanes, min(lane.ready for lane in lanes))
        for lane in lanes:
            lane.finish()
        yield self._take(lanes, min(lane.ready for lane in lanes))

    def _take(self, lanes: list[Lane], count: int) -> np.ndarray:
        if len(lanes) == 1:
            return lanes[0].take(count)
        out = np.empty((len(self.channels), count))
        for lane, rows in zip(lanes, self._rows, strict=True):
            out[rows] = lane.take(count)
        return out

    def _lane(self, rows: list[int], rate: float) -> Lane:
        samples = min(self.recording.channels[self._picks[row]].samples for row in rows)
        stages = []
        if (sos := filters.designed(self._settings, rate)) is not None:
            zero = self._settings.phase == "zero"
            stages.append(filters.ZeroPhase(sos) if zero else filters.Causal(sos))
        if rate != self.sampling_rate:
            stages.append(resampling.Resampling(self._ratio(rate)))
        picks = [self._picks[row] for row in rows]
        return Lane(self.recording, picks, self._factors[rows, None], rate, samples, stages)

    def _ratio(self, rate: float):
        return resampling.ratio(rate, self.sampling_rate, str(self.recording.path))

    def _length(self, rate: float) -> int:
        """Samples that the channels of one rate come to."""
        own = min(
            self.recording.channels[pick].samples
            for pick in self._picks
            if self.recording.channels[pick].sampling_rate == rate
        )
        try:
            sos = filters.designed(self._settings, rate)
        except InputError as error:
            raise InputError(f"{self.recording.path}: {error}") from None
        if sos is not None and self._settings.phase == "zero" and own <= filters.edge_of(sos):
            return 0
        return own if rate == self.sampling_rate else resampling.length(own, self._ratio(rate))


def _samples(key: str, seconds: float, rate: float) -> int:
    if not seconds * rate < _LONGEST:
        raise InputError(
            f"--{key}: {seconds:g} s are too many samples at {rate:g} Hz; ask for a shorter one"
        )
    return max(1, round(seconds * rate))
