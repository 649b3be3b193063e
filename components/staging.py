"""A dataset's splits as local files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from components import storage
from components.failures import InputError
from components.storage.address import local_path


def try_ahead(dataset: str, splits: Sequence[str]) -> None:
    """Begins to look whether local splits can be read without harm, for who imports torch first.

    It takes another process half a second a file; nothing is told here, but when they are opened.
    """
    from components.hdf5 import warden

    with suppress(InputError):  # it is no dataset; the step says so
        places = [storage.join(dataset, f"{split}.h5") for split in splits]
        if storage.is_here(dataset):
            warden.vet_ahead([local_path(place) for place in places])


@contextmanager
def staged(
    dataset: str, splits: Sequence[str], fingerprints: Mapping[str, str] | None = None
) -> Iterator[dict[str, Path]]:
    """Fetches splits of a dataset for as long as the block lasts; local files stay in place.

    Args:
        dataset: URI of a folder or prefix with `<split>.h5`.
        fingerprints: what each split was when it was checked; another one is refused.

    Raises:
        Failure: the disk of `TMPDIR` is too small.
        InputError, ServiceError: a split can't be had.
    """
    with storage.scratch("biotune-data-") as scratch:
        yield {
            split: storage.fetch(
                storage.join(dataset, f"{split}.h5"),
                scratch,
                fingerprint=(fingerprints or {}).get(split),
            )
            for split in splits
        }
