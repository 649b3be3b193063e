"""The element types of tensors, by their names in safetensors files."""

from collections.abc import Iterator

import numpy as np

# Bytes of one element. C128 is read from torch files; safetensors has no name for it.
SIZES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
    "C128": 16,
}

TORCH_DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
    "complex128": "C128",
}

TORCH_STORAGES = {
    "BoolStorage": "BOOL",
    "ByteStorage": "U8",
    "CharStorage": "I8",
    "ShortStorage": "I16",
    "IntStorage": "I32",
    "LongStorage": "I64",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "FloatStorage": "F32",
    "DoubleStorage": "F64",
    "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": "C128",
}

_NATIVE = {"F32": "<f4", "F64": "<f8", "C64": "<f4"}  # counted by real and imaginary parts
# Of the others, an element is infinite or no number when all bits of the mask are set.
_EXPONENTS = {
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
    "F8_E4M3": ("u1", 0x7F),  # has no infinities
    "F8_E5M2": ("u1", 0x7C),
    "F8_E8M0": ("u1", 0xFF),
}
_AT_ONCE = 2**18  # bytes: stays in the processor's cache


def family(dtype: str) -> str:
    """What elements are; those of one family differ in precision alone.

    8-bit floats are one of their own: their scales lie in other tensors, which nothing applies.
    """
    if dtype.startswith("C"):
        return "complex"
    if dtype.startswith("F8"):
        return "8-bit float"
    return "float" if "F" in dtype else "other"


def count_non_finite(dtype: str, data: bytes) -> int:
    """How many elements in `data` (whole little-endian elements) are NaN or infinite in a model.

    Models hold float32: what is too large for it counts as infinite.
    """
    if dtype in ("F8_E4M3FNUZ", "F8_E5M2FNUZ"):
        return data.count(b"\x80")  # their only value that is no number
    if dtype in _NATIVE:
        with np.errstate(all="ignore"):
            return sum(
                int(np.count_nonzero(~np.isfinite(some.astype(np.float32, copy=False))))
                for some in _some(_NATIVE[dtype], data)
            )
    if dtype in _EXPONENTS:
        kind, mask = _EXPONENTS[dtype]
        mask = np.dtype(kind).type(mask)
        return sum(int(np.count_nonzero((some & mask) == mask)) for some in _some(kind, data))
    return 0


def _some(kind: str, data: bytes) -> Iterator[np.ndarray]:
    elements = np.frombuffer(data, kind)
    step = _AT_ONCE // elements.itemsize
    return (elements[place : place + step] for place in range(0, len(elements), step))
