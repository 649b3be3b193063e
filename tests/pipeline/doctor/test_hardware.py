"""What `biotune doctor` says of disk, shared memory, processors and memory."""

from collections import namedtuple

import pytest

from pipeline.doctor import FAIL, OK, SKIP, WARN, hardware

Usage = namedtuple("Usage", "total used free")
GIB = 2**30


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """The limits of a container, as the kernel tells them."""
    monkeypatch.setattr(hardware, "_CGROUP", tmp_path)

    def write(name, text):
        (tmp_path / name).write_text(text)

    return write


@pytest.mark.parametrize(("free", "state"), [(100, OK), (3, WARN), (0.1, FAIL)])
def test_little_disk_warns_and_none_fails(monkeypatch, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda place: Usage(1000, 0, free * GIB))
    for found in hardware.disk():
        assert found.state == state and bool(found.fix) == (state != OK)


def test_the_shared_memory_of_a_plain_container_is_too_small(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: Usage(64 * 2**20, 0, 0))
    found = hardware.shared_memory()
    assert found.state == WARN and "0.06 GiB" in found.detail and "--shm-size" in found.fix
    monkeypatch.setattr("shutil.disk_usage", lambda place: Usage(2 * GIB, 0, 0))
    assert hardware.shared_memory().state == OK


def test_a_system_without_shared_memory_is_left_alone(monkeypatch):
    monkeypatch.setattr(hardware, "_SHARED", "/nonexistent/shm")
    assert hardware.shared_memory().state == SKIP


def test_a_containers_limits_count(limits):
    limits("memory.max", f"{2 * GIB}\n")
    limits("cpu.max", "150000 100000\n")
    found = hardware.memory()
    assert found.state == WARN and found.detail == "2.0 GiB (limit of this container)"
    assert hardware.processors().detail.endswith("limited to 1.5")


def test_without_limits_the_machine_counts(limits):
    limits("memory.max", "max\n")
    limits("cpu.max", "max 100000\n")
    assert "limit" not in hardware.memory().detail
    assert hardware.processors().detail.isdecimal()
