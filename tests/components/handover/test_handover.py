"""What launcher and nodes tell each other arrives whole, in a folder and in S3."""

import json
from pathlib import Path

import pytest

from components import handover
from components.failures import PEER, InputError
from components.handover import Handover

CONFIG = {"seed": 3, "fingerprints": {"train": "sha256:1"}}


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def uri(request, tmp_path):
    """An empty place."""
    if request.param == "disk":
        return str(tmp_path / "runs" / "run-7" / "finetune" / "training")
    return request.getfixturevalue("s3").uri(f"{tmp_path.name}/run-7/finetune/training")


@pytest.fixture
def place(uri):
    return Handover(uri)


@pytest.fixture
def backbone(tmp_path):
    return folder(tmp_path / "backbone", {"backbone.safetensors": b"weights", "report.json": b"{}"})


def folder(path, contents):
    for name, content in contents.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def contents(path):
    return {f.relative_to(path).as_posix(): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def fails(place, monkeypatch, pod, node, kind="failed"):
    monkeypatch.setenv("BIOTUNE_POD", pod)
    place.fail({"kind": kind, "message": f"of {pod}", "exit_code": 1, "time": "", "log": []}, node)


def test_the_nodes_get_what_was_offered(place, backbone, tmp_path):
    place.offer("s3://data/emg", CONFIG, backbone, 2)
    for node in ("a", "b"):
        asked = Handover(place.uri).take(tmp_path / node)
        assert (asked.dataset, asked.config, asked.nodes) == ("s3://data/emg", CONFIG, 2)
        assert contents(asked.backbone) == contents(backbone)


def test_from_scratch_there_is_no_backbone(place, tmp_path):
    place.offer("data", CONFIG, None, 2)
    assert place.take(tmp_path / "node").backbone is None


@pytest.mark.parametrize("made", [True, False])
def test_a_backbone_without_files_is_not_from_scratch(place, tmp_path, made):
    backbone = tmp_path / "backbone"
    if made:
        backbone.mkdir()
    with pytest.raises(InputError, match=r"backbone: holds no file"):
        place.offer("data", CONFIG, backbone, 2)
    place._records.write("request.json", asked(backbone={}))
    assert place.take(tmp_path / "node").backbone is not None


def asked(**more):
    return {"dataset": "data", "config": CONFIG, "nodes": 2, **more}


def test_who_is_asked_for_nothing_says_so(place, tmp_path):
    with pytest.raises(InputError, match=r"training: no training is asked for here"):
        place.take(tmp_path / "node")


def test_a_model_arrives_whole_or_not_at_all(place, tmp_path, monkeypatch):
    made = folder(tmp_path / "made", {"model.safetensors": b"w" * 9, "checkpoints/best": b"w" * 9})
    assert not place.delivered()
    place.deliver(made)
    assert place.delivered()
    place.fetch_model(tmp_path / "got")
    assert contents(tmp_path / "got") == contents(made)
    assert not [p for p in (tmp_path / "got").rglob("*") if p.is_symlink()], "the place is cleared"


def test_a_delivery_that_breaks_off_is_none(place, tmp_path, monkeypatch):
    from components.handover import files

    def dying(folder, uri):
        original(folder, uri)
        raise KeyboardInterrupt

    original = files.put
    monkeypatch.setattr(files, "put", dying)
    with pytest.raises(KeyboardInterrupt):
        place.deliver(folder(tmp_path / "made", {"model.safetensors": b"w"}))
    assert not place.delivered()
    with pytest.raises(InputError, match="no tuned model was delivered"):
        place.fetch_model(tmp_path / "got")


@pytest.mark.parametrize("harm", [b"torn", b"", None])
def test_a_file_that_was_changed_is_refused(harm, tmp_path):
    place = Handover(str(tmp_path / "place"))
    place.deliver(folder(tmp_path / "made", {"model.safetensors": b"whole"}))
    [file] = (tmp_path / "place" / "model").iterdir()
    file.unlink() if harm is None else file.write_bytes(harm)
    with pytest.raises(InputError, match=r"torn or was changed|no such file"):
        place.fetch_model(tmp_path / "got")


def test_a_list_of_files_that_leads_out_is_refused(tmp_path):
    place = Handover(str(tmp_path / "place"))
    place.deliver(folder(tmp_path / "made", {"model.safetensors": b"whole"}))
    listed = tmp_path / "place" / "model.json"
    listed.write_text(listed.read_text().replace("model.safetensors", "../../../stolen"))
    with pytest.raises(InputError, match="leads out"):
        place.fetch_model(tmp_path / "got")


def test_the_first_to_fail_by_itself_is_the_one_that_is_told(place, monkeypatch):
    assert place.first_failure() is None
    fails(place, monkeypatch, "pod-2", 2, PEER)
    fails(place, monkeypatch, "pod-3", 3, "stopped")
    assert place.first_failure()["message"] == "of pod-2", "better than nothing"
    fails(place, monkeypatch, "pod-1", 1, "crash")
    fails(place, monkeypatch, "pod-0", 0)
    first = place.first_failure()
    assert (first["message"], first["node"]) == ("of pod-1", 1)


def test_what_failed_before_all_nodes_started_again_is_not_the_reason(place, monkeypatch):
    fails(place, monkeypatch, "pod-0", 0)
    monkeypatch.setenv("BIOTUNE_ATTEMPT", "1")
    fails(place, monkeypatch, "pod-3", 1, PEER)
    fails(place, monkeypatch, "pod-4", 2)
    assert place.first_failure()["message"] == "of pod-4"


def test_a_record_cut_off_hides_no_other(tmp_path, monkeypatch):
    place = Handover(str(tmp_path))
    fails(place, monkeypatch, "pod-1", 1)
    (tmp_path / "failures" / "pod-0.json").write_text('{"kind": "fai')
    assert place.first_failure()["message"] == "of pod-1"


BAD = [{"attempt": "x"}, {"node": None}, {"at": 1}, {"log": 5}, {"message": 5}, {"exit_code": "x"}]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: next(iter(bad)))
def test_a_record_of_another_form_hides_no_other(tmp_path, monkeypatch, caplog, bad):
    place = Handover(str(tmp_path))
    fails(place, monkeypatch, "pod-1", 1)
    file = tmp_path / "failures" / "pod-0.json"
    file.write_text(json.dumps({"kind": "failed", "message": "bad", "attempt": 9, **bad}))
    assert place.first_failure()["message"] == "of pod-1"
    assert "pod-0.json: is no record of a failure" in caplog.text


def test_a_new_offer_knows_nothing_of_the_attempt_before(place, backbone, tmp_path, monkeypatch):
    place.offer("data", CONFIG, backbone, 2)
    fails(place, monkeypatch, "pod-1", 1)
    place.deliver(backbone)
    place.taken()
    place.offer("data", CONFIG, backbone, 4)
    assert place.first_failure() is None
    assert not place.delivered()
    assert place.take(tmp_path / "node").nodes == 4
    place.clear()
    assert place.take(tmp_path / "again").backbone, "this attempt's model was not taken"


def test_each_word_of_the_launcher_is_another(place):
    heard = [place.heard()]
    for _ in range(2):
        place.beat()
        heard += [place.heard(), place.heard()]
    assert heard[0] == "" and heard[1] == heard[2] != heard[3] == heard[4] != ""


def test_space_is_freed_only_when_the_model_is_taken(place, backbone, tmp_path):
    made = folder(tmp_path / "made", {"model.safetensors": b"tuned"})
    place.offer("data", CONFIG, backbone, 2)
    place.deliver(made)
    place.clear()
    place.fetch_model(tmp_path / "got")
    place.taken()
    [found] = handover.of_run(place.uri.split("/run-7")[0], "run-7")
    found.clear()
    assert not place.delivered()
    with pytest.raises(InputError):
        place.take(tmp_path / "node")
    if place.uri.startswith("/"):
        assert not [f for f in Path(place.uri).rglob("*") if f.is_file() and f.name != ".lock"]


def test_the_place_is_named_by_run_and_training(monkeypatch, tmp_path):
    monkeypatch.setenv("BIOTUNE_RUNS", "s3://bucket/runs")
    monkeypatch.delenv("BIOTUNE_RUN", raising=False)
    with pytest.raises(InputError, match="BIOTUNE_RUN: is not set"):
        handover.of_training("training")
    monkeypatch.setenv("BIOTUNE_RUN", "run-7")
    keys = [handover.key(), handover.key(seed=0), handover.key(fold=2), handover.key(3, 2)]
    assert keys == ["training", "seed-0", "fold-2", "seed-3-fold-2"]
    assert handover.of_training(keys[1]).uri == "s3://bucket/runs/run-7/finetune/seed-0"
    assert handover.of_run(str(tmp_path), "run-7") == []
