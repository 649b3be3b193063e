"""Opens a checkpoint of any format, from anywhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from components import storage
from components.checkpoint import kinds, safetensors, shards, torch_zip
from components.checkpoint.contents import Checkpoint, printable
from components.checkpoint.tensors import Source
from components.failures import Failure, InputError
from components.storage import Stat, shown


@contextmanager
def open_checkpoint(
    uri: str, *, fingerprint: str | None = None, whole: bool = False
) -> Iterator[Checkpoint]:
    """Opens a Lightning `.ckpt`, a torch state dict, or safetensors in one file or several.

    What it is, its bytes tell, not its name. Nothing that is pickled inside is run or imported.
    The headers alone are read; tensors' bytes are when their `chunks` are asked for.

    Args:
        uri: a file, or for safetensors in several files their index or its folder.
        fingerprint: of `stat`; another file than that is refused.
        whole: has all of it brought here first and held against its ETag, for who takes numbers
            out of it: a byte that changed on its way from S3 would be a wrong weight.

    Raises:
        InputError: missing, damaged, no checkpoint, or not the file of the fingerprint.
        ServiceError: S3 out of reach.
    """
    with ExitStack() as stack:
        opener = storage.open_whole if whole else storage.open_binary
        yield _opened(_file(uri), fingerprint, stack, opener)


def stat(uri: str) -> Stat:
    """Size and fingerprint of a checkpoint, over all files if there are several.

    Raises:
        InputError, ServiceError: see `open_checkpoint`.
    """
    uri = _file(uri)
    places = _places(uri)
    return storage.stat(uri) if places is None else shards.stat(uri, places)


def _file(uri: str) -> str:
    return shards.index_in(uri) if storage.is_folder(uri) else uri


def _opened(
    uri: str, fingerprint: str | None, stack: ExitStack, opener: Callable[..., Any]
) -> Checkpoint:
    places = _places(uri)
    if places is None:
        source = Source(stack.enter_context(opener(uri, fingerprint=fingerprint)), uri)
        with _damage_told(uri):
            form = torch_zip if kinds.kind_of(source) == kinds.TORCH_ZIP else safetensors
            return form.read(source)
    if fingerprint is not None and shards.stat(uri, places).fingerprint != fingerprint:
        raise InputError(
            f"{shown(uri)}: the files are not those that were checked before ({fingerprint}); "
            "run again from the start, with the files left alone"
        )
    return shards.joined(
        uri, places, [_shard(shard, stack, opener) for shard in shards.shard_uris(uri, places)]
    )


def _places(uri: str) -> dict[str, str] | None:
    """The index at `uri`, or None if one file is all."""
    with storage.open_binary(uri) as file, _damage_told(uri):
        source = Source(file, uri)
        return shards.read_index(source) if kinds.kind_of(source) == kinds.INDEX else None


def _shard(uri: str, stack: ExitStack, opener: Callable[..., Any]) -> Checkpoint:
    source = Source(stack.enter_context(opener(uri)), uri)
    with _damage_told(uri):
        if kinds.kind_of(source) != kinds.SAFETENSORS:
            raise source.refusal("is listed in an index, but is no safetensors file")
        return safetensors.read(source)


@contextmanager
def _damage_told(uri: str) -> Iterator[None]:
    """The one place where what damaged or hostile bytes lead to becomes one line."""
    try:
        yield
    except Failure:
        raise
    except RecursionError as error:
        raise InputError(f"{shown(uri)}: is nested too deeply to be a checkpoint") from error
    except MemoryError as error:
        raise InputError(f"{shown(uri)}: its header is too large for this memory") from error
    except Exception as error:
        # Any error can come of any bytes: zip, pickle, JSON, numbers beyond bounds, ...
        reason = printable(f"{type(error).__name__}: {error}")
        raise InputError(
            f"{shown(uri)}: the file is damaged or no checkpoint ({reason}); "
            "download or copy it again"
        ) from error
