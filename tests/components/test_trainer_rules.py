"""What Lightning would stumble over, or do without a word, is refused before anything is read."""

import pytest

from components.config import compose
from components.failures import Failure

GIVEN = ("classification_type=bc", "num_classes=2", "input_normalization.normalize=none")
RARELY = "trainer.check_val_every_n_epoch=3"
TRAIN = ("callbacks.best.monitor=train_loss", "callbacks.best.mode=min")
STOPPING = ("callbacks=early_stopping", "trainer.max_epochs=2")


def told(*overrides):
    with pytest.raises(Failure) as caught:
        compose([*GIVEN, *overrides])
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gradient_clip_val", "-1"),
        ("gradient_clip_val", "abc"),
        ("gradient_clip_val", "true"),
        ("gradient_clip_val", "nan"),
        ("gradient_clip_algorithm", "valu"),
        ("gradient_clip_algorithm", "5"),
        ("log_every_n_steps", "-1"),
        ("check_val_every_n_epoch", "0"),
        ("check_val_every_n_epoch", "null"),
        ("val_check_interval", "0.5"),
        ("val_check_interval", "1"),
        ("max_time", "5"),
        ("max_time", "1h"),
        ("max_time", "{hour: 1}"),
        ("limit_train_batches", "0"),
        ("limit_train_batches", "-1"),
        ("limit_train_batches", "1.5"),
        ("limit_val_batches", "all"),
        ("overfit_batches", "-0.5"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_the_fix(key, value):
    line = told(f"trainer.{key}={value}")
    assert line.startswith(f"trainer.{key}=") and ": must be " in line and "\n" not in line


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((RARELY, *TRAIN), f"{RARELY}: callbacks.best.monitor=train_loss is looked at where"),
        ((RARELY, "trainer.max_epochs=2"), f"{RARELY}: trainer.max_epochs=2 end before the first"),
        (["trainer.limit_val_batches=0"], "leaves callbacks.best.monitor=val_balanced_acc without"),
        (["trainer.limit_val_batches=0.0"], "callbacks.best.monitor=val_balanced_acc without"),
        (["callbacks.early_stopping={patience: 3}"], "callbacks.early_stopping._target_ is not"),
        (["callbacks.best=5"], "callbacks.best._target_ is not"),
    ],
)
def test_what_can_choose_no_epoch_is_told(overrides, expected):
    line = told(*overrides)
    assert expected in line and "\n" not in line


def test_every_watcher_is_told_of():
    lines = told(RARELY, *STOPPING).splitlines()
    assert len(lines) == 2 and "callbacks.early_stopping.monitor" in lines[1]


@pytest.mark.parametrize(
    "overrides",
    [
        ["trainer.gradient_clip_val=0", "trainer.gradient_clip_algorithm=null"],
        ["trainer.gradient_clip_val=null", "trainer.log_every_n_steps=0"],
        ["trainer.max_time=00:12:00:00", "trainer.limit_train_batches=0.25"],
        ["trainer.max_time={hours: 2}", "trainer.val_check_interval=1.0"],
        ["trainer.limit_val_batches=0", "callbacks.best=null"],
        ["trainer.limit_val_batches=0", *TRAIN],
        ["trainer.limit_val_batches=0", "trainer.overfit_batches=2"],
        ["trainer.check_val_every_n_epoch=2", "trainer.max_epochs=2"],
        [RARELY, "scheduler=plateau", "scheduler.monitor=train_loss"],
        [RARELY, "trainer.max_epochs=2", "trainer.fast_dev_run=true"],
    ],
)
def test_what_lightning_can_do_is_let_through(overrides):
    assert compose([*GIVEN, *overrides])
