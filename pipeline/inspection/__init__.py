"""`biotune inspect`: tells what a checkpoint, a dataset or a tuned model is.

Headers alone are read, and of a dataset some windows; neither torch nor the model's code is needed.
"""

import json
from collections.abc import Sequence
from typing import Any

from components import storage
from components.artifacts import BACKBONE, CONFIG, MODEL
from components.failures import InputError

_SPLITS = {"train.h5", "val.h5", "test.h5"}
_HDF5 = b"\x89HDF\r\n\x1a\n"
_INDEX = ".safetensors.index.json"


def run(uri: str, overrides: Sequence[str] = (), as_json: bool = False) -> int:
    """Prints what `read` finds, for people or as one JSON object.

    Returns:
        The exit code, 0.

    Raises:
        InputError, ServiceError: see `read`.
    """
    found = read(uri, overrides)
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False))
        return 0
    from pipeline.inspection.display import show

    show(found)
    return 0


def read(uri: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """What a thing is, as plain JSON data under the keys `kind`, `uri` and those of its kind.

    Args:
        uri: a checkpoint, a dataset or one of its splits, a tuned model's folder, or the folder of
            a run; path, `file://` or `s3://`.
        overrides: tell a checkpoint's model, as in `model=waveform_transformer`; its tensors are
            then held against that model.

    Raises:
        InputError: nothing is there, or nothing that is known, or it can't be read.
        ServiceError: S3 out of reach.
    """
    kind, place = _recognised(uri)
    if overrides and kind != "checkpoint":
        raise InputError(
            f"{overrides[0]}: an override tells the model of a checkpoint, but "
            f"{storage.shown(uri)} is a {kind}; leave it out"
        )
    if kind == "checkpoint":
        from pipeline.inspection import weights

        return weights.read(place, overrides)
    if kind == "model":
        from pipeline.inspection import tuned

        return tuned.read(place)
    from pipeline.inspection import dataset

    return dataset.read_split(place) if kind == "split" else dataset.read(place)


def _recognised(uri: str) -> tuple[str, str]:
    """The kind ("checkpoint", "dataset", "split" or "model") and where it lies."""
    if not storage.is_folder(uri):
        with storage.open_binary(uri) as file:
            return ("split" if file.read(len(_HDF5)) == _HDF5 else "checkpoint"), uri
    names = storage.listing(uri)
    if _SPLITS & set(names):
        return "dataset", uri
    if {MODEL, CONFIG} <= set(names):
        return "model", uri
    if any(name.endswith(_INDEX) for name in names):
        return "checkpoint", uri
    for file in (MODEL, BACKBONE):
        if file in names:
            return "checkpoint", storage.join(uri, file)
    if "model" in names and storage.is_folder(storage.join(uri, "model")):  # the folder of a run
        return _recognised(storage.join(uri, "model"))
    held = ", ".join(map(storage.shown, names[:5])) or "nothing"
    raise InputError(
        f"{storage.shown(uri)}: is neither a dataset (train.h5, val.h5, test.h5) nor a tuned model "
        f"({MODEL}, {CONFIG}); it holds {held}; name a checkpoint's file itself"
    )
