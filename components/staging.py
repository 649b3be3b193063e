"""A dataset's splits as local files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from components import storage


@contextmanager
def staged(
    dataset: str, splits: Sequence[str], fingerprints: Mapping[str, str] | None = None
) -> Iterator[dict[str, Path]]:
    """Fetches splits of a dataset for as long as the block lasts; local files stay in place.

    Args:
        dataset: URI of a folder or prefix with `<split>.h5`.
        fingerprints: what each split was when it was checked; another one is refused.
    """
    with TemporaryDirectory(prefix="biotune-data-") as scratch:
        yield {
            split: storage.fetch(
                storage.join(dataset, f"{split}.h5"),
                Path(scratch),
                fingerprint=(fingerprints or {}).get(split),
            )
            for split in splits
        }
