import math

import pytest
import torch
from torch import nn

from components import config as configuration
from components.failures import InputError
from components.finetune import optimization
from components.layout import Layout

LAYOUT = Layout.from_config(
    {"stem": "stem|position", "blocks": r"blocks\.(\d+)\.", "norm": "norm", "head": "head"}
)
DECAY, LR = 0.5, 0.01


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.position = nn.Parameter(torch.zeros(1, 4, 4))
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)


# Block i of n: decay ** (n - i); final norm and head: 1; stem: decay ** (n + 1).
EXPONENTS = {"stem": 4, "position": 4, "blocks.0": 3, "blocks.1": 2, "blocks.2": 1}


def exponent(name, stem="decayed"):
    if stem == "base" and name.startswith(("stem", "position")):
        return 0
    return next((e for prefix, e in EXPONENTS.items() if name.startswith(prefix)), 0)


def table(model, **changes):
    settings = {"weight_decay": 0.1, "layer_decay": DECAY, "stem": "decayed", "decay_all": False}
    return optimization.rates(model, LAYOUT.assign(model.state_dict()), **(settings | changes))


@pytest.mark.parametrize("stem", ["decayed", "base"])
def test_every_parameter_has_the_scale_of_its_layer(stem):
    for name, rate in table(Model(), stem=stem).items():
        assert rate.scale == DECAY ** exponent(name, stem), name


def test_biases_norms_and_bare_parameters_do_not_decay():
    decaying = {name for name, rate in table(Model()).items() if rate.weight_decay}
    assert decaying == {"stem.weight", "head.weight", *(f"blocks.{i}.weight" for i in range(3))}
    assert all(rate.weight_decay == 0.1 for rate in table(Model(), decay_all=True).values())


def test_weights_decay_by_what_they_are_and_not_by_their_names_or_shapes_alone():
    model = nn.ModuleDict(
        {
            "gru": nn.GRU(4, 8),
            "wide": nn.LayerNorm((4, 64)),
            "normed": nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)),
            "tokens": nn.utils.parametrizations.spectral_norm(nn.Embedding(5, 4)),
        }
    )
    parts = dict.fromkeys(model.state_dict(), "head")
    settings = {"weight_decay": 0.1, "layer_decay": 1.0, "stem": "base", "decay_all": False}
    rates = optimization.rates(model, parts, **settings)
    assert {name for name, rate in rates.items() if rate.weight_decay} == {
        *("gru.weight_ih_l0", "gru.weight_hh_l0"),
        *(f"normed.parametrizations.weight.original{i}" for i in (0, 1)),
    }


def test_a_model_without_blocks_cannot_have_a_layerwise_decay():
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(InputError, match=r"layerwise_lr_decay=0\.5"):
        optimization.rates(
            model,
            {"0.weight": "head", "0.bias": "head"},
            weight_decay=0.0,
            layer_decay=0.5,
            stem="decayed",
            decay_all=False,
        )


def applied(name, *overrides, steps, epochs):
    """The learning rate of every parameter at each step, as the optimizer has it."""
    model = Model()
    composed = configuration.compose(
        [
            *("classification_type=bc", "num_classes=2", "input_normalization.normalize=none"),
            *(f"scheduler={name}", f"optimizer.lr={LR}", *overrides),
        ]
    )
    config = configuration.resolved(composed)
    made = optimization.optimizer(model, table(model), config["optimizer"], fused=True)
    per_epoch = steps // epochs
    settings = optimization.scheduler(made, config["scheduler"], steps=steps, per_epoch=per_epoch)
    places = {id(p): name for name, p in model.named_parameters()}
    rates = []
    for step in range(steps):
        rates.append(
            {places[id(p)]: group["lr"] for group in made.param_groups for p in group["params"]}
        )
        made.step()
        if hasattr(settings["scheduler"], "step_update"):
            settings["scheduler"].step_update(num_updates=step + 1)
        elif settings["interval"] == "step":
            settings["scheduler"].step()
    return rates


@pytest.mark.parametrize(
    ("warmup", "expected"), [("10 %", 20), ("3 epochs", 30), ("1.5 epochs", 15), ("25", 25)]
)
def test_rates_follow_the_formula_through_warm_up_and_cosine(warmup, expected):
    steps, low, start = 200, 1e-6, 1e-6
    rates = applied("cosine", f"scheduler.warmup_t='{warmup}'", steps=steps, epochs=20)
    for step in (0, 1, expected // 2, expected, expected + 1, 150, steps - 1):
        if step < expected:
            base = start + step * (LR - start) / expected
        else:
            turn = math.pi * (step - expected) / (steps - expected)
            base = low + 0.5 * (LR - low) * (1 + math.cos(turn))
        for name, rate in rates[step].items():
            assert rate == pytest.approx(base * DECAY ** exponent(name), rel=1e-9), (step, name)


def test_torch_schedulers_keep_the_ratio_of_the_layers():
    rates = applied("constant", steps=3, epochs=1)
    for name, rate in rates[2].items():
        assert rate == pytest.approx(LR * DECAY ** exponent(name))


def test_the_ratio_between_layers_is_the_same_at_every_step():
    for rates in applied("cosine", steps=50, epochs=5):
        assert rates["blocks.0.weight"] / rates["head.weight"] == pytest.approx(DECAY**3)


def test_groups_are_few_and_hold_every_trainable_parameter_once():
    model = Model()
    model.stem.requires_grad_(False)
    settings = {"optim": "AdamW", "lr": LR, "options": {}}
    groups = optimization.optimizer(model, table(model), settings, fused=True).param_groups
    held = [id(p) for group in groups for p in group["params"]]
    assert len(held) == len(set(held)) == sum(p.requires_grad for p in model.parameters())
    assert len(groups) == 9  # weights and biases of four rates, and the stem's bare parameter


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "LAMB"])
def test_each_optimizer_takes_a_step(name):
    model = Model()
    settings = {"optim": name, "lr": LR, "options": {}}
    made = optimization.optimizer(model, table(model), settings, fused=True)
    before = model.head.weight.clone()
    model.head(torch.ones(1, 4)).sum().backward()
    made.step()
    assert not torch.equal(before, model.head.weight)


def test_an_option_that_the_optimizer_does_not_take_is_named():
    settings = {"optim": "SGD", "lr": LR, "options": {"betas": [0.9, 0.98]}}
    with pytest.raises(InputError, match=r"optimizer\.options.*betas"):
        optimization.optimizer(Model(), table(Model()), settings, fused=False)


@pytest.mark.parametrize(
    ("written", "steps"),
    [("3 epochs", 30), ("1 epoch", 10), ("5 %", 10), ("7 steps", 7), (12, 12), ("rest", 200)],
)
def test_durations_become_steps(written, steps):
    turned = optimization.in_counts({"t": written}, "step", steps=200, per_epoch=10)
    assert turned == {"t": steps}


def test_the_rest_is_what_the_warm_up_leaves():
    node = {"warmup_t": "10 %", "t_initial": "rest", "mode": "min"}
    turned = optimization.in_counts(node, "step", steps=100, per_epoch=10)
    assert turned == {"warmup_t": 10, "t_initial": 90, "mode": "min"}


def test_timm_schedulers_are_stepped_by_step():
    optimizer = torch.optim.SGD(Model().parameters(), lr=LR)
    optimizer.param_groups[0]["lr_scale"] = 1.0
    node = {"_target_": "timm.scheduler.CosineLRScheduler", "t_initial": 10}
    with pytest.raises(InputError, match=r"scheduler\.interval"):
        optimization.scheduler(optimizer, node | {"interval": "epoch"}, steps=10, per_epoch=10)


@pytest.mark.parametrize(
    ("target", "arguments", "told"),
    [
        ("CosineLRScheduler", {"t_initial": 10, "warmup_t": 2}, "scheduler.t_in_epochs=false"),
        ("PlateauLRScheduler", {}, "scheduler=plateau"),
    ],
)
def test_timm_schedulers_that_would_never_move_are_refused(target, arguments, told):
    """Whatever they are called in the configuration."""
    optimizer = torch.optim.SGD(Model().parameters(), lr=LR)
    optimizer.param_groups[0]["lr_scale"] = 1.0
    node = {"_target_": f"timm.scheduler.{target}", "interval": "step", **arguments}
    with pytest.raises(InputError, match=f"never move.* set {told}"):
        optimization.scheduler(optimizer, node, steps=10, per_epoch=10)


@pytest.mark.parametrize(
    ("written", "epochs"), [("3 epochs", 3), ("20 steps", 2), ("50 %", 10), (12, 12), ("rest", 20)]
)
def test_durations_become_epochs_for_a_scheduler_that_counts_them(written, epochs):
    turned = optimization.in_counts({"t": written}, "epoch", steps=200, per_epoch=10)
    assert turned == {"t": epochs}


@pytest.mark.parametrize("written", ["10 %", "soon", "1.2.3", -3])
def test_a_warm_up_that_is_no_duration_or_has_no_end_is_told(written):
    with pytest.raises(InputError, match=r"scheduler\.warmup_t="):
        optimization.in_counts({"warmup_t": written}, "step", steps=math.inf, per_epoch=10)


def test_a_scheduler_that_gives_all_layers_one_rate_is_refused():
    model = Model()
    made = optimization.optimizer(
        model, table(model), {"optim": "SGD", "lr": LR, "options": {}}, fused=False
    )
    node = {
        "_target_": "torch.optim.lr_scheduler.OneCycleLR",
        "interval": "step",
        "max_lr": LR,
        "total_steps": 10,
    }
    with pytest.raises(InputError, match="layerwise_lr_decay=1"):
        optimization.scheduler(made, node, steps=10, per_epoch=10)


def test_lamb_leaves_clipping_to_the_trainer():
    settings = {"optim": "LAMB", "lr": LR, "options": {}}
    assert (
        optimization.optimizer(Model(), table(Model()), settings, fused=True).defaults[
            "max_grad_norm"
        ]
        is None
    )
