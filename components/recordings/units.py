"""Units of biosignals: what a file calls them, and the factor from one to another."""

from components.hdf5.soundness import plain

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "k": 1e3}
_BASES = ("V", "T", "g", "A")
# Greek mu, the micro sign, and what a Japanese encoding of it looks like in Latin-1.
_MICRO = ("\u03bc", "\u00b5", "\x83\xca")
_LONG = {"volt": "V", "volts": "V", "microvolt": "uV", "microvolts": "uV", "millivolt": "mV"}
_UNKNOWN = ("", "n/a", "na", "none", "unknown", "?", "-", "a.u.", "au", "arbitrary")


def known(text: str | None) -> str | None:
    """A unit in our spelling (`uV`); None where the text names none."""
    text = (text or "").strip()
    for micro in _MICRO:
        text = text.replace(micro, "u")
    if text.lower() in _UNKNOWN:
        return None
    return _LONG.get(text.lower(), plain(text))


def factor(unit: str, wanted: str) -> float | None:
    """What turns values in `unit` into values in `wanted`; None where nothing does."""
    if unit == wanted:
        return 1.0
    here, there = _parts(unit), _parts(wanted)
    if here is None or there is None or here[1] != there[1]:
        return None
    return here[0] / there[0]


def _parts(unit: str) -> tuple[float, str] | None:
    """The factor of the prefix, and the base unit: `mV` is (0.001, "V")."""
    base = unit[-1:]
    prefix = unit[:-1]
    return (_PREFIXES[prefix], base) if base in _BASES and prefix in _PREFIXES else None
