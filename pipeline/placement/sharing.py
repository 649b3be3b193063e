"""Finetune on one node: as many processes as it has GPUs, in the configuration as in the pod."""

from collections.abc import Mapping
from typing import Any

from components.failures import InputError
from pipeline.placement.profile import Profile

_AUTO = ("auto", -1, "-1")
_GPU = ("gpu", "cuda")
_TESTED = "steps.evaluate.gpu"


def overrides(
    profile: Profile, parameters: Mapping[str, Any], trainer: Mapping[str, Any]
) -> list[str]:
    """What `trainer.devices=auto` means there, as an override of the configuration.

    Finetune could count the GPUs itself. But the global batch depends on them, so what KFP's cache
    and a registry know a training by must hold their number. On several nodes the profile says it.

    Args:
        profile: the cluster's placement.
        parameters: run-time parameters in place of the profile's values, checked.
        trainer: the resolved section of the configuration.

    Raises:
        InputError: finetune would train on more or fewer GPUs than it asks for, or a step would
            look in vain for one.
    """
    count, asked = _asked(parameters, "gpu_count", "gpu.count", profile.gpu.count)
    tested = profile.steps.evaluate.gpu or 0
    accelerator, devices = trainer["accelerator"], trainer["devices"]
    if accelerator in _GPU:
        _present(accelerator, count, asked)
        _present(accelerator, *_asked(parameters, "evaluate_gpu_count", _TESTED, tested))
    if profile.nodes > 1 or not count or accelerator not in ("auto", *_GPU):
        return []
    if devices in _AUTO:
        return [f"trainer.devices={count}"]
    trained = len(devices) if isinstance(devices, list) else devices
    if str(trained) != str(count):
        raise InputError(
            f"{asked}, trainer.devices={devices}: the GPUs that finetune asks for and trains on "
            "must be as many; give trainer.devices=auto, which takes them all (data.batch_size is "
            f"that of each), or set gpu.count to {trained}"
        )
    return []


def _asked(parameters: Mapping[str, Any], name: str, key: str, said: int) -> tuple[int, str]:
    """A number of GPUs, and it with the name by which the user knows it."""
    if name in parameters:
        return int(parameters[name]), f"{name}={parameters[name]}"
    return said, f"{key}={said}"


def _present(accelerator: str, count: int, asked: str) -> None:
    """Finds before the training what evaluate, on a CPU by itself, would find after it."""
    if not count:
        raise InputError(
            f"{asked}, trainer.accelerator={accelerator}: that step gets no GPU; give "
            "trainer.accelerator=auto, which takes what there is, or set it to 1"
        )
