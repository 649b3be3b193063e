"""The demo's model: what it promises whoever configures it or feeds it."""

import pytest
import torch

from components.models.waveform import WaveformTransformer


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return WaveformTransformer().eval()


@pytest.fixture(scope="module")
def windows():
    return torch.randn(5, 8, 200, generator=torch.Generator().manual_seed(1))


def test_a_window_gives_as_many_logits_as_asked_for(windows):
    assert WaveformTransformer(num_classes=3)(windows).shape == (5, 3)


def test_it_stays_small_enough_for_the_repository_and_two_cores(model):
    assert 250_000 <= sum(p.numel() for p in model.parameters()) <= 400_000


def test_it_can_be_described_without_memory():
    with torch.device("meta"):
        described = WaveformTransformer()
    assert {p.device.type for p in described.parameters()} == {"meta"}


def test_a_window_is_classified_alone_and_in_company_alike(model, windows):
    with torch.no_grad():
        together = model(windows)
        alone = torch.cat([model(window[None]) for window in windows])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_offset_of_an_electrode_carries_nothing(model, windows):
    offsets = torch.linspace(-3, 3, 8)[:, None]
    with torch.no_grad():
        torch.testing.assert_close(model(windows + offsets), model(windows), rtol=1e-3, atol=1e-4)


def test_silence_gives_finite_logits_and_gradients():
    model = WaveformTransformer()
    model(torch.zeros(2, 8, 200)).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_it_matters_which_electrode_sees_the_signal_and_when(model, windows):
    with torch.no_grad():
        plain = model(windows)
        loud_late = windows * torch.linspace(0.1, 2, 200)
        assert not torch.allclose(model(windows.roll(1, dims=1)), plain, atol=1e-3)
        assert not torch.allclose(model(loud_late), model(loud_late.flip(-1)), atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 8, 50), (2, 8, 400), (2, 4, 200)])
def test_a_window_of_another_shape_is_refused_with_both_shapes(model, shape):
    with pytest.raises(ValueError, match=f"8 channels and 200 samples, not {shape[1]} and "):
        model(torch.zeros(shape))


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ({"patch_size": 30}, "num_samples=200.*patch_size=30"),
        ({"num_heads": 5}, "embed_dim=96.*num_heads=5"),
        ({"kernel_size": 8}, "kernel_size=8"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_by_name(sizes, named):
    with pytest.raises(ValueError, match=named):
        WaveformTransformer(**sizes)
