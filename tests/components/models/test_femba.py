import json
import math
import runpy
from pathlib import Path

import pytest
import torch

from components import config as configuration
from components import encoder
from components.failures import InputError
from components.models.femba import FEMBA, mamba

parity = runpy.run_path(str(Path(__file__).with_name("parity.py")))
watching, difference = parity["watching"], parity["difference"]
PACK = parity["Pack"]("femba")
X = PACK.inputs["x"]
TOLERANCE = 1e-5
SHIPPED = {  # with two classes
    "femba_tiny": 8_332_185,
    "femba_base": 47_147_885,
    "femba_large": 77_823_849,
    "femba_huge": 386_186_761,
}
# Type, classes and outputs of the documented tasks, and how many logits they need.
TASKS = {
    "tuab": ("bc", 2, 2),
    "tuar_binary": ("bc", 2, 2),
    "tuar_multibinary": ("mc", 22, 22),
    "tuar_multilabel": ("mmc", 6, 132),
    "tuar_single": ("mcc", 5, 5),
    "tusl": ("mcc", 4, 4),
}


def filled(form="finetune_model", tensors=None):
    model = FEMBA(**PACK.arguments(form)).eval()
    model.load_state_dict(tensors or PACK.weights())
    return model


@torch.no_grad()
def test_everything_on_the_way_to_the_logits_is_as_published():
    model = filled()
    with (
        watching(model.patch_embed["proj"], lambda _, made: made.flatten(1, 2).mT) as tokens,
        watching(model.mamba_blocks[0]) as mamba0,
        watching(model.norm_layers[0]) as block0,
        watching(model.norm_layers[-1]) as latent,
        watching(model.classifier.fc3, lambda given, _: given[0]) as features,
    ):
        logits = model(X)
    assert difference(logits, PACK.expected["logits"]) < TOLERANCE
    seen = {"tokens": tokens, "mamba0": mamba0, "block0": block0, "latent": latent}
    for name, (made,) in (seen | {"features": features}).items():
        assert difference(made, PACK.expected[name]) < TOLERANCE, name


@torch.no_grad()
def test_a_mask_hides_as_published():
    made = filled()(X, PACK.inputs["mask"])
    assert difference(made, PACK.expected["logits_mask"]) < TOLERANCE


@torch.no_grad()
def test_the_pretraining_form_reconstructs_as_published():
    model = filled("pretrain_model", PACK.pretrained())
    assert difference(model(X, PACK.inputs["mask"]), PACK.expected["recon"]) < TOLERANCE


def test_the_lightning_checkpoint_fills_the_backbone(tmp_path):
    manifest = parity["manifest_of"]("femba_base", PACK.arguments())
    report, tensors = PACK.load(tmp_path / "out", manifest)
    assert report["coverage"]["tensors"] == report["coverage"]["parameters"] == 1.0
    assert report["counts"] == {"backbone": 3 + 20 * 2, "pre-training decoder": 3}
    head = {n: t for n, t in PACK.weights().items() if n.startswith("classifier.")}
    assert difference(filled(tensors=tensors | head)(X), PACK.expected["logits"]) < TOLERANCE


def test_the_head_of_a_tuned_file_is_kept_only_where_it_fits(tmp_path):
    parity["check_head"](PACK, tmp_path, "femba_base", PACK.arguments())


def test_a_frozen_backbone_rests():
    parity["check_freezing"](FEMBA(**PACK.arguments()), "femba_base")


def test_layers_and_rates_are_those_of_the_published_runs():
    model = FEMBA(**PACK.arguments())
    parts = parity["parts"]("femba_base", model.state_dict())
    layers = json.loads((PACK.folder / "layers.json").read_text())
    assert {name: parity["as_pack_says"](part) for name, part in parts.items()} == layers
    upstream = json.loads((PACK.folder / "upstream_lr.json").read_text())["exponent"]
    expected = {name: 0.75**exponent for name, exponent in upstream.items()}
    assert parity["scales"](model, parts, 0.75) == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_size_has_the_parameters_of_the_description(name):
    config = configuration.compose(["experiment=femba_tuab", f"model={name}"])
    model = encoder.build(configuration.resolved(config)["model"], "meta")
    assert sum(p.numel() for p in model.parameters()) == SHIPPED[name]


@pytest.mark.parametrize("task", TASKS)
def test_an_experiment_has_the_published_settings(task):
    config = configuration.compose([f"experiment=femba_{task}"])
    kind, classes, logits = TASKS[task]
    assert (config.classification_type, config.num_classes) == (kind, classes)
    assert config.model.num_classes == logits
    assert (config.optimizer.optim, config.optimizer.lr) == ("AdamW", 5e-4)
    assert (config.optimizer.weight_decay, config.layerwise_lr_decay) == (0.5, 0.75)
    assert (config.trainer.max_epochs, config.scheduler.warmup_t) == (30, "10 epochs")
    assert (config.data.batch_size, config.layerwise_lr_stem) == (256, "base")
    bounds = config.input_normalization
    lower, upper = (bounds[f"quartile_normalization_{end}_val"] for end in ("lower", "upper"))
    assert (bounds.normalize, lower, upper) == ("quartile", -20, 20)


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    model = FEMBA(**PACK.arguments()).train()
    model(X).square().sum().backward()
    assert all(p.requires_grad and p.grad.any() for p in model.parameters())
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_gradients_are_those_of_the_same_model_in_float64():
    gradients = []
    for model in (filled(), filled().double()):
        model(X.to(model.pos_embed.dtype)).square().sum().backward()
        gradients.append({name: p.grad.double() for name, p in model.named_parameters()})
    for name, expected in gradients[1].items():
        assert (gradients[0][name] - expected).norm() < 1e-5 * expected.norm(), name


@torch.no_grad()
@pytest.mark.parametrize(
    ("kind", "shape"), [("bc", (5,)), ("ml", (5,)), ("mcc", (5,)), ("mc", (6,)), ("mmc", (6, 5))]
)
def test_each_classification_type_has_its_form_of_output(kind, shape):
    sizes = PACK.arguments() | {"classification_type": kind, "num_classes": 5}
    assert FEMBA(**sizes)(X).shape == (3, *shape)


@torch.no_grad()
def test_step_sizes_stay_in_float32_under_autocast(monkeypatch):
    model, seen, scan = filled(), [], mamba.selective_scan

    def spying(x, delta, A, B, C, D):
        seen.append((delta.dtype, A.dtype))
        return scan(x, delta, A, B, C, D)

    monkeypatch.setattr(mamba, "selective_scan", spying)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(X)
    assert set(seen) == {(torch.float32, torch.float32)}
    assert difference(logits.float(), PACK.expected["logits"]) < 0.05


@torch.no_grad()
def test_weights_in_half_precision_run():
    logits = filled().bfloat16()(X.bfloat16())
    assert logits.dtype == torch.bfloat16
    assert difference(logits.float(), PACK.expected["logits"]) < 0.1


@torch.no_grad()
def test_a_fresh_model_begins_as_described():
    torch.manual_seed(0)
    model = FEMBA(**PACK.arguments())
    block = model.mamba_blocks[0].mamba_rev
    assert not model.pos_embed.any()
    assert torch.equal(block.D, torch.ones(72))
    assert torch.allclose(block.A_log.exp(), torch.arange(1.0, 17).expand(72, 16))
    steps = torch.nn.functional.softplus(block.dt_proj.bias)
    assert 1e-3 <= steps.min() < 3e-3 and 0.03 < steps.max() <= 0.1
    assert 0.9 / math.sqrt(2) < block.dt_proj.weight.abs().max() <= 1 / math.sqrt(2)


def test_windows_of_another_size_are_refused():
    model = FEMBA(**PACK.arguments())
    # A seventh channel would fall beside the patches, unseen.
    with pytest.raises(InputError, match=r"7 channels .* model\.num_channels=6"):
        model(torch.zeros(1, 7, 160))
    with pytest.raises(InputError, match=r"170 samples.* model\.seq_length=160"):
        model(torch.zeros(1, 6, 170))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"num_channels": 1}, "less than one patch"), ({"classification_type": "xx"}, "one of bc")],
)
def test_sizes_and_types_that_cannot_be_are_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        FEMBA(**(PACK.arguments() | changes))
