"""A dataset's splits as local files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from components import storage


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
