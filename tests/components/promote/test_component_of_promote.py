"""The KFP face of promote: files and numbers at the places that KFP names."""

import json
from types import SimpleNamespace

import pytest

from components import parameters
from components.promote.component import component
from tests.tuned import evaluated, tuned


@pytest.fixture
def face(tmp_path):
    """Calls the component as KFP's executor does."""

    def call(score, registry, retry=""):
        model = tmp_path / f"model{score}"
        if not model.exists():
            tuned(model, f"weights {score}")
            evaluated(tmp_path / f"evaluation{score}", model, score)
        logged = {}
        config = {"promotion": {"metric": "balanced_acc", "margin": 0.0}}
        decision = tmp_path / f"decision{score}{retry}"
        component("image").python_func(
            registry_uri=registry,
            config=parameters.pack(config),
            model=SimpleNamespace(path=str(model)),
            evaluation=SimpleNamespace(path=str(tmp_path / f"evaluation{score}")),
            decision=SimpleNamespace(path=str(decision)),
            numbers=SimpleNamespace(log_metric=logged.__setitem__),
        )
        return json.loads((decision / "decision.json").read_text()), logged

    return call


def test_kfp_gets_the_decision_and_finite_numbers(face, tmp_path):
    decision, logged = face(0.5, str(tmp_path / "registry"))
    assert decision["decision"] == "promoted"
    assert logged == {"promoted": 1.0, "margin": 0.0, "new_balanced_acc": 0.5}
    decision, logged = face(None, str(tmp_path / "registry"))
    assert decision["decision"] == "kept" and decision["new"] is None
    # The champion's own number was taken on the same split with the same settings.
    assert logged == {"promoted": 0.0, "margin": 0.0, "champion_balanced_acc": 0.5}


def test_a_failure_is_left_where_the_decision_would_lie(face, tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "champion.json").write_text("{")
    with pytest.raises(SystemExit) as ended:
        face(0.5, str(tmp_path / "registry"))
    assert ended.value.code == 2
    record = json.loads((tmp_path / "decision0.5" / "failure.json").read_text())
    assert record["step"] == "promote" and "champion.json: is spoilt" in record["message"]
    (tmp_path / "registry" / "champion.json").unlink()
    assert face(0.5, str(tmp_path / "registry"))[0]["decision"] == "promoted"
