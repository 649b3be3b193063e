"""The models of one task, and which of them is the champion.

    REGISTRY/champion.json                changes by a conditional write alone
    REGISTRY/models/<fingerprint>/        a tuned model; model.json comes last and marks it whole
    REGISTRY/attempts/<fingerprint>.json  what came of each finished retraining

A registry is read as a stranger's: no code runs from it, no name in it leads anywhere else, and
every file is held against its digest. A record that can't be read is told, never overwritten.
"""

from components import storage

PROBE = "probe.bin"


def require_writable(registry: str) -> None:
    """Proves, before anything costly, that a champion can be put there without a lost update.

    Raises:
        InputError: no right to write, or a server that ignores conditions.
        ServiceError: out of reach.
    """
    storage.require_conditions(storage.join(registry, PROBE))
