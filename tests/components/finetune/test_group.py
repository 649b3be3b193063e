"""What the libraries say of a process that is gone is told as just that, and nothing else is."""

from pathlib import Path

import pytest
import torch
from torch import distributed

from components.failures import PeerLost
from components.finetune import group

CONFIG = {"trainer": {"accelerator": "cpu"}, "peer_timeout": "6s"}
# As they were seen; gloo puts the place in its source before some.
SEEN = [
    RuntimeError(
        "[/src/gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 6000ms for recv"
    ),
    RuntimeError("Gloo connectFullMesh failed with [/src/gloo/transport/tcp/pair.cc:144] no error"),
    RuntimeError("Application timeout caused pair closure"),
    RuntimeError("[/src/gloo/transport/tcp/pair.cc:538] Connection closed by peer [10.0.0.2]:4711"),
    RuntimeError("Connection reset by peer [10.0.0.2]:4711"),
    distributed.DistBackendError("NCCL communicator was aborted on rank 0"),
    distributed.DistNetworkError("failed to recv, got 0 bytes"),
]


@pytest.fixture
def alone(monkeypatch):
    """A group without others."""
    monkeypatch.setattr(distributed, "init_process_group", lambda *_, **__: None)
    monkeypatch.setattr(distributed, "destroy_process_group", lambda: None)


@pytest.mark.parametrize("error", SEEN, ids=lambda error: str(error)[-20:])
def test_a_lost_process_is_told_in_a_line_with_the_key(error, alone):
    with pytest.raises(PeerLost) as caught, group.joined(CONFIG):
        raise error
    assert "did not answer within peer_timeout=6s (" in str(caught.value)
    assert "/src/" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "kind"), [("distributed_c10d.py", PeerLost), ("fsdp/param.py", RuntimeError)]
)
def test_words_that_nobody_knows_count_where_they_come_from_a_collective(file, kind, alone):
    place = Path(distributed.__file__).parent / file
    with pytest.raises(kind, match="words of another version"), group.joined(CONFIG):
        exec(compile("raise RuntimeError('words of another version')", str(place), "exec"))


def test_a_file_that_is_named_like_the_library_is_no_process(alone):
    with pytest.raises(RuntimeError, match="can't be read"), group.joined(CONFIG):
        raise RuntimeError("/data/gloo-emg/train.h5: can't be read")


def test_what_nobody_could_send_is_no_lost_process(monkeypatch):
    """gloo's own words, of a group of one."""
    named = {"MASTER_ADDR": "localhost", "MASTER_PORT": "0", "RANK": "0", "WORLD_SIZE": "1"}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    try:
        with pytest.raises(RuntimeError, match="scalar type"), group.joined(CONFIG):
            distributed.all_reduce(torch.zeros(2, dtype=torch.int16))
    finally:
        distributed.destroy_process_group()


def test_a_fault_of_ours_stays_one(alone):
    with pytest.raises(RuntimeError, match="size of tensor a"), group.joined(CONFIG):
        torch.zeros(2) + torch.zeros(3)
