import math
import subprocess
import sys
from contextlib import ExitStack

import pytest
import torch
from safetensors.torch import load_file

from components.checkpoint import TensorRef, open_checkpoint, write_safetensors
from components.failures import InputError


def ref(name: str, data: bytes, dtype: str, shape: tuple[int, ...]) -> TensorRef:
    return TensorRef(name, dtype, shape, len(data), lambda: iter([data]))


@pytest.fixture
def refs(tmp_path):
    """Makes the references of tensors in a file, which stays open."""
    with ExitStack() as stack:

        def make(tensors: dict[str, torch.Tensor]) -> list[TensorRef]:
            torch.save(tensors, tmp_path / "source.pt")
            opened = stack.enter_context(open_checkpoint(str(tmp_path / "source.pt")))
            return list(opened.tensors.values())

        yield make


def test_safetensors_reads_it_and_every_tensor_is_aligned(tmp_path, refs):
    state = {
        "flag": torch.tensor([True]),
        "half": torch.randn(3).half(),
        "scalar": torch.tensor(2.0),
        "wide": torch.randn(2, dtype=torch.float64),
        "empty": torch.zeros(0, 2),
        "brain": torch.randn(3, 3).to(torch.bfloat16),
        "count": torch.tensor(4),
    }
    path = tmp_path / "a.safetensors"
    write_safetensors(path, refs(state), {"format": "pt"})
    found = load_file(path)
    assert {name: tensor.dtype for name, tensor in found.items()} == {
        name: tensor.dtype for name, tensor in state.items()
    }
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    assert start % 8 == 0
    for name in ("wide", "count", "scalar", "half"):
        raw = state[name].reshape(-1).view(torch.uint8).numpy().tobytes()
        assert content.index(raw, start) % state[name].element_size() == 0


FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused_by_name(tmp_path, refs, dtype, value):
    finite = torch.finfo(dtype)
    largest = min(finite.max, torch.finfo(torch.float32).max)
    fine = [largest, -largest, finite.tiny, -0.0, 0.0, 1.0]
    state = {
        "fine": torch.tensor(fine, dtype=torch.float64).to(dtype),
        "spoilt.weight": torch.tensor([1.0, value, 2.0, value]).to(dtype),
        "spoilt.bias": torch.tensor(value).to(dtype),
    }
    path = tmp_path / "a.safetensors"
    told = r"NaN or infinite values.* in 2 tensors: spoilt.weight \(2\), spoilt.bias \(1\)"
    with pytest.raises(InputError, match=told):
        write_safetensors(path, refs(state))
    assert not path.exists()


def test_what_float32_cannot_hold_counts_as_infinite(tmp_path, refs):
    state = {"wide": torch.tensor([1e39, -1e39, 1e38], dtype=torch.float64)}
    with pytest.raises(InputError, match=r"too large for float32, in 1 tensor: wide \(2\)"):
        write_safetensors(tmp_path / "a", refs(state))


def test_narrow_floats_without_infinities(tmp_path, refs):
    values = torch.arange(256, dtype=torch.uint8)
    for dtype in (torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz):
        spoilt = int(values.view(dtype).float().isnan().sum())
        with pytest.raises(InputError, match=rf"w \({spoilt}\)"):
            write_safetensors(tmp_path / "a", refs({"w": values.view(dtype)}))


def test_integers_are_never_taken_for_nan(tmp_path, refs):
    state = {"i": torch.tensor([-1, 2**31 - 1], dtype=torch.int32), "u": torch.tensor([-1])}
    write_safetensors(tmp_path / "a", refs(state))
    assert torch.equal(load_file(tmp_path / "a")["i"], state["i"])


def test_what_the_format_cannot_hold(tmp_path):
    with pytest.raises(InputError, match="no complex128"):
        write_safetensors(tmp_path / "a", [ref("z", bytes(16), "C128", (1,))])
    twice = [ref("w", bytes(4), "F32", (1,)), ref("w", bytes(4), "F32", (1,))]
    with pytest.raises(InputError, match="two tensors have this name"):
        write_safetensors(tmp_path / "a", twice)
    assert not (tmp_path / "a").exists()


MEASURE = """
import resource
from pathlib import Path
from components.checkpoint import open_checkpoint, write_safetensors
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open_checkpoint({source!r}) as opened:
    small = [opened.tensors["small"]]
    write_safetensors(Path({target!r}), small)
    before = peak()
    write_safetensors(Path({target!r}), [opened.tensors["large"]])
print((peak() - before) // 1024)
"""


def test_large_tensors_take_little_memory(tmp_path):
    source, target = str(tmp_path / "a.pt"), str(tmp_path / "a.safetensors")
    torch.save({"large": torch.ones(40_000_000), "small": torch.ones(10)}, source)
    code = MEASURE.format(source=source, target=target)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 64  # MiB, for 153 MiB of weights
