"""Opens a checkpoint of any format, from anywhere."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from components import storage
from components.checkpoint import kinds, members, safetensors, shards, torch_zip
from components.checkpoint.contents import Checkpoint, printable
from components.checkpoint.tensors import Source
from components.failures import Failure, InputError
from components.storage import Stat, shown

log = logging.getLogger("biotune")


@contextmanager
def open_checkpoint(
    uri: str, *, fingerprint: str | None = None, proved: bool = False
) -> Iterator[Checkpoint]:
    """Opens a Lightning `.ckpt`, a torch state dict, or safetensors in one file or several.

    What it is, its bytes tell, not its name. Nothing that is pickled inside is run or imported.
    The headers alone are read; tensors' bytes are when their `chunks` are asked for.

    Args:
        uri: a file, or for safetensors in several files their index or its folder.
        fingerprint: of `stat`; another file than that is refused.
        proved: for who takes numbers out of it: a byte that changed on its way from S3 would be a
            wrong weight. Of a file with checksums inside, as torch writes it, `bring` then has
            those tensors transferred that are wanted; any other is fetched whole, now, and held
            against its ETag.

    Raises:
        InputError: missing, damaged, no checkpoint, or not the file of the fingerprint.
        ServiceError: S3 out of reach.
    """
    with ExitStack() as stack:
        yield _opened(_file(uri), fingerprint, stack, proved)


def stat(uri: str) -> Stat:
    """Size and fingerprint of a checkpoint, over all files if there are several.

    A local file of torch is not read for it: the checksums of all that is in it change with it.

    Raises:
        InputError, ServiceError: see `open_checkpoint`.
    """
    uri = _file(uri)
    with storage.open_binary(uri) as file, _damage_told(uri):
        source = Source(file, uri)
        kind = kinds.kind_of(source)
        if kind == kinds.INDEX:
            return shards.stat(uri, shards.read_index(source))
        summed = kind == kinds.TORCH_ZIP and storage.is_here(uri)
        if summed and (fingerprint := members.fingerprint(source)) is not None:
            return Stat(uri, source.size, fingerprint)
    return storage.stat(uri)


def _file(uri: str) -> str:
    return shards.index_in(uri) if storage.is_folder(uri) else uri


def _opened(uri: str, fingerprint: str | None, stack: ExitStack, proved: bool) -> Checkpoint:
    places = _places(uri)
    if places is None:
        return _single(uri, fingerprint, stack, proved)
    if fingerprint is not None and shards.stat(uri, places).fingerprint != fingerprint:
        raise _other(uri, "files are not those that were", fingerprint)
    return shards.joined(
        uri, places, [_shard(shard, stack, proved) for shard in shards.shard_uris(uri, places)]
    )


def _places(uri: str) -> dict[str, str] | None:
    """The index at `uri`, or None if one file is all."""
    with storage.open_binary(uri) as file, _damage_told(uri):
        source = Source(file, uri)
        return shards.read_index(source) if kinds.kind_of(source) == kinds.INDEX else None


def _single(uri: str, fingerprint: str | None, stack: ExitStack, proved: bool) -> Checkpoint:
    by_sums = fingerprint is not None and fingerprint.startswith(members.FINGERPRINT)
    source = _source(uri, None if by_sums else fingerprint, stack, proved)
    with _damage_told(uri):
        is_zip = kinds.kind_of(source) == kinds.TORCH_ZIP
        if by_sums and not (is_zip and members.fingerprint(source) == fingerprint):
            raise _other(uri, "file is not the one that was", fingerprint)
        return (torch_zip if is_zip else safetensors).read(source)


def _source(uri: str, fingerprint: str | None, stack: ExitStack, proved: bool) -> Source:
    if not proved or storage.is_here(uri):
        return Source(stack.enter_context(storage.open_binary(uri, fingerprint=fingerprint)), uri)
    with ExitStack() as unless_kept:
        parts = unless_kept.enter_context(storage.open_parts(uri, fingerprint=fingerprint))
        source = Source(parts, uri, parts.bring)
        with _damage_told(uri):
            is_zip = kinds.kind_of(source) == kinds.TORCH_ZIP
            if is_zip and members.fingerprint(source) is not None:
                stack.push(unless_kept.pop_all())
                return source
    if is_zip:
        log.info("%s: was saved without checksums, and is fetched whole", shown(uri))
    return Source(stack.enter_context(storage.open_whole(uri, fingerprint=fingerprint)), uri)


def _other(uri: str, what: str, fingerprint: str) -> InputError:
    return InputError(
        f"{shown(uri)}: the {what} checked before ({fingerprint}); run again from the start, with "
        "the files left alone"
    )


def _shard(uri: str, stack: ExitStack, proved: bool) -> Checkpoint:
    opener = storage.open_whole if proved else storage.open_binary
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
