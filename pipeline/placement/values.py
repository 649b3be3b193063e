"""Quantities and durations: what Kubernetes and KFP both take, as text, and their sizes."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

# KFP knows K where Kubernetes knows k; neither is here. It knows no fraction.
_BYTES = {"": 0, "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CPU = r"[0-9]+(\.[0-9]{1,3})?|[1-9][0-9]*m"
_MEMORY = r"[1-9][0-9]*(Ki|Mi|Gi|Ti|Pi|Ei|M|G|T|P|E)?"
_DURATION = r"[0-9]+[smhdw]"
LEAST_MEMORY = 64 * 2**20


def size(quantity: str) -> int:
    """Bytes of a memory quantity."""
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", quantity).groups()
    return int(number) * (_DECIMAL[unit] if unit in _DECIMAL else 2 ** _BYTES[unit])


def seconds(duration: str) -> int:
    """Seconds of a duration."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def text(pattern: str, said: str, check: Callable[[str], None] | None = None, longest: int = 0):
    """The type of a text that matches all of a pattern.

    Args:
        pattern: that both Python and JSON Schema read alike.
        said: what must hold, as the error says it.
        check: raises a ValueError for what no pattern tells.
        longest: number of characters; 0 for any.
    """
    schema: dict[str, Any] = {"type": "string", "pattern": f"^({pattern})$"}
    if longest:
        schema["maxLength"] = longest

    def checked(value: str) -> str:
        if not re.fullmatch(pattern, value) or (longest and len(value) > longest):
            raise ValueError(said)
        if check:
            check(value)
        return value

    return Annotated[str, AfterValidator(checked), WithJsonSchema(schema)]


def _as_text(value: Any) -> Any:
    """A number means itself here, as in `cpu: 2`; the pattern says which will do."""
    return str(value) if type(value) in (int, float) else value


def _number_too(type_: Any, pattern: str, number: str) -> Any:
    schema = {"anyOf": [{"type": "string", "pattern": f"^({pattern})$"}, {"type": number}]}
    return Annotated[type_, BeforeValidator(_as_text), WithJsonSchema(schema)]


def _some_cpu(value: str) -> None:
    if not value.endswith("m") and float(value) == 0:
        raise ValueError("must be above 0")


def _enough_memory(value: str) -> None:
    if size(value) < LEAST_MEMORY:
        meant = f"; {value} is bytes, did you mean {value}Gi?" if value.isdigit() else ""
        raise ValueError(f"must be at least 64Mi{meant}")


def _some_time(value: str) -> None:
    if not seconds(value):
        raise ValueError("must be above 0")


_UNITS = "must be a whole number with a unit (s m h d w), as in 30s or 24h"

_CPUS = "must be CPUs or thousandths of one, as in 2, 1.5 or 500m"
_QUANTITY = "must be a Kubernetes quantity without fraction, as in 32Gi"

Cpu = _number_too(text(_CPU, _CPUS, _some_cpu), _CPU, "number")
Memory = _number_too(text(_MEMORY, _QUANTITY, _enough_memory), _MEMORY, "integer")
Duration = Annotated[text(_DURATION, _UNITS), BeforeValidator(_as_text)]
Timeout = Annotated[text(_DURATION, _UNITS, _some_time), BeforeValidator(_as_text)]
