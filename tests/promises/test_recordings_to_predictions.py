"""From recordings in EDF to predictions on recordings, by the commands of the README."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pyedflib
import pytest

from components.__main__ import main as component
from pipeline import cli
from tests import recorded

pytestmark = pytest.mark.slow
SHIPPED = Path(pyedflib.__file__).parent / "tests" / "data" / "test_generator.edf"
SMALL = (
    *("model=waveform_transformer", "model.num_channels=4", "model.embed_dim=16", "model.depth=2"),
    *("model.signal=null", "classification_type=bc", "num_classes=2", "trainer.max_epochs=1"),
    *("input_normalization.normalize=zscore", "data.batch_size=16", "trainer.accelerator=cpu"),
)


def test_real_emg_goes_from_edf_files_through_the_pipeline_to_predictions(tmp_path):
    recorded.demo_as_edf(tmp_path)
    recordings, data, out = tmp_path / "recordings", tmp_path / "data", tmp_path / "run"
    own = ["--assume-unit", "full scale", "--classes", ",".join(recorded.GESTURES)]
    made = ["--window", "1s", "--split", tmp_path / "splits.csv", *own]
    biotune("convert", recordings, "-o", data, *made)
    checkpoint = recorded.DEMO / "pretrained.ckpt"
    options = ("experiment=demo", "trainer.max_epochs=1", "evaluation.bootstrap=0")
    biotune("run", "--checkpoint", checkpoint, "--dataset", data, "--out", out, *options)
    tested = np.load(out / "evaluation" / "predictions.npz")
    person = str(tested["subject"][0])
    table = tmp_path / "person.parquet"
    biotune("predict", "--model", out / "model", "--data", recordings / person, "-o", table)
    found = parquet.read_table(table).to_pydict()
    columns = [found[f"p_{gesture}"] for gesture in recorded.GESTURES]
    expected = tested["probabilities"][tested["subject"] == person]
    assert len(found["start"]) == len(expected) > 0
    np.testing.assert_allclose(np.transpose(columns), expected, rtol=0, atol=1e-6)


def test_an_edf_file_that_a_package_ships_goes_all_the_way(tmp_path):
    recordings, data, model = tmp_path / "recordings", tmp_path / "data", tmp_path / "model"
    for number in range(3):
        (recordings / f"sub-{number}").mkdir(parents=True)
        shutil.copy(SHIPPED, recordings / f"sub-{number}" / "signals.edf")
    spans = [
        f"sub-{number}/signals.edf,{start},5,{'ab'[start // 5 % 2]}"
        for number in range(3)
        for start in range(0, 60, 5)
    ]
    labels = tmp_path / "labels.csv"
    labels.write_text("recording,onset,duration,label\n" + "\n".join(spans))
    picked = "sine 1 Hz,sine 8 Hz,noise,pulse"
    cut = ["--window", "1s", "--channels", picked, "--band", "1,40", "--labels", labels]
    people = ["--subject", r"(sub-\d)", "--split", "0.34,0.33,0.33"]
    biotune("convert", recordings, "-o", data, *cut, *people)
    first, backbone = tmp_path / "first", tmp_path / "backbone"
    step("finetune", "--dataset", data, "--output", first, *SMALL)  # which makes a checkpoint
    checkpoint = ("--checkpoint", first / "model.safetensors")
    step("preflight", *checkpoint, "--dataset", data, *SMALL)
    step("load-checkpoint", *checkpoint, "--output", backbone, *SMALL)
    step("finetune", "--backbone", backbone, "--dataset", data, "--output", model, *SMALL)
    step("evaluate", "--model", model, "--dataset", data, "--output", tmp_path / "test", *SMALL)
    table = tmp_path / "predictions.csv"
    biotune(
        "predict", "--model", model, "--data", recordings / "sub-0" / "signals.edf", "-o", table
    )
    lines = table.read_text().splitlines()
    assert len(lines) == 1 + 600 and "p_a" in lines[0] and "p_b" in lines[0]


def biotune(*argv):
    assert cli.main([*map(str, argv)]) == 0


def step(*argv):
    assert component([*map(str, argv)]) == 0
