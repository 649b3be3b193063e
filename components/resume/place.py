"""The place of one training: some slots with a state each, and a file that says which is newest.

    <resume.uri>/<key>/latest.json   the facts of the training, and the kept states, newest first
    <resume.uri>/<key>/slot-<n>/<m>  the files of a state
    <resume.uri>/<key>/lease.json    who is at work

A state is written to a slot that no kept state is in, verified, and then named in `latest.json`, a
small file that is replaced in one go. Slots and names are used again, so that nothing needs to be
removed where nothing can be.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components import storage
from components.failures import Failure, InputError, first_line
from components.resume import holder, identity, slots

log = logging.getLogger("biotune")

LATEST = "latest.json"
_FORMAT = 1


class TakenOver(Failure):
    """Another run has claimed the place since."""


@dataclass(frozen=True)
class Found:
    """A whole state.

    Attributes:
        files: the local file of each name.
        position: where in the training it was taken, as plain data.
        written: when, as an ISO time.
    """

    files: dict[str, str]
    position: dict[str, Any]
    written: str


@dataclass
class Place:
    """A place that this process, or one it has started, may write to.

    Attributes:
        record: what `latest.json` holds.
        fingerprint: of `latest.json` as we wrote it last.
    """

    uri: str
    keep: int
    record: dict[str, Any]
    fingerprint: str | None

    @classmethod
    def claim(cls, uri: str, facts: Mapping[str, Any], keep: int) -> "Place":
        """Takes over what is there; whoever had it before can't add a state any more.

        Raises:
            Findings: the states there are of another training.
            InputError: `latest.json` is of another kind of program.
        """
        record: dict[str, Any] = {"format": _FORMAT, "states": [], "slots": {}}
        fingerprint = None
        try:
            content, fingerprint = storage.read(storage.join(uri, LATEST))
            there = json.loads(content)
            if there["format"] != _FORMAT:
                raise InputError(
                    f"{storage.shown(uri)}: holds states of format {there['format']}, not "
                    f"{_FORMAT}; name another resume.uri"
                )
            if there["states"]:
                identity.hold(there["facts"], facts, storage.shown(uri))
            record = there | {"done": None}
        except storage.Missing:
            pass
        except (ValueError, LookupError, TypeError):
            log.warning("%s/%s: can't be read, so its states are lost", storage.shown(uri), LATEST)
        place = cls(uri, keep, record | {"facts": dict(facts)}, fingerprint)
        place._switch(holder=holder.myself())
        return place

    def newest(self, scratch: Path) -> Found | None:
        """Fetches the newest state that is whole; says of each that is not."""
        for number, state in enumerate(self.record["states"]):
            try:
                found = self._fetched(state, scratch / str(number))
            except InputError as error:
                log.warning(
                    "the state written at %s is broken, the one before is tried: %s",
                    state["written"],
                    first_line(error),
                )
                continue
            self._trust(self.record["states"][number:])
            return found
        if self.record["states"]:
            log.warning("%s: no whole state is left; starting anew", storage.shown(self.uri))
            self._trust([])
        return None

    def first(self, scratch: Path) -> Found:
        """Fetches the state that `newest` has found, on another node than that one's.

        Raises:
            InputError: it can't be had from here.
        """
        return self._fetched(self.record["states"][0], scratch)

    def add(self, files: Mapping[str, Path], position: Mapping[str, Any]) -> None:
        """Writes a state beside those that are kept, verifies it, and makes it the newest.

        Raises:
            TakenOver: another run has claimed the place.
            Failure: it can't be written.
        """
        written = datetime.now(UTC).isoformat(timespec="milliseconds")
        kept = self.record["states"][: self.keep]
        taken = {state["slot"] for state in kept}
        slot = next(n for n in map(str, range(self.keep + 1)) if n not in taken)
        before = self.record["slots"].get(slot, {})
        # Until all is written nothing in the slot can be relied on, should this end in the midst.
        self._switch(slots=self.record["slots"] | {slot: {}})
        named = slots.put(self._slot(slot), files, before)
        state = {"slot": slot, "written": written, "position": dict(position), "files": named}
        self._switch(states=[state, *kept][: self.keep], slots=self.record["slots"] | {slot: named})

    def finish(self) -> None:
        """Says that the training is done, and frees the space of its states.

        Another process may have added some for us.

        Raises:
            TakenOver: another run has claimed the place.
        """
        content, fingerprint = storage.read(storage.join(self.uri, LATEST))
        record = json.loads(content)
        if record["holder"] != self.record["holder"]:
            raise self._taken_over()
        self.record, self.fingerprint = record, fingerprint
        filled = self.record["slots"]
        self._switch(states=[], slots={}, done=datetime.now(UTC).isoformat(timespec="seconds"))
        for slot, named in filled.items():
            slots.free(self._slot(slot), named)

    def _trust(self, states: list[dict[str, Any]]) -> None:
        """Forgets all states but these, and what is in the others' slots."""
        if states != self.record["states"]:
            filled = {state["slot"]: state["files"] for state in states}
            self._switch(states=states, slots=filled)

    def _fetched(self, state: Mapping[str, Any], scratch: Path) -> Found:
        files = slots.fetch(self._slot(state["slot"]), state["files"], scratch)
        return Found(files, state["position"], state["written"])

    def _slot(self, number: str) -> str:
        return storage.join(self.uri, f"slot-{number}")

    def _switch(self, **changes: Any) -> None:
        record = self.record | changes
        try:
            self.fingerprint = storage.put_if(
                json.dumps(record, indent=1).encode(),
                storage.join(self.uri, LATEST),
                fingerprint=self.fingerprint,
            )
        except storage.Conflict:
            raise self._taken_over() from None
        self.record = record

    def _taken_over(self) -> TakenOver:
        return TakenOver(
            f"{storage.shown(self.uri)}: another run has taken this training over; this one ends, "
            "and leaves its states to the other"
        )
