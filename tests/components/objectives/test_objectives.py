import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from components.failures import Failure, InputError
from components.objectives import Binary, MultiClass, MultiLabel, MultiOutput

CLASSES = [Binary, MultiClass, MultiLabel, MultiOutput]


def logits(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_importing_and_checking_need_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from components.objectives import MultiClass\n"
        "objective = MultiClass(3, class_weights='balanced')\n"
        "assert not objective.check_labels(np.array([0, 1, 2]))\n"
        "objective.resolved(np.array([0, 1, 2]))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("objective", CLASSES)
@pytest.mark.parametrize("value", [True, 2.0, "2", None, 1, 0, -3])
def test_num_classes_must_be_an_integer_of_at_least_two(objective, value):
    with pytest.raises(InputError, match=f"num_classes={value!r}"):
        objective(value, num_outputs=2)


def test_binary_has_two_classes():
    with pytest.raises(InputError, match=r"num_classes=3.*bc.*classification_type=mcc"):
        Binary(3)


@pytest.mark.parametrize("value", [None, 0, True, 2.0])
def test_outputs_must_be_counted(value):
    with pytest.raises(InputError, match=f"num_outputs={value!r}"):
        MultiOutput(4, num_outputs=value)


@pytest.mark.parametrize("value", [-0.1, 1.0, True, "0.1", float("nan")])
def test_smoothing_is_a_share(value):
    with pytest.raises(InputError, match=r"objective\.label_smoothing"):
        MultiClass(3, label_smoothing=value)


@pytest.mark.parametrize("value", ["even", [1, 2], [1, 2, 0], [1, 2, float("inf")], 3, [1, 2, "3"]])
def test_class_weights_are_positive_numbers_one_a_class(value):
    with pytest.raises(InputError, match=r"objective\.class_weights.*3 positive numbers"):
        MultiClass(3, class_weights=value)


@pytest.mark.parametrize(
    ("objective", "logit_count", "label_shape"),
    [
        (Binary(2), 2, ()),
        (MultiClass(5), 5, ()),
        (MultiLabel(5), 5, (5,)),
        (MultiOutput(5, num_outputs=3), 15, (3,)),
    ],
)
def test_sizes(objective, logit_count, label_shape):
    assert objective.num_logits == logit_count
    assert objective.label_shape == label_shape
    batch = logits(1, logit_count)
    probabilities = objective.probabilities(batch)
    assert objective.predictions(probabilities).shape == (1, *label_shape)
    assert objective.loss(batch, torch.zeros(1, *label_shape, dtype=torch.long)).shape == ()


def test_a_head_of_another_size_is_told():
    with pytest.raises(InputError, match=r"returns \(4, 6\).*mmc.*needs \(4, 8\)"):
        MultiOutput(4, num_outputs=2).loss(logits(4, 6), torch.zeros(4, 2, dtype=torch.long))


def test_probabilities_are_exact():
    batch = logits(50, 4) * 20
    wanted = batch.double().softmax(-1)
    torch.testing.assert_close(MultiClass(4).probabilities(batch), wanted, rtol=1e-14, atol=0)
    torch.testing.assert_close(MultiLabel(4).probabilities(batch), batch.double().sigmoid())


def test_probabilities_leave_the_logits_alone():
    batch = logits(5, 4).double()
    before = batch.clone()
    MultiClass(4).probabilities(batch)
    MultiLabel(4).probabilities(batch)
    assert torch.equal(batch, before)


def test_multi_label_is_positive_above_one_half():
    decided = MultiLabel(3).predictions(
        MultiLabel(3).probabilities(torch.tensor([[0.0, 1e-7, -1]]))
    )
    assert decided.tolist() == [[0, 1, 0]]


def test_multi_output_decides_each_output():
    batch = torch.tensor([[0.0, 2.0, 1.0, 5.0, 4.0, 3.0]])
    objective = MultiOutput(3, num_outputs=2)
    probabilities = objective.probabilities(batch)
    assert probabilities.shape == (1, 2, 3)
    torch.testing.assert_close(probabilities, batch.double().sigmoid().reshape(1, 2, 3))
    assert objective.predictions(probabilities).tolist() == [[1, 0]]


def test_cross_entropy_with_weights_and_smoothing():
    batch, labels = logits(20, 3), torch.arange(20) % 3
    weights = [1.0, 2.0, 3.0]
    found = MultiClass(3, None, 0.1, weights).loss(batch, labels)
    wanted = functional.cross_entropy(batch, labels, torch.tensor(weights), label_smoothing=0.1)
    assert found.item() == pytest.approx(wanted.item())


def test_multi_label_loss_smooths_towards_one_half():
    batch, labels = logits(20, 3), (logits(20, 3, seed=1) > 0).long()
    weights = [1.0, 2.0, 3.0]
    found = MultiLabel(3, None, 0.2, weights).loss(batch, labels)
    targets = labels * 0.8 + 0.1
    wanted = functional.binary_cross_entropy_with_logits(
        batch, targets, pos_weight=torch.tensor(weights)
    )
    assert found.item() == pytest.approx(wanted.item())


def test_multi_output_loss_is_the_mean_over_outputs():
    batch, labels = logits(10, 6), torch.arange(20).reshape(10, 2) % 3
    found = MultiOutput(3, num_outputs=2).loss(batch, labels)
    halves = [functional.cross_entropy(batch[:, 3 * i : 3 * i + 3], labels[:, i]) for i in (0, 1)]
    assert found.item() == pytest.approx((halves[0] + halves[1]).item() / 2)


def test_plain_loss_knows_no_weights():
    batch, labels = logits(20, 3), torch.arange(20) % 3
    found = MultiClass(3, None, 0.1, [1.0, 2.0, 3.0]).plain().loss(batch, labels)
    assert found.item() == pytest.approx(functional.cross_entropy(batch, labels).item())


def test_balanced_weights_even_out_the_classes():
    labels = np.array([0] * 6 + [1] * 3 + [2])
    objective = MultiClass(3, class_weights="balanced").resolved(labels)
    weights = np.array(objective.class_weights)
    np.testing.assert_allclose(weights * [6, 3, 1], 10 / 3)


def test_balanced_weights_of_labels_are_negatives_for_each_positive():
    labels = np.array([[1, 0], [0, 1], [0, 1], [0, 1]])
    objective = MultiLabel(2, class_weights="balanced").resolved(labels)
    np.testing.assert_allclose(objective.class_weights, [3, 1 / 3])


def test_balanced_weights_pool_the_outputs():
    labels = np.array([[0, 1], [0, 1], [0, 2]])
    objective = MultiOutput(3, num_outputs=2, class_weights="balanced").resolved(labels)
    np.testing.assert_allclose(objective.class_weights, [6 / 9, 6 / 6, 6 / 3])


@pytest.mark.parametrize(
    ("objective", "labels", "told"),
    [
        (MultiClass(3, class_weights="balanced"), [0, 0, 1], "class 2"),
        (MultiLabel(2, class_weights="balanced"), [[1, 0], [0, 0]], "label 1"),
        (MultiLabel(2, class_weights="balanced"), [[1, 0], [1, 1]], "label 0"),
    ],
)
def test_balanced_weights_need_every_class(objective, labels, told):
    with pytest.raises(InputError, match=rf"class_weights=balanced.*{told}"):
        objective.resolved(np.array(labels))


def test_balanced_weights_must_be_resolved_before_a_loss():
    with pytest.raises(Failure, match="resolved"):
        MultiClass(3, class_weights="balanced").loss(logits(2, 3), torch.tensor([0, 1]))
