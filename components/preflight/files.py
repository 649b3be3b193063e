"""Finds the splits of a dataset; what is not there is told with what is there instead."""

import difflib
import os
from contextlib import suppress

from components import hdf5, storage
from components.failures import InputError
from components.preflight import lookalikes, samples
from components.preflight.found import Found
from components.storage import shown

_SHOWN = 5
_FILES = " and ".join((", ".join(f"{split}.h5" for split in hdf5.SPLITS)).rsplit(", ", 1))


def dataset(uri: str, findings: list[str]) -> dict[str, Found]:
    """Reads the header of each split, and a few of its windows."""
    found: dict[str, Found] = {}
    refused: dict[str, str] = {}
    for split in hdf5.SPLITS:
        try:
            found[split] = _split(storage.join(uri, f"{split}.h5"))
        except InputError as error:
            refused[split] = str(error)
    findings += _told(uri, refused)
    return found


def nearby(uri: str, asked: str = "did you mean {}?") -> str:
    """What lies beside a file or folder that is not there, to end a message; "" if it is there.

    Args:
        asked: what to say of the name that is most alike.
    """
    if os.environ.get("BIOTUNE_IMAGE") and "://" not in uri:  # set in our containers
        return (
            "; this is a container, which sees nothing of another machine: give an s3:// URI, or "
            "a path below a volume that is mounted here"
        )
    parent, _, name = uri.rstrip("/").rpartition("/")
    held: list[str] = []
    with suppress(InputError):  # of a folder that is not there either, or may not be read
        held = storage.listing(parent or ("/" if uri.startswith("/") else "."))
    if not held or name in held:
        return ""
    if near := difflib.get_close_matches(name, held, n=1):
        near_uri = storage.join(parent, near[0]) if parent else near[0]
        return f"; {asked.format(shown(near_uri))}"
    more = ", ..." if len(held) > _SHOWN else ""
    return f"; {shown(parent) or 'this folder'} holds {', '.join(held[:_SHOWN])}{more}"


def _split(uri: str) -> Found:
    stat = storage.stat(uri)
    with storage.open_binary(uri, fingerprint=stat.fingerprint) as stream:
        lookalikes.refuse(stream, shown(uri))
        try:
            header = hdf5.read_header(stream, shown(uri))
            sample = samples.take(stream, header, shown(uri))
        except InputError as error:
            if told := lookalikes.cut_off(str(error)):
                raise InputError(f"{shown(uri)}: {told}") from error
            raise
    return Found(uri, stat.size, stat.fingerprint, header, sample)


def _told(uri: str, refused: dict[str, str]) -> list[str]:
    """A line for each split; one for all where it is the folder that is wrong."""
    if len(refused) == len(hdf5.SPLITS):
        if uri.rstrip("/").lower().endswith((".h5", ".hdf5")):
            where = uri.rstrip("/").rpartition("/")[0] or "."
            return [f"{shown(uri)}: names a file; give the folder of {_FILES}: {shown(where)}"]
        names = {split: shown(storage.join(uri, f"{split}.h5")) for split in refused}
        reasons = {refused[split].removeprefix(f"{name}: ") for split, name in names.items()}
        if len(reasons) == 1 and not _there(uri):
            return [f"{shown(uri)}: {reasons.pop()}{nearby(uri)}"]
        if len(reasons) == 1:
            return [f"{shown(uri)}: {reasons.pop()} (so for {_FILES} alike)"]
    lines = []
    for split, line in refused.items():
        file = storage.join(uri, f"{split}.h5")
        lines.append(line if _there(file) else f"{line}{nearby(file, 'rename {} if that is it')}")
    return lines


def _there(uri: str) -> bool:
    with suppress(InputError):
        return storage.exists(uri)
    return False
