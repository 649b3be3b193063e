"""What the windows hold: numbers, not silence, in the unit that the configuration speaks of."""

import logging
from collections.abc import Mapping
from typing import Any

from components import flaws, signal
from components.preflight.found import Found, Splits, together

log = logging.getLogger("biotune")

FAR = 100.0  # times too large or small: no two recordings differ by so much, volts and mV do
_BOUNDS = tuple(f"quartile_normalization_{end}_val" for end in ("lower", "upper"))


def check(data: Splits, settings: Mapping[str, Any], findings: list[str]) -> None:
    """Looks at the sampled windows of each split.

    A dead channel and a silent window are warned of: an electrode falls off now and then. What
    would spoil the training, or is wrong throughout, is a finding.
    """
    policy = flaws.Policy.from_config(settings["data"])
    known = {split: found for split, found in data.items() if found.sample}
    for found in data.values():
        if not found.sample:
            log.warning("%s: its chunks are too large to look at some windows", found.uri)
    findings += together(
        (found, line) for found in known.values() for line in _of_split(found, policy)
    )
    scaled = _bounds(known.get("train"), settings) + _units(known)
    if settings["data"]["allow_signal_mismatch"]:
        for line in scaled:
            log.warning("allowed: %s", line)
    else:
        findings += [f"{line}; or {signal.ALLOW}" for line in scaled]


def layout(found: Found, settings: Mapping[str, Any]) -> list[str]:
    """Windows stored with time before channels, and windows that make no whole patches."""
    header, model = found.header, settings["model"]
    expected = model.get("signal") or {}
    here = header.channels, header.samples
    if here[0] != here[1] and here == (expected.get("window"), expected.get("channels")):
        return [
            f"{found.uri}: the windows are {here}, which is (samples, channels); store "
            "(windows, channels, samples): numpy.swapaxes(data, 1, 2)"
        ]
    patch = model.get("patch_size")
    along = patch[-1] if isinstance(patch, list | tuple) and patch else patch
    allowed = settings["data"]["allow_signal_mismatch"]
    if isinstance(along, int) and along > 0 and header.samples % along and not allowed:
        return [
            f"{found.uri}: a window of {header.samples} samples makes no whole patches of "
            f"model.patch_size={patch}; cut the windows to {header.samples // along * along}; or "
            f"{signal.ALLOW}"
        ]
    return []


def _of_split(found: Found, policy: flaws.Policy) -> list[str]:
    sample, uri, names = found.sample, found.uri, found.header.channel_names
    for kind, places in sample.flaws.items():
        if places.any() and policy.of(kind) == flaws.REFUSE:
            return [flaws.refusal(kind, places, sample.places, names)]
    if masked := int(sample.flaws[flaws.NOT_FINITE].any(axis=1).sum()):
        log.warning(
            "%s: %d of %d windows looked at hold NaN or infinite values, which are masked",
            *(uri, masked, sample.windows),
        )
    if sample.quartiles is None:
        return [f"all of {sample.windows} windows looked at are constant, without any signal"]
    if sample.dead:
        named = ", ".join(flaws.label(c, names) for c in sample.dead)
        log.warning("%s: no signal in %d windows looked at: channel %s", uri, sample.windows, named)
    if sample.constant:
        log.warning(
            "%s: %d of %d windows looked at are constant", uri, sample.constant, sample.windows
        )
    return []


def _bounds(train: Found | None, settings: Mapping[str, Any]) -> list[str]:
    """The quartiles of the configuration against those of the data."""
    wanted = settings["input_normalization"]
    if wanted["normalize"] not in ("quartile", True) or not train or not train.sample.quartiles:
        return []
    lower, upper = (wanted[key] for key in _BOUNDS)
    low, middle, high = train.sample.quartiles
    told = f"input_normalization: {lower} and {upper} are given as quartiles"
    theirs = f"those of {train.uri} ({low:.3g} and {high:.3g})"
    remedy = " and ".join(
        f"input_normalization.{key}={value:.3g}"
        for key, value in zip(_BOUNDS, (low, high), strict=True)
    )
    if high > low and (far := _apart(upper - lower, high - low)):
        return [f"{told} and are {far} {theirs}, as microvolts are of volts; set {remedy}"]
    if abs(middle - (lower + upper) / 2) > FAR * (upper - lower):
        return [f"{told}, far from {theirs}; take the offset out of the signal"]
    return []


def _units(data: Splits) -> list[str]:
    """The splits against the train split, or the first there is."""
    spread = {s: f.sample.quartiles[2] - f.sample.quartiles[0] for s, f in data.items()
              if f.sample.quartiles}  # fmt: skip
    spread = {split: width for split, width in spread.items() if width > 0}
    if not spread:
        return []
    first = next(iter(spread))
    return [
        f"{data[split].uri}: its values are {far} those of {data[first].uri}; store both in one "
        "unit"
        for split, width in spread.items()
        if (far := _apart(width, spread[first]))
    ]


def _apart(here: float, there: float) -> str:
    """By how much two widths differ, in words; "" if it is not much."""
    if here > FAR * there:
        return f"{float(f'{here / there:.2g}'):,.0f} times as large as"
    return f"{float(f'{there / here:.2g}'):,.0f} times smaller than" if there > FAR * here else ""
