"""What `biotune doctor` says of Python, packages, and GPU."""

import importlib.metadata
import json
import sys

import pytest

from pipeline import doctor
from pipeline.doctor import FAIL, OK, SKIP, WARN, software


def without(*missing, **other):
    """A stand-in for what is installed."""
    real = importlib.metadata.version

    def version(name):
        if name in missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return other.get(name) or real(name)

    return version


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts an `nvidia-smi` on an otherwise empty path."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(script):
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)

    return write


@pytest.fixture
def torch_says(monkeypatch):
    """Replaces the child that imports torch."""

    def says(program):
        monkeypatch.setattr(software, "_TORCH", program)

    return says


def test_this_environment_is_what_the_project_needs():
    assert software.python().state == OK
    core, training = software.packages()
    assert (core.state, training.state) == (OK, OK), (core, training)
    assert "boto3" in core.detail and "torchvision" in training.detail


def test_another_python_is_told_with_the_needed_one(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    found = software.python()
    assert found.state == FAIL and "3.12.1, needed is >=3.11" in found.detail


def test_a_missing_or_old_package_is_told_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", without("h5py", boto3="1.0"))
    core = software.packages()[0]
    assert core.state == FAIL and "pip install" in core.fix
    assert "h5py missing (needed >=" in core.detail and "boto3 1.0 (needed >=" in core.detail


def test_a_machine_without_torch_is_warned_and_not_asked_for_a_gpu(monkeypatch, driver):
    monkeypatch.setattr(importlib.metadata, "version", without("torch", "lightning"))
    assert software.packages()[1].state == WARN
    assert [found.name for found in software.gpu()] == ["GPU"]


def test_no_driver_is_no_fault(driver, torch_says):
    torch_says('print(\'{"version": "2.14", "cuda": null, "gpus": []}\')')
    seen, torch = software.gpu()
    assert seen.state == SKIP
    assert (torch.state, torch.detail) == (OK, "2.14, on the CPU")


def test_a_gpu_that_torch_sees(driver, torch_says):
    driver("echo 'NVIDIA H100, 81559 MiB, 580.1'")
    torch_says('print(\'{"version": "2.14", "cuda": "13.0", "gpus": ["NVIDIA H100"]}\')')
    seen, torch = software.gpu()
    assert (seen.state, seen.detail) == (OK, "NVIDIA H100, 81559 MiB, 580.1")
    assert (torch.state, torch.detail) == (OK, "2.14 sees NVIDIA H100")


def test_a_gpu_that_torch_does_not_see_is_told(driver, torch_says):
    driver("echo 'NVIDIA H100, 81559 MiB, 450.1'")
    torch_says('print(\'{"version": "2.14", "cuda": "13.0", "gpus": []}\')')
    torch = software.gpu()[1]
    assert torch.state == WARN and "CUDA 13.0" in torch.detail


def test_a_driver_in_trouble_is_told(driver, torch_says):
    driver("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    torch_says('print(\'{"version": "2.14", "cuda": null, "gpus": []}\')')
    seen = software.gpu()[0]
    assert seen.state == WARN and "version mismatch" in seen.detail


def test_a_torch_that_breaks_on_import_fails_with_its_reason(driver, torch_says):
    torch_says("raise RuntimeError('operator torchvision::nms does not exist')")
    torch = software.gpu()[1]
    assert torch.state == FAIL and "torchvision::nms" in torch.detail and torch.fix


def test_the_whole_check_of_this_machine(aws_environment, capsys):
    code = doctor.run(as_json=True)
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert {"Python", "packages", "GPU", "torch", "docker", "S3", "memory"} <= set(found)
    assert found["torch"]["state"] == OK, found["torch"]
    assert code == int(any(check["state"] == FAIL for check in found.values()))
