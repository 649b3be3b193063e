import json

import pytest
import yaml

from tests.components.evaluate.details_example import details_example

SETTINGS = {"model": {"_target_": "a.B", "depth": 4}, "optimizer": {"lr": 0.1}, "seed": 0}


@pytest.fixture
def made(tmp_path):
    """Makes a finished run; gives its folder as text."""

    def make(name, score=0.6, test="sha256:test", **settings):
        folder = tmp_path / name
        (folder / "evaluation").mkdir(parents=True)
        (folder / "model").mkdir()
        details = details_example()
        details["metrics"]["test_balanced_acc"] = score
        details["intervals"]["test_balanced_acc"] = [score - 0.05, score + 0.05]
        details["provenance"]["test_fingerprint"] = test
        for row in details["by_subject"]:
            row["balanced_acc"] = score
        (folder / "evaluation" / "details.json").write_text(json.dumps(details))
        (folder / "model" / "config.yaml").write_text(yaml.safe_dump(SETTINGS | settings))
        return str(folder)

    return make
