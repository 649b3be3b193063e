"""What preflight learns from a registry before a GPU is asked for."""

import json

import h5py
import pytest
import torch

from components import storage
from components.failures import Findings, InputError
from components.preflight import retraining
from components.preflight.step import run
from components.registry import attempts, champions, models, scores
from tests.s3_server import READ_ONLY
from tests.tuned import tuned

GIVEN = [
    *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16", "model.signal=null"),
    *("classification_type=bc", "num_classes=2", "input_normalization.normalize=none"),
]
OBJECTIVE = {"_target_": "components.objectives.Binary", "num_classes": 2}
BINARY = {"classification_type": "bc", "objective": OBJECTIVE, "provenance": {}}
SCORES = scores.Scores({"test_acc": 0.5, "undefined": {}}, "sha256:split", {})


@pytest.fixture(scope="module")
def described():
    from components.describe.step import run as describe

    return describe(GIVEN)


@pytest.fixture
def registry(tmp_path):
    return str(tmp_path / "registry")


@pytest.fixture
def look(described, dataset, registry, tmp_path):
    """Runs preflight with a registry."""
    entries = [e for e in described["entries"] if e["part"] != "head"]
    state = {entry["name"]: torch.ones(entry["shape"]) for entry in entries}
    torch.save({"state_dict": state}, tmp_path / "last.ckpt")

    def looks(*overrides, registry=registry, dataset=dataset, images="", checkpoint=None):
        checkpoint = checkpoint or str(tmp_path / "last.ckpt")
        overrides = [*GIVEN, *overrides]
        given = {"manifest": described, "registry": registry, "images": images}
        return run(checkpoint, str(dataset), overrides, **given)

    return looks


@pytest.fixture
def crown(registry, tmp_path):
    """Makes a model the champion; gives its URI."""

    def crowns(**config):
        name = models.store(registry, tuned(tmp_path / "tuned", **BINARY | config), SCORES)
        champions.replace(registry, champions.Champion(name, SCORES), champions.read(registry))
        return models.uri_of(registry, name)

    return crowns


def finish(registry, done, decision="kept", reason="balanced_acc 0.4000 against 0.5000"):
    """Records a retraining as promote does."""
    attempt = done.slices["promote"]["attempt"]
    data = {"decision": decision, "reason": reason, "of": attempt["of"]}
    assert attempts.record(registry, attempt["fingerprint"], data)


def test_a_first_retraining_trains_and_has_no_champion(look):
    done = look()
    assert (done.verdict, done.champion) == ("train", "")
    promote = done.slices["promote"]
    assert promote["promotion"] == {"metric": "balanced_acc", "margin": 0.0}
    assert promote["attempt"]["of"]["checkpoint"] == done.checkpoint_fingerprint
    assert promote["attempt"]["of"]["data"] == done.dataset_fingerprints


def test_the_champion_is_handed_on(look, crown):
    uri = crown()
    assert look().champion == uri


@pytest.mark.parametrize("decision", ["promoted", "kept"])
def test_an_unchanged_retraining_is_recognised_whatever_came_of_it(
    look, registry, caplog, decision
):
    caplog.set_level("INFO", "biotune")
    finish(registry, look(), decision)
    assert look().verdict == "unchanged"
    (line,) = [m for m in caplog.messages if m.startswith("unchanged")]
    assert f"({decision}: balanced_acc 0.4000 against 0.5000)" in line
    assert "attempts/" in line and "to retrain all the same" in line


def test_the_same_files_under_another_name_are_the_same_retraining(
    look, registry, dataset, tmp_path
):
    finish(registry, look("seed=3", "optimizer.lr=1e-3"))
    moved = dataset.rename(tmp_path / "moved")
    checkpoint = (tmp_path / "last.ckpt").rename(tmp_path / "other.ckpt")
    again = look("optimizer.lr=0.001", "seed=3", dataset=moved, checkpoint=str(checkpoint))
    assert again.verdict == "unchanged"


def test_the_champion_is_no_part_of_a_retraining(look, registry, crown):
    finish(registry, look())
    crown()
    assert look().verdict == "unchanged", "who put an older champion back wants it to stay"


def test_how_a_killed_training_goes_on_is_no_part_of_it(look, registry):
    done = look()
    tune = {**done.slices["finetune"], "resume": {"uri": "s3://b/elsewhere"}, "peer_timeout": "9m"}
    promote = {"promotion": done.slices["promote"]["promotion"]}
    slices = {**done.slices, "finetune": tune, "promote": promote}
    assert retraining.standing(registry, slices, "").attempt == done.slices["promote"]["attempt"]


def test_whatever_is_changed_is_trained_again(look, registry, dataset, tmp_path, monkeypatch):
    finish(registry, look())
    for changed in (["seed=1"], ["optimizer.lr=2e-3"], ["promotion.margin=0.1"]):
        assert look(*changed).verdict == "train"
    assert look(images="biotune-finetune:2").verdict == "train"
    with monkeypatch.context() as patched:
        patched.setattr(retraining, "code", lambda: "other")
        assert look().verdict == "train"
    with h5py.File(dataset / "test.h5", "a") as file:
        file["data"][0] = 0.5
    assert look().verdict == "train"


def test_another_number_of_processes_is_another_global_batch(look, registry, monkeypatch):
    finish(registry, look())
    for nodes in ("2", "3"):
        monkeypatch.setenv("BIOTUNE_PROCESSES", nodes)
        assert look().verdict == "train"
        finish(registry, look())
        assert look().verdict == "unchanged"
    monkeypatch.delenv("BIOTUNE_PROCESSES")
    assert look().verdict == "unchanged"


def test_a_changed_checkpoint_is_trained_again(look, registry, tmp_path):
    finish(registry, look())
    saved = torch.load(tmp_path / "last.ckpt")
    next(iter(saved["state_dict"].values())).fill_(2)
    torch.save(saved, tmp_path / "last.ckpt")
    assert look().verdict == "train"


def test_the_code_is_that_of_the_package(tmp_path, monkeypatch):
    import components

    home = tmp_path / "components"
    (home / "__pycache__").mkdir(parents=True)
    (home / "a.py").write_text("x = 1")
    monkeypatch.setattr(components, "__file__", str(home / "__init__.py"))
    before = retraining.code()
    (home / "__pycache__" / "a.pyc").write_text("compiled")
    assert retraining.code() == before
    (home / "a.py").write_text("x = 2")
    assert (changed := retraining.code()) != before
    (home / "a.py").rename(home / "b.py")
    assert retraining.code() != changed


@pytest.mark.parametrize(
    ("champion", "told"),
    [
        (
            {"classification_type": "mcc"},
            "champion: its classification_type is mcc, but bc here; keep another registry",
        ),
        ({"num_classes": 3}, "champion: its num_classes is 3, but 2 here"),
        (
            {"subjects": {"train": ["test0"], "val": []}},
            "subjects in both train and test: test0 (1)",
        ),
        (
            {"model": {"_target_": "x", "signal": {"window": 9}}},
            "window is 64, but the model expects 9",
        ),
    ],
)
def test_a_champion_that_could_not_be_tested_is_told_before_the_training(
    look, crown, champion, told
):
    uri = crown(**champion)
    with pytest.raises(Findings) as caught:
        look()
    (line,) = caught.value.messages
    assert told in line and (uri in line or line.startswith("champion: "))


def test_subjects_of_the_champion_may_be_allowed(look, crown):
    uri = crown(subjects={"train": ["test0"], "val": []})
    assert look("data.allow_subject_overlap=true").champion == uri


def test_a_spoilt_record_is_told_with_everything_else_that_is_wrong(look, registry, dataset):
    storage.put_if(b"{", storage.join(registry, "champion.json"), fingerprint=None)
    (dataset / "val.h5").unlink()
    with pytest.raises(Findings) as caught:
        look()
    told = "\n".join(caught.value.messages)
    assert "champion.json: is spoilt" in told and "val.h5" in told


def test_a_champion_that_is_not_there_whole_is_told(look, registry):
    nobody = json.dumps({"format": 1, "model": "0" * 64}).encode()
    storage.put_if(nobody, storage.join(registry, "champion.json"), fingerprint=None)
    with pytest.raises(Findings, match=r"champion\.json: names a model that is not there whole"):
        look()


def test_a_spoilt_attempt_is_told(look, registry):
    name = look().slices["promote"]["attempt"]["fingerprint"]
    storage.put_if(b"{}", attempts.uri_of(registry, name), fingerprint=None)
    with pytest.raises(InputError, match=r"attempts/.*is spoilt.*remove it to retrain"):
        look()


@pytest.mark.s3
def test_a_registry_that_can_not_be_written_is_told_before_the_training(look, s3, monkeypatch):
    assert look(registry=s3.uri("registry")).verdict == "train"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READ_ONLY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READ_ONLY[1])
    with pytest.raises(Findings, match=r"registry/probe\.bin: access denied"):
        look(registry=s3.uri("registry"))
