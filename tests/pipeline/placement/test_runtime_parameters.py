"""What a run may be given in place of the profile's values, by the same rules."""

import pytest

from components.failures import Findings
from pipeline import placement

PROFILE = """
steps:
  all: {cpu: 2, tolerations: [{key: a}]}
  finetune: {memory: 32Gi, shm: 8Gi, node_selector: {pool: gpu}}
volumes: {data: {claim: here, path: /data}}
images: {pull_secrets: [one, two]}
"""


@pytest.fixture
def profile(tmp_path):
    (tmp_path / "profile.yaml").write_text(PROFILE)
    return placement.load(tmp_path / "profile.yaml")


def test_there_is_a_parameter_for_each_thing_said_and_for_none_else(profile):
    assert {p.name: p.default for p in placement.parameters(profile)} == {
        "gpu_resource": "nvidia.com/gpu",
        "gpu_count": "1",
        "cpu": "2",
        "tolerations": [{"key": "a"}],
        "finetune_memory": "32Gi",
        "finetune_node_selector": {"pool": "gpu"},
        "data_claim": "here",
        "pull_secret": "one",
        "pull_secret_2": "two",
    }


def test_a_cpu_run_has_none_for_gpus(tmp_path):
    (tmp_path / "profile.yaml").write_text("gpu: {count: 0}")
    assert placement.parameters(placement.load(tmp_path / "profile.yaml")) == []


SEVERAL = """
nodes: 2
runs: s3://bucket/runs
steps: {all: {cpu: 2, memory: 8Gi}, finetune: {memory: 32Gi}, evaluate: {cpu: 4, gpu: 1}}
volumes: {data: {claim: here, path: /data}}
s3: {secret: ours}
"""


def test_what_a_train_job_holds_is_fixed_since_it_is_made_when_compiling(tmp_path):
    (tmp_path / "profile.yaml").write_text(SEVERAL)
    profile = placement.load(tmp_path / "profile.yaml")
    # Finetune's CPU is that of all; its memory is its own.
    open_ = {p.name for p in placement.parameters(profile)}
    assert open_ == {"memory", "evaluate_cpu", "evaluate_gpu_count"}
    with pytest.raises(Findings) as caught:
        placement.override(profile, {"finetune_memory": "64Gi", "data_claim": "there"})
    assert caught.value.messages == (
        "data_claim: is fixed when compiling where nodes=2; change the profile",
        "finetune_memory: is fixed when compiling where nodes=2; change the profile",
    )


def test_given_values_come_out_as_kfp_takes_them(profile):
    given = {
        "gpu_count": 2,
        "cpu": 4,
        "finetune_memory": "64Gi",
        "tolerations": "[{operator: Exists}]",
        "finetune_node_selector": '{"pool": "big"}',
        "data_claim": "there",
    }
    assert placement.override(profile, given) == {
        "gpu_count": "2",
        "cpu": "4",
        "finetune_memory": "64Gi",
        "tolerations": [{"operator": "Exists"}],
        "finetune_node_selector": {"pool": "big"},
        "data_claim": "there",
    }


WRONG = {
    "finetune_memory=64GG": "finetune_memory=64GG: must be a Kubernetes quantity without fraction",
    "finetune_memory=4Gi": (
        "finetune_memory=4Gi: steps.finetune.shm: must be below memory (4Gi for finetune)"
    ),
    "gpu_count=many": "gpu_count=many: must be a whole number",
    "gpu_count=²": "gpu_count=²: must be a whole number",
    "gpu_count=-1": "gpu_count=-1: must be at least 0",
    "tolerations=Exists": "tolerations=Exists: must be a list, as in [...]",
    "tolerations=[{operator: Exists, value: x}]": (
        "tolerations=[{'operator': 'Exists', 'value': 'x'}]: [0].value: must be left out"
    ),
    "finetune_node_selector={pool: true}": (
        "finetune_node_selector={'pool': True}: pool: must be text"
    ),
    "finetune_node_selector={pool": "finetune_node_selector={pool: must be a mapping",
    "finetune_memry=64Gi": (
        "finetune_memry: is no parameter of the pipeline; did you mean finetune_memory?"
    ),
    "shm=8Gi": "shm: is no parameter of the pipeline; there are gpu_resource, gpu_count, cpu",
}


@pytest.mark.parametrize(("given", "line"), WRONG.items(), ids=WRONG)
def test_a_wrong_value_is_refused_as_it_is_in_a_profile(profile, given, line):
    name, _, value = given.partition("=")
    with pytest.raises(Findings) as caught:
        placement.override(profile, {name: value})
    (message,) = caught.value.messages
    assert message.startswith(line)


def test_a_secret_given_in_place_of_its_secrets_name_is_not_told(tmp_path):
    (tmp_path / "profile.yaml").write_text("s3: {secret: biotune-s3}")
    with pytest.raises(Findings, match=r"^s3_secret: must be a name of Kubernetes"):
        placement.override(placement.load(tmp_path / "profile.yaml"), {"s3_secret": "Hush/hush"})


def test_wrong_values_are_told_together(profile):
    with pytest.raises(Findings) as caught:
        placement.override(profile, {"cpu": "x", "data_claim": "A", "nothing": "", "gpu_count": 1})
    assert [message.partition("=")[0] for message in caught.value.messages] == [
        "cpu",
        "data_claim",
        "nothing: is no parameter of the pipeline; there are gpu_resource, gpu_count, cpu, "
        "tolerations, finetune_memory, finetune_node_selector, data_claim, pull_secret, "
        "pull_secret_2",
    ]
