import inspect
import json
from importlib import resources

import pytest
from omegaconf import OmegaConf

from components import config
from components.failures import Findings, InputError

GIVEN = ["classification_type=mcc", "num_classes=8", "input_normalization.normalize=zscore"]


def refusal(*overrides):
    with pytest.raises(InputError) as caught:
        config.compose(overrides)
    assert "\n" not in str(caught.value) or isinstance(caught.value, Findings)
    return str(caught.value)


def test_missing_values_are_all_named_at_once():
    told = refusal("optimizer.lr=-1")
    assert "classification_type is not set" in told
    assert "num_classes is not set" in told
    assert "optimizer.lr=-1" in told
    assert "quartile_normalization_lower_val" in told


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimzer.lr=1", "optimzer.lr: no such key; did you mean optimizer.lr?"),
        ("model=nonesuch", "model=nonesuch: no such option; there are"),
        ("experiment=nonesuch", "experiment=nonesuch: no such option"),
        ("seed", "'seed': not of the form key=value"),
        ("classification_type=binary", "classification_type=binary: must be one of bc, mcc"),
        ("num_classes=1", "num_classes=1"),
        ("num_classes=2.5", "num_classes=2.5"),
        ("num_classes=true", "num_classes=True"),
        ("layerwise_lr_decay=0", "layerwise_lr_decay=0"),
        ("layerwise_lr_decay=1.5", "layerwise_lr_decay=1.5"),
        ("freeze_backbone=1", "freeze_backbone=1: must be true or false"),
        ("optimizer.optim=adamw", "optimizer.optim=adamw: must be one of SGD, Adam, AdamW, LAMB"),
        ("data.batch_size=0", "data.batch_size=0"),
        ("trainer.max_epoch=3", "did you mean trainer.max_epochs?"),
        ("optimizer.options.betas=[0.9,0.98]", "+optimizer.options.betas=... adds a key"),
        ("optimizer.options={betas: [0.9,0.98]}", "+optimizer.options.KEY=... adds one"),
        ("optimizer.options=null", "optimizer.options=None: must be a mapping"),
        ("trainer.max_epochs=many", "trainer.max_epochs=many: must be an integer"),
        ("trainer.max_steps=0", "trainer.max_steps=0: must be an integer"),
        ("trainer.accumulate_grad_batches=0", "trainer.accumulate_grad_batches=0"),
        ("seed=5000000000", "seed=5000000000: must be an integer from 0 to 4294967295"),
        ("~seed", "seed is not set"),
        ("optimizer.lr=${nowhere}", "optimizer.lr: Interpolation key 'nowhere' not found"),
        ("model=null", "a group takes the name of an option"),
        ("input_normalization=null", "input_normalization.normalize is not set"),
        ("callbacks.best.monitor=val_loss", "val_loss needs callbacks.best.mode=min"),
        ("~scheduler.interval", "scheduler.interval is not set"),
        ("promotion.metric=test_acc", "promotion.metric=test_acc: must be one of loss, acc"),
        ("promotion.margin=-0.1", "promotion.margin=-0.1: must be a number of at least 0"),
        ("promotion=null", "promotion.metric is not set"),
        ("promotion.metric=specificity", "specificity: is known of classification_type=bc alone"),
        ("callbacks.best.monitor=val_sensitivity", "is known of classification_type=bc alone"),
        ("class_weights=balanced", "class_weights: no such key; did you mean objective.class_w"),
        ("optimizer.momentum=0.9", "further arguments go into optimizer.options"),
        ("data={batchsize: 8}", "data: holds no such key; it takes batch_size, "),
        ("+checkpoint.foo=1", "checkpoint.foo: no such key; checkpoint takes min_coverage, ignore"),
        ("+model.signal.chanels=8", "did you mean model.signal.channels?"),
        ("+optimizer.options.lr=1", "optimizer.options.lr: would have no effect; set optimizer.lr"),
        ("+optimizer.options.weight_decay=1", "set optimizer.weight_decay"),
        ("num_outputs=5", "num_outputs=5: is of classification_type=mmc alone, not of mcc"),
        ("num_outputs=${nowhere}", "Interpolation key 'nowhere' not found"),
        ("~scheduler.t_in_epochs", "never move; set scheduler.t_in_epochs=false"),
        ("scheduler._target_=timm.scheduler.PlateauLRScheduler", "set scheduler=plateau"),
    ],
)
def test_a_wrong_override_is_told_with_key_value_and_fix(override, expected):
    assert expected in refusal(*GIVEN, override)


def test_a_misspelt_key_of_a_users_file_is_refused(tmp_path):
    """Hydra merges these without a word."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\noptimizer: {learning_rate: 1e-2}\ndata: {batchsize: 8}\n"
        "optimiser: {lr: 1e-2}\n"
    )
    told = refusal(*GIVEN, f"hydra.searchpath=[file://{tmp_path}]", "experiment=mine")
    assert told.splitlines() == [
        "optimiser: no such key; did you mean optimizer?",
        "data.batchsize: no such key; did you mean data.batch_size?",
        "optimizer.learning_rate: no such key; optimizer takes optim, lr, weight_decay, decay_all, "
        "options; further arguments go into optimizer.options",
    ]


def test_settings_that_a_training_would_fail_by_or_pass_over_are_refused_together():
    told = refusal(
        *("classification_type=mc", "num_classes=3", "from_scratch=true", "head=true"),
        *("scheduler=plateau", "trainer.check_val_every_n_epoch=2"),
        "input_normalization.quartile_normalization_lower_val=false",
        "input_normalization.quartile_normalization_upper_val=true",
    )
    keys = [line.partition("=")[0].rpartition(".")[2] for line in told.splitlines()]
    bounds = [f"quartile_normalization_{end}_val" for end in ("lower", "upper")]
    assert keys == ["head", "check_val_every_n_epoch", *bounds]


def test_quartile_bounds_must_be_in_order():
    told = refusal(
        *GIVEN[:2],
        "input_normalization.quartile_normalization_lower_val=2",
        "input_normalization.quartile_normalization_upper_val=1",
    )
    assert "lower quartile value 2 must be below the upper 1" in told


@pytest.mark.parametrize(
    ("kind", "further", "logits"),
    [
        ("bc", ["num_classes=2"], 2),
        ("mcc", ["num_classes=5"], 5),
        ("ml", ["num_classes=5"], 5),
        ("mc", ["num_classes=5"], 5),
        ("mmc", ["num_classes=5", "num_outputs=3"], 15),
    ],
)
def test_the_models_head_gets_as_many_logits_as_the_type_needs(kind, further, logits):
    composed = config.compose(
        [f"classification_type={kind}", *further, "input_normalization.normalize=none"]
    )
    assert config.resolved(composed)["model"]["num_classes"] == logits


def test_a_users_folder_of_yaml_files_joins_the_search_path(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("_target_: mine.Net\nwidth: 3\n")
    composed = config.compose([*GIVEN, f"hydra.searchpath=[file://{tmp_path}]", "model=mine"])
    assert composed.model.width == 3


def test_a_new_learning_rate_leaves_the_other_steps_slices_alone():
    slow, fast = (config.compose([*GIVEN, f"optimizer.lr={lr}"]) for lr in (1e-4, 1e-3))
    assert config.for_step("finetune", slow) != config.for_step("finetune", fast)
    for step in ("load_checkpoint", "evaluate"):
        assert config.for_step(step, slow) == config.for_step(step, fast)


def test_slices_are_plain_json():
    composed = config.compose(GIVEN)
    for step in ("load_checkpoint", "finetune", "evaluate"):
        piece = config.for_step(step, composed)
        assert json.loads(json.dumps(piece)) == piece


def test_trainer_keys_are_lightnings():
    from lightning import Trainer

    accepted = set(inspect.signature(Trainer.__init__).parameters)
    assert set(config.compose(GIVEN).trainer) <= accepted


@pytest.mark.parametrize("group", ["model", "scheduler", "callbacks", "experiment"])
def test_every_shipped_option_composes(group):
    names = sorted(
        file.name.removesuffix(".yaml")
        for file in (resources.files("components.conf") / group).iterdir()
        if file.name.endswith(".yaml")
    )
    assert names
    for name in names:
        given = [] if group == "experiment" else GIVEN
        composed = config.compose([*given, f"{group}={name}"])
        assert config.resolved(composed)


def test_a_shipped_models_manifest_is_found_and_sized():
    composed = config.compose([*GIVEN, "num_classes=5"])
    manifest = config.shipped_manifest(composed)
    shapes = {entry["name"]: entry["shape"] for entry in manifest["entries"]}
    assert shapes["head.weight"] == [5, 96]


def test_another_width_has_no_shipped_manifest():
    assert config.shipped_manifest(config.compose([*GIVEN, "model.embed_dim=64"])) is None


def test_an_experiment_sets_many_keys_and_the_command_line_wins():
    composed = config.compose(["experiment=demo", "optimizer.lr=0.125"])
    assert composed.optimizer.lr == 0.125
    assert OmegaConf.select(composed, "classification_type") == "mcc"


def test_a_scheduler_watches_the_better_end_of_its_metric():
    told = refusal(*GIVEN, "scheduler=plateau", "scheduler.monitor=val_acc")
    assert told == "scheduler.mode=min: val_acc needs scheduler.mode=max"
    mode = "+scheduler.mode=max"
    assert config.compose([*GIVEN, "scheduler=plateau", "scheduler.monitor=val_acc", mode])
