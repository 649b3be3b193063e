import pytest

from pipeline.containers import mounts


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.h5").write_text("")
    (tmp_path / "last.ckpt").write_text("")
    return tmp_path


def mounted(*arguments, **more):
    found = mounts.inputs(*arguments, **more)
    assert all(mount["ReadOnly"] for mount in found)
    return {mount["Target"]: mount["Source"] for mount in found}


def test_inputs_lie_under_the_same_path(home):
    assert mounted("last.ckpt", f"file://{home}/data", []) == {
        f"{home}/last.ckpt": f"{home}/last.ckpt",
        f"{home}/data": f"{home}/data",
    }


def test_what_is_in_s3_or_not_there_is_left_to_preflight(home):
    assert mounted("s3://bucket/last.ckpt", "no/such/folder", []) == {}


def test_shards_come_with_their_index(home):
    (home / "model.safetensors.index.json").write_text("{}")
    assert mounted("model.safetensors.index.json", "s3://b/d", []) == {str(home): str(home)}


def test_links_lead_somewhere(home):
    (home / "blobs").mkdir()
    (home / "blobs/1234").write_text("")
    (home / "data/val.h5").symlink_to("../blobs/1234")
    (home / "data/gone.h5").symlink_to("../blobs/none")
    (home / "linked.ckpt").symlink_to("last.ckpt")
    assert mounted("linked.ckpt", "data", []) == {
        f"{home}/linked.ckpt": f"{home}/last.ckpt",
        f"{home}/data": f"{home}/data",
        f"{home}/blobs/1234": f"{home}/blobs/1234",
    }


@pytest.mark.parametrize("quote", ["", "'"])
def test_folders_of_the_configuration_are_there(home, quote):
    for name in ("conf", "more"):
        (home / name).mkdir()
    places = f"{quote}file://{home}/conf{quote},pkg://package.conf,file://more"
    found = mounted("s3://b/c", "s3://b/d", ["seed=1", f"hydra.searchpath=[{places}]"])
    assert set(found) == {f"{home}/conf", f"{home}/more"}


def test_what_the_user_names_besides_is_there(home):
    assert set(mounted("s3://b/c", "s3://b/d", [], further=["data"])) == {f"{home}/data"}
