"""One node of several: what it takes from the launcher and the environment, and what it leaves."""

import errno
import json
import signal
import sys
import threading
import time

import pytest

from components.failures import InputError, PeerLost
from components.finetune import node, silence, step
from components.handover import Handover

CONFIG = {"trainer": {"num_nodes": 1, "devices": 1, "precision": "32-true"}}


@pytest.fixture
def place(tmp_path, monkeypatch, root_logger):
    """Two nodes are asked for; this process is one of them."""
    place = Handover(str(tmp_path / "runs" / "run" / "finetune" / "training"))
    place.offer("data", CONFIG, None, 2)
    place.beat()
    monkeypatch.setattr(sys, "argv", ["node", place.uri])
    told = signal.getsignal(signal.SIGTERM)
    yield place
    signal.signal(signal.SIGTERM, told)


@pytest.fixture
def trained(monkeypatch):
    """What the step was called with; it makes a model at once."""
    calls = []

    def run(dataset, output, config, *, backbone, nodes):
        calls.append((dataset, config["trainer"], backbone, nodes))
        output.mkdir()
        (output / "model.safetensors").write_text("weights")

    monkeypatch.setattr(step, "run", run)
    return calls


def named(monkeypatch, rank, **more):
    given = {"NNODES": "2", "NPROC_PER_NODE": "4", "NODE_RANK": str(rank), "MASTER_ADDR": "first"}
    for name, value in {**given, "MASTER_PORT": "29400", **more}.items():
        monkeypatch.setenv(f"PET_{name}", value)
    monkeypatch.setenv("BIOTUNE_POD", f"pod-{rank}")


@pytest.mark.parametrize("rank", [0, 1])
def test_each_trains_as_the_environment_says_and_the_first_delivers(
    rank, place, trained, monkeypatch, tmp_path
):
    named(monkeypatch, rank)
    assert node.main() == 0
    ((dataset, trainer, backbone, nodes),) = trained
    assert (dataset, backbone) == ("data", None)
    assert trainer == {"num_nodes": 2, "devices": 4, "precision": "32-true"}
    assert (nodes.count, nodes.rank, nodes.address, nodes.port) == (2, rank, "first", 29400)
    assert place.delivered() == (rank == 0)
    assert place.first_failure() is None


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (InputError("data.batch_size=99: too many"), 2, "input"),
        (PeerLost("no answer from node 0"), 1, "peer"),
        (SystemExit(143), 143, "stopped"),
        (ValueError("a fault of ours"), None, "crash"),
    ],
)
def test_a_failure_lies_at_the_place(error, code, kind, place, monkeypatch, capsys):
    def run(*_, **__):
        raise error

    named(monkeypatch, 1)
    monkeypatch.setattr(step, "run", run)
    with pytest.raises(SystemExit if code else ValueError) as caught:
        node.main()
    assert code is None or caught.value.code == code
    record = place.first_failure()
    assert (record["kind"], record["node"], record["exit_code"]) == (kind, 1, code or 1)
    assert str(error) in record["message"] or kind == "stopped"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"NODE_RANK": "2"}, "PET_NODE_RANK=2: must be from 0 to 1"),
        ({"NNODES": "two"}, "PET_NNODES=two: "),
        ({"MASTER_ADDR": ""}, "PET_MASTER_ADDR, PET_MASTER_PORT, PET_NNODES and PET_NODE_RANK"),
        ({"NNODES": "3"}, "PET_NNODES=3: the training was asked of 2 nodes"),
    ],
)
def test_an_environment_that_is_no_trainjobs_is_told(wrong, told, place, monkeypatch, capsys):
    named(monkeypatch, 0, **wrong)
    with pytest.raises(SystemExit) as caught:
        node.main()
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_without_a_word_of_the_launcher_the_first_node_ends_its_training(
    place, monkeypatch, capsys
):
    def run(*_, **__):
        ended.wait(20)

    ended = threading.Event()
    named(monkeypatch, 0)
    monkeypatch.setenv(silence.VARIABLE, "0.4")
    monkeypatch.setattr(step, "run", run)
    with pytest.raises(SystemExit) as caught:
        node.main()
    assert caught.value.code == 3 and not place.delivered()
    monkeypatch.setenv("BIOTUNE_POD", "pod-1")
    place.fail({"kind": "stopped", "message": "stopped by SIGTERM"}, 1)  # as the others are
    record = place.first_failure()
    assert "nothing was heard of the launcher" in record["message"]
    assert json.loads(json.dumps(record))["node"] == 0


def test_it_ends_too_where_the_disk_is_full_and_nothing_can_be_read_or_written(
    place, monkeypatch, capsys
):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def run(*_, **__):
        for name in ("heard", "desert"):
            monkeypatch.setattr(Handover, name, full)
        ended.wait(20)

    ended = threading.Event()
    named(monkeypatch, 0)
    monkeypatch.setenv(silence.VARIABLE, "0.4")
    monkeypatch.setattr(step, "run", run)
    with pytest.raises(SystemExit) as caught:
        node.main()
    assert caught.value.code == 3 and not place.delivered()
    told = capsys.readouterr().err
    assert "the launcher can't be heard: [Errno 28] No space left on device" in told
    assert "giving up on the launcher can't be noted: [Errno 28]" in told


def test_nodes_that_are_started_again_for_nobody_end_at_once(place, monkeypatch, trained, capsys):
    place.beat()
    place.desert()
    named(monkeypatch, 0)
    with pytest.raises(SystemExit) as caught:
        node.main()
    assert caught.value.code == 3 and not place.delivered()
    place.beat()
    assert node.main() == 0 and place.delivered()


def test_who_is_heard_of_now_and_then_is_not_silent(place, monkeypatch, trained):
    def run(dataset, output, config, *, backbone, nodes):
        for _ in range(8):
            time.sleep(0.2)
            place.beat()
        made(dataset, output, config, backbone=backbone, nodes=nodes)

    made = step.run
    named(monkeypatch, 0)
    monkeypatch.setenv(silence.VARIABLE, "0.8")
    monkeypatch.setattr(step, "run", run)
    assert node.main() == 0 and place.delivered()
