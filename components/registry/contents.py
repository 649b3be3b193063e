"""What belongs to a tuned model, and the digest that names it."""

import hashlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from components import storage
from components.artifacts import CONFIG, HISTORY, LEARNING_RATES, MODEL
from components.failures import InputError, first_line

FILES = (MODEL, CONFIG, LEARNING_RATES, HISTORY)
NEEDED = {MODEL, CONFIG}
_BLOCK = 4 * 2**20


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that belongs to a tuned model, by name.

    Raises:
        InputError: the folder is not that of a tuned model.
    """
    there = [name for name in FILES if (folder / name).is_file()]
    if not set(there) >= NEEDED:
        raise InputError(f"{folder}: no tuned model; it needs {CONFIG} and {MODEL}")
    return {name: sha256(str(folder / name)) for name in there}


def fingerprint(files: Mapping[str, str]) -> str:
    """The one digest that stands for all of a model's files."""
    lines = "".join(f"{name} {files[name]}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def config(file: Path) -> dict[str, Any]:
    """A tuned model's configuration, without running anything of it.

    Raises:
        InputError: it is not one.
    """
    try:
        found = yaml.safe_load(file.read_bytes())
        _ = found["model"], found["classification_type"], found["objective"]
    except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{file}: is not that of a tuned model ({first_line(error)})") from error
    return found


def facts_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a model's task."""
    known = {key: config.get(key) for key in ("classification_type", "num_classes", "num_outputs")}
    return {**known, "classes": list((config.get("provenance") or {}).get("classes") or [])}


def sha256(uri: str) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with closing(storage.open_binary(uri)) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
