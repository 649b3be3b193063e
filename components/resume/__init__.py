"""States of a training in a durable place, from which a killed one goes on; no torch is needed.

`open_place` takes the place of one training for oneself and finds its newest whole state; `Writer`
adds states to it, in the background. What is in a state is the trainer's business.
"""

from components.resume.identity import digest, facts
from components.resume.opening import ago, open_place
from components.resume.place import Found, Place, TakenOver
from components.resume.wanted import Settings, settings
from components.resume.writer import Writer

__all__ = [
    "Found", "Place", "Settings", "TakenOver", "Writer", "ago", "digest", "facts", "open_place",
    "settings",
]  # fmt: skip
