"""Finds a secret in whatever a program left: as it is, encoded, compressed, packed."""

import base64
import binascii
import gzip
import html
import io
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_DEEPEST = 5  # archives within archives


def leaks(secrets: Iterable[str], *places: Path | bytes | str | Any) -> list[str]:
    """Where which secret stands.

    Args:
        secrets: what must be nowhere.
        places: folders (file names count, too), files, text, bytes, or data for JSON.
    """
    wanted = {secret: forms(secret) for secret in secrets}
    return [
        f"{secret} in {name}"
        for place in places
        for name, content in _contents(place)
        for view in _views(content)
        for secret, known in wanted.items()
        if any(form in view for form in known)
    ]


def forms(secret: str) -> set[bytes]:
    """The ways in which a secret may be written."""
    plain = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        quote(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        secret.replace("/", "\\/"),
        plain.hex(),
        secret[::-1],
    }
    found = {text.encode() for text in texts} | {secret.encode("utf-16-le")}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):  # where it begins within a group of three bytes
            encoded = encode(b"\0" * offset + plain)
            # The characters at both ends hang on what stands beside it.
            found.add(encoded[4 if offset else 0 : len(encoded) - 4])
    return {form for form in found if len(form) >= 8}


def _contents(place: Any) -> Iterator[tuple[str, bytes]]:
    if isinstance(place, Path):
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            yield f"the name of {file}", str(file).encode()
            if file.is_file():
                yield str(file), file.read_bytes()
    elif isinstance(place, bytes):
        yield "bytes", place
    elif isinstance(place, str):
        yield f"text ({place[:60]!r}...)", place.encode()
    else:
        yield "data", json.dumps(place, default=str, ensure_ascii=False).encode()


def _views(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The content, and what is packed in it."""
    yield content
    if depth < _DEEPEST:
        for inner in _unpacked(content):
            yield from _views(inner, depth + 1)


def _unpacked(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            yield from (archive.extractfile(m).read() for m in archive if m.isfile())
    elif content[:1] == b"\x78":
        try:
            yield zlib.decompress(content)
        except zlib.error:
            return
    elif len(content) < 4 * 2**20:
        for text in _BASE64.findall(content):
            try:
                yield base64.b64decode(text.translate(bytes.maketrans(b"-_", b"+/")) + b"==")
            except binascii.Error:
                continue
