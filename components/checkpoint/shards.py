"""Checkpoints in several safetensors files, listed in a `*.safetensors.index.json`."""

import hashlib
from collections.abc import Mapping
from typing import Any

from components import storage
from components.checkpoint import safetensors
from components.checkpoint.contents import Checkpoint, printable
from components.checkpoint.tensors import Source, TensorRef
from components.failures import InputError
from components.storage import Stat, shown

INDEX = ".safetensors.index.json"
_LARGEST_INDEX = 64 * 2**20
_MOST_FILES = 500  # they are open at the same time


def index_in(folder: str) -> str:
    """The URI of the one index in a folder.

    Raises:
        InputError: there is none, or there are two.
    """
    names = storage.listing(folder)
    found = [name for name in names if name.endswith(INDEX)]
    if len(found) == 1:
        return storage.join(folder, found[0])
    held = ", ".join(printable(name) for name in names[:5]) or "nothing"
    raise InputError(
        f"{shown(folder)}: is a folder with {len(found) or 'no'} *{INDEX} (it holds {held}); "
        "name the checkpoint file itself"
    )


def read_index(source: Source) -> dict[str, str]:
    """The file name of each tensor.

    Raises:
        InputError: it is no index, or leads out of its folder.
        Exception: of many kinds, if it is damaged.
    """
    if source.size > _LARGEST_INDEX:
        raise source.refusal("is a text file, not a checkpoint; give a .ckpt, .pt or .safetensors")
    content: Any = safetensors.parsed(source.read(0, source.size))
    places = content.get("weight_map") if type(content) is dict else None
    if type(places) is not dict or not places:
        raise source.refusal(
            f"is JSON, but no index of safetensors files (*{INDEX}, with a weight_map); "
            "give a .ckpt, .pt, .pth or .safetensors file"
        )
    for file in places.values():
        if type(file) is not str or not _is_name(file):
            raise source.refusal(f"its weight_map leads out of its folder ({ascii(file)[:80]})")
    if (count := len(set(places.values()))) > _MOST_FILES:
        raise source.refusal(f"lists {count:,} files; {_MOST_FILES} at most can be read")
    return places


def stat(uri: str, places: Mapping[str, str]) -> Stat:
    """Size of all files together, and a fingerprint that changes with any of them."""
    stats = [storage.stat(uri), *(storage.stat(shard) for shard in shard_uris(uri, places))]
    digest = hashlib.sha256("\n".join(found.fingerprint for found in stats).encode())
    return Stat(uri, sum(found.size for found in stats), f"sha256:{digest.hexdigest()}")


def shard_uris(uri: str, places: Mapping[str, str]) -> list[str]:
    """The URIs of the files that the index at `uri` lists, sorted."""
    folder = uri.rpartition("/")[0] if "/" in uri else "."
    return [storage.join(folder, name) for name in sorted(set(places.values()))]


def joined(uri: str, places: Mapping[str, str], shards: list[Checkpoint]) -> Checkpoint:
    """One checkpoint of several, whose tensors must be those that the index lists.

    Raises:
        InputError: a tensor is missing, or is not where the index has it.
    """
    tensors: dict[str, TensorRef] = {}
    for file, shard in zip(sorted(set(places.values())), shards, strict=True):
        strangers = [name for name in shard.tensors if places.get(name) != file]
        if strangers:
            raise InputError(
                f"{shown(shard.uri)}: holds {strangers[0]}, which the index does not place there; "
                "index and files are not of one checkpoint: download them again"
            )
        tensors |= shard.tensors
    missing = [name for name in places if name not in tensors]
    if missing:
        raise InputError(
            f"{shown(uri)}: lists {printable(missing[0])} in {places[missing[0]]}, which does not "
            "hold it; index and files are not of one checkpoint: download them again"
        )
    metadata = shards[0].metadata
    return Checkpoint(uri, "sharded safetensors", tensors, metadata, [], [])


def read_shard(source: Source) -> Checkpoint:
    """Reads the header of one of the files."""
    return safetensors.read(source)


def _is_name(text: str) -> bool:
    return text.isprintable() and text not in ("", ".", "..") and not set(text) & set("/\\:%?#")
