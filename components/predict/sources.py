"""Where windows come from: an HDF5 file, a split of a dataset, or recordings."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components import flaws, storage
from components.failures import InputError
from components.hdf5 import SPLITS, Header
from components.predict import made_as
from components.predict.batch import Source
from components.predict.recordings import Recordings
from components.predict.windows import Split
from components.recordings import SUFFIXES, find
from components.storage.address import local_path, scheme

Hold = Callable[[Header, str], None]


@contextmanager
def opened(
    data: str,
    config: Mapping[str, Any],
    hold: Hold,
    policy: flaws.Policy,
    *,
    split: str = "test",
    skip_broken: bool = False,
    **making: Any,
) -> Iterator[Source]:
    """Opens data for as long as the block lasts; what lies in S3 is fetched before.

    Args:
        data: URI of an HDF5 file, of a folder with `<split>.h5`, of a recording, or of a folder
            of recordings.
        config: the tuned model's.
        hold: refuses what is not the model's kind of data.
        making: of windows; see `made_as.settings`.

    Raises:
        InputError, ServiceError: it can't be had, read, or used, or an option is not for it.
        Failure: the disk of `TMPDIR` is too small.
    """
    held = storage.listing(data) if storage.is_folder(data) else None
    with storage.scratch("biotune-data-") as folder:
        if held is not None and any(f"{name}.h5" in held for name in SPLITS):
            data, held = storage.join(data, f"{split}.h5"), None
        if held is None and Path(data).suffix.lower() not in SUFFIXES:
            name = storage.shown(data)
            _refuse_making(making, name)
            source = Split(storage.fetch(data, folder), name, policy, give_up=skip_broken)
            hold(source.header, name)
            yield source
            return
        settings = made_as.settings(config, **making)
        paths = _fetched(data, held, folder)
        yield Recordings(find(paths), settings, hold, give_up=skip_broken)


def _refuse_making(making: Mapping[str, Any], name: str) -> None:
    given = [key for key, value in making.items() if value not in (None, "")]
    if given:
        raise InputError(
            f"--{given[0].replace('_', '-')}={making[given[0]]}: is for recordings, and {name} "
            "holds windows as they are; leave it out"
        )


def _fetched(data: str, held: list[str] | None, folder: Path) -> list[Path]:
    if scheme(data) == "file":
        return [local_path(data)]
    if held is None:
        return [storage.fetch(data, folder)]
    names = [name for name in held if Path(name).suffix.lower() in SUFFIXES]
    if not names:
        raise InputError(
            f"{storage.shown(data)}: neither {', '.join(f'{s}.h5' for s in SPLITS)} nor "
            f"recordings directly below; they end in {', '.join(SUFFIXES)}"
        )
    for name in names:
        storage.fetch(storage.join(data, name), folder)
    return [folder]
