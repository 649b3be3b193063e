"""How the processes of a fine-tuning may share a model, and what does not go with it."""

from collections.abc import Callable, Mapping
from typing import Any

FSDP = "fsdp"
WHOLE = ("auto", "ddp", "ddp_find_unused_parameters_false", "ddp_find_unused_parameters_true")
_PRECISIONS = ("32", "32-true", "64", "64-true", "bf16", "bf16-mixed", "bf16-true")

RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "trainer.strategy": (
        lambda value: value is None or value in (*WHOLE, FSDP),
        f"one of {', '.join(WHOLE)}, or {FSDP} to divide the model among the processes",
    )
}


def findings(config: Mapping[str, Any]) -> list[str]:
    """What can't be had together with `trainer.strategy=fsdp`, a line each."""
    trainer, optimizer = config.get("trainer") or {}, config.get("optimizer") or {}
    if trainer.get("strategy") != FSDP:
        return []
    found = []
    if config.get("compile") is True:
        found.append(
            "compile=true: the compiler can't follow a model that is put together block by block; "
            "set compile=false, or trainer.strategy=ddp"
        )
    if trainer.get("sync_batchnorm") is True:
        found.append(
            "trainer.sync_batchnorm=true: not with a divided model; set it to false, or "
            "trainer.strategy=ddp"
        )
    precision = str(trainer.get("precision"))
    if precision not in _PRECISIONS:
        found.append(
            f"trainer.precision={precision}: a divided model trains in "
            f"{', '.join(name for name in _PRECISIONS if '-' in name)}; set one of these"
        )
    if optimizer.get("optim") == "SGD" and (optimizer.get("options") or {}).get("fused") is True:
        found.append(
            "optimizer.options.fused=true: torch has no such SGD for a divided model; drop it"
        )
    return found
