"""What of this machine a step's container sees: its inputs, read-only, and what it writes to."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docker.types import Mount

from components.failures import InputError
from components.storage.address import local_path, scheme

SEARCH_PATH = re.compile(r"hydra\.searchpath=(.*)", re.DOTALL)
# Files that these name, or that the AWS libraries look for where they name none.
AWS_FILES = {
    "AWS_CA_BUNDLE": "",
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "",
}


def inputs(
    checkpoint: str,
    dataset: str,
    overrides: Sequence[str],
    further: Iterable[Path] = (),
    written: Iterable[str] = (),
) -> list[Mount]:
    """A mount for each local file or folder of a run; what is to be read and isn't is left out.

    Args:
        checkpoint: path or URI.
        dataset: path or URI.
        overrides: may name folders in `hydra.searchpath`.
        further: what the user names besides.
        written: paths or URIs of folders that it also writes to; made if they are not there.

    Raises:
        InputError: one of `written` can't be.
    """
    places = [*map(Path, further), *_searched(overrides)]
    for uri in (checkpoint, dataset):
        if uri and _local(uri):
            places.append(local_path(uri))
    seen = {target: source for place in places for target, source in _visible(place)}
    ours = {place: place.resolve() for place in map(_made, filter(_local, written))}
    return [
        Mount(target=str(target), source=str(source), type="bind", read_only=target not in ours)
        for target, source in sorted({**seen, **ours}.items())
    ]


def aws(environment: Mapping[str, str]) -> tuple[dict[str, str], list[Mount]]:
    """The AWS variables for a container, and mounts of the files that they name."""
    found = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    mounts = []
    for name, usual in AWS_FILES.items():
        place = Path(environment.get(name) or usual).expanduser().absolute()
        if place.is_file():
            found[name] = str(place)
            source = str(place.resolve())
            mounts.append(Mount(target=str(place), source=source, type="bind", read_only=True))
    return found, mounts


def _searched(overrides: Sequence[str]) -> Iterator[Path]:
    for override in overrides:
        if found := SEARCH_PATH.match(override):
            for place in re.findall(r"file://([^,\]'\"]+)", found.group(1)):
                yield Path(place.strip())


def _local(uri: str) -> bool:
    return scheme(uri) == "file"


def _made(uri: str) -> Path:
    """The folder; docker would make it root's."""
    place = Path(os.path.abspath(local_path(uri)))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{uri}: cannot be written ({error.strerror})") from error
    return place


def _visible(place: Path) -> Iterator[tuple[Path, Path]]:
    """Where a container must see what, for a place and for what its links lead to."""
    place = Path(os.path.abspath(place))
    if not place.exists():
        return
    # A sharded checkpoint is named by its index, and its shards lie beside it.
    place = place.parent if place.name.endswith(".index.json") else place
    yield place, place.resolve()
    if not place.is_dir():
        return
    for name in place.iterdir():
        if name.is_symlink() and name.exists():
            target = os.path.normpath(os.path.join(place, os.readlink(name)))
            yield Path(target), name.resolve()
