import json
import subprocess
import sys

import pytest
import torch

from components.metrics import ClassificationMetric
from components.objectives import Binary, MultiClass, MultiLabel, MultiOutput

KINDS = [Binary(2), MultiClass(4), MultiLabel(3), MultiOutput(3, num_outputs=2)]


def windows(objective, count=53, seed=0):
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, objective.num_logits, generator=rng)
    labels = torch.randint(objective.label_count, (count, *objective.label_shape), generator=rng)
    return logits, labels


@pytest.mark.parametrize("objective", KINDS, ids=lambda objective: objective.kind)
@pytest.mark.parametrize("sizes", [[53], [1] * 53, [16, 16, 16, 5], [50, 1, 2]])
def test_batches_do_not_change_the_numbers(objective, sizes):
    logits, labels = windows(objective)
    metric = ClassificationMetric(objective)
    for batch in zip(logits.split(sizes), labels.split(sizes), strict=True):
        metric.update(*batch)
    assert metric.compute() == objective.scores(objective.probabilities(logits), labels)


def test_batches_do_not_change_a_weighted_loss():
    objective = MultiClass(4, class_weights=[1.0, 9.0, 2.0, 5.0])
    logits, labels = windows(objective)
    metric = ClassificationMetric(objective)
    for batch in zip(logits.split(7), labels.split(7), strict=True):
        metric.update(*batch)
    assert metric.mean_loss() == pytest.approx(float(objective.loss(logits, labels)), abs=1e-6)


def test_reset_forgets():
    objective = MultiClass(4)
    metric = ClassificationMetric(objective)
    metric.update(*windows(objective, seed=1))
    metric.reset()
    logits, labels = windows(objective, seed=2)
    metric.update(logits, labels)
    assert metric.compute() == objective.scores(objective.probabilities(logits), labels)


def test_a_batch_computes_nothing(monkeypatch):
    objective = MultiClass(4)
    metric = ClassificationMetric(objective)

    def refuse(*_):
        raise AssertionError("computed during the epoch")

    monkeypatch.setattr(objective, "scores", refuse)
    monkeypatch.setattr(objective, "probabilities", refuse)
    logits, labels = windows(objective)
    assert metric(logits.requires_grad_(), labels) is None
    assert not metric.logits[0].requires_grad


def test_keeps_no_more_than_the_logits_alive():
    objective = MultiClass(4)
    metric = ClassificationMetric(objective)
    tokens = torch.randn(8, 100, 4)
    metric.update(tokens[:, 0], torch.zeros(8, dtype=torch.long))
    assert metric.logits[0].untyped_storage().nbytes() == 8 * 4 * 4


def test_half_precision_is_kept_as_float32():
    objective = MultiClass(4)
    metric = ClassificationMetric(objective)
    logits, labels = windows(objective)
    metric.update(logits.bfloat16(), labels)
    wanted = objective.scores(objective.probabilities(logits.bfloat16().float()), labels)
    assert metric.compute() == wanted


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_nothing_seen_gives_no_number():
    scores = ClassificationMetric(MultiLabel(3)).compute()
    assert scores.values["auroc"] is None
    assert scores.undefined["auroc"] == "no window"


SHARE = """
import json, sys
import torch
from torch import distributed
from components.metrics import ClassificationMetric
from components.objectives import MultiClass

torch.set_num_threads(1)
given, rank, rendezvous, firsts = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
logits, labels = torch.load(given)
for first in map(int, firsts):
    metric = ClassificationMetric(MultiClass(4))
    own = slice(0, first) if rank == 0 else slice(first, len(labels))
    for batch in zip(logits[own].split(16), labels[own].split(16), strict=True):
        if len(batch[0]):
            metric.update(*batch)
    found = metric.compute()
    print(json.dumps([found.values, found.undefined, metric.mean_loss()]))
distributed.destroy_process_group()
"""


def test_processes_agree_with_one(tmp_path):
    """Two processes of their own: a fork of one that has run torch's threads may hang."""
    objective = MultiClass(4)
    logits, labels = windows(objective)
    torch.save((logits, labels), tmp_path / "windows.pt")
    firsts = (40, 0, 53)  # windows of the first process; the second has the others
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", SHARE, str(tmp_path / "windows.pt")),
                *(str(rank), str(tmp_path / "rendezvous"), *map(str, firsts)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    wanted = objective.scores(objective.probabilities(logits), labels)
    loss = pytest.approx(float(objective.loss(logits, labels)), abs=1e-6)
    for process in processes:
        told = process.communicate(timeout=120)[0].splitlines()
        assert len(told) == len(firsts)
        for line, first in zip(told, firsts, strict=True):
            assert json.loads(line) == [wanted.values, wanted.undefined, loss], first
