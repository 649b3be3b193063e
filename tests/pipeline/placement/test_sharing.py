"""GPUs that finetune asks for on one node, and those that it trains on."""

import pytest

from components.failures import InputError
from pipeline import placement
from pipeline.placement import Profile


def overrides(gpus, devices, accelerator="auto", nodes=1, tested=None, **given):
    steps = {"evaluate": {"gpu": tested}} if tested else {}
    said = {"gpu": {"count": gpus}, "nodes": nodes, "runs": "s3://bucket/runs", "steps": steps}
    trainer = {"accelerator": accelerator, "devices": devices}
    return placement.overrides(Profile.model_validate(said), given, trainer)


@pytest.mark.parametrize(
    ("gpus", "trainer", "given", "told"),
    [
        (2, (1,), {}, "gpu.count=2, trainer.devices=1: the GPUs that finetune asks for"),
        (1, (1,), {"gpu_count": "8"}, "gpu_count=8, trainer.devices=1: .* set gpu.count to 1"),
        (1, (4,), {}, "gpu.count=1, trainer.devices=4: .* trainer.devices=auto"),
        (2, ([0],), {}, "gpu.count=2, trainer.devices=.0.: "),
        (0, (1, "gpu"), {}, "gpu.count=0, trainer.accelerator=gpu: that step gets no GPU"),
        (8, (1, "gpu", 2), {}, "steps.evaluate.gpu=0, trainer.accelerator=gpu: that step gets"),
        (1, (1, "cuda"), {"gpu_count": "0"}, "gpu_count=0, trainer.accelerator=cuda: "),
    ],
)
def test_no_training_asks_for_other_gpus_than_it_trains_on(gpus, trainer, given, told):
    with pytest.raises(InputError, match=told) as refused:
        overrides(gpus, *trainer, **given)
    assert len(str(refused.value).splitlines()) == 1


def test_auto_devices_are_the_gpus_of_the_node_by_number():
    assert overrides(4, "auto") == overrides(4, -1) == ["trainer.devices=4"]
    assert overrides(4, "auto", gpu_count="2") == ["trainer.devices=2"]


def test_what_fits_and_what_is_no_matter_of_gpus_is_left_alone():
    assert overrides(1, 1) == overrides(2, "2") == overrides(2, [0, 1]) == []
    assert overrides(1, 1, "gpu", tested=1) == overrides(8, 1, "cuda", nodes=2, tested=1) == []
    assert overrides(0, "auto") == overrides(0, 4) == overrides(1, 4, "cpu") == []
    assert overrides(4, 1, nodes=2) == []  # there the nodes count for themselves
