"""A tuned model's folder by its URI, and what names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components import storage
from components.artifacts import CONFIG, MODEL
from components.storage.address import local_path, scheme


@contextmanager
def at(uri: str) -> Iterator[Path]:
    """The folder here for as long as the block lasts; what lies in S3 is fetched.

    Args:
        uri: of finetune's output, or of a model in a registry.

    Raises:
        InputError, ServiceError: a file can't be had.
        Failure: the disk of `TMPDIR` is too small.
    """
    if scheme(uri) == "file":
        yield local_path(uri)
        return
    with storage.scratch("biotune-model-") as folder:
        for name in (CONFIG, MODEL):
            storage.fetch(storage.join(uri, name), folder)
        yield folder
