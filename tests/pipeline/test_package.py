import subprocess
import sys
from pathlib import Path

import pytest

from components import parameters
from components.failures import Findings, InputError
from pipeline import package
from pipeline.package import Request

TASK = ("classification_type=mcc", "num_classes=8", "input_normalization.normalize=zscore")
HOME = Path(__file__).parents[2]


def asked(**more):
    given = {"checkpoint": "s3://b/last.ckpt", "dataset": "s3://b/data", "overrides": TASK}
    return Request(**{**given, **more})


def test_a_request_becomes_the_parameters_of_the_pipeline():
    found = package.arguments(asked(registry="s3://b/models", parameters={"gpu_count": "0"}))
    assert found == {
        "checkpoint_uri": "s3://b/last.ckpt",
        "dataset_uri": "s3://b/data",
        "overrides": list(TASK),
        "manifest": "",
        "registry_uri": "s3://b/models",
        "gpu_count": "0",
    }


def test_a_model_without_a_committed_manifest_takes_its_own_along():
    found = package.arguments(asked(overrides=(*TASK, "model.embed_dim=24", "model.num_heads=3")))
    assert parameters.unpack(found["manifest"])["num_logits"] == 8


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    request = asked(
        checkpoint="last.ckpt",
        dataset="gs://b/data",
        overrides=("num_classes=8", "optimizer.optim=Adagrad", "optimizer.lr=0"),
        registry="s3://b/models",
        seeds=(1, 1, 2**32),
        parameters={"gpu_cuont": "2"},
    )
    with pytest.raises(Findings) as caught:
        package.arguments(request)
    told = str(caught.value)
    for line in (
        "checkpoint=last.ckpt: a pod sees no file of this machine; give s3://...",
        "dataset: gs://b/data: this kind of URI can't be read",
        "gpu_cuont: is no parameter of the pipeline; did you mean gpu_count?",
        "seeds=[1, 1, 4294967296]: one is there twice",
        "seeds=[4294967296]: a seed must be an integer from 0 to 4294967295",
        "promotion and seeds exclude each other",
        "optimizer.optim=Adagrad: must be one of",
        "optimizer.lr=0: must be a number above 0",
    ):
        assert line in told


def test_a_path_on_a_volume_of_the_profile_is_one_that_a_pod_sees(tmp_path):
    profile = tmp_path / "cluster.yaml"
    profile.write_text("volumes: {data: {claim: biotune-data, path: /data}}")
    found = package.arguments(asked(checkpoint="/data/a/last.ckpt", profile=profile))
    assert found["checkpoint_uri"] == "/data/a/last.ckpt"
    with pytest.raises(
        Findings, match=r"checkpoint=/database/x: .* the profile's volumes \(/data\)"
    ):
        package.arguments(asked(checkpoint="/database/x", profile=profile))
    with pytest.raises(Findings, match=r"checkpoint=/data/\.\./etc/x: a pod sees no file"):
        package.arguments(asked(checkpoint="/data/../etc/x", profile=profile))


def test_a_run_says_on_how_many_gpus_it_trains(tmp_path):
    """So that cache keys and fingerprints, which hold the configuration, hold the global batch."""
    auto = (*TASK, "trainer.devices=auto")
    found = package.arguments(asked(overrides=auto, parameters={"gpu_count": "4"}))
    assert found["overrides"] == [*auto, "trainer.devices=4"]
    with pytest.raises(InputError, match=r"gpu_count=4, trainer\.devices=1: "):
        package.arguments(asked(parameters={"gpu_count": "4"}))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.txt", "--output .*x.txt: must end in .yaml or .yml"),
        ("x.json", "--output .*x.json: must end in .yaml or .yml"),
        ("none/x.yaml", "--output .*x.yaml: cannot be written .No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_told(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        package.write(tmp_path / name)


def test_no_package_promotes_one_of_several_seeds(tmp_path):
    with pytest.raises(Findings, match="promotion and seeds exclude each other"):
        package.write(tmp_path / "biotune.yaml", seeds=(0, 1), promotion=True)


@pytest.mark.parametrize("name", ["checkpoint", "dataset", "registry"])
def test_a_key_in_a_uri_is_refused_and_not_told(name):
    with pytest.raises(Findings, match=f"{name}: .*credentials have no place in a URI") as caught:
        package.arguments(asked(**{name: "s3://AKIAEXAMPLE:c2VjcmV0@bucket/emg"}))
    assert "c2VjcmV0" not in str(caught.value)


def test_a_package_is_compiled_without_torch_in_little_more_than_kfps_own_import(tmp_path):
    program = """
import sys, time
start = time.perf_counter()
import kfp.compiler, kfp.dsl, kfp.kubernetes
imported = time.perf_counter() - start
from pathlib import Path
from pipeline import package
package.write(Path(sys.argv[1]))
total = time.perf_counter() - start
assert "torch" not in sys.modules
print(total / imported)
"""
    ratios = []
    while len(ratios) < 6 and min(ratios, default=9) >= 1.5:  # a busy machine may need a few tries
        command = [sys.executable, "-c", program, str(tmp_path / "biotune.yaml")]
        child = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
        assert child.returncode == 0, child.stderr
        ratios.append(float(child.stdout))
    assert min(ratios) < 1.5, ratios
