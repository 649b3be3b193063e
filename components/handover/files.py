"""A folder's files at a place: put there with their digests, brought back under their names."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from components import storage
from components.resume import slots


def put(folder: Path, uri: str) -> dict[str, dict[str, Any]]:
    """Puts a folder's files at a place, and verifies them.

    Returns:
        Object, size and digest of each file, by its name.
    """
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return slots.put(uri, files, {})


def fetch(uri: str, named: slots.Named, folder: Path, *, link: bool = False) -> None:
    """Brings files into a folder, each held against its digest.

    Args:
        folder: made if it is not there.
        link: whether a link will do for what lies on a disk of this machine.

    Raises:
        InputError: a file is missing, torn or was changed, or its name leads out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=folder) as scratch:
        for name, file in slots.fetch(uri, named, Path(scratch)).items():
            target = Path(storage.join(str(folder), name))
            target.parent.mkdir(parents=True, exist_ok=True)
            if not storage.is_here(uri):
                os.link(file, target)  # from the scratch folder beside it
            elif link:
                target.symlink_to(Path(file).resolve())
            else:
                shutil.copyfile(file, target)
