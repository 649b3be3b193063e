import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from components.checkpoint import open_checkpoint
from components.failures import InputError


def write(path, header: dict | bytes, data: bytes = b"") -> str:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return str(path)


def entry(start=0, stop=8, shape=(2,), dtype="F32") -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def test_every_tensor_bit_for_bit(tmp_path):
    state = {
        "bf16": torch.randn(3, 4).to(torch.bfloat16),
        "f64": torch.randn(2, dtype=torch.float64),
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
        "bool": torch.tensor([True, False]),
        "long": torch.arange(5),
        "large": torch.randn(1500, 1000),
    }
    path = tmp_path / "a.safetensors"
    save_file(state, path, {"epoch": "3", "format": "pt"})
    with open_checkpoint(str(path)) as opened:
        assert opened.format == "safetensors"
        assert opened.metadata == {"epoch": "3", "format": "pt"}
        assert opened.tensors["bf16"].dtype == "BF16"
        assert set(opened.tensors) == set(state)
        for name, tensor in load_file(path).items():
            found = opened.tensors[name]
            assert found.shape == tuple(tensor.shape)
            raw = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
            assert b"".join(found.chunks()) == raw


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"a": entry(stop=80, shape=(20,))}, r"cut off: a ends at byte"),
        ({"a": entry(), "b": entry(4, 12)}, "share bytes"),
        ({"a": entry(stop=4)}, "does not fit its shape"),
        ({"a": entry(start=-8, stop=0)}, "shape or place that can't be"),
        ({"a": entry(shape=(-2,))}, "shape or place that can't be"),
        ({"a": entry(shape=[True, 2])}, "shape or place that can't be"),
        ({"a": entry(shape=[1] * 65 + [2])}, "shape or place that can't be"),
        ({"a": entry(dtype="F4")}, "type F4, which can't be read"),
        ({"a": {"dtype": "F32"}}, "damaged"),
        ({"a": 1}, "damaged"),
        ({"": entry()}, "a tensor has the name"),
        ({"a\x1b[2J": entry()}, "a tensor has the name"),
        (b'{"a":' + json.dumps(entry()).encode() + b',"a":{}}', "a name twice"),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested too deeply"),
        (b'{"a":' + b"9" * 5000 + b"}", "damaged"),
        (b'{"a"', "damaged"),
    ],
)
def test_broken_headers_are_refused(tmp_path, header, told):
    path = write(tmp_path / "a.safetensors", header, bytes(12))
    with pytest.raises(InputError, match=told) as refusal, open_checkpoint(path):
        pass
    assert "a.safetensors" in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_header_larger_than_the_file_or_the_format_allows(tmp_path):
    (tmp_path / "a").write_bytes((10**6).to_bytes(8, "little") + b'{"a":')
    with pytest.raises(InputError, match="cut off"), open_checkpoint(str(tmp_path / "a")):
        pass
    (tmp_path / "a").write_bytes((2**40).to_bytes(8, "little") + b'{"a":')
    with pytest.raises(InputError, match="format allows"), open_checkpoint(str(tmp_path / "a")):
        pass
