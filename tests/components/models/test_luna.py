import json
import runpy
from pathlib import Path

import pytest
import torch

from components import config as configuration
from components import encoder
from components.failures import InputError
from components.models.luna import LUNA

parity = runpy.run_path(str(Path(__file__).with_name("parity.py")))
watching, difference = parity["watching"], parity["difference"]
PACK = parity["Pack"]("luna")
X, PLACES = PACK.inputs["x"], PACK.inputs["channel_locations"]
TOLERANCE = 1e-5
SHIPPED = {"luna_base": 7_101_499, "luna_large": 43_113_579, "luna_huge": 311_812_667}
PUBLISHED = {"coordinate_noise": 0.02, "tiled_locations": True}


def filled(form="finetune_model", tensors=None, **options):
    model = LUNA(**PACK.arguments(form), **options).eval()
    model.load_state_dict(tensors or PACK.weights())
    return model


@pytest.fixture
def noise(monkeypatch):
    """The noise that the published model drew for the pack."""
    monkeypatch.setattr(torch, "randn_like", lambda _: PACK.inputs["noise"])


@torch.no_grad()
def test_everything_on_the_way_to_the_logits_is_as_published():
    model = filled()
    with (
        watching(model.cross_attn, lambda given, _: given[0]) as tokens,
        watching(model.cross_attn, lambda _, made: made[0]) as queries,
        watching(model.blocks[0]) as block0,
        watching(model.norm) as latent,
        watching(model.classifier.decoder_ffn, lambda given, _: given[0]) as features,
    ):
        logits = model(X, channel_locations=PLACES)
    assert difference(logits, PACK.expected["logits"]) < TOLERANCE
    seen = {"tokens": tokens, "queries": queries, "block0": block0, "latent": latent}
    for name, (made,) in (seen | {"features": features}).items():
        assert difference(made, PACK.expected[name]) < TOLERANCE, name


@torch.no_grad()
def test_tiled_locations_are_those_of_the_published_code():
    places = PACK.inputs["channel_locations_het"]
    tiled = filled(tiled_locations=True)(X, channel_locations=places)
    assert difference(tiled, PACK.expected["logits_het"]) < TOLERANCE


@torch.no_grad()
def test_by_default_each_window_has_its_own_locations():
    places = PACK.inputs["channel_locations_het"]
    model = filled()
    together = model(X, channel_locations=places)
    alone = [model(X[i : i + 1], channel_locations=places[i : i + 1]) for i in range(len(X))]
    assert difference(together, torch.cat(alone)) < TOLERANCE
    assert difference(together, PACK.expected["logits_het"]) > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("masked", [False, True])
def test_noisy_coordinates_are_those_of_the_published_code(masked, noise):
    mask = PACK.inputs["mask"] & masked
    made = filled(**PUBLISHED)(X, mask, PLACES)
    expected = PACK.expected["logits_mask_noise" if masked else "logits_zeromask_noise"]
    assert difference(made, expected) < TOLERANCE


@torch.no_grad()
def test_by_default_an_empty_mask_changes_nothing():
    model = filled()
    empty = torch.zeros_like(X, dtype=torch.bool)
    assert torch.equal(model(X, empty, PLACES), model(X, None, PLACES))


@torch.no_grad()
def test_the_pretraining_form_reconstructs_as_published(noise):
    model = filled("pretrain_model", PACK.pretrained(), **PUBLISHED)
    given = (X, PACK.inputs["mask"], PLACES)
    made = model(*given, PACK.inputs["channel_names"])
    assert difference(made, PACK.expected["recon"]) < TOLERANCE
    attention = model.encode(*given).attention
    assert difference(attention, PACK.expected["attention_scores"]) < TOLERANCE


def test_the_pretraining_form_hides_by_a_token_that_it_learns():
    model = LUNA(**PACK.arguments("pretrain_model"))
    made = model(X, PACK.inputs["mask"], PLACES, PACK.inputs["channel_names"])
    made.square().sum().backward()
    idle = {n for n, p in model.named_parameters() if p.requires_grad and p.grad is None}
    assert not idle
    assert model.mask_token.grad.any()


def test_the_lightning_checkpoint_fills_the_backbone(tmp_path):
    manifest = parity["manifest_of"]("luna_base", PACK.arguments())
    report, tensors = PACK.load(tmp_path / "out", manifest)
    assert report["coverage"]["tensors"] == report["coverage"]["parameters"] == 1.0
    assert report["counts"] == {"backbone": 79 + 15 * 2, "pre-training decoder": 25}
    head = {n: t for n, t in PACK.weights().items() if n.startswith("classifier.")}
    model = filled(tensors=tensors | head)
    assert difference(model(X, channel_locations=PLACES), PACK.expected["logits"]) < TOLERANCE


def test_the_head_of_a_tuned_file_is_kept_only_where_it_fits(tmp_path):
    parity["check_head"](PACK, tmp_path, "luna_base", PACK.arguments())


def test_a_frozen_backbone_rests():
    parity["check_freezing"](LUNA(**PACK.arguments()), "luna_base")


def test_layers_and_rates_are_those_of_the_published_runs():
    model = LUNA(**PACK.arguments())
    parts = parity["parts"]("luna_base", model.state_dict())
    layers = json.loads((PACK.folder / "layers.json").read_text())
    assert {name: parity["as_pack_says"](part) for name, part in parts.items()} == layers
    upstream = json.loads((PACK.folder / "upstream_lr.json").read_text())["exponent"]
    expected = {name: 0.75**exponent for name, exponent in upstream.items()}
    assert parity["scales"](model, parts, 0.75) == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_size_has_the_parameters_of_the_description(name):
    overrides = [f"model={name}", "classification_type=bc", "num_classes=2"]
    config = configuration.compose([*overrides, "input_normalization.normalize=zscore"])
    model = encoder.build(configuration.resolved(config)["model"], "meta")
    assert sum(p.numel() for p in model.parameters()) == SHIPPED[name]


def test_gradients_reach_all_that_is_trainable():
    model = LUNA(**PACK.arguments()).train()
    model(X, channel_locations=PLACES).square().sum().backward()
    idle = {name for name, p in model.named_parameters() if p.grad is None}
    assert idle == {n for n, p in model.named_parameters() if not p.requires_grad}
    assert idle == {
        *("mask_token", "cross_attn.temparature"),
        *(f"blocks.{i}.attn.rotary_emb.freqs" for i in range(2)),
    }
    assert all(p.grad.any() for p in model.parameters() if p.grad is not None)


@torch.no_grad()
def test_any_number_of_channels_will_do():
    model = filled()
    for channels in (3, 20):
        logits = model(X[:, :channels], channel_locations=PLACES[:, :channels])
        assert logits.shape == (3, 4)
        assert logits.isfinite().all()


@torch.no_grad()
def test_coordinates_keep_their_precision_under_autocast():
    model = filled()
    with watching(model.channel_location_embedder, lambda given, _: given[0]) as waves:
        model(X, channel_locations=PLACES)
        with torch.autocast("cpu", torch.bfloat16):
            model(X, channel_locations=PLACES)
    assert torch.equal(*waves)


@pytest.mark.parametrize(("value", "phase"), [(1.0, 0.0), (-1.0, torch.pi)])
def test_what_has_no_phase_has_0_or_pi(value, phase):
    embedding = LUNA(**PACK.arguments()).freq_embed
    constant = torch.full((1, 40), value)
    alternating = constant * torch.tensor([1.0, -1.0]).repeat(20)
    with watching(embedding.frequency_to_embed, lambda given, _: given[0][0]) as seen:
        embedding(constant)
        embedding(alternating)
    for numbers, frequency in zip(seen, (0, 20), strict=True):
        assert numbers[frequency] == pytest.approx(40.0)
        assert numbers[21 + frequency] == pytest.approx(phase)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"patch_size": 30}, "patch_size=30"),
        ({"embed_dim": 24}, "multiple of 16"),
        ({"num_heads": 3}, "twice num_heads=3"),
    ],
)
def test_sizes_that_cannot_be_are_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        LUNA(**(PACK.arguments() | changes))


def test_what_a_window_lacks_is_named():
    model = LUNA(**PACK.arguments())
    with pytest.raises(InputError, match="210 samples, which is no multiple"):
        model(torch.randn(1, 22, 210), channel_locations=PLACES[:1])
    with pytest.raises(InputError, match="needs channel_locations"):
        model(X)
    with pytest.raises(InputError, match="needs channel_names"):
        LUNA(**PACK.arguments("pretrain_model"))(X, channel_locations=PLACES)


def test_layers_of_a_fresh_model_differ():
    torch.manual_seed(0)
    model = LUNA(**PACK.arguments())
    first, second, _ = (layer.self_attn for layer in model.cross_attn.query_self_attn.layers)
    assert not torch.equal(first.in_proj_weight, second.in_proj_weight)
    queries = model.cross_attn.query_embed[0]
    assert torch.allclose(queries @ queries.T, torch.eye(3), atol=1e-5)
