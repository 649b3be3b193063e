"""All of a training that decides how it goes on, taken out of the trainer and put back into it.

Lightning's checkpoint holds weights, optimizer, scheduler, scaler, counts and the callbacks' own
states. Beside it stand, under `biotune`, what it leaves out: the random states, the metrics of the
half epoch, the history, the metrics that schedulers watch, and what a ModelCheckpoint forgets.
"""

import logging
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, distributed

from components.finetune import position, sharding, shares
from components.finetune.finetuner import FineTuner

log = logging.getLogger("biotune")

OURS = "biotune"
_FOLDER = "<folder>"  # stands for the folder of the results, which is another one in a retry
_FORGOTTEN = ("_last_global_step_saved", "_last_checkpoint_saved", "_defer_save_until_validation")


def take(
    trainer: lightning.Trainer, tuner: FineTuner, folder: Path, where: Mapping[str, Any]
) -> dict[str, Any] | None:
    """A copy of the state in the host's memory; the first process's, None in the others.

    All processes call this at the same time.
    """
    mine = {"random": _random_states(), "half": tuner.half_epoch()}
    ranks = _gathered(_copied(mine), trainer)
    # What `Trainer.save_checkpoint` writes; it would write at once, while the training waits.
    dump = trainer._checkpoint_connector.dump_checkpoint
    if not trainer.is_global_zero:
        if sharding.is_divided(trainer):
            dump(weights_only=False)  # the first process needs everybody's parts
        return None
    state = _copied(dump(weights_only=False))
    position.settle(state["loops"]["fit_loop"], where["batch"], validating=where["validating"])
    keepers = {
        keeper.state_key: {name: getattr(keeper, name, None) for name in _FORGOTTEN}
        for keeper in _keepers(trainer)
    }
    state[OURS] = {
        "ranks": ranks,
        "where": dict(where),
        "watched": _copied(dict(trainer.callback_metrics)),
        "should_stop": trainer.should_stop,
        "keepers": keepers,
    }
    for part, key in ((state, "callbacks"), (state[OURS], "keepers")):
        part[key] = _with_strings(part[key], lambda text: text.replace(str(folder), _FOLDER))
    return state


def adapt(state: dict[str, Any], folder: Path) -> None:
    """Makes the paths of a loaded state those of this training, before callbacks see them."""
    for part, key in ((state, "callbacks"), (state[OURS], "keepers")):
        part[key] = _with_strings(part[key], lambda text: text.replace(_FOLDER, str(folder)))


def put_back(trainer: lightning.Trainer, tuner: FineTuner, ours: Mapping[str, Any]) -> None:
    """Gives trainer and module what Lightning has not restored.

    Another number of processes than the one that took the state shares out what those knew.
    """
    position.go_on(trainer, ours["where"])
    trainer.should_stop = ours["should_stop"]
    trainer.callback_metrics.update(ours["watched"])
    for keeper in _keepers(trainer):
        for name, value in ours["keepers"].get(keeper.state_key, {}).items():
            setattr(keeper, name, value)
    rank, before, now = trainer.global_rank, len(ours["ranks"]), trainer.world_size
    halves = [old["half"] for old in ours["ranks"]]
    tuner.resume_half_epoch(halves[rank] if before == now else shares.share(halves, rank, now))
    if ours["where"]["validating"]:
        tuner.flaws.begin("val")  # the validation begins anew, whatever it had seen
    _put_back_random_states(ours["ranks"][rank % before]["random"])
    if before != now and trainer.is_global_zero:
        log.warning(
            "the number of processes was %d and is %d now: the batches are the same, the result is "
            "not bit for bit that of a training that was not stopped",
            before,
            now,
        )


def _keepers(trainer: lightning.Trainer) -> list[ModelCheckpoint]:
    return [c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]


def _random_states() -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (kind, keys.tolist(), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _put_back_random_states(states: Mapping[str, Any]) -> None:
    random.setstate(states["python"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def _gathered(mine: Any, trainer: lightning.Trainer) -> list[Any]:
    if trainer.world_size == 1:
        return [mine]
    everyone: list[Any] = [None] * trainer.world_size
    distributed.gather_object(mine, everyone if trainer.is_global_zero else None)
    return everyone


def _copied(node: Any) -> Any:
    """A copy whose tensors lie in the host's memory, as the training goes on to change its own."""
    if isinstance(node, Tensor):
        return node.detach().to("cpu", copy=True)
    if isinstance(node, Mapping):
        return {key: _copied(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_copied(value) for value in node)
    return node


def _with_strings(node: Any, changed: Callable[[str], str]) -> Any:
    if isinstance(node, (str, Path)):
        return changed(str(node))
    if isinstance(node, Mapping):
        return {_with_strings(k, changed): _with_strings(v, changed) for k, v in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_with_strings(value, changed) for value in node)
    return node
