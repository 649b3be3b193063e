"""Counts a dataset's subjects, from the headers of its files."""

from components import storage
from components.failures import InputError
from components.folds.assignment import EACH, counted
from components.hdf5 import SPLITS, read_header
from components.hdf5.selection import UNNAMED


def subjects(dataset: str) -> int:
    """How many folds leave-one-subject-out makes of a dataset.

    Raises:
        InputError: a file can't be read or names no subjects, or they are too few.
        ServiceError: the storage is out of reach.
    """
    names: set[str] = set()
    for split in SPLITS:
        uri = storage.join(dataset, f"{split}.h5")
        with storage.open_binary(uri) as stream:
            header = read_header(stream, storage.shown(uri))
        if header.subjects is None:
            raise InputError(UNNAMED.format(storage.shown(uri)))
        names |= set(header.subjects.tolist())
    return counted(names, EACH)
