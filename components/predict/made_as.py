"""How the windows of a model's training were made of recordings."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components import storage
from components.failures import InputError
from components.hdf5.blocks import open_file, readable
from components.hdf5.columns import attribute, texts
from components.recordings import Settings

log = logging.getLogger("biotune")


def settings(
    config: Mapping[str, Any],
    *,
    like: str = "",
    stride: float | None = None,
    assume_unit: str | None = None,
    sampling_rate: float | None = None,
) -> Settings:
    """The settings of a dataset's conversion, or else what the model's signal asks for.

    Args:
        config: the tuned model's.
        like: URI of a converted HDF5 file, or a folder with `train.h5`; "" for none.
        stride: in seconds; None for that of the conversion.
        assume_unit: of files that name none; None for what the conversion assumed.
        sampling_rate: in Hz, of files that tell none; None for what the conversion assumed.

    Raises:
        InputError: the dataset is none of `biotune convert`'s, or nothing says how long a window
            is.
    """
    made = _of_dataset(like) if like else _of_model(config)
    asked = {"stride": stride, "assumed_unit": assume_unit, "assumed_rate": sampling_rate}
    return replace(made, **{key: value for key, value in asked.items() if value is not None})


def _of_dataset(like: str) -> Settings:
    uri = storage.join(like, "train.h5") if storage.is_folder(like) else like
    with storage.scratch("biotune-data-") as folder:
        file = storage.fetch(uri, folder)
        name = storage.shown(uri)
        with open_file(file, name) as opened, readable(name):
            text = "".join(texts(attribute(opened, "conversion", name)))
    if not text:
        raise InputError(f"--like={name}: was not made by biotune convert; leave --like out")
    return Settings.from_json(text, name)


def _of_model(config: Mapping[str, Any]) -> Settings:
    provenance = config.get("provenance")
    text = provenance.get("conversion") if isinstance(provenance, Mapping) else None
    if text:
        return Settings.from_json(str(text), "the model's config.yaml")
    expected = config["model"].get("signal") or {}
    rate, window = expected.get("sampling_rate"), expected.get("window")
    if not (isinstance(rate, int | float) and isinstance(window, int) and rate > 0):
        raise InputError(
            "--like: the model does not say how windows are made of recordings; name the dataset "
            "that biotune convert made for its training"
        )
    log.warning(
        "the model does not say how its recordings were filtered: taken as they are, at %g Hz in "
        "windows of %g s; --like DATASET repeats the conversion of a dataset",
        rate,
        window / rate,
    )
    channels = tuple(map(str, config.get("channels") or ()))
    seconds = window / rate
    return Settings(seconds, seconds, channels, expected.get("unit"), float(rate))
