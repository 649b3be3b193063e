"""A single file as a command's output: whole or not at all, and never in another one's place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components import storage
from components.failures import InputError
from components.storage.address import local_path, scheme
from components.storage.places import beside


@contextmanager
def appearing(output: str) -> Iterator[Path]:
    """A path to write to, which becomes `output` when the block succeeds.

    Args:
        output: a path, `file://` or `s3://` URI where nothing is yet.

    Raises:
        InputError: something is there, or the place can't be written.
        Failure: the disk is full.
        ServiceError: S3 out of reach.
    """
    _refuse_content(output)
    if scheme(output) == "s3":
        with storage.scratch("biotune-output-") as folder:
            file = folder / output.rpartition("/")[2]
            yield file
            storage.put(file, output)
        return
    with beside(local_path(output)) as file:
        yield file
        _refuse_content(output)  # another run may have been quicker


def _refuse_content(output: str) -> None:
    if output.endswith("/") or storage.exists(output):
        said = "is a folder" if output.endswith("/") else "is there already"
        raise InputError(
            f"--output={storage.shown(output)}: {said}; nothing is overwritten: name another file"
        )
