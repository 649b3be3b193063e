import numpy as np
import pytest
import torch

from components.folds.pooling import pooled
from components.metrics.forms import Labels, Outputs, SingleLabel, TwoClass

RNG = np.random.default_rng(0)


def decisions(kind, windows, silent=False):
    """Decisions of one fold; a silent one knows a single class alone."""
    shape, classes = {"bc": ((), 2), "mcc": ((), 4), "mc": ((3,), 3), "mmc": ((2,), 3)}[kind]
    form = {"bc": TwoClass, "mcc": SingleLabel, "mc": Labels, "mmc": Outputs}[kind]
    high = 2 if kind == "mc" else classes
    truth = RNG.integers(0, 1 if silent else high, (windows, *shape))
    said = RNG.integers(0, 1 if silent else high, (windows, *shape))
    scores = RNG.random((windows, *(() if kind == "mc" else shape), classes))
    return form(torch.from_numpy(said), torch.from_numpy(scores), torch.from_numpy(truth))


def joined(parts):
    columns = zip(*((p.predicted, p.probabilities, p.labels) for p in parts), strict=True)
    return type(parts[0])(*(torch.cat(column) for column in columns))


@pytest.mark.parametrize("kind", ["bc", "mcc", "mc", "mmc"])
def test_what_is_pooled_is_what_all_windows_in_one_test_give(kind):
    parts = [decisions(kind, windows) for windows in (30, 1, 17)]
    found = pooled([part.confusion().numpy() for part in parts], kind)
    expected = {f"test_{k}": v for k, v in joined(parts).scores().values.items()}
    assert found == pytest.approx({name: expected[name] for name in found})
    assert set(expected) - set(found) == {"test_auroc", "test_aupr"}


@pytest.mark.parametrize("kind", ["bc", "mcc", "mc", "mmc"])
def test_what_is_undefined_is_none_and_no_nan(kind):
    part = decisions(kind, 5, silent=True)
    expected = {f"test_{k}": v for k, v in part.scores().values.items()}
    found = pooled([part.confusion().numpy()], kind)
    assert found["test_cohen_kappa"] is None
    assert found == {name: expected[name] for name in found}
