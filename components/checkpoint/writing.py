"""Writes a safetensors file, a piece at a time."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from components.checkpoint.dtypes import SIZES, count_non_finite
from components.checkpoint.tensors import TensorRef
from components.failures import InputError

_ALIGNMENT = 8


def write_safetensors(
    path: Path, tensors: Iterable[TensorRef], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors under their names, with little memory however large they are.

    Wider elements come first, so that every tensor is aligned.

    Args:
        path: the file; what was there is replaced.
        tensors: must have different names.
        metadata: texts for the header.

    Raises:
        InputError: an element is NaN or infinite; every such tensor is named. No file is left.
    """
    # equal widths keep their order, in which they are read fastest
    ordered = sorted(tensors, key=lambda tensor: -SIZES[tensor.dtype])
    path = Path(path)
    try:
        with path.open("wb") as file:
            file.write(_header(ordered, metadata or {}))
            spoilt = {}
            for tensor in ordered:
                for piece in tensor.chunks():
                    if count := count_non_finite(tensor.dtype, piece):
                        spoilt[tensor.name] = spoilt.get(tensor.name, 0) + count
                    file.write(piece)
        if spoilt:
            raise InputError(_told(spoilt))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _header(tensors: list[TensorRef], metadata: Mapping[str, str]) -> bytes:
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    start = 0
    for tensor in tensors:
        if tensor.dtype == "C128":
            raise InputError(f"{tensor.name}: safetensors has no complex128; save it as complex64")
        if tensor.name in header:
            raise InputError(f"{tensor.name}: two tensors have this name; rename one of them")
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [start, start + tensor.nbytes],
        }
        start += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _told(spoilt: Mapping[str, int]) -> str:
    first = ", ".join(f"{name} ({count:,})" for name, count in list(spoilt.items())[:5])
    more = f" and {len(spoilt) - 5} more" if len(spoilt) > 5 else ""
    return (
        f"the checkpoint holds NaN or infinite values in {len(spoilt)} "
        f"tensor{'s' if len(spoilt) > 1 else ''}: {first}{more}; the training that saved it "
        "diverged: give an earlier checkpoint"
    )
