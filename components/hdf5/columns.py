"""What a file says in texts and single numbers: columns beside the windows, and attributes."""

from typing import Any

import h5py
import numpy as np

from components.failures import InputError
from components.hdf5.soundness import child, most, plain, require_sound, trusted

_ROWS = 1024  # read together
LONGEST = 256  # characters of a name, such as a subject's
_MOST_VALUES = 10_000  # of an attribute
_MOST_CHARACTERS = 100_000  # of all its texts
_ONE = {  # what to do about several values
    "scale": "multiply `data` by them once and leave out scale, or give one",
    "sampling_rate": "resample all channels to one rate and give that",
}


def column(file: h5py.File, key: str, windows: int, name: str) -> np.ndarray | None:
    """The texts (N,) at `key`; None if it is not there.

    Raises:
        InputError: it is no column of texts or numbers, one for each window.
    """
    found = child(file, key, name)
    if found is None:
        return None
    if (shape := getattr(found, "shape", None)) != (windows,):
        raise InputError(
            f"{name}: `{key}` has the shape {shape}; it must be ({windows},), one for each window"
        )
    require_sound(found, name)
    _require_texts(found.dtype, f"{name}: `{key}`")
    texts: list[str] = []
    longest = 0
    for start in range(0, windows, _ROWS):
        rows = found[start : start + _ROWS]
        if rows.dtype.kind == "f" and not np.isfinite(rows).all():
            raise InputError(f"{name}: `{key}` holds NaN or infinite values; name every window's")
        texts += map(text, rows)
        longest = max(longest, *map(len, texts[start:]))
        if longest > LONGEST:
            raise InputError(f"{name}: `{key}` holds a text of {longest:,} characters; shorten it")
    if 4 * longest * windows > most(file.id.get_filesize()) and not trusted():
        raise InputError(f"{name}: `{key}` holds far more text than the file; the file is damaged")
    return np.array(texts)


def attribute(file: h5py.File, key: str, name: str) -> Any:
    """The attribute's value; None if it is not there.

    Raises:
        InputError: it is neither texts nor numbers, or no short list of them.
    """
    if key not in file.attrs:
        return None
    found = file.attrs.get_id(key)
    _require_texts(found.dtype, f"{name}: the attribute {key}")
    if np.prod(found.shape, dtype=object) > _MOST_VALUES:
        raise InputError(f"{name}: the attribute {key} is too long to be what its name says")
    return file.attrs[key]


def texts(value: object) -> tuple[str, ...]:
    """The texts of an attribute; none of None."""
    if value is None:
        return ()
    found = tuple(text(v) for v in np.atleast_1d(value))
    if sum(map(len, found)) > _MOST_CHARACTERS:
        raise ValueError("an attribute's text is far too long")
    return found


def text(value: Any) -> str:
    """A value as text; a whole number is the same one however it is stored: 7.0 is "7"."""
    if isinstance(value, bytes):
        return value.decode()
    whole = isinstance(value, (float, np.floating)) and value.is_integer()
    return str(int(value) if whole else value)


def number(value: Any, key: str, name: str) -> float | None:
    """The one number of an attribute; None of None.

    Raises:
        InputError: it is no number, or several.
    """
    if value is None:
        return None
    try:
        found = [float(v) for v in np.asarray(value).reshape(-1)]
        first = found[0]
    except (ValueError, TypeError, IndexError):
        raise InputError(
            f"{name}: the attribute {key} is {plain(repr(value))}; it must be a number"
        ) from None
    if any(other != first for other in found[1:]):
        raise InputError(
            f"{name}: the attribute {key} holds {len(found)} values that differ, and one is for "
            f"all channels; {_ONE.get(key, 'give one')}"
        )
    return first


def _require_texts(dtype: np.dtype, where: str) -> None:
    if dtype.kind not in "biufS" and h5py.check_string_dtype(dtype) is None:
        raise InputError(f"{where} is of type {plain(str(dtype))}; store texts or numbers")
