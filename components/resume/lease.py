"""A place is held by one training at a time, for as long as it says so again and again."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from components import storage
from components.failures import Failure, InputError, first_line
from components.resume import holder

log = logging.getLogger("biotune")

LEASE = "lease.json"


@contextmanager
def held(place: str, seconds: float) -> Iterator[None]:
    """Holds a place for as long as the block lasts.

    Args:
        place: URI of the folder.
        seconds: without a word after which others may take it over.

    Raises:
        InputError: another training holds it, or the server can't keep two writers apart.
        ServiceError: S3 out of reach.
    """
    uri = storage.join(place, LEASE)
    me = holder.myself()
    fingerprint = _take(uri, me, seconds)
    renewing = _Renewing(uri, me, seconds, fingerprint)
    renewing.start()
    try:
        yield
    finally:
        renewing.end()


def _take(uri: str, me: dict[str, Any], seconds: float) -> str:
    there, fingerprint = _read(uri)
    if there is not None and not there.get("released"):
        late = time.time() - there.get("until", 0)
        told = f"{storage.shown(uri)}: is held by {holder.shown(there)}"
        why = holder.gone(there) or (late > 0 and f"not heard of for {late:.0f} s more than agreed")
        if not why:
            raise _refusal(told, there["until"])
        log.warning("%s, %s: taken over", told, why)
    try:
        return storage.put_if(_record(me, seconds), uri, fingerprint=fingerprint)
    except storage.Conflict:
        there, _ = _read(uri)
        raise _refusal(
            f"{storage.shown(uri)}: is held by {holder.shown(there or {})}", time.time() + seconds
        ) from None


def _refusal(told: str, until: float) -> InputError:
    clock = datetime.fromtimestamp(until, UTC).strftime("%H:%M:%S UTC")
    return InputError(
        f"{told}, until {clock} unless it goes on: the same training runs already; "
        "wait for it, or name another resume.uri"
    )


def _read(uri: str) -> tuple[dict[str, Any] | None, str | None]:
    try:
        content, fingerprint = storage.read(uri)
    except storage.Missing:
        return None, None
    try:
        record = json.loads(content)
    except ValueError:
        record = {}
    return record if isinstance(record, dict) else {}, fingerprint


def _record(me: dict[str, Any], seconds: float, **more: Any) -> bytes:
    return json.dumps(me | {"until": time.time() + seconds} | more, indent=1).encode()


class _Renewing(threading.Thread):
    """Says at every third of the time that the holder is alive."""

    def __init__(self, uri: str, me: dict[str, Any], seconds: float, fingerprint: str) -> None:
        super().__init__(name="lease", daemon=True)
        self.uri, self.me, self.seconds, self.fingerprint = uri, me, seconds, fingerprint
        self._over, self._lost = threading.Event(), False

    def run(self) -> None:
        while not self._over.wait(self.seconds / 3) and not self._lost:
            self._write()

    def end(self) -> None:
        """Gives the place back."""
        self._over.set()
        self.join()
        if not self._lost:
            self._write(released=True)

    def _write(self, **more: Any) -> None:
        try:
            data = _record(self.me, self.seconds, **more)
            self.fingerprint = storage.put_if(data, self.uri, fingerprint=self.fingerprint)
        except storage.Conflict:
            self._lost = True
            log.warning("%s: was taken over by another run", storage.shown(self.uri))
        except Failure as failure:  # of the place; the training need not end for it
            log.warning("%s", first_line(failure))
