"""The options of `biotune convert`, from texts to what they mean."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from components.failures import InputError, first_line

if TYPE_CHECKING:
    from components.convert.wishes import Wishes

_QUANTITY = re.compile(r"\s*([-+]?[0-9.]+(?:e[-+]?\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0}
_HERTZ = {"": 1.0, "hz": 1.0, "khz": 1e3}
_PLAIN = {"": 1.0}
_FLAGS = ("multi-label", "align", "stratify", "skip-broken", "keep-bad")


def merged(given: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """Options of the command line on top of those of a file.

    Raises:
        InputError: the file can't be read, or names an option that is not there.
    """
    told = {} if file is None else _read(file)
    known = {*given, "inputs", "output"}
    if unknown := sorted(set(told) - known):
        raise InputError(
            f"--settings={file}: there is no option {unknown[0]}; known are {', '.join(given)}"
        )
    return {**told, **{key: value for key, value in given.items() if value is not None}}


def wishes(told: Mapping[str, Any]) -> "Wishes":
    """What the options mean.

    Raises:
        InputError: a value that can't be read, or no window.
    """
    from components.convert.wishes import Wishes
    from components.recordings import Settings

    if "window" not in told:
        raise InputError("--window: say how long a window is, as in --window 1s")
    window = _quantity("window", told["window"], _SECONDS)
    low, high = _band(told.get("band"))
    rate = told.get("resample")
    own_rate = told.get("sampling-rate")
    settings = Settings(
        window=window,
        stride=_quantity("stride", told["stride"], _SECONDS) if "stride" in told else window,
        channels=_words(told.get("channels", ())),
        unit=_text(told.get("unit")),
        sampling_rate=None if rate is None else _quantity("resample", rate, _HERTZ),
        low=low,
        high=high,
        notch=tuple(_quantity("notch", f, _HERTZ) for f in _words(told.get("notch", ()))),
        phase=told.get("phase", "zero"),
        assumed_unit=_text(told.get("assume-unit")),
        assumed_rate=None if own_rate is None else _quantity("sampling-rate", own_rate, _HERTZ),
    )
    split = told.get("split", Wishes.split)
    return Wishes(
        settings=settings,
        labels=str(told.get("labels", Wishes.labels)),
        label_column=str(told.get("label-column", Wishes.label_column)),
        classes=_words(told.get("classes", ())),
        span=_span(told.get("span")),
        background=_text(told.get("background")),
        overlap=_quantity("overlap", told.get("overlap", 1), _PLAIN),
        subject=_text(told.get("subject")),
        split=",".join(map(str, split)) if isinstance(split, list) else str(split),
        seed=_whole("seed", told.get("seed", 0)),
        **{flag.replace("-", "_"): _flag(flag, told.get(flag, False)) for flag in _FLAGS},
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise InputError(f"--settings={file}: can't be read ({reason})") from None
    if not isinstance(found, dict):
        raise InputError(f"--settings={file}: must be options and values, as in `window: 1s`")
    return {str(key).replace("_", "-"): value for key, value in found.items()}


def _quantity(key: str, value: Any, units: Mapping[str, float]) -> float:
    found = _QUANTITY.fullmatch(str(value))
    try:
        number = float(found[1]) * units[found[2].lower()]
        if math.isfinite(number):
            return number
    except (TypeError, ValueError, KeyError):
        pass
    known = ", ".join(unit for unit in units if unit)
    raise InputError(
        f"--{key}={value}: must be a number{f' with a unit: {known}' if known else ''}"
    )


def _band(value: Any) -> tuple[float | None, float | None]:
    if value is None:
        return None, None
    parts = [str(part) for part in value] if isinstance(value, list) else str(value).split(",")
    if len(parts) != 2 or not any(part.strip() for part in parts):
        raise InputError(f"--band={value}: must be two corners in Hz, as in 20,450 or 20,")
    low, high = (_quantity("band", part, _HERTZ) if part.strip() else None for part in parts)
    return low, high


def _span(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    parts = value if isinstance(value, list) else str(value).split(",")
    if len(parts) != 2:
        raise InputError(f"--span={value}: must be two times from the onset, as in 0.5s,4s")
    return tuple(_quantity("span", part, _SECONDS) for part in parts)


def _words(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(word for part in parts if (word := str(part).strip()))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _whole(key: str, value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise InputError(f"--{key}={value}: must be a whole number") from None


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"--settings: {key} must be true or false, not {value}")
    return value
