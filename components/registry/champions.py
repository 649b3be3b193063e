"""Which model is the champion: one small file that changes whole, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import storage
from components.registry import records
from components.registry.scores import Scores, parse

FILE = "champion.json"
_FIX = (
    'write the champion\'s fingerprint into it, as in {"format": 1, "model": "<name of a folder '
    'under models>"}, or remove it to begin without a champion'
)


@dataclass(frozen=True)
class Champion:
    """The record of a champion.

    Attributes:
        model: its fingerprint.
        scores: of the test that it won; None where somebody has written the file by hand.
        attempt: fingerprint of the retraining that made it, "" where that is not known.
        previous: fingerprint of the champion before it, "" for none.
        promoted: when.
    """

    model: str
    scores: Scores | None = None
    attempt: str = ""
    previous: str = ""
    promoted: str = ""


@dataclass(frozen=True)
class Seat:
    """What `champion.json` was when it was read.

    Attributes:
        champion: None where there is none.
        fingerprint: of the file, for `replace`.
    """

    champion: Champion | None = None
    fingerprint: str | None = None


def read(registry: str) -> Seat:
    """Reads who is the champion.

    Raises:
        InputError: the record is spoilt.
    """
    try:
        return Seat(*records.read(storage.join(registry, FILE), _parsed, _FIX))
    except storage.Missing:
        return Seat()


def replace(registry: str, champion: Champion, seat: Seat) -> None:
    """Makes a model, which must be stored whole, the champion in place of that of `seat`.

    Raises:
        storage.Conflict: the champion is another one by now; nothing was changed.
    """
    data = {
        "model": champion.model,
        "promoted": champion.promoted,
        "attempt": champion.attempt,
        "previous": champion.previous,
        "evaluation": champion.scores.as_dict() if champion.scores else None,
    }
    uri = storage.join(registry, FILE)
    storage.put_if(records.as_bytes(data), uri, fingerprint=seat.fingerprint)


def _parsed(data: Mapping[str, Any]) -> Champion:
    scores = data.get("evaluation")
    return Champion(
        model=records.digest(data["model"]),
        scores=None if scores is None else parse(scores),
        attempt=_digest_or_none(data.get("attempt")),
        previous=_digest_or_none(data.get("previous")),
        promoted=records.text(data.get("promoted", "")),
    )


def _digest_or_none(value: Any) -> str:
    return records.digest(value) if value else ""
