import pytest

from components.failures import InputError
from pipeline import steps
from pipeline.containers import runner, settings


def test_only_the_variables_that_steps_need_go_into_a_container(tmp_path):
    here = {"AWS_ACCESS_KEY_ID": "key", "OMP_NUM_THREADS": "1", "HOME": "/root", "TOKEN": "hush"}
    given, files = settings.environment({**here, "AWS_CONFIG_FILE": "/nonexistent"})
    assert "AWS_ACCESS_KEY_ID" in given and "OMP_NUM_THREADS" in given
    assert not {"HOME", "TOKEN"} & set(given)
    assert not [mount for mount in files if mount["Target"] == "/nonexistent"]


def test_a_file_that_an_aws_variable_names_can_be_read_in_the_container(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificate")
    given, files = settings.environment({"AWS_CA_BUNDLE": str(bundle)})
    assert given["AWS_CA_BUNDLE"] == str(bundle)
    (mount,) = [mount for mount in files if mount["Target"] == str(bundle)]
    assert mount["ReadOnly"]


@pytest.mark.parametrize(
    ("uris", "endpoint", "mode"),
    [
        (("/a.ckpt", "file:///data"), "http://127.0.0.1:9000", "none"),
        (("/a.ckpt", "s3://b/data"), "", "bridge"),
        (("/a.ckpt", "s3://b/data"), "https://s3.example.org", "bridge"),
        (("s3://b/a.ckpt", "/data"), "http://localhost:9000", "host"),
        (("s3://b/a.ckpt", "/data"), "http://127.0.0.1:9000", "host"),
        (("s3://b/a.ckpt", "/data"), "http://[::1]:9000", "host"),
    ],
)
def test_the_network_is_what_the_uris_need(uris, endpoint, mode):
    assert settings.network(uris, {"AWS_ENDPOINT_URL": endpoint}) == mode


@pytest.mark.parametrize(
    ("gpus", "count", "ids"), [("all", -1, []), ("2", 2, []), ("device=0,2", 0, ["0", "2"])]
)
def test_gpus_are_asked_for_as_docker_does(gpus, count, ids):
    (request,) = settings.devices(gpus)
    assert (request["Count"], request["DeviceIDs"] or []) == (count, ids)
    assert request["Capabilities"] == [["gpu"]]


def test_no_gpu_is_asked_for_where_none_is_wanted():
    assert settings.devices("none") == settings.devices("0") == []


@pytest.mark.parametrize("gpus", ["", "-1", "two", "device=", "device=0,,1"])
def test_wrong_gpus_are_told(gpus):
    with pytest.raises(InputError, match=r"--gpus .*: must be auto, none, all, a number"):
        settings.devices(gpus)


@pytest.mark.parametrize("size", ["", "0", "2 g", "2gb", "-1"])
def test_a_wrong_shm_size_is_told(size):
    with pytest.raises(InputError, match="--shm-size"):
        settings.size(size)


def test_preflight_rides_in_the_image_of_load_checkpoint():
    images = runner.images(())
    assert images["preflight"] == images["load-checkpoint"] == steps.images()["load-checkpoint"]


def test_an_image_is_named_for_all_steps_or_one():
    images = runner.images(["mine:1", "finetune=registry.example:5000/tuner@sha256:12"])
    assert images.pop("finetune") == "registry.example:5000/tuner@sha256:12"
    assert set(images.values()) == {"mine:1"}


@pytest.mark.parametrize("name", ["fintune=mine", "finetune=", ""])
def test_a_wrong_image_is_told(name):
    with pytest.raises(InputError, match="--image"):
        runner.images([name])
