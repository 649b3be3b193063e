"""What is decided, and what the registry holds afterwards."""

import json

import pytest

from components import storage
from components.failures import Failure, InputError
from components.registry import attempts, champions, models
from tests.tuned import SETTINGS, tuned


def test_without_a_champion_the_first_model_becomes_it_and_that_is_said(come, champion, caplog):
    caplog.set_level("INFO", "biotune")
    first = come(0.6)
    done = first.go()
    assert champion() == first.name
    assert (done.decision, done.previous, done.champion) == ("promoted", "", None)
    assert "no champion to compare with" in done.reason
    assert f"promoted {first.name[:12]}: {done.reason}" in caplog.text


@pytest.mark.parametrize(
    ("metric", "old", "new", "margin", "decision"),
    [
        ("balanced_acc", 0.7, 0.8, 0.0, "promoted"),
        ("balanced_acc", 0.7, 0.6, 0.0, "kept"),
        ("balanced_acc", 0.7, 0.7, 0.0, "kept"),
        ("balanced_acc", 0.7, 0.75, 0.1, "kept"),
        ("balanced_acc", 0.7, 0.8, 0.1, "kept"),  # 0.8 - 0.7 > 0.1 in binary
        ("balanced_acc", 0.7, 0.81, 0.1, "promoted"),
        ("loss", 0.7, 0.6, 0.0, "promoted"),
        ("loss", 0.7, 0.8, 0.0, "kept"),
        ("loss", 0.7, 0.65, 0.1, "kept"),
        ("balanced_acc", 0.7, None, 0.0, "kept"),
        ("balanced_acc", None, 0.7, 0.0, "kept"),
    ],
)
def test_the_better_one_by_more_than_the_margin_is_champion(
    come, champion, metric, old, new, margin, decision
):
    first = come(0.5, metric=metric)
    first.go()
    second = come(new, (first.name, old), metric=metric, margin=margin)
    done = second.go()
    assert done.decision == decision
    assert champion() == (second.name if decision == "promoted" else first.name)
    assert (done.new, done.champion, done.previous) == (new, old, first.name)
    if None in (old, new):
        assert "undefined (one class alone)" in done.reason
    else:
        assert f"{new:.4f} against the champion's {old:.4f}" in done.reason


def test_the_decision_is_left_with_both_numbers_and_the_attempt_is_recorded(come, registry):
    first = come(0.5)
    first.go()
    second = come(0.4, (first.name, 0.5), margin=0.01)
    done = second.go()
    left = json.loads((second.output / "decision.json").read_text())
    reason = "balanced_acc 0.4000 against the champion's 0.5000: not higher"
    assert left == {
        "decision": "kept",
        "reason": reason,
        "metric": "balanced_acc",
        "margin": 0.01,
        "new": 0.4,
        "champion": 0.5,
        "model": second.name,
        "previous": first.name,
        "attempt": second.attempt,
        "registry": registry,
    }
    assert attempts.find(registry, second.attempt).reason == reason
    assert attempts.find(registry, first.attempt).decision == "promoted"
    numbers = {"promoted": 0.0, "margin": 0.01, "new_balanced_acc": 0.4}
    assert done.numbers == {**numbers, "champion_balanced_acc": 0.5}


def test_a_rejected_model_is_not_stored(come, registry):
    first = come(0.5)
    first.go()
    second = come(0.4, (first.name, 0.5))
    second.go()
    with pytest.raises(storage.Missing):
        models.read(models.uri_of(registry, second.name))


def test_the_very_champion_again_stays_with_its_record(come, registry, tmp_path):
    model = tuned(tmp_path / "same")
    first = come(0.5, model=model)
    first.go()
    before = storage.read(storage.join(registry, "champion.json"))
    done = come(0.5, (first.name, 0.5), model=model).go()
    assert done.decision == "kept" and "this very model" in done.reason
    assert storage.read(storage.join(registry, "champion.json")) == before


def test_a_champion_put_back_by_hand_is_no_earlier_try_of_a_promotion_by_hand(
    come, registry, tmp_path
):
    model = tuned(tmp_path / "back")
    first = come(0.5, model=model)
    first.go()
    by_hand = json.dumps({"format": 1, "model": first.name}).encode()
    uri = storage.join(registry, "champion.json")
    storage.put_if(by_hand, uri, fingerprint=storage.read(uri)[1])
    done = come(0.5, model=model, attempt=False).go()
    assert done.decision == "kept" and "this very model" in done.reason
    assert storage.read(uri)[0] == by_hand


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Expecting value"),
        (b'{"format": 1, "model": "../../etc"}', "is no SHA-256"),
        (b'{"format": 1}', "no 'model'"),
        (b'{"format": 2, "model": "x"}', "its format is 2"),
        (b"[" * 100_000, "recursion"),
        (b'{"format": 1, "model": "' + b"a" * 64 + b'", "evaluation": {"metrics": 3}}', "3"),
    ],
)
def test_a_spoilt_champion_is_told_with_its_place_and_never_overwritten(
    come, registry, content, told
):
    uri = storage.join(registry, "champion.json")
    storage.put_if(content, uri, fingerprint=None)
    with pytest.raises(InputError) as caught:
        come(0.9).go()
    assert uri in str(caught.value) and told in str(caught.value)
    assert "remove it to begin without a champion" in str(caught.value)
    assert storage.read(uri)[0] == content


def test_a_champion_that_changed_meanwhile_is_compared_by_its_record(come, champion):
    old = come(0.5)
    old.go()
    quick, late = come(0.7, (old.name, 0.5)), come(0.6, (old.name, 0.5))
    quick.go()
    done = late.go()
    assert done.decision == "kept" and (done.new, done.champion) == (0.6, 0.7)
    better = come(0.8, (old.name, 0.5))
    assert better.go().previous == quick.name
    assert champion() == better.name


@pytest.mark.parametrize(
    "other", [{"test": "sha256:other"}, {"settings": SETTINGS | {"device": "cuda"}}]
)
def test_a_champion_that_changed_to_one_of_another_test_is_not_guessed_at(come, champion, other):
    old = come(0.5)
    old.go()
    quick, late = come(0.6, (old.name, 0.5), **other), come(0.7, (old.name, 0.5))
    quick.go()
    with pytest.raises(Failure, match="run again") as caught:
        late.go()
    assert caught.value.exit_code == 1 and "\n" not in str(caught.value)
    assert champion() == quick.name


def test_a_champion_put_back_by_hand_counts(come, champion, registry):
    first = come(0.5)
    first.go()
    second = come(0.6, (first.name, 0.5))
    second.go()
    by_hand = json.dumps({"format": 1, "model": first.name}).encode()
    seat = champions.read(registry)
    storage.put_if(by_hand, storage.join(registry, "champion.json"), fingerprint=seat.fingerprint)
    assert champion() == first.name
    third = come(0.55, (first.name, 0.5))
    assert third.go().decision == "promoted"
    assert champion() == third.name


def test_an_evaluation_of_another_model_is_refused(come, tmp_path):
    one, other = tuned(tmp_path / "one", "1"), tuned(tmp_path / "other", "2")
    going = come(0.5, model=one)
    (one / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(InputError, match="is of another model"):
        going.go()
    assert not going.output.exists()
