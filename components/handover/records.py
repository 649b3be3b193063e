"""Small JSON files at a place, each written in one go."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from components import storage
from components.resume import slots

log = logging.getLogger("biotune")


class Records:
    """The records at a place; one that is damaged counts as missing, and is warned of.

    Args:
        uri: of the place.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Writes a record over what has its name."""
        with storage.scratch("biotune-record-") as scratch:
            file = scratch / "record.json"
            file.write_text(json.dumps(content, indent=1), encoding="utf-8")
            storage.put(file, storage.join(self.uri, name))

    def read(self, name: str) -> dict[str, Any] | None:
        """The record; None where there is none, or none any longer."""
        uri = storage.join(self.uri, name)
        try:
            text, _ = storage.read(uri)
            content = json.loads(text) if text else None
        except storage.Missing:
            return None
        except (ValueError, RecursionError) as error:
            log.warning("%s: is damaged (%s), and not used", storage.shown(uri), error)
            return None
        return content if isinstance(content, dict) else None

    def below(self, folder: str) -> list[str]:
        """The names of the records in a folder of the place, as `read` takes them."""
        uri = storage.join(self.uri, folder)
        names = storage.listing(uri) if storage.exists(uri) else []
        return [f"{folder}/{name}" for name in names]

    def discard(self, name: str) -> None:
        """Removes a record, or empties it where nothing can be removed."""
        if storage.exists(storage.join(self.uri, name)):
            slots.free(self.uri, {name: {"object": name}})
