"""What a right profile means: defaults, what holds for a step, its images."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.failures import Findings
from pipeline import placement, steps
from pipeline.placement.per_step import Steps
from pipeline.placement.values import seconds, size

HOME = Path(__file__).parents[3]


@pytest.fixture
def load(tmp_path):
    def load_(text):
        (tmp_path / "profile.yaml").write_text(text)
        return placement.load(tmp_path / "profile.yaml")

    return load_


def test_without_keys_it_is_one_gpu_and_local_images(load):
    assert load("{}") == placement.Profile()
    assert load("{}").gpu.count == 1
    assert placement.images(load("{}")) == steps.images()


def test_each_step_of_the_pipeline_can_be_told_apart():
    named = {field.alias or name for name, field in Steps.model_fields.items()}
    assert named == {"all", *steps.STEPS}


def test_a_steps_own_keys_go_before_those_for_all(load):
    profile = load(
        "steps: {all: {cpu: 2, tolerations: [{operator: Exists}], node_selector: {a: x, b: y}}, "
        "finetune: {cpu: 8, tolerations: [], node_selector: {a: z}}}"
    )
    assert profile.steps.value("evaluate", "cpu") == "2"
    assert profile.steps.value("finetune", "cpu") == "8"
    assert profile.steps.value("finetune", "tolerations") == []
    assert profile.steps.value("finetune", "node_selector") == {"a": "z"}
    assert profile.steps.value("finetune", "memory") is None


def test_a_key_without_value_is_as_if_it_were_not_there(load):
    assert load("steps:\n  all:\n  finetune:\n    cpu:\nkueue:\ns3:\n") == load("steps: {}")


@pytest.mark.parametrize("cpu", ["2", "1.5", "0.25", '"500m"', '"16"'])
def test_cpus_may_be_numbers_or_text(load, cpu):
    said = load(f"steps: {{all: {{cpu: {cpu}}}}}").steps.all.cpu
    assert said == cpu.strip('"')


def test_sizes_and_times():
    assert size("2Gi") == 2 * 2**30
    assert size("2G") == 2 * 10**9
    assert size("70000000") == 70000000
    assert [seconds(t) for t in ("90s", "2m", "1h", "2d", "1w")] == [90, 120, 3600, 172800, 604800]


def test_shared_memory_is_held_against_the_memory_that_the_step_gets(load):
    load("steps: {all: {memory: 4Gi}, finetune: {memory: 32Gi, shm: 8Gi}}")
    load("steps: {finetune: {shm: 8Gi}}")  # no limit: the node's memory
    with pytest.raises(Findings, match=r"steps\.all\.shm=8Gi"):
        load("steps: {all: {memory: 4Gi, shm: 8Gi}, finetune: {memory: 32Gi}}")


def test_images_take_registry_and_tag_unless_a_step_has_its_own(load):
    images = placement.images(
        load("images: {registry: r.example.com:5000/b, tag: '2', steps: {finetune: me/t:3}}")
    )
    assert images["evaluate"] == "r.example.com:5000/b/biotune-evaluate:2"
    assert images["finetune"] == "me/t:3"
    assert images["preflight"] == images["load-checkpoint"]
    assert images.keys() == set(steps.STEPS)


def test_an_own_image_serves_the_steps_that_share_it_too(load):
    images = placement.images(
        load("images: {steps: {load-checkpoint: me/light:1, summarize: me/sum:1}}")
    )
    assert images["preflight"] == images["report-failures"] == "me/light:1"
    assert images["summarize"] == "me/sum:1"


@pytest.mark.parametrize(
    "text",
    [
        "images: {registry: localhost:5000}",
        f"images: {{steps: {{finetune: 'r.example.com/a/b_c/d@sha256:{'0' * 64}'}}}}",
        "s3: {endpoint: 'http://10.0.0.1:9000/'}",
        "s3: {endpoint: 'http://minio.ns.svc.cluster.local:9000', secret: a.b}",
        "env: {TOKENIZERS_PARALLELISM: 'false', SSL_KEY_FILE: /certs/key, EMPTY: ''}",
        "{volumes: {v: {claim: c, path: /mnt/v}}, runs: /mnt/v/runs}",
        "security: {user: 0}",
        "security: {group: 0, non_root: true}",
        "steps: {all: {tolerations: [{operator: Exists}, {key: a}]}}",
        "steps: {all: &all {memory: 4Gi}, finetune: {<<: *all, cpu: 2}}",
    ],
)
def test_what_clusters_take_is_taken(load, text):
    load(text)


def test_reading_one_needs_neither_kfp_nor_torch():
    program = """
import sys
from pathlib import Path
from pipeline import placement
placement.parameters(placement.load(Path("docs/profiles/everything.yaml")))
placement.schema()
assert not {"kfp", "torch", "boto3", "hydra", "numpy"} & set(sys.modules)
"""
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=HOME, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr
