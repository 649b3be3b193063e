"""Valid small checkpoints, written by hand: torch is not needed."""

import io
import json
import zipfile

DATA = bytes(range(64))
PLAIN = zipfile.ZIP_STORED


def text(value: str) -> bytes:
    """The instruction that pushes a text."""
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def tensor(key: str = "0", rows: int = 2, columns: int = 2, offset: int = 0) -> bytes:
    """The instructions that make a float32 tensor on a storage of 16 elements."""
    pid = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + b"K\x10tQ"
    sizes = b"K" + bytes([rows]) + b"K" + bytes([columns]) + b"\x86"
    strides = b"K" + bytes([columns]) + b"K\x01\x86"
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    place = b"K" + bytes([offset])
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + place + sizes + strides + hooks + b"tR"


def mapping(items: dict[str, bytes]) -> bytes:
    """The instructions that make a dict."""
    pairs = b"".join(text(key) + value for key, value in items.items())
    return b"}q\x00(" + pairs + b"u"


def state_dict() -> bytes:
    """The pickle of a state dict; two of its tensors share a storage."""
    items = {
        "stem.weight": tensor("0"),
        "stem.bias": tensor("0", 1, 2, 4),
        "blocks.0.weight": b"ctorch._utils\n_rebuild_parameter\n(" + tensor("1") + b"\x88NtR",
        "head.weight": tensor("1", 4, 4),
    }
    return b"\x80\x02" + mapping(items) + b"."


def lightning() -> bytes:
    """The pickle of a training's checkpoint, with objects of strange classes in it."""
    objects = (
        b"\x8c\tomegaconf\x8c\nDictConfig\x93)\x81}("
        + text("lr")
        + b"G?\xb9\x99\x99\x99\x99\x99\x9aub"
    )
    weights = {f"model.blocks.{i}.weight": tensor(str(i % 2), 2, 3) for i in range(4)}
    items = {
        "epoch": b"K\x03",
        "pytorch-lightning_version": text("2.6.0"),
        "state_dict": mapping(weights),
        "hyper_parameters": objects,
        "optimizer_states": b"]q\x01(" + mapping({"step": tensor("0", 1, 1)}) + b"e",
    }
    return b"\x80\x04" + mapping(items) + b"."


def torch_file(
    pickled: bytes, storages: dict[str, bytes] | None = None, kind: int = PLAIN
) -> bytes:
    """A file of `torch.save`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, data in (storages or {"0": DATA, "1": DATA}).items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def header() -> dict:
    """What a safetensors file says of its tensors."""
    return {
        "__metadata__": {"format": "pt"},
        "stem.weight": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]},
        "blocks.0.weight": {"dtype": "BF16", "shape": [8], "data_offsets": [32, 48]},
        "head.weight": {"dtype": "I64", "shape": [], "data_offsets": [48, 56]},
    }


def safetensors_file(content: bytes, length: int | None = None) -> bytes:
    """A safetensors file with this header; its length may be a lie."""
    size = len(content) if length is None else length
    return (size % 2**64).to_bytes(8, "little") + content + DATA


def index(name: str = "model-00001.safetensors") -> dict:
    """What the index of a sharded checkpoint says."""
    names = (key for key in header() if key != "__metadata__")
    return {"metadata": {"total_size": 56}, "weight_map": dict.fromkeys(names, name)}


def as_json(value: object) -> bytes:
    """JSON, with the numbers that are none."""
    return json.dumps(value).encode()
