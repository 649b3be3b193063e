"""How many processes there are, and which of those that fail speaks for all."""

import pytest

from components.failures import Failure, InputError, PeerLost
from components.finetune import devices
from components.finetune.nodes import Nodes
from components.finetune.peers import Peers

CRASHED = {"kind": "crash", "message": "ValueError: ours", "exit_code": 1, "log": ["last line"]}
WRONG = {"kind": "input", "message": "data.batch_size=9", "exit_code": 2}
MISSED = {"kind": "peer", "message": "another process ended", "exit_code": 1, "log": ["its line"]}
STOPPED = {"kind": "stopped", "message": "stopped by SIGTERM", "exit_code": 143}


class Line(Peers):
    """To other nodes, of which some are silent."""

    def __init__(self, *silent):
        self.nodes, self.names = Nodes(2, 0, 1, "first", 1), ["pod-0", "pod-1"]
        self.silent = lambda: list(silent)


@pytest.mark.parametrize(
    ("records", "unheard", "peers", "kind", "told"),
    [
        ([STOPPED, MISSED, WRONG], 0, None, InputError, "data.batch_size=9"),
        ([MISSED, CRASHED], 0, Line("node 1"), Failure, "ValueError: ours"),
        ([MISSED], -9, Line(), Failure, "was killed, most often because memory ran out"),
        ([STOPPED, MISSED], 0, Line("node 1 (pod-1)"), PeerLost, "no answer from node 1 (pod-1)"),
        ([MISSED], 0, Line(), PeerLost, "all nodes are alive, but a process of another"),
        ([MISSED], 0, None, PeerLost, "another process ended"),
        ([], -6, Line("node 1 (pod-1)"), PeerLost, "no answer from node 1 (pod-1)"),
        ([], -6, Line(), Failure, "ended with exit code -6"),
        ([STOPPED, STOPPED], 0, Line("node 1"), SystemExit, "143"),
    ],
)
def test_the_reason_is_told_and_not_what_came_of_it(records, unheard, peers, kind, told):
    with pytest.raises(kind) as caught:
        devices._tell(records, unheard, peers)
    assert type(caught.value) is kind and told in str(caught.value)


def test_what_a_lost_process_logged_last_is_kept():
    with pytest.raises(PeerLost) as caught:
        devices._tell([MISSED], 0, Line("node 1"))
    assert caught.value.log == ["its line"]


def test_who_is_no_node_is_told_where_several_train_together():
    trainer = {"num_nodes": 2, "devices": 1, "accelerator": "cpu"}
    with pytest.raises(InputError, match=r"^trainer.num_nodes=2: .* `nodes` in the placement"):
        devices.processes(trainer)
    assert devices.processes(trainer, several=True) == 1
