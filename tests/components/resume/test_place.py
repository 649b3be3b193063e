"""The place of a training: what is written there is found again whole, or not at all."""

import json
import threading
from pathlib import Path

import pytest

from components import storage
from components.failures import Findings, InputError
from components.resume import Place, Settings, TakenOver, Writer, open_place
from components.resume.identity import key

FACTS = {"optimizer.lr": 0.1, "seed": 0, "the data of train": "sha256:1"}


@pytest.fixture(params=["disk", "s3"])
def uri(request, tmp_path):
    """An empty place."""
    if request.param == "disk":
        return str(tmp_path / "place")
    return request.getfixturevalue("s3").uri(f"resume/{tmp_path.name}")


def files(folder, number, best=b"best"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.pt").write_bytes(b"state %d" % number)
    (folder / "best").write_bytes(best)
    return {"state.pt": folder / "state.pt", "files/best": folder / "best"}


def filled(uri, tmp_path, count=3, keep=2):
    place = Place.claim(uri, FACTS, keep)
    for number in range(count):
        place.add(files(tmp_path / "made", number), {"batch": number})
    return place


def test_the_newest_state_is_found_with_all_its_files(uri, tmp_path):
    filled(uri, tmp_path)
    found = Place.claim(uri, FACTS, 2).newest(tmp_path / "scratch")
    assert Path(found.files["state.pt"]).read_bytes() == b"state 2"
    assert Path(found.files["files/best"]).read_bytes() == b"best"
    assert found.position == {"batch": 2}


@pytest.mark.parametrize("harm", ["torn", "flipped", "gone"])
def test_a_broken_state_falls_back_to_the_one_before_and_says_so(harm, tmp_path, caplog):
    uri = str(tmp_path / "place")
    place = filled(uri, tmp_path)
    broken = Path(uri) / f"slot-{place.record['states'][0]['slot']}"
    for file in broken.iterdir():
        if harm == "gone":
            file.unlink()
        else:
            content = file.read_bytes()
            file.write_bytes(content[:-1] + (b"" if harm == "torn" else bytes([content[-1] ^ 1])))
    place = Place.claim(uri, FACTS, 2)
    found = place.newest(tmp_path / "scratch")
    assert found.position == {"batch": 1}
    assert "is broken, the one before is tried" in caplog.text
    place.add(files(tmp_path / "made", 7), {"batch": 7})  # the broken slot is written anew
    assert Place.claim(uri, FACTS, 2).newest(tmp_path / "scratch").position == {"batch": 7}


def test_without_a_whole_state_it_begins_anew(tmp_path, caplog):
    uri = str(tmp_path / "place")
    filled(uri, tmp_path)
    for file in Path(uri).glob("slot-*/*"):
        file.write_bytes(b"")
    assert Place.claim(uri, FACTS, 2).newest(tmp_path / "scratch") is None
    assert "no whole state is left" in caplog.text


def test_a_write_that_ends_in_the_midst_costs_no_kept_state(tmp_path, monkeypatch):
    uri = str(tmp_path / "place")
    place, original, puts = filled(uri, tmp_path), storage.put, []

    def dying(path, target):
        puts.append(target)
        original(path, target)
        raise MemoryError

    for number in range(3):
        with monkeypatch.context() as patched, pytest.raises(MemoryError):
            patched.setattr(storage, "put", dying)
            place.add(files(tmp_path / "made", 50 + number, best=b"better"), {"batch": 50})
        place = Place.claim(uri, FACTS, 2)
        assert len(place.record["states"]) == 2
        assert place.newest(tmp_path / "scratch").position == {"batch": 2}
    assert puts


def test_what_has_not_changed_is_not_written_again(tmp_path, monkeypatch):
    uri, written, original = str(tmp_path / "place"), [], storage.put
    place = filled(uri, tmp_path, count=3)
    monkeypatch.setattr(
        storage, "put", lambda path, target: (written.append(path.name), original(path, target))
    )
    place.add(files(tmp_path / "made", 3), {"batch": 3})
    assert written == ["state.pt"]


def test_a_state_of_other_settings_is_refused_with_what_differs(uri, tmp_path):
    filled(uri, tmp_path)
    with pytest.raises(Findings) as caught:
        Place.claim(uri, FACTS | {"optimizer.lr": 0.2, "more": True}, 2)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "optimizer.lr was 0.1 and is 0.2 now; name another place" in lines[0]


def test_who_claims_a_place_shuts_out_who_had_it(uri, tmp_path):
    old = filled(uri, tmp_path, count=1)
    new = Place.claim(uri, FACTS, 2)
    with pytest.raises(TakenOver, match="another run has taken this training over"):
        old.add(files(tmp_path / "made", 9), {"batch": 9})
    with pytest.raises(TakenOver):
        old.finish()
    new.add(files(tmp_path / "made", 10), {"batch": 10})
    assert Place.claim(uri, FACTS, 2).newest(tmp_path / "scratch").position == {"batch": 10}


def test_after_success_nothing_is_found_and_no_space_is_taken(uri, tmp_path):
    wanted = Settings(uri=uri, run="r", every=1, keep=2, lease=60)
    with open_place(wanted, FACTS, tmp_path) as (place, found):
        assert found is None
        place.add(files(tmp_path / "made", 1), {"batch": 1})
    with open_place(wanted, FACTS, tmp_path) as (_, found):
        assert found is None
    slot = storage.join(place.uri, "slot-0")
    names = storage.listing(slot) if storage.exists(slot) else []
    assert not any(storage.stat(storage.join(slot, name)).size for name in names)


def test_a_place_that_is_named_itself_is_taken_whatever_the_run(tmp_path):
    place = filled(str(tmp_path / "states" / "abc"), tmp_path)
    wanted = Settings(uri=place.uri, run="another", every=1, keep=2, lease=60)
    with open_place(wanted, FACTS, tmp_path / "scratch") as (_, found):
        assert found.position == {"batch": 2}
    record = json.loads((Path(place.uri) / "latest.json").read_text())
    assert record["facts"] == FACTS and record["done"]


def test_a_place_of_another_format_is_refused(tmp_path):
    uri = str(tmp_path)
    (tmp_path / "latest.json").write_text('{"format": 99, "states": [], "facts": {}}')
    with pytest.raises(InputError, match="holds states of format 99"):
        Place.claim(uri, FACTS, 2)


def test_the_key_is_that_of_the_run_and_of_what_decides():
    assert key(FACTS, "a") == key(dict(FACTS), "a")
    assert len({key(FACTS, "a"), key(FACTS, "b"), key(FACTS | {"seed": 1}, "a")}) == 3


def test_the_background_goes_on_without_a_place_and_ends_when_taken_over(tmp_path, caplog):
    place = Place.claim(str(tmp_path / "place"), FACTS, 2)
    writer = Writer(place)
    gate = threading.Event()
    writer.start(lambda folder: (gate.wait(), files(folder, 1))[1], {"batch": 1})
    assert writer.busy and not place.record["states"]
    gate.set()
    writer.wait()
    assert place.record["states"]
    writer.start(lambda folder: {"state.pt": tmp_path / "nowhere"}, {"batch": 2})
    writer.wait()
    assert "no state could be kept, the training goes on" in caplog.text
    Place.claim(place.uri, FACTS, 2)
    writer.start(lambda folder: files(folder, 2), {"batch": 2})
    with pytest.raises(TakenOver):
        writer.wait()
