"""The nodes of a training in touch with each other, beside what their processes exchange.

The first node keeps a small server, the same that the processes meet at. By it the others learn
from which state the training goes on, and whoever fails finds out who does not answer any more.
"""

import json
import os
import platform
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from torch.distributed import DistError, TCPStore

from components.failures import POD, PeerLost, first_line
from components.finetune.nodes import Nodes

PATIENCE = 3  # times the limit: images and data do not arrive everywhere at the same time
_BEAT = 10.0  # seconds


class Peers:
    """A node's line to the others.

    Args:
        store: that all nodes share.
        seconds: that an answer may take.

    Attributes:
        names: of the nodes, in their order.
    """

    def __init__(self, nodes: Nodes, store: TCPStore, seconds: float) -> None:
        self.nodes, self._store, self._seconds = nodes, store, seconds
        self._pace = min(_BEAT, seconds / 10)
        mine = os.environ.get(POD) or platform.node()
        store.set(f"name-{nodes.rank}", mine)
        keys = [f"name-{rank}" for rank in range(nodes.count)]
        self.names = [name.decode() for name in store.multi_get(keys)]
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    @property
    def wait(self) -> float:
        """Seconds that the nodes wait for each other before the training."""
        return PATIENCE * self._seconds

    def tell(self, what: Any) -> None:
        """What the first node has found out, as plain data, for all others."""
        self._store.set("told", json.dumps(what))

    def hear(self) -> Any:
        """What the first node tells."""
        return json.loads(self._store.get("told"))

    def silent(self) -> list[str]:
        """The nodes that show no sign of life, as a message names them."""
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.extend(self._unmoved()), daemon=True)
        asking.start()
        asking.join(4 * self._pace)
        # Without an answer it is the server that is gone, or we are.
        ranks = [0] if asking.is_alive() and not self.nodes.first else found
        return [f"node {rank} ({self.names[rank]})" for rank in ranks]

    def lost(self, silent: Sequence[str], records: Sequence[Mapping[str, Any]]) -> PeerLost:
        """The failure of a node whose processes have missed another's.

        Args:
            silent: who is, if that is known.
            records: what our processes told.
        """
        said = records[0]["message"] if records else "a process was ended by its own watch"
        who = " and ".join(silent)
        if who:
            why = f"no answer from {who} to node {self.nodes.rank} ({self.names[self.nodes.rank]})"
        else:
            why = "all nodes are alive, but a process of another one ended; its record says why"
        failure = PeerLost(f"{why}; a new start goes on from the last state: {said}")
        failure.log = records[0].get("log", ()) if records else ()
        return failure

    def _unmoved(self) -> list[int]:
        others = [rank for rank in range(self.nodes.count) if rank != self.nodes.rank]
        try:
            before = [self._store.add(f"beat-{rank}", 0) for rank in others]
            time.sleep(2 * self._pace)
            now = [self._store.add(f"beat-{rank}", 0) for rank in others]
        except DistError:
            return [0]
        return [rank for rank, b, n in zip(others, before, now, strict=True) if b == n]

    def _beat(self) -> None:
        with suppress(DistError):  # the first node is gone: the training ends by itself
            while True:
                self._store.add(f"beat-{self.nodes.rank}", 1)
                time.sleep(self._pace)


@contextmanager
def joined(nodes: Nodes, seconds: float) -> Iterator[Peers]:
    """Waits until all nodes have come.

    Raises:
        PeerLost: one did not come, or went away before the training.
    """
    wait = PATIENCE * seconds
    try:
        store = TCPStore(
            nodes.address,
            nodes.port,
            nodes.count,
            nodes.first,
            timedelta(seconds=wait),
            multi_tenant=True,  # torch's launcher opens it again
        )
        yield Peers(nodes, store, seconds)
    except DistError as error:
        raise PeerLost(
            f"node {nodes.rank}: the {nodes.count} nodes did not come together within {wait:.0f} s "
            f"or one left before the training began ({first_line(error)})"
        ) from error
