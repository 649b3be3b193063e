"""Where in a training a state is taken, and how Lightning's loops come back there.

Lightning counts its way through a training, and goes on from the counts. Left to itself it skips a
validation that was to come after the last saved batch, and repeats or leaves out batches. So states
are taken at two kinds of points alone, where its counts can be made to say just this:

- before a batch whose predecessor is wholly done, its scheduler and its validation included;
- at a validation, which begins anew.
"""

from typing import Any

import lightning

Counts = dict[str, Any]
_LOOP = "epoch_loop.batch_progress"
_VALIDATION = "epoch_loop.val_loop.batch_progress"


def before_batch(trainer: lightning.Trainer, batch: int) -> bool:
    """Whether a state can be taken before this batch: not between accumulated gradients."""
    return batch % trainer.accumulate_grad_batches == 0


def position(trainer: lightning.Trainer, batch: int, *, validating: bool) -> dict[str, Any]:
    """What a message or a sampler needs to know."""
    validated = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    return {
        "epoch": trainer.current_epoch,
        "batch": batch,
        "validated": validated.total.completed - validated.current.completed,
        "batches": int(trainer.num_training_batches),
        "validating": validating,
    }


def told(where: dict[str, Any]) -> str:
    """The position in words; epochs and batches count from 1."""
    if where["validating"]:
        return f"the validation of epoch {where['epoch'] + 1}"
    return f"epoch {where['epoch'] + 1}, batch {where['batch'] + 1} of {where['batches']}"


def settle(loops: Counts, batch: int, *, validating: bool) -> None:
    """Makes the counts say that `batch` batches of this epoch are done, and nothing is half-done.

    Args:
        loops: the state of Lightning's fit loop, changed in place.
    """
    done = loops[_LOOP]
    for counts in (done["total"], done["current"]):
        counts.update({name: counts["completed"] for name in counts})
    done["current"].update(dict.fromkeys(done["current"], batch))
    if not validating:
        done["is_last_batch"] = False
        return
    # One begun and none done: in Lightning's words, stopped in the midst of the validation.
    begun = {"ready": 1, "started": 1, "processed": 0, "completed": 0}
    loops[_VALIDATION] |= {
        "total": begun,
        "current": dict.fromkeys(begun, 0),
        "is_last_batch": False,
    }


def go_on(trainer: lightning.Trainer, where: dict[str, Any]) -> None:
    """Corrects, once Lightning has loaded the counts and made up its mind, what it makes of them.

    At the beginning of an epoch there is nothing to restart within it. The counts of a validation
    were only to tell Lightning that there is one to come; they go into checkpoints, too.
    """
    epoch = trainer.fit_loop.epoch_loop
    if where["validating"]:
        total = epoch.val_loop.batch_progress.total
        total.reset()
        total.increment_by(where["validated"])
    elif where["batch"] == 0:
        epoch.restarting = False


def end_epoch(trainer: lightning.Trainer) -> None:
    """At the end of the first epoch after a resume Lightning would leave out the plateau scheduler.

    It takes the metrics for lost; ours are in the state.
    """
    trainer.fit_loop._restarting = False
