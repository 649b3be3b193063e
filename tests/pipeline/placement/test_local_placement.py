"""A placed pipeline still runs on this machine, in its own environment."""

from pathlib import Path

from kfp import dsl, local

from pipeline import placement

PROFILES = Path(__file__).parents[3] / "docs" / "profiles"


@dsl.component(base_image="x", install_kfp_package=False)
def look() -> dict:
    import os

    names = ("MARK", "AWS_REGION", "AWS_ACCESS_KEY_ID", "BIOTUNE_RUN")
    return {name: os.environ[name] for name in names if name in os.environ}


def test_plain_values_are_added_and_what_is_the_clusters_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("MARK", "here")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.delenv("BIOTUNE_RUN", raising=False)
    profile = placement.load(PROFILES / "everything.yaml")

    @dsl.pipeline(name="looking")
    def looking() -> dict:
        task = look()
        placement.place(task, "finetune", profile, {})
        return task.output

    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=str(tmp_path),
        workspace_root=str(tmp_path / "workspace"),
    )
    seen = looking().outputs["Output"]
    assert seen == {"MARK": "here", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "mine"}
