"""A training that ends at any point and is started again gives the bytes of one that did not."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
import torch

from components import resume
from components.config import compose, for_step
from components.failures import InputError
from components.finetune import spool
from components.finetune.preemption import Preemption
from components.finetune.step import run
from tests.divided import STOP, STOPS
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
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "+scheduler.threshold=0.9"),
    "early stopping": ("callbacks=early_stopping", "callbacks.early_stopping.patience=1"),
    "best at first": ("optimizer.lr=1e-30", "scheduler=constant"),
    "accumulated": ("trainer.accumulate_grad_batches=2",),
    "workers": ("data.num_workers=1",),
    "steps": ("trainer.max_epochs=-1", "trainer.max_steps=14"),
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


@pytest.mark.slow
def test_states_in_s3_serve_as_well(data, tmp_path, monkeypatch, s3):
    whole = tuned(data, tmp_path / "whole")
    states = (f"resume.uri={s3.uri('states')}", "resume.every=0s")
    dying(monkeypatch, [4, 7])
    found, attempts = until_done(lambda: tuned(data, tmp_path / "broken", *states))
    assert attempts == 3 and found == whole


def command(data, output, *overrides):
    words = ("-m", "components", "finetune", "--dataset", data, "--output", output)
    return [sys.executable, *map(str, words), *NET, *overrides]


def states_in(folder):
    """The newest states that are whole."""
    records = [json.loads(file.read_text()) for file in folder.glob("*/latest.json")]
    return [record["states"] for record in records if record["states"]]


@pytest.mark.slow
def test_two_processes_go_on_each_with_its_own_half_of_the_metrics(tmp_path, capfd, monkeypatch):
    data = make_dataset(tmp_path / "data")
    flatten(data / "val.h5")  # what was seen of a validation that broke off is not counted twice
    two = ("trainer.devices=2", "data.batch_size=4", "trainer.max_epochs=12", STOPS)
    states = tmp_path / "states"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]), prepend=os.pathsep)

    def started(every):
        words = command(data, tmp_path / "broken", *two, f"resume.uri={states}", every)
        pipes = {"stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(words, **pipes, start_new_session=True)

    with monkeypatch.context() as patched:
        patched.setenv(STOP, "yes")
        child = started("resume.every=1h")
    # It reaches the step alone, who tells the others.
    told = child.communicate(timeout=120)[1]
    assert "stopped by SIGTERM at the validation of epoch 1;" in told
    assert child.returncode == 143
    before = states_in(states)
    child = started("resume.every=0s")
    while states_in(states) == before:
        assert child.poll() is None
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    assert "resumed at the validation of epoch 1" in child.communicate(timeout=120)[1]
    capfd.readouterr()
    found = tuned(data, tmp_path / "broken", *two, f"resume.uri={states}", "resume.every=0s")
    assert "resumed at" in capfd.readouterr().err
    assert found == tuned(data, tmp_path / "whole", *two)


def test_a_stop_within_a_validation_counts_no_window_twice(tmp_path, monkeypatch):
    def stop(self, trainer, tuner, outputs, batch, index, *_):
        self._told = index == 1 and not trainer.sanity_checking
        original(self, trainer, tuner)

    data = make_dataset(tmp_path / "data")
    flatten(data / "val.h5")
    whole = tuned(data, tmp_path / "whole")
    kept = (f"resume.uri={tmp_path / 'states'}", "resume.every=1h")
    original = Preemption.on_validation_batch_end
    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(Preemption, "on_validation_batch_end", stop)
        tuned(data, tmp_path / "broken", *kept)
    assert tuned(data, tmp_path / "broken", *kept) == whole


def flatten(file):
    """Makes a channel one without a signal."""
    with h5py.File(file, "a") as split:
        split["data"][:, 2] = 0


def test_a_changed_setting_begins_anew_and_the_old_place_refuses_it(data, tmp_path, monkeypatch):
    states = tmp_path / "states"
    kept = (f"resume.uri={states}", "resume.every=0s")
    dying(monkeypatch, [5])
    with pytest.raises(Killed):
        tuned(data, tmp_path / "one", *kept)
    (place,) = states.iterdir()
    before = (place / "latest.json").read_bytes()
    tuned(data, tmp_path / "other", "seed=1", "trainer.max_epochs=1", *kept)
    assert (place / "latest.json").read_bytes() == before
    with pytest.raises(InputError, match="seed was 0 and is 1 now"):
        tuned(data, tmp_path / "third", "seed=1", f"resume.uri={place}")
    tuned(data, tmp_path / "one", "data.num_workers=1", f"resume.uri={place}")


def test_a_full_disk_costs_a_state_and_not_the_training(data, tmp_path, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    whole = tuned(data, tmp_path / "whole")
    for module, name in ((spool.shutil, "copy"), (torch, "save")):
        with monkeypatch.context() as patched:
            original = getattr(module, name)
            # Lightning's own writes go through; torch says it in its own words.
            patched.setattr(
                module,
                name,
                lambda what, to, *a, o=original: (
                    full() if "biotune-" in str(to) else o(what, to, *a)
                ),
            )
            kept = (f"resume.uri={tmp_path / name}", "resume.every=0s")
            assert tuned(data, tmp_path / f"model-{name}", *kept) == whole
        assert "no state could be kept, the training goes on" in caplog.text
        caplog.clear()


def test_the_same_training_twice_at_a_time_is_refused_at_its_start(data, tmp_path, monkeypatch):
    states = tmp_path / "states"
    kept = (f"resume.uri={states}", "resume.every=0s")
    refused = []
    original = Preemption.on_train_start

    def again(self, trainer, tuner):
        original(self, trainer, tuner)
        if not refused:
            refused.append(None)
            with pytest.raises(InputError, match="the same training runs already"):
                tuned(data, tmp_path / "two", *kept)
            with pytest.raises(InputError, match="another run is making it now"):
                tuned(data, tmp_path / "one")

    monkeypatch.setattr(Preemption, "on_train_start", again)
    tuned(data, tmp_path / "one", *kept)
    assert refused and not (tmp_path / "two").exists()


def test_changed_data_and_another_backbone_begin_anew(data, tmp_path):
    prints = {"train": "a", "val": "b"}
    batch = {"data": {"batch_size": 8}}
    same = resume.facts({"seed": 0, "resume": {"every": "1s"}, **batch}, prints, None, 1)
    assert same == resume.facts({"seed": 0, "resume": {"every": "2s"}, **batch}, prints, None, 1)
    backbone = tmp_path / "backbone"
    backbone.write_bytes(b"weights")
    changed = [
        resume.facts({"seed": 0, **batch}, prints | {"val": "c"}, None, 1),
        resume.facts({"seed": 0, **batch}, prints, backbone, 1),
        resume.facts({"seed": 0, **batch}, prints, None, 2),
        resume.facts({"seed": 1, **batch}, prints, None, 1),
    ]
    assert same not in changed and len({json.dumps(facts) for facts in changed}) == 4


def test_the_interval_is_that_of_the_states(data, tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr(Preemption, "_keep", lambda self, *_: taken.append(time.monotonic()))
    tuned(data, tmp_path / "model", f"resume.uri={tmp_path / 'states'}", "resume.every=1h")
    assert not taken
