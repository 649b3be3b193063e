"""Files on this machine: the `file` half of storage."""

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from components.failures import InputError
from components.storage.address import local_path, shown
from components.storage.places import REASONS, as_failures, beside, require_space


def open_binary(uri: str, fingerprint: str | None) -> BinaryIO:
    """See `components.storage.open_binary`."""
    path = _file(uri)
    if fingerprint is not None:
        _verify(uri, path, fingerprint)
    with as_failures(uri):
        return path.open("rb")


def stat(uri: str) -> tuple[int, str]:
    """Size in bytes and fingerprint."""
    path = _file(uri)
    with as_failures(uri):
        return path.stat().st_size, _digest(path)


def exists(uri: str) -> bool:
    """Whether a file or folder is there."""
    with as_failures(uri):
        return local_path(uri).exists()


def is_folder(uri: str) -> bool:
    """Whether a folder is there."""
    with as_failures(uri):
        return local_path(uri).is_dir()


def listing(uri: str) -> list[str]:
    """Names directly below a folder, sorted."""
    with as_failures(uri):
        return sorted(os.listdir(local_path(uri)))


def fetch(uri: str, into: Path, fingerprint: str | None) -> Path:
    """The file's own path: what is here already is not copied."""
    with open_binary(uri, fingerprint):
        return local_path(uri)


def put(sources: list[tuple[Path, str]], uri: str) -> None:
    """Copies each file to its place below `uri`; an empty relative name is `uri` itself."""
    for source, below in sources:
        target = local_path(uri) / below
        if target.is_dir():
            raise InputError(f"{shown(str(target))}: is a folder where a file would be written")
        with beside(target) as partial:
            require_space(target.parent, source.stat().st_size)
            shutil.copy(source, partial)


def sources(path: Path) -> list[tuple[Path, str]]:
    """The file or the files below a folder, each with its name relative to `path`.

    Raises:
        InputError: nothing is there.
    """
    with as_failures(path):
        is_file = path.is_file()
        files = [path] if is_file else sorted(p for p in path.rglob("*") if p.is_file())
    if not files:
        raise InputError(f"{shown(str(path))}: no file is there; nothing can be stored")
    return [(file, "" if is_file else file.relative_to(path).as_posix()) for file in files]


def _file(uri: str) -> Path:
    path = local_path(uri)
    with as_failures(uri):
        if path.is_dir():
            raise InputError(f"{shown(uri)}: {REASONS[errno.EISDIR]}")
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _verify(uri: str, path: Path, fingerprint: str) -> None:
    with as_failures(uri):
        if _digest(path) != fingerprint:
            raise InputError(
                f"{shown(uri)}: the file is not the one that was checked before "
                f"({fingerprint}); run again from the start, with the file left alone"
            )
