"""How often the cluster is asked, and how long is waited."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Times in seconds.

    Attributes:
        poll: between two looks at a job.
        beat: between two words to the nodes that their launcher is alive.
        first, slowest: before the first and the later repetitions of a request that failed.
        patience: with an API that can't serve.
        parting: with each request between SIGTERM and SIGKILL.
        going: for a deleted job to be gone.
    """

    poll: float = 10.0
    beat: float = 30.0
    first: float = 1.0
    slowest: float = 30.0
    patience: float = 900.0
    parting: float = 8.0
    going: float = 600.0
