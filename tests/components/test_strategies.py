"""What does not go with a divided model is said before anything is read."""

import pytest

from components.config import compose
from components.failures import Failure

DEMO = ("classification_type=bc", "num_classes=2", "input_normalization.normalize=none")
FSDP = "trainer.strategy=fsdp"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["trainer.strategy=deepspeed"], "trainer.strategy=deepspeed: must be one of auto, ddp"),
        (["trainer.strategy=fsdp_cpu_offload"], "trainer.strategy=fsdp_cpu_offload: must be"),
        ([FSDP, "compile=true"], "compile=true: the compiler"),
        ([FSDP, "trainer.sync_batchnorm=true"], "trainer.sync_batchnorm=true: not with"),
        ([FSDP, "trainer.precision=16-mixed"], "trainer.precision=16-mixed: a divided model"),
        (
            [FSDP, "optimizer.optim=SGD", "+optimizer.options.fused=true"],
            "optimizer.options.fused=true: torch has no such SGD",
        ),
    ],
)
def test_it_is_refused_in_a_line(overrides, expected):
    with pytest.raises(Failure) as caught:
        compose([*DEMO, *overrides])
    assert expected in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ["trainer.strategy=ddp_find_unused_parameters_true", "compile=true"],
        ["trainer.strategy=null"],
        [FSDP, "gradient_checkpointing=true", "trainer.precision=bf16-mixed"],
        [FSDP, "trainer.precision=32"],
        [FSDP, "optimizer.optim=AdamW", "+optimizer.options.fused=true"],
    ],
)
def test_what_goes_together_is_let_through(overrides):
    assert compose([*DEMO, *overrides])
