"""Models in a registry: whole, unchanged, and nothing but data."""

import json

import pytest

from components import storage
from components.failures import Failure, InputError
from components.registry import models, scores
from tests.tuned import evaluated, name_of, tuned


@pytest.fixture
def stored(tmp_path):
    """A registry on disk with one model: its URI, the model's, and where it came from."""
    model = tuned(tmp_path / "model")
    own, _ = scores.of(evaluated(tmp_path / "evaluation", model, 0.5))
    registry = str(tmp_path / "registry")
    name = models.store(registry, model, own)
    assert name == name_of(model)
    return registry, models.uri_of(registry, name), model, own


def test_a_model_comes_back_as_it_went_with_its_facts(stored, tmp_path):
    _, uri, model, own = stored
    folder = models.fetch(uri, tmp_path / "fetched")
    kept = ["config.yaml", "history.csv", "learning_rates.csv", "model.safetensors"]
    for name in kept:
        assert (folder / name).read_bytes() == (model / name).read_bytes()
    assert sorted(storage.listing(uri)) == sorted([".lock", *kept, "model.json"])
    known = models.read(uri)
    assert known.facts["classes"] == ["rest", "fist"] and known.scores == own
    assert models.config_at(uri)["subjects"] == {"train": ["a", "b"], "val": ["c"]}


def test_a_model_that_is_there_is_not_written_again(stored, monkeypatch):
    registry, _, model, own = stored
    monkeypatch.setattr(storage, "put", lambda *_: pytest.fail("written again"))
    models.store(registry, model, own)


def test_another_file_is_another_model(stored, tmp_path):
    other = tuned(tmp_path / "other", num_classes=3)
    assert name_of(other) != name_of(stored[2])


@pytest.mark.parametrize("name", ["model.safetensors", "config.yaml"])
def test_a_file_that_was_changed_is_refused_by_name(stored, tmp_path, name):
    _, uri, _, _ = stored
    with open(f"{uri}/{name}", "ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=f"{name} is not the file that was stored"):
        models.fetch(uri, tmp_path / "fetched")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"files": {"../../model.safetensors": "0" * 64}}, "its files are"),
        ({"files": {"model.safetensors": "0" * 64, "config.yaml": "x/../y"}}, "is no SHA-256"),
        ({"fingerprint": "0" * 64}, "not those of this model"),
        (
            {"evaluation": {"metrics": {"test_acc": "much"}, "test": "", "settings": {}}},
            "no number",
        ),
        ({"sizes": {"model.safetensors": -1, "config.yaml": 3}}, "its sizes"),
        ({"format": 7}, "its format is 7"),
    ],
)
def test_a_spoilt_mark_is_told_and_never_overwritten(stored, tmp_path, change, told):
    registry, uri, model, own = stored
    mark = tmp_path / "registry" / "models" / name_of(model) / "model.json"
    mark.write_text(spoilt := json.dumps(json.loads(mark.read_text()) | change))
    for doing in (lambda: models.read(uri), lambda: models.store(registry, model, own)):
        with pytest.raises(InputError) as caught:
            doing()
        assert "model.json: is spoilt" in str(caught.value) and told in str(caught.value)
    assert mark.read_text() == spoilt


def test_numbers_that_are_none_are_refused(stored):
    _, uri, _, _ = stored
    mark = f"{uri}/model.json"
    text = storage.read(mark)[0].replace(b'"test_acc": 0.5', b'"test_acc": NaN')
    with open(mark, "wb") as file:
        file.write(text)
    with pytest.raises(InputError, match="NaN is no JSON"):
        models.read(uri)


def test_a_model_of_another_name_is_refused(stored, tmp_path):
    model = stored[2]
    (tmp_path / "registry" / "models" / name_of(model)).rename(tmp_path / ("0" * 64))
    with pytest.raises(InputError, match="not those of this model"):
        models.read(str(tmp_path / ("0" * 64)))


def test_an_upload_that_does_not_arrive_whole_is_never_marked(tmp_path, monkeypatch):
    model = tuned(tmp_path / "model")
    own, _ = scores.of(evaluated(tmp_path / "evaluation", model, 0.5))
    put = storage.put

    def losing(path, uri):
        put(path, uri)
        if uri.endswith("safetensors"):
            with open(uri, "r+b") as file:
                file.truncate(10)

    monkeypatch.setattr(storage, "put", losing)
    registry = str(tmp_path / "registry")
    with pytest.raises(Failure, match="did not arrive whole"):
        models.store(registry, model, own)
    with pytest.raises(storage.Missing):
        models.read(models.uri_of(registry, name_of(model)))


def test_a_configuration_is_read_without_running_anything(tmp_path):
    model = tuned(tmp_path / "model")
    (model / "config.yaml").write_text("model: !!python/object/apply:os.system ['touch ran']\n")
    own, _ = scores.of(evaluated(tmp_path / "evaluation", model, 0.5))
    with pytest.raises(InputError, match="is not that of a tuned model"):
        models.store(str(tmp_path / "registry"), model, own)
