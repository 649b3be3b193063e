"""Small files that ask for much: of memory, of time, of files."""

import json
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from components.checkpoint import match, open_checkpoint, pickles, safetensors
from components.failures import Failure, InputError
from components.manifest import Entry, Manifest

DAMAGED = sorted((Path(__file__).parents[2] / "data/damaged/checkpoints").iterdir())
MIB = 2**20


def refused(path, expected, seconds=10.0, memory=64 * MIB):
    """Refused with such a message, within so much time and memory."""
    tracemalloc.start()
    start = time.monotonic()
    try:
        with pytest.raises(InputError) as caught, open_checkpoint(str(path)):
            pass
        took, peak = time.monotonic() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert expected in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert took < seconds and peak < memory, (took, peak)


@pytest.mark.parametrize("file", DAMAGED, ids=lambda file: file.name)
def test_what_fuzzing_found_is_refused(file):
    refused(file, "the file is damaged or no checkpoint")


def test_a_long_tuple_is_not_given_to_a_function_again_and_again(tmp_path, assembler):
    # a million arguments, copied for each of a hundred thousand calls: minutes
    long = b"(" + b"N" * 1_000_000 + b"tq\x01" + b"ccollections\nOrderedDict\nq\x02"
    path = assembler.save(tmp_path / "file.pt", long + b"h\x02h\x01R" * 100_000)
    refused(path, "it gives 1,000,000 arguments to a function")


def test_a_long_name_is_not_made_again_and_again(tmp_path, assembler):
    # a name of a megabyte, joined for each of a thousand mentions: a gigabyte
    long = b"X" + struct.pack("<I", 2**20) + b"a" * 2**20 + b"q\x01"
    path = assembler.save(tmp_path / "file.pt", long + b"h\x01h\x01\x93" * 1000)
    refused(path, "a name too long to be one")


def test_a_storage_is_made_once(tmp_path, assembler):
    tensor = assembler.tensor()
    pid, rest = tensor.split(b"tQ", 1)
    mention = pid[pid.index(b"\n(") + 2 :]
    content = mention + b"tq\x01Q" + b"0h\x01Q" * 300_000
    refused(assembler.save(tmp_path / "file.pt", content), "not a state dict")
    assert rest


def test_the_number_of_instructions_is_bounded(tmp_path, assembler, monkeypatch):
    monkeypatch.setattr(pickles._Limited, "_left", 100_000)
    refused(assembler.save(tmp_path / "file.pt", b"]" * 200_000), "more parts than any checkpoint")


def test_ten_million_tensors_are_not_listed(tmp_path):
    one = b'"%d":{"dtype":"F32","shape":[],"data_offsets":[0,4]},'
    header = b"{" + b"".join(one % i for i in range(400_000)) + b'"x":{}}'
    path = tmp_path / "file.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    refused(path, "lists more than any checkpoint holds", memory=3 * len(header) + MIB)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 10**8 + 1])
def test_a_header_of_any_length_is_not_made_room_for(length, tmp_path):
    path = tmp_path / "file.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{" + bytes(100))
    refused(path, "", memory=MIB)


def test_a_header_is_utf8_alone(tmp_path):
    with pytest.raises(UnicodeDecodeError):
        safetensors.parsed(json.dumps({"a": 1}).encode("utf-16"))


def test_members_of_a_zip_share_no_bytes(tmp_path, assembler):
    path = Path(assembler.save(tmp_path / "file.pt", assembler.dictionary(w=assembler.tensor())))
    data = bytearray(path.read_bytes())
    places = [i for i in range(len(data)) if data[i : i + 4] == b"PK\x01\x02"]
    data[places[2] + 42 : places[2] + 46] = data[places[0] + 42 : places[0] + 46]
    path.write_bytes(data)
    refused(path, "shares bytes with another part")


@pytest.mark.parametrize("field", [12, 16])
def test_the_directory_of_a_zip_is_not_made_room_for(field, tmp_path, assembler):
    path = Path(assembler.save(tmp_path / "file.pt", assembler.dictionary(w=assembler.tensor())))
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + field : end + field + 4] = b"\xfe\xff\xff\xff"
    path.write_bytes(data)
    refused(path, "damaged", memory=MIB)


def test_a_directory_of_millions_of_members_is_not_listed(tmp_path):
    path = tmp_path / "file.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"N.")
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    entry, end = data[start : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    whole = entry * 300_000
    end = end[:12] + struct.pack("<II", len(whole), start) + end[20:]
    path.write_bytes(data[:start] + whole + end)
    refused(path, "its directory lists more than any checkpoint holds")


def test_compressed_members_are_not_unpacked(tmp_path, assembler):
    options = {"compression": zipfile.ZIP_DEFLATED}
    path = assembler.save(tmp_path / "file.pt", b"N" * 50_000_000, **options)
    assert Path(path).stat().st_size < MIB
    refused(path, "is compressed", memory=MIB)


def test_a_tensor_does_not_repeat_one_element_without_end(tmp_path, assembler):
    huge = assembler.tensor().replace(b"K\x03\x85K\x01\x85", b"\x8a\x06\0\0\0\0\0\x01\x85K\0\x85")
    path = assembler.save(tmp_path / "file.pt", assembler.dictionary(w=huge))
    refused(path, "repeats its storage")


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..", "a\\b", "a\0b", "", "x" * 300])
def test_an_index_does_not_lead_out_of_its_folder(name, tmp_path):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"w": name}}))
    with pytest.raises(InputError, match=r"^[^\n]*$"), open_checkpoint(str(path)):
        pass


def test_an_index_lists_no_name_twice_and_few_files(tmp_path):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text('{"weight_map": {"w": "a", "w": "b"}}')
    refused(path, "a name twice")
    path.write_text(json.dumps({"weight_map": {f"w{i}": f"{i}" for i in range(501)}}))
    refused(path, "lists 501 files; 500 at most")


def test_a_hundred_thousand_odd_names_are_told_in_time():
    class Odd:
        shape, dtype = (2,), "F32"

    manifest = Manifest(
        tuple(Entry(f"blocks.{i}.w", (2,), "F32", f"block {i}") for i in range(300))
    )
    tensors = {f"{'model.' * 60}{'a.' * 60}{i}": Odd for i in range(100_000)}
    for found in (tensors, tensors | {"blocks.0.w": Odd}):
        start = time.monotonic()
        with pytest.raises(Failure):
            match(found, manifest, head=False)
        assert time.monotonic() - start < 30
