"""Text without credentials: whatever is logged, recorded or told passes through here."""

import os
import re
from urllib.parse import quote, unquote

HIDDEN = "***"
_NAMES = re.compile(
    r"(?:^|_)(?:TOKENS?|\w*PASSWORD|PASSWD|PASSPHRASE|SECRET\w*|CREDENTIALS?|APIKEY|KEY(?:_ID)?)(?:$|_)",
    re.IGNORECASE,
)
_PLACES = re.compile(r"_(?:FILE|PATH|DIR|NAME|URI|URL)$", re.IGNORECASE)  # where one lies, not it
_SHORTEST = 6  # a shorter value, "true" say, would be blanked out of every other word
_URIS = ("MLFLOW_TRACKING_URI",)  # variables that may hold a password beside a place
# Strangers write what is searched here: the time must grow as the text does, and no faster. So no
# pattern begins with a repetition, none starts again in what one before it has read in vain
# (`++` and `*+` give nothing back), and the first part of a token has a bound.
_QUOTE = r"['\"](?![\s,)\]}>])"  # one within a password, and not one around a URL
_PATTERNS = (
    # A user and a password, which may hold `/`; or a token alone, which may not. Both may hold `@`.
    (rf"(://)(?:(?:[^\s/@:'\"]++|{_QUOTE})*+:(?:[^\s@:'\"]++|:(?!//)|{_QUOTE})*+"
     rf"|(?:[^\s/@'\"]++|{_QUOTE})++)@(?:(?:[^\s/@'\"]++|{_QUOTE})*+@)*", rf"\1{HIDDEN}@"),
    (r"((?:X-Amz-(?:Credential|Security-Token)|Signature|AWSAccessKeyId|\bsig)=)[^&\s'\"<>]+",
     rf"\1{HIDDEN}"),
    (r"((?:password|passwd|secret|secret_?access_?key|api_?key|token)=)[^&\s'\"<>]{6,}",
     rf"\1{HIDDEN}"),
    (r"\b(authorization['\"]?\s*[:=]\s*['\"]?(?:[\w\-]+ +)?)[^\s'\"]+", rf"\1{HIDDEN}"),
    (r"\b(bearer +)[\w.~+/=\-]{8,}", rf"\1{HIDDEN}"),
    (r"\beyJ[\w\-]{8,1000}+\.[\w\-]++\.[\w\-]*", HIDDEN),  # a JSON web token
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
)  # fmt: skip
_WRITTEN = tuple((re.compile(found, re.IGNORECASE), without) for found, without in _PATTERNS)


def names_secret(variable: str) -> bool:
    """Whether a variable's name says that its value is a secret, and not where one lies."""
    return bool(_NAMES.search(variable)) and not _PLACES.search(variable)


def redacted(text: str) -> str:
    """The text with `***` for each credential in it.

    Blanked are the values of environment variables whose names say that they are secret (AWS keys,
    `*_TOKEN`, `*_PASSWORD`, `*_SECRET*`, ...) and the password in `MLFLOW_TRACKING_URI`, as they
    are and as a URL writes them; user and password in a URL; the signature of a presigned one;
    bearer tokens and other authorizations.
    """
    for value in _secrets():
        text = text.replace(value, HIDDEN)
    for written, without in _WRITTEN:
        text = written.sub(without, text)
    return text


def _secrets() -> list[str]:
    """The secret values of the environment as it is now, the longest first."""
    values = {value.strip() for name, value in os.environ.items() if names_secret(name)}
    values.update(*(_passwords(os.environ.get(name, "")) for name in _URIS))
    values = {value for value in values if len(value) >= _SHORTEST}
    return sorted(values | {quote(value, safe="") for value in values}, key=len, reverse=True)


def _passwords(uri: str) -> set[str]:
    """The password in a URI, which may hold a raw `/` or `@`; what it could be, then."""
    rest = uri.strip().partition("://")[2]
    whole, authority = (part.rpartition("@")[0] for part in (rest, rest.partition("/")[0]))
    raw = {whole.partition(":")[2], authority.partition(":")[2] or authority}
    return raw | {unquote(part) for part in raw}
