"""S3 behind a proxy that spoils what passes: all arrives as it is, or one line says why not."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from components import storage
from components.__main__ import main
from components.failures import Failure, InputError, ServiceError
from components.staging import staged
from components.storage import s3_download
from components.storage.reader import BLOCK
from tests.fault_proxy import faults
from tests.fault_proxy.faults import ANSWERS, ON_THE_WAY_DOWN, ON_THE_WAY_UP, Faults

pytestmark = [pytest.mark.s3, pytest.mark.slow]
MIB = 2**20


@pytest.fixture
def small_parts(monkeypatch):
    """Many requests for few bytes."""
    monkeypatch.setattr(s3_download, "PART", MIB)


@pytest.fixture
def in_parts(s3):
    """Stores content in parts of 5 MiB, as most tools do with what is large."""

    def put(key: str, content: bytes) -> str:
        where = {"Bucket": s3.name, "Key": key}
        upload = s3.client.create_multipart_upload(**where)["UploadId"]
        parts = [content[start : start + 5 * MIB] for start in range(0, len(content), 5 * MIB)]
        done = [
            {
                "PartNumber": number,
                "ETag": s3.client.upload_part(
                    **where, UploadId=upload, PartNumber=number, Body=part
                )["ETag"],
            }
            for number, part in enumerate(parts, 1)
        ]
        s3.client.complete_multipart_upload(
            **where, UploadId=upload, MultipartUpload={"Parts": done}
        )
        return s3.uri(key)

    return put


def test_a_checkpoint_and_a_dataset_arrive_whole(s3, unwell_s3, in_parts, small_parts, tmp_path):
    contents = {f"data/{name}.h5": os.urandom(3 * MIB + 7) for name in ("train", "val", "test")}
    for key, content in contents.items():
        s3.put(key, content)
    checkpoint = os.urandom(11 * MIB + 1)
    uri = in_parts("checkpoint.ckpt", checkpoint)
    unwell_s3.faults = Faults(rate=0.2, seed=3, stall=1.2)
    for run in range(4):
        into = tmp_path / str(run)
        assert storage.fetch(uri, into).read_bytes() == checkpoint
        assert os.listdir(into) == ["checkpoint.ckpt"]
        with staged(s3.uri("data"), ("train", "val", "test")) as files:
            for split, file in files.items():
                assert file.read_bytes() == contents[f"data/{split}.h5"]
    assert set(unwell_s3.faults.done) == set(ON_THE_WAY_DOWN)


@pytest.mark.parametrize("kind", ON_THE_WAY_DOWN)
def test_each_fault_alone_is_overcome(s3, unwell_s3, small_parts, tmp_path, kind):
    content = os.urandom(3 * MIB)
    uri = s3.put("weights.bin", content)
    unwell_s3.faults = Faults([kind], rate=1, stall=1.5, only=["GET"], most=2)
    assert storage.fetch(uri, tmp_path / "into").read_bytes() == content
    assert unwell_s3.faults.done == {kind: 2}


def test_a_stream_goes_on_from_where_it_broke(s3, unwell_s3):
    content = os.urandom(6 * MIB)
    uri = s3.put("weights.bin", content)
    broken = [faults.RESET_MID, faults.STALL_MID, faults.TRUNCATED]
    unwell_s3.faults = Faults(broken, rate=1, only=["GET"], most=3, stall=1.5)
    asked = []
    unwell_s3.before = lambda method, path, headers: asked.append(headers.get("Range"))
    with storage.open_binary(uri) as file:
        assert file.read() == content
    assert set(unwell_s3.faults.done) == set(broken)
    begun = {int(a.removeprefix("bytes=").split("-")[0]) for a in asked if a}
    assert any(start % BLOCK for start in begun)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("way", ["by its checksums", "whole"])
def test_a_flipped_byte_becomes_no_weight(s3, unwell_s3, tmp_path, way, seed):
    backbone = tmp_path / "local"
    demo = Path(__file__).parents[2] / "pipeline" / "demo" / "pretrained.ckpt"
    asked = ["load-checkpoint", "experiment=demo", "--checkpoint"]
    assert main([*asked, str(demo), "--output", str(backbone)]) == 0
    weights = backbone / "backbone.safetensors"
    stored = weights if way == "whole" else demo
    uri = s3.put(stored.name, stored.read_bytes())
    unwell_s3.faults = Faults([faults.FLIPPED], rate=0.7, seed=seed, only=["GET"], most=6)
    try:
        assert main([*asked, uri, "--output", str(tmp_path / "fetched")]) == 0
    except SystemExit as end:
        assert end.code in (1, 2)
        assert not (tmp_path / "fetched" / "backbone.safetensors").exists()
    else:
        fetched = tmp_path / "fetched" / "backbone.safetensors"
        assert load_file(fetched).keys() == load_file(weights).keys()
        assert fetched.read_bytes() == weights.read_bytes()


def test_a_byte_that_always_flips_is_not_passed_on(
    s3, unwell_s3, small_parts, tmp_path, monkeypatch
):
    uri = s3.put("weights.bin", os.urandom(2 * MIB))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    unwell_s3.faults = Faults([faults.FLIPPED], rate=1, only=["GET"])
    with pytest.raises(ServiceError, match="arrives different each time"):
        storage.fetch(uri, tmp_path / "into")
    assert os.listdir(tmp_path / "into") == []
    with pytest.raises(ServiceError, match="arrives different each time"):
        storage.read(uri)


def test_what_is_sent_arrives_as_it_is(s3, unwell_s3, tmp_path):
    (tmp_path / "model").mkdir()
    contents = {f"{n}.bin": os.urandom(n * 6 * MIB + n) for n in range(4)}
    for name, content in contents.items():
        (tmp_path / "model" / name).write_bytes(content)
    unwell_s3.faults = Faults(rate=0.4, seed=2, stall=1.5)
    for run in range(3):
        storage.put(tmp_path / "model", s3.uri(f"models/{run}"))
        for name, content in contents.items():
            there = s3.client.get_object(Bucket=s3.name, Key=f"models/{run}/{name}")["Body"].read()
            assert hashlib.md5(there).digest() == hashlib.md5(content).digest(), name
    assert set(unwell_s3.faults.done) >= {faults.SENT_FLIPPED, faults.LOST, "500", "503"}


@pytest.mark.parametrize("kind", ON_THE_WAY_UP)
def test_a_conditional_write_tells_the_truth(s3, unwell_s3, kind):
    uri = s3.uri("champion.json")
    unwell_s3.faults = Faults(kinds_up=[kind], rate=1, stall=1.5, most=1)
    first = storage.put_if(b"ours", uri, fingerprint=None)
    assert storage.read(uri) == (b"ours", first)
    unwell_s3.faults = Faults(kinds_up=[kind], rate=1, stall=1.5, most=1)
    with pytest.raises(storage.Conflict):
        storage.put_if(b"other", uri, fingerprint=None)
    unwell_s3.faults = Faults(kinds_up=[kind], rate=1, stall=1.5, most=1)
    second = storage.put_if(b"next", uri, fingerprint=first)
    assert storage.read(uri) == (b"next", second)


@pytest.mark.parametrize(
    ("kind", "kind_of_failure", "words"),
    [
        ("500", ServiceError, "can't serve now.*try again"),
        ("503", ServiceError, "can't serve now.*try again"),
        (faults.RESET_BEFORE, ServiceError, "can't be reached"),
        (faults.STALL_BEFORE, ServiceError, "can't be reached.*ReadTimeout"),
        ("clock skew", InputError, "this machine's clock is wrong; set it"),
        ("expired", InputError, "expired; renew AWS_SESSION_TOKEN"),
    ],
)
def test_what_does_not_pass_is_one_line_within_its_bound(
    s3, unwell_s3, tmp_path, monkeypatch, kind, kind_of_failure, words
):
    uri = s3.put("weights.bin", b"abc")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    unwell_s3.faults = Faults([kind], [kind], rate=1, stall=1.5)
    actions = {
        "stat": lambda: storage.stat(uri),
        "fetch": lambda: storage.fetch(uri, tmp_path / "into"),
        "put": lambda: storage.put(__file__, s3.uri("x")),
        "put_if": lambda: storage.put_if(b"x", uri, fingerprint=None),
    }
    for name in ("fetch", "put") if kind in faults.ON_THE_WAY_DOWN else actions:
        began, before = time.monotonic(), unwell_s3.faults.done.total()
        with pytest.raises(kind_of_failure, match=words) as caught:
            actions[name]()
        assert "\n" not in str(caught.value) and "s3://" in str(caught.value)
        assert time.monotonic() - began < 12
        asked = unwell_s3.faults.done.total() - before
        assert asked <= (4 if kind not in ("clock skew", "expired") else 3), name
    assert not (tmp_path / "into").exists() or os.listdir(tmp_path / "into") == []
    assert kind in ANSWERS or unwell_s3.faults.done


def test_an_object_replaced_in_mid_download_leaves_nothing(s3, unwell_s3, small_parts, tmp_path):
    uri = s3.put("weights.bin", b"a" * 40 * MIB)
    gets = []

    def replace(method, *_):
        if method == "GET":
            gets.append(method)
            if len(gets) == 20:
                s3.put("weights.bin", b"b" * 40 * MIB)

    unwell_s3.before = replace
    unwell_s3.faults = Faults(rate=0.2, seed=4, stall=1.5)
    with pytest.raises(InputError, match="not the one that was checked before"):
        storage.fetch(uri, tmp_path / "into")
    assert os.listdir(tmp_path / "into") == []


def test_keys_that_are_renewed_in_their_file_are_taken_up(s3, unwell_s3, tmp_path, monkeypatch):
    uri = s3.put("weights.bin", os.urandom(3 * MIB))
    file = tmp_path / "credentials"
    access, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(mark: int) -> None:
        file.write_text(f"[default]\naws_access_key_id={access}\naws_secret_access_key={secret}\n")
        os.utime(file, ns=(mark, mark))

    write(10**18)
    unwell_s3.faults = Faults(["expired"], rate=1, only=["GET"], most=1)
    unwell_s3.before = lambda method, *_: write(2 * 10**18) if method == "GET" else None
    with storage.open_binary(uri) as stream:
        assert len(stream.read()) == 3 * MIB
    assert unwell_s3.faults.done == {"expired": 1}


def test_a_server_that_starts_anew_is_waited_for(s3, unwell_s3, monkeypatch):
    uri = s3.put("weights.bin", b"abc")
    unwell_s3.faults = Faults([faults.RESET_BEFORE], rate=1, most=5)
    assert storage.stat(uri).size == 3
    assert unwell_s3.faults.done.total() == 5


def test_a_full_disk_is_told_as_such(s3, unwell_s3, tmp_path, monkeypatch):
    uri = s3.put("weights.bin", os.urandom(2 * MIB))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Failure, match="the disk is full"):
        storage.fetch(uri, tmp_path / "into")
    assert os.listdir(tmp_path / "into") == []


@pytest.mark.parametrize(
    ("region", "words"), [(None, None), ("no region!", "no valid S3 region.*set AWS_REGION")]
)
def test_a_region_that_is_missing_does_no_harm_and_a_wrong_one_is_told(
    s3, unwell_s3, monkeypatch, region, words
):
    uri = s3.put("weights.bin", b"abc")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    if region is None:
        assert storage.stat(uri).size == 3
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with pytest.raises(InputError, match=words):
        storage.stat(uri)
