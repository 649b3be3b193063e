"""What of this machine a step's container sees: its inputs, read-only and under the same path."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docker.types import Mount

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
    checkpoint: str, dataset: str, overrides: Sequence[str], further: Iterable[Path] = ()
) -> list[Mount]:
    """A mount for each local file or folder that a run reads; what isn't there is left out.

    Args:
        checkpoint: path or URI.
        dataset: path or URI.
        overrides: may name folders in `hydra.searchpath`.
        further: what the user names besides.
    """
    places = [*map(Path, further), *_searched(overrides)]
    for uri in (checkpoint, dataset):
        if uri and scheme(uri) == "file":
            places.append(local_path(uri))
    seen = {target: source for place in places for target, source in _visible(place)}
    return [
        Mount(target=str(target), source=str(source), type="bind", read_only=True)
        for target, source in sorted(seen.items())
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
