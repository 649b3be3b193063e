"""What the pickle inside a torch file may name: the parts of which it makes tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.checkpoint.dtypes import SIZES, TORCH_DTYPES, TORCH_STORAGES
from components.checkpoint.inert import Foreign, Function
from components.checkpoint.tensors import Region
from components.checkpoint.views import View


@dataclass(frozen=True)
class DType:
    """A torch dtype; stands for a class of storages too."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes in the file, and the type of element they were saved as."""

    region: Region
    dtype: str


def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, dtype: Any) -> View | Foreign:
    if type(storage) is not Storage or type(dtype) is not DType:
        return Foreign("a tensor of another kind")
    if type(shape) is not tuple or type(strides) is not tuple:
        raise ValueError("a tensor has no sizes or strides")
    return View(storage.region, dtype.name, offset, shape, strides)


def _tensor_v2(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> View | Foreign:
    dtype = DType(storage.dtype) if type(storage) is Storage else None
    return _rebuild(storage, offset, shape, strides, dtype)


def _tensor_v3(
    storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any, _hooks: Any, *dtype: Any
) -> View | Foreign:
    return _rebuild(storage, offset, shape, strides, dtype[0])


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _size(sizes: Any = ()) -> Any:
    return sizes if type(sizes) is tuple else Foreign("torch.Size")


def _ordered_dict(*items: Any) -> Any:
    # torch files set the items afterwards; to copy given ones could be asked for without end
    return Foreign("collections.OrderedDict") if items else {}


KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): Function(_ordered_dict),
    ("torch", "Size"): Function(_size),
    ("torch._utils", "_rebuild_tensor_v2"): Function(_tensor_v2),
    ("torch._utils", "_rebuild_tensor_v3"): Function(_tensor_v3),
    ("torch._utils", "_rebuild_parameter"): Function(_parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): Function(_parameter),
    ("torch.storage", "UntypedStorage"): DType("U8"),
    ("torch", "UntypedStorage"): DType("U8"),
    **{("torch", name): DType(dtype) for name, dtype in TORCH_STORAGES.items()},
    **{("torch", name): DType(dtype) for name, dtype in TORCH_DTYPES.items()},
}


def storages(find: Callable[[str], Region]) -> Callable[[Any], Storage | Foreign]:
    """Makes the storage of a persistent id.

    Args:
        find: gives the bytes of a storage's key.
    """
    known: dict[tuple[str, str], Storage] = {}  # tensors may share one, and mention it each

    def load(pid: Any) -> Storage | Foreign:
        if type(pid) is not tuple or len(pid) != 5 or pid[0] != "storage":
            raise ValueError("it refers to something that is no storage")
        _, kind, key, _device, count = pid
        if type(kind) is not DType:
            return Foreign("a storage of another kind")
        if type(key) is not str or type(count) is not int or count < 0:
            raise ValueError("a storage has no key or size")
        made = known.get((kind.name, key)) or Storage(find(key), kind.name)
        if count * SIZES[kind.name] > made.region.size:
            raise ValueError(f"storage {key} is shorter than it should be")
        return known.setdefault((kind.name, key), made)

    return load
