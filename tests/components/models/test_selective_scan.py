import sys
from types import ModuleType

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from components.models import selective_scan as scans
from components.models.selective_scan import lanes, plain_scan, selective_scan

NAMES = ("x", "delta", "A", "B", "C", "D")
INTERFACE = "mamba_ssm.ops.selective_scan_interface"


def recurrence(x, delta, A, B, C, D):
    """The definition, a step at a time."""
    h, rows = torch.zeros(len(x), *A.shape, dtype=x.dtype), []
    for step in range(x.shape[1]):
        entering = (delta * x)[:, step, :, None] * B[:, step, None]
        h = (delta[:, step, :, None] * A).exp() * h + entering
        rows.append((h * C[:, step, None]).sum(-1) + D * x[:, step])
    return torch.stack(rows, dim=1)


def inputs(batch, length, channels, states=16, dtype=torch.float64, **scales):
    generator = torch.Generator().manual_seed(0)
    shapes = {
        **dict.fromkeys(("x", "delta"), (batch, length, channels)),
        "A": (channels, states),
        **dict.fromkeys(("B", "C"), (batch, length, states)),
        "D": (channels,),
    }
    made = {
        name: torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in shapes.items()
    }
    made["delta"] = torch.nn.functional.softplus(made["delta"] - 2) * scales.get("delta", 1)
    made["A"] = -made["A"].exp() * scales.get("A", 1)
    return [tensor.to(dtype).requires_grad_() for tensor in made.values()]


def with_gradients(scan, given):
    """The output, and the gradients of a sum over it with unequal weights."""
    y = scan(*given)
    weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).cos().view_as(y)
    return [y.detach(), *torch.autograd.grad((y * weights).sum(), given)]


def check(made, expected, tolerance):
    for name, tensor, right in zip(("y", *NAMES), made, expected, strict=True):
        assert tensor.shape == right.shape, name
        error = (tensor.double() - right.double()).abs().max() / right.abs().max().clamp(min=1e-9)
        assert error < tolerance, f"{name}: {error:.1e}"


# Lengths below, at and beyond a lane, a group of lanes, and several groups of them; `room` states
# walk at once, so that the smaller numbers cut samples and channels into pieces.
@pytest.mark.parametrize("room", [2**18, 2**14, 2**9])
@pytest.mark.parametrize(
    "size", [(1, 1, 1, 1), (2, 7, 3, 2), (1, 80, 20), (3, 81, 300), (2, 256, 8), (2, 1101, 5, 3)]
)
def test_values_and_gradients_are_those_of_the_recurrence(size, room, monkeypatch):
    monkeypatch.setitem(lanes.STATES, "cpu", room)
    given = inputs(*size)
    check(with_gradients(plain_scan, given), with_gradients(recurrence, given), 1e-13)


@pytest.mark.parametrize(("room", "many"), [(2**18, True), (2**5, False)])
def test_both_ways_to_walk_are_tried_here(room, many, monkeypatch):
    monkeypatch.setitem(lanes.STATES, "cpu", room)
    assert (lanes.Cut.of(1, 80, 20, 16, "cpu").lanes > 1) == many


def test_gradients_pass_torchs_own_check():
    torch.autograd.gradcheck(plain_scan, inputs(2, 11, 3, 2), raise_exception=True)


def test_float32_keeps_its_precision_over_a_long_sequence():
    given = inputs(1, 2000, 6)
    single = [tensor.detach().float().requires_grad_() for tensor in given]
    check(with_gradients(plain_scan, single), with_gradients(recurrence, given), 2e-6)


# Decays that underflow within a step, states that hardly decay, and steps of zero.
@pytest.mark.parametrize("scales", [{"delta": 1e4}, {"delta": 1e-6}, {"A": 1e4}, {"delta": 0.0}])
def test_extreme_decays_do_no_harm(scales):
    given = inputs(2, 200, 4, **scales)
    single = [tensor.detach().float().requires_grad_() for tensor in given]
    check(with_gradients(plain_scan, single), with_gradients(recurrence, given), 1e-5)


def test_autocast_leaves_the_scan_in_float32():
    given = inputs(2, 80, 8, dtype=torch.float32)
    plain = with_gradients(selective_scan, given)
    with torch.autocast("cpu", torch.bfloat16):
        for made, expected in zip(with_gradients(selective_scan, given), plain, strict=True):
            assert made.dtype == torch.float32
            assert torch.equal(made, expected)


def test_half_precision_inputs_are_scanned_in_float32():
    given = inputs(2, 80, 8, dtype=torch.bfloat16)
    made = with_gradients(selective_scan, given)
    full = [tensor.detach().float().requires_grad_() for tensor in given]
    assert made[0].dtype == torch.float32
    check(made, with_gradients(recurrence, full), 1e-2)


class Counting(TorchDispatchMode):
    """Counts calls, and the elements that they make."""

    def __init__(self):
        super().__init__()
        self.calls = self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.calls += 1
            self.elements += made.numel()
        return made


def cost(length, channels=32):
    given = inputs(1, length, channels, dtype=torch.float32)
    with Counting() as counted:
        with_gradients(plain_scan, given)
    return counted


def test_work_is_linear_in_the_length():
    short, long = cost(1280), cost(4 * 1280)
    assert long.elements < 4.1 * short.elements
    assert long.calls < 4.1 * short.calls


def test_a_narrow_scan_does_not_walk_step_by_step():
    def walked(length):
        given = inputs(1, length, 32, dtype=torch.float32)
        with torch.no_grad(), Counting() as counted:
            plain_scan(*given)
        return counted.calls

    per_step = (walked(2 * 5120) - walked(5120)) / 5120
    assert per_step < 1.5  # views included; the recurrence needs more than ten


def test_the_states_of_all_steps_are_not_kept():
    given = inputs(2, 1280, 64, dtype=torch.float32)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, id):
        plain_scan(*given)
    assert sum(kept) < 8 * given[0].numel()  # the states alone are 16 times the input


@pytest.fixture
def stand_in(monkeypatch):
    """A module in the place of mamba_ssm's, with the layout that its documentation gives.

    u, delta: (B D L); A: (D N); B, C: (B N L); D: (D); out: (B D L).
    """
    seen = []

    def selective_scan_fn(u, delta, A, B, C, D=None, z=None, delta_bias=None, delta_softplus=False):
        seen.append([tuple(t.shape) for t in (u, delta, A, B, C, D)])
        assert all(t.stride(-1) == 1 and t.dtype == torch.float32 for t in (u, delta, A, B, C, D))
        assert z is None and delta_bias is None and not delta_softplus
        if u.is_cuda:
            return torch.empty_like(u)
        return recurrence(u.mT, delta.mT, A, B.mT, C.mT, D).mT

    module = ModuleType(INTERFACE)
    module.selective_scan_fn = selective_scan_fn
    for name in ("mamba_ssm", "mamba_ssm.ops"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, INTERFACE, module)
    scans.kernel.cache_clear()
    yield seen
    scans.kernel.cache_clear()


SHAPES = [(2, 3, 80), (2, 3, 80), (3, 16), (2, 16, 80), (2, 16, 80), (3,)]


def test_the_kernel_gets_and_gives_what_its_documentation_says(stand_in):
    given = inputs(2, 80, 3, dtype=torch.float32)
    made = with_gradients(lambda *tensors: scans._fused_scan(scans.kernel(), *tensors), given)
    check(made, with_gradients(recurrence, given), 1e-6)
    assert stand_in == [SHAPES]


@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
@pytest.mark.parametrize(("dtype", "calls"), [(torch.float32, 1), (torch.float64, 0)])
def test_the_kernel_runs_on_a_gpu_in_float32(dtype, calls, stand_in):
    with FakeTensorMode():
        given = [torch.empty(t.shape, dtype=dtype, device="cuda") for t in inputs(2, 80, 3)]
        made = selective_scan(*given)
    assert made.shape == (2, 80, 3)
    assert stand_in == [SHAPES] * calls


def test_a_cpu_never_meets_the_kernel(stand_in):
    selective_scan(*inputs(2, 80, 3, dtype=torch.float32))
    assert stand_in == []


def test_without_the_package_there_is_no_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "mamba_ssm", None)
    scans.kernel.cache_clear()
    assert scans.kernel() is None
    scans.kernel.cache_clear()
