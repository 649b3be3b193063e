import json
import runpy
from pathlib import Path

import pytest
import torch

from components import config as configuration
from components import encoder
from components.failures import InputError
from components.models.tinymyo import TinyMyo

parity = runpy.run_path(str(Path(__file__).with_name("parity.py")))
Pack, watching, difference, manifest_of = (
    parity[name] for name in ("Pack", "watching", "difference", "manifest_of")
)
GENERATIONS = pytest.mark.parametrize("generation", [1, 2])
TOLERANCE = 1e-5
MODELS = {1: "tinymyo", 2: "tinymyo_v2"}
SHIPPED = {  # with six classes, from the sizes of the description
    "tinymyo": 3_581_958,
    "tinymyo_v2": 3_585_030,
    "tinyssimomyo": 1_802_502,
    "tinyssimomyo_v2": 1_805_574,
}


def pack(generation):
    return Pack(MODELS[generation])


def sizes(generation, form="finetune_model", **changes):
    return pack(generation).arguments(form) | {"generation": generation} | changes


def filled(generation, form="finetune_model", *others):
    model = TinyMyo(**sizes(generation, form)).eval()
    tensors = pack(generation).weights()
    for other in others:
        tensors |= other
    model.load_state_dict({name: tensors[name] for name in model.state_dict()})
    return model


@GENERATIONS
def test_everything_on_the_way_to_the_logits_is_as_published(generation):
    given, expected = pack(generation).inputs, pack(generation).expected
    model = filled(generation)
    with (
        torch.no_grad(),
        watching(model.patch_embedding) as tokens,
        watching(model.blocks[0]) as block0,
        watching(model.norm) as latent,
        watching(model.model_head.classifier, lambda given, _: given[0]) as features,
    ):
        logits = model(given["x"])
        masked = model(given["x"], given["mask"])
    assert difference(logits, expected["logits"]) < TOLERANCE
    assert difference(masked, expected["logits_mask"]) < TOLERANCE
    seen = {"tokens": tokens, "block0": block0, "latent": latent, "features": features}
    for name, (first, _) in seen.items():
        assert difference(first, expected[name]) < TOLERANCE, name


@GENERATIONS
def test_no_mask_is_an_empty_mask(generation):
    x = pack(generation).inputs["x"]
    model = filled(generation)
    assert torch.equal(model(x), model(x, torch.zeros_like(x, dtype=torch.bool)))


@GENERATIONS
def test_the_pretraining_form_reconstructs_as_published(generation):
    given = pack(generation).inputs
    model = filled(generation, "pretrain_model", pack(generation).pretrained())
    made = model(given["x"], given["mask"])
    assert difference(made, pack(generation).expected["recon"]) < TOLERANCE
    assert model.mask_token.requires_grad


@GENERATIONS
def test_the_regression_is_as_published(generation):
    head = pack(generation).weights("regression_head")
    model = filled(generation, "regression_model", head)
    made = model(pack(generation).inputs["x"])
    assert difference(made, pack(generation).expected["regression"]) < TOLERANCE


def test_a_regression_gives_the_published_number_of_values():
    x = torch.randn(2, 4, 120)
    lengths = [
        TinyMyo(**sizes(generation, "regression_model", reg_target_len=None))(x).shape[1]
        for generation in (1, 2)
    ]
    assert lengths == [500, 120]


def test_nobody_looks_at_padded_channels():
    given = pack(2).inputs
    model = filled(2)
    made = model(given["x"], pad_mask_ch=given["pad_mask_ch"])
    assert difference(made, pack(2).expected["logits_pad"]) < TOLERANCE
    with pytest.raises(ValueError, match="pad_mask_ch: only generation 2"):
        filled(1)(given["x"], pad_mask_ch=given["pad_mask_ch"])


def test_only_generation_2_knows_the_order_of_time():
    for generation, knows in ((1, False), (2, True)):
        x = pack(generation).inputs["x"]
        patches = x.unflatten(-1, (-1, 20)).flip(2).flatten(2)
        model = filled(generation)
        assert (difference(model(patches), model(x)) > 1e-3) == knows


@GENERATIONS
def test_the_lightning_checkpoint_fills_the_backbone(generation, tmp_path):
    the = pack(generation)
    manifest = manifest_of(MODELS[generation], sizes(generation))
    report, tensors = the.load(tmp_path / "out", manifest)
    assert report["coverage"]["tensors"] == report["coverage"]["parameters"] == 1.0
    assert report["counts"] == {
        "backbone": 29 + (generation == 2),
        "pre-training decoder": 2,
    }
    head = {n: t for n, t in the.weights().items() if n.startswith("model_head.")}
    model = TinyMyo(**sizes(generation)).eval()
    model.load_state_dict(tensors | head)
    assert difference(model(the.inputs["x"]), the.expected["logits"]) < TOLERANCE


@pytest.mark.parametrize(("own", "other"), [(1, 2), (2, 1)])
def test_one_generation_is_not_loaded_as_the_other(own, other, tmp_path):
    manifest = manifest_of(MODELS[own], sizes(own))
    told = (
        rf"not of TinyMyo generation {own}; it is of generation {other}: set model={MODELS[other]}"
    )
    with pytest.raises(InputError, match=told):
        pack(other).load(tmp_path / "out", manifest)
    assert not (tmp_path / "out").exists()
    report, _ = pack(own).load(tmp_path / "own", manifest)
    assert report["recognised"] == f"TinyMyo generation {own}"


@GENERATIONS
def test_the_head_of_a_tuned_file_is_kept_only_where_it_fits(generation, tmp_path):
    parity["check_head"](pack(generation), tmp_path, MODELS[generation], sizes(generation))


@GENERATIONS
def test_a_frozen_backbone_rests(generation):
    parity["check_freezing"](TinyMyo(**sizes(generation)), MODELS[generation])


@GENERATIONS
def test_the_layout_is_that_of_the_pack(generation):
    layers = json.loads((pack(generation).folder / "layers.json").read_text())
    ours = parity["parts"](MODELS[generation], TinyMyo(**sizes(generation)).state_dict())
    assert {name: parity["as_pack_says"](part) for name, part in ours.items()} == layers


@GENERATIONS
def test_without_decay_all_rates_are_equal_as_in_the_published_runs(generation):
    model = TinyMyo(**sizes(generation))
    upstream = json.loads((pack(generation).folder / "upstream_lr.json").read_text())["exponent"]
    scales = parity["scales"](model, parity["parts"](MODELS[generation], model.state_dict()), 1.0)
    assert scales == {name: 1.0 for name in upstream}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_size_has_the_parameters_of_the_description(name):
    config = configuration.compose(
        [f"model={name}", "classification_type=ml", "num_classes=6",
         "input_normalization.normalize=none"]
    )  # fmt: skip
    model = encoder.build(configuration.resolved(config)["model"], "meta")
    assert sum(p.numel() for p in model.parameters()) == SHIPPED[name]


@GENERATIONS
def test_gradients_reach_all_that_is_trainable(generation):
    model = TinyMyo(**sizes(generation)).train()
    model(torch.randn(3, 4, 120)).square().sum().backward()
    idle = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    assert idle == {"mask_token"}
    assert not model.mask_token.requires_grad


def test_the_mean_over_channels_makes_the_head_narrow():
    model = TinyMyo(**sizes(1, reduction_type="mean"))
    assert model.model_head.classifier.in_features == 24
    x = torch.randn(2, 4, 120)
    assert difference(model.eval()(x.flip(1)), model(x)) < 1e-6


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"generation": 3}, "generation=3"),
        ({"task": "ranking"}, "task=ranking"),
        ({"reduction_type": "max"}, "reduction_type=max"),
        ({"reduction_type": "mean", "task": "regression"}, "reduction_type=mean"),
        ({"reduction_type": "mean", "generation": 2}, "reduction_type=mean"),
        ({"num_classes": 0, "generation": 2}, "num_classes=0"),
        ({"img_size": 130}, "img_size=130"),
        ({"embed_dim": 25}, "embed_dim=25"),
        ({"embed_dim": 27, "generation": 2}, "even width"),
        ({"in_chans": 17, "generation": 2}, "at most 16"),
    ],
)
def test_what_cannot_be_is_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        TinyMyo(**(sizes(1) | changes))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1, 8, 120), "set model.in_chans=8"), ((1, 4, 130), "130 samples, which is no multiple")],
)
def test_windows_of_another_shape_are_refused(shape, expected):
    with pytest.raises(InputError, match=expected):
        TinyMyo(**sizes(1))(torch.randn(shape))


def test_branches_begin_smaller_the_deeper_they_are():
    torch.manual_seed(0)
    model = TinyMyo(n_layer=4, in_chans=2, num_classes=2)
    for layer in ("attn.proj", "mlp.fc2"):
        spread = [float(block.get_submodule(layer).weight.detach().std()) for block in model.blocks]
        for index, value in enumerate(spread):
            assert value / spread[0] == pytest.approx((index + 1) ** -0.5, rel=0.02)
    assert float(model.mask_token.abs().max()) <= 0.02
    assert not model.blocks[0].attn.qkv.bias.any()


@pytest.mark.parametrize(
    ("name", "classes", "shape"),
    [("db5", 53, (16, 40)), ("epn612", 5, (8, 200)), ("uci", 6, (8, 1000))],
)
@GENERATIONS
def test_a_published_task_fits_its_windows(name, classes, shape, generation):
    overrides = [f"experiment=tinymyo_{name}", f"model={MODELS[generation]}"]
    config = configuration.resolved(configuration.compose([*overrides, "model.n_layer=1"]))
    assert config["layerwise_lr_decay"] == 1.0
    assert (config["model"]["signal"]["channels"], config["model"]["signal"]["window"]) == shape
    logits = encoder.build(config["model"])(torch.randn(2, *shape))
    assert logits.shape == (2, classes)
