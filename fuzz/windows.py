"""Valid small HDF5 files in both layouts and many storages, and some that must be refused."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

SECRET = 119  # the label in a file that no other file may lead to
N = 6  # windows of a group
SHAPE = (N, 2, 16)
STORAGES: tuple[dict, ...] = (
    {},
    {"chunks": (3, 2, 16), "compression": "gzip", "shuffle": True},
    {"chunks": (2, 2, 8), "compression": "lzf", "fletcher32": True},
    {"chunks": (5, 1, 16), "maxshape": (None, None, 16)},
    {"chunks": (4, 2, 16), "maxshape": (None, 2, 16), "compression": "gzip"},
)


def valid() -> Iterator[bytes]:
    """Files that are read as they are."""
    for bounds in (("earliest", "v108"), ("latest", "latest"), ("earliest", "latest")):
        for number, storage in enumerate(STORAGES):
            write = _grouped if number % 2 else _flat
            yield _file(write, storage, bounds)
    yield _file(_flat, STORAGES[1], ("v110", "v112"))


def hostile(folder: Path) -> Iterator[bytes]:
    """Files that lead out of themselves, or are far more than they take."""
    (folder / "secret.h5").write_bytes(_file(_secret, {}, ("earliest", "latest")))
    (folder / "secret.bin").write_bytes(bytes([SECRET]) * 4096)
    for write in (_external_link, _soft_link, _virtual, _external, _huge, _references, _strings):
        yield _file(lambda file, _, write=write: write(file, folder), {}, ("earliest", "latest"))


def _file(write: Callable, storage: dict, bounds: tuple[str, str]) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=bounds) as file:
        write(file, storage)
    return stream.getvalue()


def _values(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-50, 50, SHAPE, dtype=np.int16)


def _flat(file: h5py.File, storage: dict) -> None:
    file.create_dataset("data", data=_values(), **storage)
    file["label"] = np.arange(N, dtype=np.int64) % 3
    file["subject"] = [f"s{i // 3}" for i in range(N)]
    file.create_dataset("recording", data=np.arange(N).astype("S4"))
    file.attrs["sampling_rate"] = 200.0
    file.attrs["channels"] = ["a", "b"]
    file.attrs["classes"] = np.array([b"rest", b"fist", b"open"])
    file.attrs["unit"] = "uV"
    file.attrs["scale"] = np.float32(0.5)


def _grouped(file: h5py.File, storage: dict) -> None:
    for number in range(2):
        group = file.create_group(f"data_group_{number}")
        group.create_dataset("X", data=_values(number), **storage)
        group.create_dataset("y", data=np.full(N, number, np.int8), chunks=(4,))


def _secret(file: h5py.File, _: dict) -> None:
    file["data"] = np.zeros(SHAPE, np.int16)
    file["label"] = np.full(N, SECRET)


def _external_link(file: h5py.File, folder: Path) -> None:
    for key in ("data", "label"):
        file[key] = h5py.ExternalLink(str(folder / "secret.h5"), f"/{key}")


def _soft_link(file: h5py.File, folder: Path) -> None:
    file["there"] = h5py.ExternalLink(str(folder / "secret.h5"), "/")
    for key in ("data", "label"):
        file[key] = h5py.SoftLink(f"/there/{key}")


def _virtual(file: h5py.File, folder: Path) -> None:
    for key, shape, kind in (("data", SHAPE, "i2"), ("label", (N,), "i8")):
        layout = h5py.VirtualLayout(shape, kind)
        layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), key, shape)
        file.create_virtual_dataset(key, layout)


def _external(file: h5py.File, folder: Path) -> None:
    place = [(str(folder / "secret.bin"), 0, 4096)]
    file.create_dataset("data", SHAPE, "i2", external=place)
    file.create_dataset("label", (N,), "i1", external=place)


def _huge(file: h5py.File, _: Path) -> None:
    file.create_dataset("data", (2**40, 2, 16), "i2", chunks=(64, 2, 16), compression="gzip")
    file.create_dataset("label", (2**40,), "i8", chunks=(64,), compression="gzip")


def _references(file: h5py.File, _: Path) -> None:
    file["data"] = _values()
    file["label"] = np.zeros(N, np.int8)
    file["subject"] = np.array([file["data"].ref] * N, dtype=h5py.ref_dtype)


def _strings(file: h5py.File, _: Path) -> None:
    file["data"] = _values()
    file["label"] = np.zeros(N, np.int8)
    file["subject"] = ["x" * 20_000] * N
    file.attrs["unit"] = "y" * 30_000
