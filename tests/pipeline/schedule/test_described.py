import os
import re
import subprocess
import sys
from pathlib import Path

from pipeline.schedule import file

HOME = Path(__file__).parents[3]
FILE = """
owner: me
profile: gpu.yaml
schedules:
  nightly:
    cron: "@daily"
    checkpoint: s3://models/last.ckpt
    dataset: s3://data/emg
    registry: s3://models/registry
    overrides: [experiment=demo]
"""
PROFILE = """
service_account: tuner
volumes: {data: {claim: data, path: /data}, cache: {claim: cache, path: /cache}}
s3: {secret: keys, endpoint: "https://s3.example.com", region: us-east-1}
env: {B: x, A: y}
"""
PROGRAM = """
import sys
from pathlib import Path
from pipeline.schedule import described, file

path = Path(sys.argv[1])
print(described.describe(file.load(path), path, Path(sys.argv[2]))[0].digest)
assert "torch" not in sys.modules
"""


def test_a_schedule_has_one_digest_wherever_it_is_compiled(tmp_path):
    digests = set()
    for seed, folder in (("1", tmp_path / "a"), ("2", tmp_path / "b")):
        folder.mkdir()
        (folder / "schedules.yaml").write_text(FILE)
        (folder / "gpu.yaml").write_text(PROFILE)
        command = [sys.executable, "-c", PROGRAM, folder / "schedules.yaml", folder]
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(HOME)}
        child = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        digests.add(child.stdout.strip())
    assert len(digests) == 1
    assert re.fullmatch("[0-9a-f]{64}", *digests)


def test_the_file_in_the_docs_is_one(tmp_path):
    docs = (HOME / "docs/schedule.md").read_text()
    (tmp_path / "schedules.yaml").write_text(re.search(r"```yaml\n(.*?)```", docs, re.S)[1])
    read = file.load(tmp_path / "schedules.yaml")
    keys = set().union(*(schedule.model_fields_set for schedule in read.schedules.values()))
    assert keys == set(file.Schedule.model_fields)
