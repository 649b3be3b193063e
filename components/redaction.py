"""Text without credentials: whatever is logged, recorded or told passes through here."""

import os
import re
from urllib.parse import quote

HIDDEN = "***"
_NAMES = re.compile(
    r"(?:^|_)(?:TOKENS?|\w*PASSWORD|PASSWD|PASSPHRASE|SECRET\w*|CREDENTIALS?|APIKEY|KEY(?:_ID)?)(?:$|_)",
    re.IGNORECASE,
)
_PLACES = re.compile(r"_(?:FILE|PATH|DIR|NAME|URI|URL)$", re.IGNORECASE)  # where one lies, not it
_SHORTEST = 6  # a shorter value, "true" say, would be blanked out of every other word
_PATTERNS = (
    (r"\b([a-z][a-z0-9+.\-]*://)(?:[^\s/@:'\"]*:[^\s@'\"]*|[^\s/@'\"]+)@", rf"\1{HIDDEN}@"),
    (r"\b((?:X-Amz-(?:Signature|Credential|Security-Token)|\w*Signature|AWSAccessKeyId|sig)=)"
     r"[^&\s'\"<>]+", rf"\1{HIDDEN}"),
    (r"\b([\w.\-]*(?:password|passwd|secret|secret_?access_?key|api_?key|token)=)[^&\s'\"<>]{6,}",
     rf"\1{HIDDEN}"),
    (r"\b(authorization['\"]?\s*[:=]\s*['\"]?(?:[\w\-]+ +)?)[^\s'\"]+", rf"\1{HIDDEN}"),
    (r"\b(bearer +)[\w.~+/=\-]{8,}", rf"\1{HIDDEN}"),
    (r"\beyJ[\w\-]{8,}\.[\w\-]+\.[\w\-]*", HIDDEN),  # a JSON web token
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
)  # fmt: skip
_WRITTEN = tuple((re.compile(found, re.IGNORECASE), without) for found, without in _PATTERNS)


def names_secret(variable: str) -> bool:
    """Whether a variable's name says that its value is a secret, and not where one lies."""
    return bool(_NAMES.search(variable)) and not _PLACES.search(variable)


def redacted(text: str) -> str:
    """The text with `***` for each credential in it.

    Blanked are the values of environment variables whose names say that they are secret (AWS keys,
    `*_TOKEN`, `*_PASSWORD`, `*_SECRET*`, ...), as they are and as a URL writes them; user and
    password in a URL; the signature of a presigned one; bearer tokens and other authorizations.
    """
    for value in _secrets():
        text = text.replace(value, HIDDEN)
    for written, without in _WRITTEN:
        text = written.sub(without, text)
    return text


def _secrets() -> list[str]:
    """The secret values of the environment as it is now, the longest first."""
    values = {value.strip() for name, value in os.environ.items() if names_secret(name)}
    values = {value for value in values if len(value) >= _SHORTEST}
    return sorted(values | {quote(value, safe="") for value in values}, key=len, reverse=True)
