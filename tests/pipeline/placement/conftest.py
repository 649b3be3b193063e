import pytest
import yaml
from kfp import compiler

from pipeline import placement
from tests.pipeline.placement.nested import nested


@pytest.fixture
def compiled(tmp_path):
    """The specs of a pipeline with the profile, and of its platform."""

    def compile_(profile):
        if isinstance(profile, str):
            (tmp_path / "profile.yaml").write_text(profile)
            profile = placement.load(tmp_path / "profile.yaml")
        compiler.Compiler().compile(nested(profile), str(tmp_path / "nested.yaml"))
        return list(yaml.safe_load_all((tmp_path / "nested.yaml").read_text()))

    return compile_
