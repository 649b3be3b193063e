"""The callback by which a training survives its end: it keeps states, and goes on from one."""

import logging
import signal
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy

from components import resume
from components.failures import Failure, first_line
from components.finetune import position, snapshot
from components.finetune.finetuner import FineTuner
from components.finetune.nonfinite import Guard
from components.finetune.spool import Spool, put_in_place

log = logging.getLogger("biotune")

STATE = "state.pt"
_PACE = 1.0  # seconds between the questions of several processes to the first one
_RESERVE = 1.25
KEEP, STOP = "keep", "stop"


class Preemption(Checkpoint):
    """Keeps a state at least every `every` seconds of work, and one when SIGTERM comes.

    A state is copied to the host's memory, which the training waits for, and written in the
    background. It is a `Checkpoint` so that Lightning calls it after all other callbacks.

    Args:
        plan: what the step has found out: `place`, `every` and `found`, as plain data.
        folder: of the results; what other callbacks leave there is a part of the state.
        guard: knows by now whether the weights are still numbers.
    """

    def __init__(self, plan: Mapping[str, Any], folder: Path, guard: Guard) -> None:
        self.writer = resume.Writer(resume.Place(**plan["place"]))
        self.every, self.found = plan["every"], plan["found"]
        self.folder, self.guard, self._named = folder, guard, folder
        self.spool = Spool(folder)
        self._ours: dict[str, Any] | None = None
        self._last, self._taken, self._told = time.monotonic(), None, False
        self._asked, self._visits, self._next = self._last, 0, 1
        self._able = True

    @property
    def state(self) -> str | None:
        """The file that Lightning is to load; None at the beginning of a training."""
        return self.found["files"][STATE] if self.found else None

    def setup(self, trainer: lightning.Trainer, *_: Any, **__: Any) -> None:
        """Keeps nothing where a model is shared in a way that one process can't save for all."""
        self._able = isinstance(trainer.strategy, (SingleDeviceStrategy, DDPStrategy))
        if not self._able and trainer.is_global_zero:
            kind = type(trainer.strategy).__name__
            log.warning("trainer.strategy: of a %s no states are kept; a kill costs all", kind)
        # Lightning gives all processes the first one's paths, on whatever node they are.
        self._named = Path(trainer.strategy.broadcast(str(self.folder)))

    def on_load_checkpoint(self, trainer: Any, tuner: Any, state: dict[str, Any]) -> None:
        """Sees a loaded state before the other callbacks do."""
        snapshot.adapt(state, self._named)
        self._ours = state[snapshot.OURS]

    def on_train_start(self, trainer: lightning.Trainer, tuner: FineTuner) -> None:
        """Puts back what Lightning has not, and listens for SIGTERM from here on."""
        if self._ours is not None:
            snapshot.put_back(trainer, tuner, self._ours)
            if trainer.is_global_zero:
                put_in_place(self.found["files"], self.folder)
                where, written = position.told(self._ours["where"]), self.found["written"]
                log.info("resumed at %s, written %s", where, resume.ago(written))
            self._ours = None
        if self._able and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._hear)  # Lightning puts the one before it back
        self._last = time.monotonic()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, tuner: FineTuner, batch: Any, batch_idx: int
    ) -> None:
        """A point at which a state can be taken."""
        if self._able and position.before_batch(trainer, batch_idx):
            self._visit(trainer, tuner, validating=False)

    def on_validation_start(self, trainer: lightning.Trainer, tuner: FineTuner) -> None:
        """A point at which a state can be taken."""
        there = not trainer.sanity_checking and trainer.val_check_batch is not None
        if self._able and there:
            self._visit(trainer, tuner, validating=True)

    def on_validation_batch_end(self, trainer: lightning.Trainer, tuner: Any, *_: Any) -> None:
        """Still the same point, also of several processes: all have equally many batches here."""
        self.on_validation_start(trainer, tuner)

    def on_train_epoch_end(self, trainer: lightning.Trainer, tuner: Any) -> None:
        """Lets Lightning end a resumed epoch as any other."""
        position.end_epoch(trainer)

    def on_train_end(self, trainer: Any, tuner: Any) -> None:
        """Lets what was begun come to its end."""
        self.writer.wait()
        self.spool.remove()

    def on_exception(self, trainer: Any, tuner: Any, exception: BaseException) -> None:
        """The same, whatever ended the training."""
        try:
            self.writer.wait()
        except Failure as failure:
            log.warning("%s", first_line(failure))
        self.spool.remove()

    def _hear(self, number: int, _: object) -> None:
        self._told = True

    def _visit(self, trainer: lightning.Trainer, tuner: FineTuner, *, validating: bool) -> None:
        self.writer.check()
        action = self._agreed(trainer)
        if not action:
            return
        batch = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        where = position.position(trainer, batch, validating=validating)
        if where != self._taken:
            self._keep(trainer, tuner, where)
        if action == STOP:
            self.writer.wait()
            log.info("stopped by SIGTERM at %s; run again to go on", position.told(where))
            raise SystemExit(128 + signal.SIGTERM)

    def _agreed(self, trainer: lightning.Trainer) -> str:
        """What to do now; the first process decides for all, who ask it now and then."""
        self._visits += 1
        if trainer.world_size > 1 and self._visits < self._next:
            return ""
        # A state counts once it is written: it is taken that much earlier.
        took = self.every / 4 if self.writer.took is None else self.writer.took
        wait = self.every - _RESERVE * took
        due = time.monotonic() - self._last >= wait and not self.writer.busy
        if trainer.world_size == 1:
            return STOP if self._told else KEEP if due else ""
        # The node of any process may be the one that is to go.
        told = trainer.strategy.reduce_boolean_decision(self._told, all=False)
        action = STOP if told else KEEP if due else ""
        now = time.monotonic()
        pace = _PACE / max(1e-6, now - self._asked) * (self._visits - self._next + 1)
        self._asked = now
        action, step = trainer.strategy.broadcast((action, max(1, min(1000, int(pace)))))
        self._next = self._visits + step
        return action

    def _keep(self, trainer: lightning.Trainer, tuner: FineTuner, where: dict[str, Any]) -> None:
        self.guard.look()  # or a state that is lost already would take the place of a good one
        self.writer.wait()
        state = snapshot.take(trainer, tuner, self.folder, where)
        self._last, self._taken = time.monotonic(), where
        if not trainer.is_global_zero:
            return
        try:
            copies = self.spool.copies()
        except OSError as error:
            log.warning("no state could be kept, the training goes on: %s", first_line(error))
            return
        self.writer.start(partial(_write, state, copies), where)


def _write(state: dict[str, Any], files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    file = folder / STATE
    try:
        torch.save(state, file)
    except RuntimeError as error:  # a full disk, in torch's words
        raise Failure(f"{file}: can't be written ({first_line(error)})") from error
    try:
        torch.load(file, weights_only=True, mmap=True)  # as it will be read
    except Exception as error:
        raise Failure(f"a callback's state can't be kept ({first_line(error)})") from error
    return {STATE: file, **files}
