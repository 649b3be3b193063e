"""Why a training on several nodes failed: of all that its nodes leave, the reason is told."""

import pytest

from components.failures import Failure, InputError
from tests.kubernetes_server.launching import NAME

RUNNING = (0.0, "run", {})
FAILURES = {
    "the first that failed by itself": (
        [
            ("leave", {"number": 0, "kind": "peer", "message": "node 1 is gone"}),
            ("leave", {"number": 1, "kind": "failed", "message": "CUDA out of memory"}),
        ],
        Failure,
        "^CUDA out of memory$",
    ),
    "what the user got wrong": (
        [("leave", {"number": 1, "kind": "input", "message": "num_classes=1: too few"})],
        InputError,
        "num_classes=1",
    ),
    "a crash": (
        [("leave", {"number": 1, "kind": "crash", "message": "KeyError: 'x'"})],
        Failure,
        "^finetune crashed on node 1: KeyError: 'x'$",
    ),
    "memory, of which a node can't tell": (
        [
            ("leave", {"number": 0, "kind": "peer", "message": "node 1 is gone"}),
            ("end", {"number": 1, "code": 137, "reason": "OOMKilled"}),
        ],
        Failure,
        r"^node 1 \(pod .*\) was killed: memory ran out \(OOMKilled\); set steps.finetune.memory",
    ),
    "a kill": (
        [("end", {"number": 1, "code": 137})],
        Failure,
        r"killed by SIGKILL \(exit code 137",
    ),
    "an end without a word": ([("end", {"number": 0, "code": 3})], Failure, "with exit code 3 and"),
    "a node that was drained": (
        [("leave", {"number": 1, "kind": "stopped", "message": "stopped by SIGTERM"})],
        Failure,
        "^node 1: stopped by SIGTERM$",
    ),
    "nothing but the job": ([], Failure, f"^{NAME} failed: jobset failed$"),
    "others' ends alone": (
        [("leave", {"number": 0, "kind": "peer", "message": "node 1 is gone"})],
        Failure,
        "^node 0: node 1 is gone$",
    ),
}


@pytest.mark.parametrize("ends, kind, told", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_that_of_the_node_that_failed_first(cluster, launch, ends, kind, told):
    cluster.script = [RUNNING, *((0.0, *end) for end in ends), (0.0, "give_up", {})]
    with pytest.raises(Failure, match=told) as failed:
        launch()
    assert type(failed.value) is kind
    assert cluster.state.jobs == {}


def test_the_record_holds_what_the_node_said_last(cluster, launch, caplog):
    record = {"number": 1, "kind": "failed", "message": "bad", "log": ["reading", "dividing"]}
    cluster.script = [RUNNING, (0.0, "leave", record), (0.0, "give_up", {})]
    with pytest.raises(Failure) as failed:
        launch()
    assert failed.value.log == ["reading", "dividing"]
    assert "node 1 | dividing" in caplog.text


def test_too_long_a_training_names_the_setting(cluster, launch):
    stopped = {"number": 0, "kind": "stopped", "message": "stopped by SIGTERM"}
    late = {"reason": "DeadlineExceeded"}
    cluster.script = [RUNNING, (0.0, "leave", stopped), (0.0, "give_up", late)]
    with pytest.raises(Failure, match=r"within 3600 s; set steps\.finetune\.timeout higher"):
        launch()
