"""Opens the place of one training: takes the lease, claims it, finds the newest whole state."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components import storage
from components.failures import Failure, first_line
from components.resume import identity, lease
from components.resume.place import LATEST, Found, Place
from components.resume.wanted import Settings

log = logging.getLogger("biotune")


@contextmanager
def open_place(
    settings: Settings, facts: Mapping[str, Any], scratch: Path
) -> Iterator[tuple[Place, Found | None]]:
    """Holds the place of a training for the block, and frees its states when the block succeeds.

    The place is `<resume.uri>/<key>`, where the key is a digest of the facts and the run; or
    `resume.uri` itself, if it is such a place already.

    Args:
        facts: what decides on the training; see `resume.facts`.
        scratch: a folder for what must be downloaded.

    Yields:
        The place, and the state to go on from, if there is one.

    Raises:
        InputError: another training holds the place, or its states are of another one.
        ServiceError: S3 out of reach.
    """
    uri = settings.uri
    if not storage.exists(storage.join(uri, LATEST)):
        uri = storage.join(uri, identity.key(facts, settings.run))
    with lease.held(uri, settings.lease):
        place = Place.claim(uri, facts, settings.keep)
        found = place.newest(scratch)
        log.info("states are kept at %s", storage.shown(uri))
        yield place, found
        try:
            place.finish()
        except Failure as failure:  # the training is done all the same
            log.warning("the states can't be removed: %s", first_line(failure))


def ago(written: str) -> str:
    """How long ago an ISO time was, in words."""
    passed = max(0, (datetime.now(UTC) - datetime.fromisoformat(written)).total_seconds())
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if passed >= size or size == 1:
            count = int(passed // size)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    raise AssertionError("a second is the last unit")
