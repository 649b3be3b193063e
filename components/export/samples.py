"""Windows to hold an exported model against the one that it was made of."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from components import flaws, signal, storage
from components.encoder import Network
from components.failures import InputError
from components.hdf5 import Header
from components.hdf5.blocks import blocks_of, open_file, readable
from components.hdf5.header import header_of
from components.hdf5.slabs import Slabs

log = logging.getLogger("biotune")

MOST = 210  # windows: five times all sizes of a batch
_LARGEST = 2**24  # values of a window that is made up


def real(
    data: str, split: str, config: Mapping[str, Any], allowed: Mapping[str, Any]
) -> tuple[np.ndarray, Header]:
    """Windows (N, C, T) from all over a split, without those that a model can't take.

    Args:
        data: URI of an HDF5 file, or of a folder with `<split>.h5`; labels are not looked at.
        config: the tuned model's.
        allowed: `data.allow_*` of the user's configuration.

    Raises:
        InputError: they can't be read, or are not the model's kind of data.
    """
    file_uri = storage.join(data, f"{split}.h5") if storage.is_folder(data) else data
    with storage.scratch("biotune-data-") as folder:
        file = storage.fetch(file_uri, folder)
        name = storage.shown(file_uri)
        with open_file(file, name) as opened, readable(name):
            header = header_of(opened, name, labelled=False)
            signal.hold(header, {**config, "data": allowed}, name)
            places = np.unique(np.linspace(0, header.windows - 1, MOST).astype(int))
            windows = np.empty((len(places), header.channels, header.samples), np.float32)
            arrays = [data for data, _ in blocks_of(opened, name, labelled=False)]
            Slabs(arrays).read(places, windows)
    windows *= np.float32(header.scale)
    sound = ~flaws.find(windows)[flaws.NOT_FINITE].any(1)
    if not sound.any():
        raise InputError(f"{name}: no window without NaN; give other data")
    return windows[sound], header


def made_up(config: Mapping[str, Any], network: Network) -> np.ndarray:
    """Noise (N, C, T) of the amplitude that the model's normalisation expects.

    Raises:
        InputError: nothing says what shape a window has.
    """
    expected = config["model"].get("signal") or {}
    channels = len(config.get("channels") or ()) or expected.get("channels")
    samples = expected.get("window")
    if not (isinstance(channels, int) and isinstance(samples, int)):
        raise InputError("--data: the model does not say the shape of its windows; give some")
    if channels * samples > _LARGEST:
        raise InputError(
            f"--data: windows of {channels} x {samples} are too many values; give some"
        )
    log.warning("no --data: the check is made on noise; real windows say more")
    scale = network.normalization
    middle, width = getattr(scale, "lower", -0.5), getattr(scale, "width", 1.0)
    noise = np.random.default_rng(0).standard_normal((MOST, channels, samples))
    return (middle + width * (0.5 + noise / 1.35)).astype(np.float32)
