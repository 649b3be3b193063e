"""Every tensor that torch.load gives must come out bit for bit, without torch."""

import collections
import io
import subprocess
import sys
import typing
import zipfile

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from components import storage
from components.checkpoint import open_checkpoint
from components.failures import InputError


def as_bytes(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().contiguous().reshape(-1)
    return bytes(flat.view(torch.uint8).numpy()) if flat.numel() else b""


def same_as_torch(path, expected: dict) -> None:
    with open_checkpoint(str(path)) as opened:
        assert list(opened.tensors) == list(expected)
        for name, tensor in expected.items():
            found = opened.tensors[name]
            assert found.shape == tuple(tensor.shape), name
            assert found.nbytes == tensor.numel() * tensor.element_size(), name
            assert b"".join(found.chunks()) == as_bytes(tensor), name


def saved(tmp_path, content) -> str:
    torch.save(content, tmp_path / "file.pt")
    return str(tmp_path / "file.pt")


DTYPES = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16",
    torch.uint16: "U16", torch.int32: "I32", torch.uint32: "U32", torch.int64: "I64",
    torch.uint64: "U64", torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32",
    torch.float64: "F64", torch.complex64: "C64", torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip


def test_every_dtype(tmp_path):
    values = torch.tensor([0.0, 1.0, 0.5, 3.0, 100.0])
    state = {name: values.to(dtype) for dtype, name in DTYPES.items()}
    path = saved(tmp_path, state)
    same_as_torch(path, torch.load(path))
    with open_checkpoint(path) as opened:
        assert {name: tensor.dtype for name, tensor in opened.tensors.items()} == {
            name: name for name in DTYPES.values()
        }


def strided() -> dict[str, torch.Tensor]:
    base = torch.arange(720.0).reshape(6, 10, 12)
    shared = torch.randn(50)
    return {
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 4),
        "offset": base[2],
        "column": base[:, 3, 1:],
        "transposed": base.permute(2, 0, 1),
        "steps": base[::2, ::3, ::5],
        "expanded": torch.tensor([[1.0], [2.0]]).expand(2, 7),
        "channels_last": torch.randn(3, 4, 5, 6).to(memory_format=torch.channels_last),
        "one_row": base[:1].transpose(0, 1),
        "tied": shared,
        "tied_again": shared,
        "part_of_tied": shared[10:20],
        "parameter": nn.Parameter(torch.randn(4)),
        "frozen": nn.Parameter(torch.randn(4), requires_grad=False),
    }


def test_strides_offsets_and_tied_storages(tmp_path):
    path = saved(tmp_path, strided())
    same_as_torch(path, torch.load(path))


def test_large_tensors_come_in_small_pieces(tmp_path):
    # above what is gathered in memory: 16 MiB
    large = torch.arange(5_000_000, dtype=torch.float32).reshape(2500, 2000)
    path = saved(tmp_path, {"plain": large, "transposed": large.t(), "half": large[:, ::2]})
    same_as_torch(path, torch.load(path))
    with open_checkpoint(path) as opened:
        for tensor in opened.tensors.values():
            sizes = [len(piece) for piece in tensor.chunks()]
            assert max(sizes) <= 8 * 2**20 and all(size % 4 == 0 for size in sizes)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3)
        self.norm = nn.BatchNorm1d(4)


def lightning(module: nn.Module) -> dict:
    """What Lightning saves, with the objects that make `weights_only=True` fail."""
    moments = {
        i: {"step": torch.tensor(4.0), "exp_avg": p} for i, p in enumerate(module.parameters())
    }
    settings = OmegaConf.create({"lr": 1e-3, "dir": "${env:CHECKPOINT_DIR}", "sizes": [1, 2]})
    return {
        "epoch": 7,
        "global_step": 123,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": {f"model.{k}": v for k, v in module.state_dict().items()},
        "loops": {"fit_loop": collections.defaultdict(dict, {"state": {"a": {1, 2}}})},
        "optimizer_states": [{"state": moments, "param_groups": [{"betas": (0.9, 0.999)}]}],
        "hparams_name": "hparams",
        "hyper_parameters": settings,
        "hparams_type": typing.Any,
        "nan": float("nan"),
    }


def test_lightning_checkpoint_with_omegaconf_inside(tmp_path):
    module = Encoder()
    path = saved(tmp_path, lightning(module))
    with pytest.raises(Exception, match="Weights only load failed"):
        torch.load(path, weights_only=True)
    same_as_torch(path, {f"model.{name}": value for name, value in module.state_dict().items()})
    with open_checkpoint(path) as opened:
        assert opened.format == "lightning"
        assert opened.metadata == {
            "epoch": 7,
            "global_step": 123,
            "pytorch-lightning_version": "2.6.6",
            "hparams_name": "hparams",
        }
        assert "omegaconf.dictconfig.DictConfig" in opened.foreign
        assert opened.foreign == sorted(opened.foreign)


def test_nothing_of_a_checkpoint_is_imported(tmp_path):
    path = saved(tmp_path, lightning(Encoder()))
    code = (
        "import sys; from components.checkpoint import open_checkpoint\n"
        f"with open_checkpoint({path!r}) as opened:\n"
        "    assert [b''.join(t.chunks()) for t in opened.tensors.values()]\n"
        "print(sorted({'torch', 'omegaconf', 'kfp', 'boto3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_state_dict_under_a_key(tmp_path, key):
    state = Encoder().state_dict()
    path = saved(tmp_path, {key: state, "epoch": 3, "loss": torch.tensor(0.3), "ema": {}})
    same_as_torch(path, state)
    with open_checkpoint(path) as opened:
        assert opened.format == "state dict"
        assert opened.metadata == {"epoch": 3}


def test_plain_state_dict_with_protocol_4(tmp_path):
    state = Encoder().state_dict()
    torch.save(state, tmp_path / "file.pth", pickle_protocol=4)
    same_as_torch(tmp_path / "file.pth", state)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_values_that_are_no_plain_tensors_are_listed(tmp_path):
    sparse = torch.eye(3).to_sparse()
    quantized = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    state = {"w": torch.ones(2), "sparse": sparse, "quantized": quantized, "extra": {"a": 1}}
    with open_checkpoint(saved(tmp_path, {"state_dict": state})) as opened:
        assert list(opened.tensors) == ["w"]
        assert opened.others == ["sparse", "quantized", "extra"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: Encoder(), r"an object of .*Encoder, not a state dict; .*state_dict\(\)"),
        (lambda: {"model": Encoder()}, "holds under model an object of .*Encoder"),
        (lambda: torch.ones(3), "a single tensor"),
        (lambda: [torch.ones(3)], "a list"),
        (lambda: {}, "no tensor is in it"),
        (lambda: {"epoch": 1, "weights": {"a": torch.ones(1)}}, r"\(keys: epoch, weights\)"),
        (
            lambda: {"state_dict": {"a": torch.ones(1)}, "model": {"a": torch.ones(1)}},
            "under state_dict and under model",
        ),
        (lambda: {"state_dict": {"a\nb": torch.ones(1)}}, r"a tensor has the name 'a\\nb'"),
        (lambda: {"state_dict": {1: torch.ones(1)}}, "a tensor has the name 1"),
    ],
)
def test_files_without_one_state_dict(tmp_path, content, told):
    path = saved(tmp_path, content())
    with pytest.raises(InputError, match=told) as refusal, open_checkpoint(path):
        pass
    assert "\n" not in str(refusal.value) and "file.pt" in str(refusal.value)


def test_checksums_are_held_where_there_are_any(tmp_path):
    path = tmp_path / "file.pt"
    torch.save({"w": torch.arange(1000.0)}, path)
    data = bytearray(path.read_bytes())
    place = data.index(torch.tensor([500.0, 501.0]).numpy().tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    with open_checkpoint(str(path)) as opened, pytest.raises(InputError, match="checksum"):
        list(opened.tensors["w"].chunks())

    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.arange(5.0)}, path)
    finally:
        torch.serialization.set_crc32_options(True)
    same_as_torch(path, {"w": torch.arange(5.0)})


def test_compressed_members_are_refused(tmp_path, assembler):
    content = assembler.dictionary(w=assembler.tensor())
    same_as_torch(assembler.save(tmp_path / "a.pt", content), {"w": torch.tensor([1.0, 2, 3])})
    packed = assembler.save(tmp_path / "b.pt", content, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="compressed or encrypted"), open_checkpoint(packed):
        pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_parts_of_the_same_name_are_refused(tmp_path, assembler):
    path = assembler.save(tmp_path / "a.pt", assembler.dictionary(w=assembler.tensor()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/0", bytes(12))
    with pytest.raises(InputError, match="the same name"), open_checkpoint(path):
        pass


def test_other_byte_order_is_refused(tmp_path):
    path = tmp_path / "file.pt"
    torch.save({"w": torch.ones(1)}, path)
    path.write_bytes(path.read_bytes().replace(b"little", b"big   "))
    with pytest.raises(InputError, match="byte order"), open_checkpoint(str(path)):
        pass


@pytest.mark.filterwarnings("ignore:`torch.jit.script`")
def test_torchscript_is_refused(tmp_path):
    torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / "m.pt"))
    with (
        pytest.raises(InputError, match=r"TorchScript.*state_dict"),
        open_checkpoint(str(tmp_path / "m.pt")),
    ):
        pass


def test_another_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("weights.npy", b"1")
    with (
        pytest.raises(InputError, match=r"not one of torch.save \(it holds weights.npy\)"),
        open_checkpoint(str(tmp_path / "a.zip")),
    ):
        pass


class Recorder(io.BytesIO):
    total = 0

    def read(self, size=-1):
        data = super().read(size)
        Recorder.total += len(data)
        return data


def test_only_the_kept_bytes_are_read(tmp_path, monkeypatch):
    state = {"decoder.w": torch.ones(500_000), "w": torch.ones(1000), "late.w": torch.ones(500_000)}
    torch.save({"state_dict": state, "optimizer": torch.ones(500_000)}, tmp_path / "file.pt")
    data = (tmp_path / "file.pt").read_bytes()
    monkeypatch.setattr(storage, "open_binary", lambda uri, fingerprint=None: Recorder(data))
    Recorder.total = 0
    with open_checkpoint(str(tmp_path / "file.pt")) as opened:
        assert b"".join(opened.tensors["w"].chunks()) == as_bytes(state["w"])
    assert Recorder.total < 12_000
