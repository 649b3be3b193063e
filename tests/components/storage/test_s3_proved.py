"""What is downloaded is held against the ETag, where that says anything of the content."""

import os
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import storage
from components.storage import s3_digest, s3_download
from components.storage.s3_digest import Digest, Sums, digest_of

MIB = 2**20


@pytest.mark.parametrize(
    ("content", "part", "etag"),
    [
        (b"abc", None, "900150983cd24fb0d6963f7d28e17f72"),
        # MD5 of the MD5s of "abc" and "de", as `md5sum | xxd -r -p` makes it
        (b"abcde", 3, "fd279fa64fe1fa9a3551a4a88ae83424-2"),
    ],
)
def test_a_digest_is_that_of_the_content(tmp_path, content, part, etag):
    file = tmp_path / "file"
    file.write_bytes(content)
    assert Digest(etag, part).holds(file)
    file.write_bytes(content[:-1] + b"X")
    assert not Digest(etag, part).holds(file)


@given(size=st.integers(1, 60), part=st.integers(1, 25), many=st.integers(1, 3), data=st.data())
def test_the_sums_of_parts_do_not_depend_on_how_the_bytes_come(size, part, many, data):
    content = os.urandom(size)
    sums = Sums(part, size)
    for start in range(0, size, many * part):
        take, left = sums.of(start), content[start : start + many * part]
        while left:
            count = data.draw(st.integers(1, len(left)))
            take(left[:count])
            left = left[count:]
    digests = [md5(content[place : place + part]).digest() for place in range(0, size, part)]
    assert Digest(f"{md5(b''.join(digests)).hexdigest()}-{len(digests)}", part).is_of(sums)


class Head:
    """A client that knows of an object what the test says."""

    def __init__(self, **answer):
        self.answer = answer

    def head_object(self, **asked):
        return self.answer


@pytest.mark.parametrize(
    ("etag", "answer", "part"),
    [
        ("0" * 32, {}, None),
        (f"{'0' * 32}-3", {"ContentLength": 5}, 5),
    ],
)
def test_what_an_etag_says(monkeypatch, etag, answer, part):
    monkeypatch.setattr(s3_digest, "client", lambda uri: Head(**answer))
    assert digest_of("s3://bucket/key", 12, etag) == Digest(etag, part)


@pytest.mark.parametrize(
    ("etag", "answer"),
    [
        ("0" * 32, {"ServerSideEncryption": "aws:kms"}),
        ("0" * 32, {"SSECustomerAlgorithm": "AES256"}),
        (f"{'0' * 32}-3", {"ContentLength": 12}),  # the server knows no numbers of parts
        (f"{'0' * 32}-3", {"ContentLength": 2}),  # its parts are of different sizes
        ("a-tag-of-its-own", {}),
    ],
)
def test_an_etag_that_says_nothing(monkeypatch, etag, answer):
    monkeypatch.setattr(s3_digest, "client", lambda uri: Head(**answer))
    assert digest_of("s3://bucket/key", 12, etag) is None


@pytest.mark.s3
def test_a_server_whose_etags_are_no_digests_is_read_twice_and_believed(
    s3, tmp_path, monkeypatch, caplog
):
    content = os.urandom(3 * MIB)
    uri = s3.put("weights.bin", content)
    monkeypatch.setattr(s3_download, "PART", MIB)
    monkeypatch.setattr(s3_download, "digest_of", lambda *_: Digest("0" * 32, None))
    assert storage.fetch(uri, tmp_path / "into").read_bytes() == content
    assert "its ETag says nothing of its content" in caplog.text


@pytest.mark.s3
def test_an_object_is_opened_whole_and_leaves_nothing(s3, tmp_path, monkeypatch):
    content = os.urandom(MIB)
    uri = s3.put("weights.bin", content)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fingerprint = storage.stat(uri).fingerprint
    with storage.open_whole(uri, fingerprint=fingerprint) as file:
        assert os.listdir(tmp_path) != []
        assert file.read() == content
    assert os.listdir(tmp_path) == []


def test_a_file_here_is_opened_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"abc")
    monkeypatch.setattr("tempfile.TemporaryDirectory", None)
    with storage.open_whole(str(tmp_path / "file")) as file:
        assert file.read() == b"abc"
