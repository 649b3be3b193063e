"""A disk that fills up at any stage: one line with the place, and nothing half-written."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.__main__ import main
from tests.tuned import evaluated, tuned

DEMO = Path(__file__).parents[2] / "pipeline" / "demo"
FAST = ["experiment=demo", "trainer.max_epochs=1", "trainer.limit_train_batches=2"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small disk; `free` KiB of it are left."""
    mounted: list[Path] = []

    def mount(free: int, name: str = "disk") -> Path:
        place = tmp_path / name
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={free}k,mode=755", "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with the outputs of each step, made where there was space."""
    folder = tmp_path_factory.mktemp("made")
    demo = ["--dataset", str(DEMO)]
    assert main(load(folder / "backbone")) == 0
    backbone = ["--backbone", str(folder / "backbone")]
    assert main(["finetune", *backbone, *demo, "--output", str(folder / "model"), *FAST]) == 0
    model = ["--model", str(folder / "model")]
    assert main(["evaluate", *model, *demo, "--output", str(folder / "evaluation"), *FAST]) == 0
    return folder


def load(output: Path) -> list[str]:
    checkpoint = ["--checkpoint", str(DEMO / "pretrained.ckpt")]
    return ["load-checkpoint", *checkpoint, "--output", str(output), *FAST]


def refused(command: list[str], capfd) -> list[str]:
    """Runs a step that must fail; the lines of its error."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        main(command)
    told = capfd.readouterr().err
    assert end.value.code == 1, told
    assert "Traceback" not in told, told
    return [line for line in told.splitlines() if line.startswith("error: ")]


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("free", [4, 200, 1180])
def test_load_checkpoint(disk, capfd, free):
    output = disk(free) / "backbone"
    (line,) = refused(load(output), capfd)
    assert line == f"error: --output={output}: the disk is full; free some space"
    assert files(output.parent) == []


@pytest.mark.slow
@pytest.mark.parametrize("free", [8, 700, 1300, 2600, 3580])
def test_finetune(disk, made, capfd, free):
    output = disk(free) / "model"
    given = ["--backbone", str(made / "backbone"), "--dataset", str(DEMO)]
    before = [(file, (made / file).stat().st_mtime_ns) for file in files(made)]
    (line,) = refused(["finetune", *given, "--output", str(output), *FAST], capfd)
    assert line == f"error: --output={output}: the disk is full; free some space"
    assert files(output.parent) == []
    assert before == [(file, (made / file).stat().st_mtime_ns) for file in files(made)]


@pytest.mark.slow
@pytest.mark.parametrize("free", [4, 90, 200])
def test_evaluate(disk, made, capfd, free):
    output = disk(free) / "evaluation"
    given = ["--model", str(made / "model"), "--dataset", str(DEMO)]
    (line,) = refused(["evaluate", *given, "--output", str(output), *FAST], capfd)
    assert line == f"error: --output={output}: the disk is full; free some space"
    assert files(output.parent) == []


@pytest.mark.parametrize("free", [4, 8, 12, 16, 20, 24, 28, 32, 36, 40])
def test_promote_leaves_a_registry_that_can_be_read(disk, tmp_path, capfd, free):
    registry = disk(free) / "registry"
    model = tuned(tmp_path / "model")
    evaluation = evaluated(tmp_path / "evaluation", model, 0.5)
    command = ["promote", "--registry", str(registry), "--output"]
    given = ["--model", str(model), "--evaluation", str(evaluation), *FAST]
    try:
        done = main([*command, str(tmp_path / "out"), *given]) == 0
    except SystemExit as end:
        done = False
        assert end.code == 1
    told = capfd.readouterr().err
    assert done or ("error: " in told and "free some space" in told and str(registry) in told)
    assert "Traceback" not in told
    assert (tmp_path / "out" / "decision.json").exists() == done
    assert not [file for file in files(registry) if ".partial" in file]
    # With more space the very same goes through.
    subprocess.run(["mount", "-o", "remount,size=4m", str(registry.parent)], check=True)
    assert main([*command, str(tmp_path / "again"), *given]) == 0
    assert (tmp_path / "again" / "decision.json").exists()


@pytest.mark.s3
def test_staging_from_s3_looks_at_the_space_first(disk, made, s3, tmp_path, monkeypatch, capfd):
    s3.put("demo/test.h5", (DEMO / "test.h5").read_bytes())
    place = disk(300, "temporary")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    given = ["--model", str(made / "model"), "--dataset", s3.uri("demo")]
    (line,) = refused(["evaluate", *given, "--output", str(tmp_path / "out"), *FAST], capfd)
    assert str(place) in line
    assert "0.6 MiB are needed and 0.3 MiB are free" in line and "TMPDIR" in line
    assert os.listdir(place) == [] and not (tmp_path / "out").exists()


def test_no_place_for_temporary_files_is_told(tmp_path, monkeypatch):
    from components import storage

    def none(*_, **__):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", none)
    with (
        pytest.raises(storage.DiskFull, match=r"TMPDIR: no folder.*name one with space"),
        storage.scratch("x"),
    ):
        pass


@pytest.mark.slow
def test_a_training_outlives_a_full_disk_for_its_states(disk, made, tmp_path, capfd):
    place, output = disk(600), tmp_path / "model"
    given = ["--backbone", str(made / "backbone"), "--dataset", str(DEMO), *FAST]
    states = [f"resume.uri={place / 'states'}", "resume.every=1s"]
    assert main(["finetune", *given, "--output", str(output), *states]) == 0
    told = capfd.readouterr().err
    assert "Traceback" not in told
    assert (output / "model.safetensors").exists()
    assert not [file for file in files(place) if ".partial" in file]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("free", "left"),
    [
        (4, []),
        (40, []),
        (600, []),
        (2600, ["backbone/backbone.safetensors", "backbone/report.json"]),
    ],
)
def test_a_run_tells_it_and_goes_on_with_more_space(disk, free, left):
    out = disk(free) / "out"
    command = [sys.executable, "-m", "pipeline", "run", "--out", str(out), *FAST]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(told) == 1 and str(out) in told[0] and "free some space" in told[0], done.stderr
    shown = [file for file in files(out) if not file.startswith(".kfp/")]
    assert [file for file in shown if file != "failure.json"] == left
    if left:
        subprocess.run(["mount", "-o", "remount,size=32m", str(out.parent)], check=True)
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "load-checkpoint | " not in done.stderr  # which had been done
        assert "evaluation/metrics.json" in files(out)
