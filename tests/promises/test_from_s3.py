"""Checkpoint and data in S3, through the whole pipeline."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.s3_server import SECRET

DEMO = Path(__file__).parents[2] / "pipeline" / "demo"
FAST = ["experiment=demo", "trainer.max_epochs=1", "trainer.limit_train_batches=3"]


@pytest.mark.s3
@pytest.mark.slow
def test_the_pipeline_reads_s3_and_tells_no_secret(s3, tmp_path):
    for file in ("pretrained.ckpt", "train.h5", "val.h5", "test.h5"):
        s3.put(f"demo/{file}", (DEMO / file).read_bytes())
    given = ["--checkpoint", s3.uri("demo/pretrained.ckpt"), "--dataset", s3.uri("demo")]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", "--out", str(tmp_path / "out"), *given, *FAST],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out" / "evaluation" / "metrics.json").read_text())
    assert metrics["test_acc"] > 0.125
    record = yaml.safe_load((tmp_path / "out" / "model" / "config.yaml").read_text())["provenance"]
    assert record["checkpoint"] == s3.uri("demo/pretrained.ckpt")
    etag = s3.client.head_object(Bucket=s3.name, Key="demo/train.h5")["ETag"].strip('"')
    assert record["dataset_fingerprint"]["train"] == etag
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in written)
    assert SECRET not in done.stdout + done.stderr
