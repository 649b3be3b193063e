"""Nodes come together, tell each other what to go on from, and know who is silent."""

import socket
import threading

import pytest

from components.failures import PeerLost
from components.finetune import peers
from components.finetune.nodes import Nodes


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def together(port, count, what, seconds=20.0):
    """Does something on each node, in a thread of its own; gives what each returns."""
    found = [None] * count

    def be(rank):
        nodes = Nodes(count, rank, 1, "127.0.0.1", port)
        with peers.joined(nodes, seconds) as line:
            met.wait(20)
            found[rank] = what(line)
            met.wait(20)  # or the first one's server is gone too early

    met = threading.Barrier(count)
    threads = [threading.Thread(target=be, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_what_the_first_node_tells_all_others_hear(port, monkeypatch):
    def said(line):
        if line.nodes.first:
            line.tell({"found": [1, "two"]})
        return line.hear(), len(line.names)

    assert together(port, 3, said) == [({"found": [1, "two"]}, 3)] * 3


def test_who_shows_no_sign_of_life_is_named_by_all_others(port, monkeypatch):
    beat = peers.Peers._beat
    monkeypatch.setattr(peers.Peers, "_beat", lambda self: self.nodes.rank == 1 or beat(self))
    monkeypatch.setenv("BIOTUNE_POD", "pod")
    found = together(port, 3, lambda line: line.silent(), seconds=2.0)
    assert found == [["node 1 (pod)"], [], ["node 1 (pod)"]]


def test_a_node_that_does_not_come_is_waited_for_and_no_longer(port):
    nodes = Nodes(2, 0, 1, "127.0.0.1", port)
    told = pytest.raises(PeerLost, match="the 2 nodes did not come together within 3 s")
    with told, peers.joined(nodes, 1.0):
        raise AssertionError("it came")
