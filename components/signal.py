"""The signal contract: what a model expects of the data, held against what the data say."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from components.failures import Findings
from components.hdf5 import Header

log = logging.getLogger("biotune")

ALLOW = "set data.allow_signal_mismatch=true if you mean it"


def said_by(header: Header) -> dict[str, Any]:
    """What a split says, under the keys of `model.signal`."""
    return {
        "channels": header.channels,
        "window": header.samples,
        "sampling_rate": header.sampling_rate,
        "unit": header.unit,
    }


def misfits(header: Header, signal: Mapping[str, Any] | None, name: str) -> list[str]:
    """Where a split says something else than the model expects.

    Args:
        signal: the model's `channels`, `window` (samples), `sampling_rate` (Hz) and `unit`; null
            or absent where any will do.
        name: of the split, for the messages.

    Returns:
        One line for each difference, with both sides.
    """
    said = said_by(header)
    return [
        f"model.signal.{key}: unknown; there are {', '.join(said)}"
        if key not in said
        else f"{name}: {key} is {said[key]}, but the model expects {expected}; {ALLOW}"
        for key, expected in (signal or {}).items()
        if key not in said
        or (expected is not None and said[key] is not None and said[key] != expected)
    ]


def differences(here: Header, there: Header, names: tuple[str, str]) -> list[str]:
    """Where two splits of one dataset are not alike.

    Args:
        names: of the two splits, for the messages.
    """
    first, second = said_by(here), said_by(there)
    findings = [
        f"{names[0]}: {key} is {first[key]}, but {second[key]} in {names[1]}"
        for key in first
        if first[key] != second[key]
    ]
    for what, one, other in (
        ("channels", here.channel_names, there.channel_names),
        ("classes", here.classes, there.classes),
    ):
        if one and other and one != other:
            findings.append(
                f"{names[0]}: the {what} are {', '.join(one)}, but {', '.join(other)} in {names[1]}"
            )
    return findings


def silences(header: Header, signal: Mapping[str, Any] | None) -> list[str]:
    """What the model expects and the data do not say."""
    said = said_by(header)
    return [
        key
        for key, expected in (signal or {}).items()
        if expected is not None and key in said and said[key] is None
    ]


def hold(header: Header, config: Mapping[str, Any], name: str) -> None:
    """Refuses data that are not what the model expects; warns once of what they do not say.

    Args:
        config: `model`, `data`, and `channels` (the names that a tuned model was trained on).

    Raises:
        Findings: each difference, with both sides.
    """
    signal = config["model"].get("signal")
    findings = misfits(header, signal, name)
    findings += channel_misfits(header, config.get("channels") or (), name)
    if findings and not config["data"].get("allow_signal_mismatch"):
        raise Findings(findings)
    for finding in findings:
        log.warning("allowed: %s", finding)
    if silent := silences(header, signal):
        log.warning("%s does not say its %s; taken to be the model's", name, " and ".join(silent))


def channel_misfits(header: Header, channels: Sequence[str], name: str) -> list[str]:
    """Where a split has other channels, or another order of them, than the model was tuned on."""
    here = header.channel_names
    if not here or not channels or tuple(channels) == here:
        return []
    return [
        f"{name}: the channels are {', '.join(here)}, but the model was tuned on "
        f"{', '.join(channels)}; {ALLOW}"
    ]
