"""URIs: what is read as what, and that no message repeats a secret."""

import pytest

from components import storage
from components.failures import InputError


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIAKEY:wJal/rXUt+nFEMI@bucket/key",
        "s3://AKIAKEY:wJal/rXUt+nFEMI",
        "s3://wJalrXUtnFEMI@bucket/key",
        "https://host/x?X-Amz-Credential=AKIAKEY&X-Amz-Signature=wJal",
        "ftp://user:wJalrXUt@host/x",
    ],
)
def test_secrets_in_a_uri_are_refused_and_not_repeated(uri):
    with pytest.raises(InputError) as caught:
        storage.stat(uri)
    assert "wJal" not in str(caught.value)
    assert "AKIAKEY" not in str(caught.value)


@pytest.mark.parametrize("uri", ["", "gs://bucket/key", "http://host/x", "s3:/bucket/key", "s3://"])
@pytest.mark.parametrize("function", [storage.stat, storage.open_binary, storage.exists])
def test_what_cannot_be_read_is_named_with_the_way_to_write_it(uri, function):
    with pytest.raises(InputError, match="s3://bucket/key") as caught:
        function(uri)
    assert uri in str(caught.value)


def test_a_message_stays_on_one_line_whatever_the_name_holds():
    assert "\n" not in storage.shown("s3://bucket/a\nb\x1b[31m")
    assert storage.shown("s3://bucket/a:b@c.ckpt") == "s3://bucket/a:b@c.ckpt"


def test_file_uris_are_percent_encoded_and_have_no_host(tmp_path):
    file = tmp_path / "a b%.txt"
    file.write_bytes(b"x")
    assert storage.stat(file.as_uri()).size == 1
    assert storage.stat(storage.join(tmp_path.as_uri(), "a b%.txt")).size == 1
    assert storage.stat(f"file://localhost{file.as_uri()[7:]}").size == 1
    with pytest.raises(InputError, match="three slashes"):
        storage.stat("file://tmp/x")


def test_a_folder_may_be_joined_with_or_without_its_slash():
    assert storage.join("s3://bucket/data", "train.h5") == "s3://bucket/data/train.h5"
    assert storage.join("s3://bucket/data/", "a/b.h5") == "s3://bucket/data/a/b.h5"
    assert storage.join("data", "train.h5") == "data/train.h5"
    assert storage.join("/", "train.h5") == "/train.h5"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b"])
def test_a_name_from_a_file_cannot_lead_out_of_its_folder(name):
    with pytest.raises(InputError, match="leads out"):
        storage.join("s3://bucket/data", name)
