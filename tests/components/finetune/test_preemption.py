"""A training that ends at any point and is started again gives the bytes of one that did not."""

import hashlib
import json
import signal
import time

import pytest

from components import resume
from components.config import compose, for_step
from components.failures import Failure, InputError
from components.finetune.preemption import Preemption
from components.finetune.step import run
from tests.made import make_dataset

NET = (
    *("classification_type=bc", "num_classes=2", "model=waveform_transformer"),
    *("model.num_channels=4", "model.num_samples=64", "model.patch_size=16"),
    *("model.embed_dim=16", "model.depth=2", "model.dropout=0.1", "model.signal=null"),
    *("input_normalization.normalize=none", "data.batch_size=16", "trainer.max_epochs=3"),
    *("trainer.accelerator=cpu", "optimizer.lr=0.003"),
)


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("made") / "data")


def tuned(data, output, *overrides):
    config = for_step("finetune", compose([*NET, *overrides]))
    run(str(data), output, json.loads(json.dumps(config)))
    return digests(output)


def digests(folder):
    """What every file of the results holds, but for TensorBoard's records, which hold times."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "tensorboard" not in file.parts
    }


def dying(monkeypatch, at):
    """Keeps a state at each visit, and kills the training at those whose numbers are in `at`."""
    left, visits = sorted(at), []
    original = Preemption._visit

    def visit(self, trainer, tuner, *, validating):
        visits.append(validating)
        self.writer.wait()  # which a test that counts can't leave to chance
        original(self, trainer, tuner, validating=validating)
        if left and len(visits) == left[0]:
            left.pop(0)
            visits.clear()
            self.writer.wait()
            raise Killed

    monkeypatch.setattr(Preemption, "_visit", visit)
    return visits


def until_done(attempt):
    """Runs again what is killed; how often it took."""
    for number in range(1, 50):
        try:
            return attempt(), number
        except Killed:
            continue
    raise AssertionError("it never ended")


CASES = {
    "plain": (),
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "scheduler.monitor=val_loss"),
    "early stopping": ("callbacks=early_stopping", "callbacks.early_stopping.patience=1"),
    "accumulated": ("trainer.accumulate_grad_batches=2",),
    "workers": ("data.num_workers=1",),
    "steps": ("trainer.max_epochs=-1", "trainer.max_steps=14"),
    "validated within": ("trainer.val_check_interval=0.5",),
    "validated rarely": ("trainer.check_val_every_n_epoch=2",),
    "overfitting": ("trainer.overfit_batches=3",),
    "sgd": ("optimizer.optim=SGD", "scheduler=step", "+optimizer.options.momentum=0.9"),
    "lamb": ("optimizer.optim=LAMB",),
    "mixed": ("trainer.precision=bf16-mixed",),
    "no keeper": ("callbacks.best=null",),
    "frozen": ("freeze_backbone=true",),
    "skipping": ("nonfinite=skip",),
}


@pytest.mark.parametrize("case", CASES)
def test_a_training_killed_again_and_again_gives_the_same_bytes(case, data, tmp_path, monkeypatch):
    whole = tuned(data, tmp_path / "whole", *CASES[case])
    states = (f"resume.uri={tmp_path / 'states'}", "resume.every=0s")
    # Kills at every second or third point: each kind of point comes, in every epoch.
    dying(monkeypatch, [2, 3, 3, 2, 3, 2, 2, 3, 3])
    found, attempts = until_done(lambda: tuned(data, tmp_path / "broken", *CASES[case], *states))
    assert attempts > 3
    assert found == whole
