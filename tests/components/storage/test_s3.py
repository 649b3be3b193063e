"""Objects in S3, against a real server."""

import os
import time
from collections import namedtuple
from pathlib import Path

import pytest

from components import storage
from components.failures import Failure, InputError, ServiceError
from components.storage.reader import BLOCK
from components.storage.s3_client import client
from components.storage.s3_lookup import buckets
from tests.s3_server import NO_RIGHTS, READ_ONLY, SECRET

pytestmark = pytest.mark.s3
Usage = namedtuple("Usage", "total used free")
READS = {
    "stat": storage.stat,
    "open_binary": storage.open_binary,
    "listing": storage.listing,
    "exists": storage.exists,
    "fetch": lambda uri: storage.fetch(uri, Path("never-made")),
}


@pytest.fixture
def received(s3):
    """The lengths of the bodies that the code under test was sent."""
    lengths: list[int] = []

    def note(parsed, **_):
        lengths.append(parsed.get("ContentLength", 0))

    client("").meta.events.register("after-call.s3.GetObject", note)
    yield lengths
    client("").meta.events.unregister("after-call.s3.GetObject", note)


@pytest.mark.parametrize("size", [0, 10, 40 * 2**20 + 3])
def test_a_file_comes_back_as_it_went(s3, tmp_path, size):
    source = tmp_path / "weights.bin"
    source.write_bytes(os.urandom(size))
    uri = s3.uri("models/weights.bin")
    storage.put(source, uri)
    found = storage.stat(uri)
    back = storage.fetch(uri, tmp_path / "into", fingerprint=found.fingerprint)
    assert back == tmp_path / "into" / "weights.bin"
    assert back.read_bytes() == source.read_bytes()
    assert os.listdir(tmp_path / "into") == ["weights.bin"]
    assert found.size == size
    with storage.open_binary(uri) as file:
        assert file.read() == source.read_bytes()


def test_a_folder_goes_as_a_whole_and_is_listed(s3, tmp_path):
    (tmp_path / "model" / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (tmp_path / "model" / name).write_text(name)
    storage.put(tmp_path / "model", s3.uri("runs/1"))
    assert s3.keys() == ["runs/1/a.txt", "runs/1/b.txt", "runs/1/sub/c.txt"]
    assert storage.listing(s3.uri("runs/1")) == ["a.txt", "b.txt", "sub"]
    assert storage.listing(s3.uri("runs/1/")) == ["a.txt", "b.txt", "sub"]
    assert "runs" in storage.listing(s3.uri())
    assert storage.is_folder(s3.uri("runs/1")) and not storage.is_folder(s3.uri("runs/1/a.txt"))
    storage.put(tmp_path / "model" / "a.txt", s3.uri("top/"))
    assert storage.exists(s3.uri("top/a.txt"))


def test_a_listing_has_every_name_of_a_large_folder(s3):
    for number in range(1005):
        s3.put(f"many/{number:04}", b"")
    assert len(storage.listing(s3.uri("many"))) == 1005


def test_only_the_ranges_that_are_read_are_transferred(s3, received):
    content = os.urandom(20 * BLOCK)
    uri = s3.put("large.bin", content)
    with storage.open_binary(uri) as file:
        assert file.read(100) == content[:100]
        file.seek(-100, os.SEEK_END)
        assert file.read() == content[-100:]
        file.seek(10)
        assert file.read(5) == content[10:15]
    assert received == [BLOCK, BLOCK]


def test_an_object_replaced_while_it_is_read_is_refused(s3):
    uri = s3.put("weights.bin", b"a" * 3 * BLOCK)
    with storage.open_binary(uri) as file:
        assert file.read(1) == b"a"
        s3.put("weights.bin", b"b" * 3 * BLOCK)
        with pytest.raises(InputError, match="not the one that was checked"):
            file.read()


def test_an_object_replaced_since_it_was_checked_is_refused(s3, tmp_path):
    uri = s3.put("weights.bin", b"first")
    fingerprint = storage.stat(uri).fingerprint
    s3.put("weights.bin", b"other")
    with pytest.raises(InputError, match="not the one that was checked"):
        storage.open_binary(uri, fingerprint=fingerprint)
    with pytest.raises(InputError, match="not the one that was checked"):
        storage.fetch(uri, tmp_path / "into", fingerprint=fingerprint)
    assert not (tmp_path / "into").exists()


def test_an_object_replaced_during_the_download_leaves_nothing(s3, tmp_path):
    uri = s3.put("weights.bin", b"a" * 100)

    def replace(**_):
        s3.put("weights.bin", b"b" * 100)

    client("").meta.events.register_first("before-call.s3.GetObject", replace)
    with pytest.raises(InputError, match="not the one that was checked"):
        storage.fetch(uri, tmp_path / "into")
    client("").meta.events.unregister("before-call.s3.GetObject", replace)
    assert os.listdir(tmp_path / "into") == []


def test_a_disk_that_is_too_small_is_told_before_the_download(s3, tmp_path, monkeypatch, received):
    uri = s3.put("weights.bin", b"a" * 100)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(100, 1, 99))
    with pytest.raises(Failure, match="free some space"):
        storage.fetch(uri, tmp_path / "into")
    assert received == [] and os.listdir(tmp_path / "into") == []


def test_a_place_that_cannot_be_written_is_told(s3, tmp_path):
    uri = s3.put("weights.bin", b"a")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"file/into/weights\.bin"):
        storage.fetch(uri, tmp_path / "file" / "into")


@pytest.mark.parametrize("read", ["stat", "open_binary", "fetch"])
def test_what_is_no_object_is_told(s3, read):
    s3.put("folder/sub/x.bin", b"a")
    for key, words in {
        "none.bin": "no such object",
        "folder": "is a folder where a file is wanted; it holds sub/x.bin",
        "folder/": "names a folder",
        "": "names a bucket",
    }.items():
        with pytest.raises(InputError, match=words) as caught:
            READS[read](s3.uri(key))
        assert s3.uri(key) in str(caught.value)


def test_a_missing_bucket_is_told(s3, tmp_path):
    (tmp_path / "x").write_bytes(b"a")
    for read in ("stat", "open_binary", "listing", "fetch"):
        with pytest.raises(InputError, match="no such bucket"):
            READS[read]("s3://no-such-bucket/key")
    with pytest.raises(InputError, match="no such bucket"):
        storage.put(tmp_path / "x", "s3://no-such-bucket/key")
    with pytest.raises(InputError, match="not valid"):
        storage.stat("s3://no bucket/key")


def test_nothing_there_does_not_exist(s3):
    s3.put("folder/x", b"a")
    for key in ("none", "fold", "folder/x/y"):
        assert not storage.exists(s3.uri(key))
        assert not storage.is_folder(s3.uri(key))
    assert storage.exists(s3.uri("folder")) and storage.exists(s3.uri("folder/"))
    assert not storage.exists("s3://no-such-bucket/key")
    with pytest.raises(InputError, match="nothing lies below"):
        storage.listing(s3.uri("none"))


def test_the_buckets_of_an_account_are_known_if_it_may_know_them(s3, monkeypatch):
    assert buckets() == [s3.name]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong/secret")
    with pytest.raises(InputError, match="secret key is wrong"):
        buckets()


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong/secret"}, "secret key is wrong.*AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": "WRONGKEY"}, "access key is unknown.*AWS_ACCESS_KEY_ID"),
        (
            {"AWS_ACCESS_KEY_ID": NO_RIGHTS[0], "AWS_SECRET_ACCESS_KEY": NO_RIGHTS[1]},
            "access denied",
        ),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no S3 credentials are set"),
        ({"AWS_SECRET_ACCESS_KEY": None}, "half of the S3 credentials"),
        ({"AWS_PROFILE": "nobody"}, r"profile \(nobody\) could not be found.*AWS_PROFILE"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "no address of one.*AWS_ENDPOINT_URL"),
        ({"AWS_MAX_ATTEMPTS": "many"}, "AWS setting is not valid"),
    ],
)
def test_refused_credentials_and_settings_are_told(s3, monkeypatch, variables, words, read):
    uri = s3.put("weights.bin", b"a")
    for name, value in variables.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=words) as caught:
        READS[read](uri)
    message = str(caught.value)
    assert uri in message and "\n" not in message
    for secret in (SECRET, "wrong/secret", "WRONGKEY", *NO_RIGHTS):
        assert secret not in message


def test_who_may_read_objects_and_not_list_them_can_read(s3, monkeypatch, tmp_path):
    uri = s3.put("weights.bin", b"abc")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READ_ONLY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READ_ONLY[1])
    assert storage.exists(uri) and not storage.is_folder(uri)
    assert storage.open_binary(uri).read() == b"abc"
    assert storage.fetch(uri, tmp_path / "into").read_bytes() == b"abc"
    with pytest.raises(InputError, match="access denied"):
        storage.listing(s3.uri("weights.bin"))


def test_credentials_may_come_from_a_profile(s3, monkeypatch, tmp_path):
    uri = s3.put("weights.bin", b"a")
    file = tmp_path / "credentials"
    keys = (os.environ["AWS_ACCESS_KEY_ID"], SECRET)
    file.write_text("[lab]\naws_access_key_id={}\naws_secret_access_key={}\n".format(*keys))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert storage.stat(uri).size == 1


def test_a_refused_connection_ends_soon_and_may_be_tried_again(aws_environment, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:hidden@127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(ServiceError, match=r"http://127.0.0.1:1 can't be reached") as caught:
        storage.stat("s3://bucket/key")
    assert time.monotonic() - began < 10
    assert caught.value.exit_code == 1 and "hidden" not in str(caught.value)
