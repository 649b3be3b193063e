"""Finetune on one node: as many processes as it has GPUs, in the configuration as in the pod."""

from collections.abc import Mapping
from typing import Any

from components.failures import InputError
from pipeline.placement.profile import Profile

_AUTO = ("auto", -1, "-1")
_GPU = ("gpu", "cuda")


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
        InputError: it would train on more or fewer GPUs than it asks for.
    """
    if profile.nodes > 1:
        return []
    given = parameters.get("gpu_count")
    count = profile.gpu.count if given is None else int(given)
    asked = f"{'gpu.count' if given is None else 'gpu_count'}={count}"
    accelerator, devices = trainer["accelerator"], trainer["devices"]
    if not count and accelerator in _GPU:
        raise InputError(
            f"{asked}, trainer.accelerator={accelerator}: no GPU is asked for; set gpu.count to "
            "1 or more, or trainer.accelerator=auto"
        )
    if not count or accelerator not in ("auto", *_GPU):
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
