"""The whole pipeline in containers."""

import json
from pathlib import Path

import pytest

from tests.made import make_dataset

pytestmark = pytest.mark.docker

HOME = Path(__file__).parents[2]
EXAMPLE = HOME / "docs/own_model"
SHORT = ["trainer.max_epochs=1", "trainer.limit_train_batches=6", "trainer.accelerator=cpu"]
OWN = [
    *("hydra.searchpath=[file:///opt/own_model/conf]", "model=convnet", "model.num_channels=4"),
    *("classification_type=bc", "num_classes=2", "input_normalization.normalize=zscore"),
    *("data.batch_size=16", *SHORT),
]


def files(folder):
    return {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}


def test_the_demo_gives_the_same_numbers_as_in_processes(daemon, tmp_path, biotune, left):
    for runner in ("subprocess", "docker"):
        words = ["run", "--runner", runner, "--out", runner, *SHORT, "data.num_workers=2"]
        done = biotune(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    ours, theirs = files(tmp_path / "docker"), files(tmp_path / "subprocess")
    for name in (
        "backbone/backbone.safetensors",
        "model/model.safetensors",
        "evaluation/metrics.json",
    ):
        assert ours[name].read_bytes() == theirs[name].read_bytes(), name
    assert not left()


def test_lines_come_with_their_step_and_files_belong_to_the_caller(
    daemon, tmp_path, biotune, built, left
):
    quick = built(
        "FROM biotune-load-checkpoint\nENV PYTHONPATH=/stand_in\nCOPY sitecustomize.py "
        "/stand_in/\nENV BIOTUNE_TEST_ORDERS={}",
        **{"sitecustomize.py": (HOME / "tests/pipeline/stand_ins/sitecustomize.py").read_text()},
    )
    words = ["--checkpoint", "c", "--dataset", "d", "--out", "out"]
    done = biotune(tmp_path, "run", "--runner", "docker", "--image", quick, *words)
    assert done.returncode == 0, done.stderr
    names = [line.split(" | ")[0].rstrip() for line in done.stderr.splitlines()]
    assert list(dict.fromkeys(names)) == ["preflight", "load-checkpoint", "finetune", "evaluate"]
    assert "KFP" not in done.stderr
    owner = tmp_path.stat()
    for place in files(tmp_path / "out").values():
        assert (place.stat().st_uid, place.stat().st_gid) == (owner.st_uid, owner.st_gid)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "backbone",
        "evaluation",
        "model",
    ]
    assert not left()


@pytest.fixture
def own(built):
    """The image of docs/docker.md, with the model of docs/own_model in it."""
    text = (HOME / "docs/docker.md").read_text()
    dockerfile = text.split("```dockerfile\n")[1].split("```")[0]
    assert dockerfile.startswith("FROM biotune-finetune\n")
    convnet = (EXAMPLE / "convnet.py").read_text()
    config = (EXAMPLE / "conf/model/convnet.yaml").read_text()
    return built(dockerfile, **{"convnet.py": convnet, "conf/model/convnet.yaml": config})


@pytest.mark.s3
def test_a_model_of_the_users_own_is_tuned_on_data_in_s3(
    daemon, own, s3, tmp_path, biotune, monkeypatch, left
):
    """The class and its configuration are in the image alone; checkpoint and data in S3."""
    folder = make_dataset(tmp_path / "data")
    for split in ("train", "val", "test"):
        s3.put(f"data/{split}.h5", (folder / f"{split}.h5").read_bytes())
    _pretrained(tmp_path / "own.ckpt", monkeypatch)
    checkpoint = s3.put("own.ckpt", (tmp_path / "own.ckpt").read_bytes())
    uris = ["--checkpoint", checkpoint, "--dataset", s3.uri("data"), "--out", "out"]
    done = biotune(tmp_path, "run", "--runner", "docker", "--image", own, *uris, *OWN)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out/evaluation/metrics.json").read_text())
    assert 0 <= metrics["test_balanced_acc"] <= 1
    assert not left()


def _pretrained(file, monkeypatch):
    import torch

    monkeypatch.syspath_prepend(str(EXAMPLE))
    from convnet import convnet

    torch.manual_seed(1)
    torch.save({"state_dict": convnet(num_channels=4).state_dict()}, file)


def test_a_class_that_is_not_in_the_image_is_the_users_mistake(daemon, tmp_path, biotune, left):
    make_dataset(tmp_path / "data")
    (tmp_path / "own.ckpt").write_bytes(b"")
    conf = f"hydra.searchpath=[file://{EXAMPLE / 'conf'}]"
    uris = ["--checkpoint", "own.ckpt", "--dataset", "data", "--out", "out"]
    done = biotune(
        tmp_path, "run", "--runner", "docker", *uris, conf, *OWN[1:], PYTHONPATH=f"{HOME}:{EXAMPLE}"
    )
    assert done.returncode == 2
    assert "error: model._target_=convnet.convnet: cannot be imported in the image" in done.stderr
    assert "No module named 'convnet'" in done.stderr and "Traceback" not in done.stderr
    assert not left()
