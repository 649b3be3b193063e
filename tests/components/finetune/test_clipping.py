"""What the limit of the norm does to a gradient."""

import lightning
import pytest
import torch

from components.finetune import clipping


@pytest.mark.parametrize(("limit", "left"), [(2.5, 0.5), (10, 1), (0, 1), (None, 1), (-1, 1)])
def test_a_gradient_is_shortened_and_never_turned_round(limit, left):
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([3.0, -4.0])
    optimizer = torch.optim.SGD([weight], lr=1.0)
    trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    assert clipping.by_norm(trainer, optimizer, limit, torch.tensor(5.0))
    torch.testing.assert_close(weight.grad, left * torch.tensor([3.0, -4.0]))
