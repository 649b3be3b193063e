"""JSON records in a registry: read with suspicion, written in one form."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from components import storage
from components.failures import InputError

FORMAT = 1
Record = TypeVar("Record")


def read(uri: str, parse: Callable[[Mapping[str, Any]], Record], fix: str) -> tuple[Record, str]:
    """Reads a record and holds it against its form.

    Args:
        parse: makes the record of a JSON object; raises KeyError, TypeError or ValueError.
        fix: what to do about one that can't be read, for the message.

    Returns:
        The record and the fingerprint of its file.

    Raises:
        storage.Missing: there is none.
        InputError: it is not what we write.
    """
    content, fingerprint = storage.read(uri)
    try:
        data = json.loads(content, parse_constant=_refuse)
        if not isinstance(data, dict):
            raise ValueError("no JSON object")
        if data.get("format") != FORMAT:
            raise ValueError(f"its format is {data.get('format')!r}, not {FORMAT}")
        return parse(data), fingerprint
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(
            f"{storage.shown(uri)}: is spoilt ({reason[:200]}); nothing was changed; {fix}"
        ) from error


def as_bytes(data: Mapping[str, Any]) -> bytes:
    """The JSON of a record, for people to read too.

    Raises:
        ValueError: a NaN or an infinity, which is no JSON.
    """
    return (json.dumps({"format": FORMAT, **data}, indent=1, allow_nan=False) + "\n").encode()


def now() -> str:
    """The time as it stands in records."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest(value: Any) -> str:
    """A SHA-256 in 64 hexadecimal digits: alone what may become a part of a path."""
    text_ = text(value)
    if len(text_) != 64 or set(text_) - set("0123456789abcdef"):
        raise ValueError(f"{text_[:80]!r} is no SHA-256")
    return text_


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is no text")
    return value


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.80} is no object")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
