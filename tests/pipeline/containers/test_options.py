import pytest

from pipeline import cli

RUN = ["run", "--checkpoint", "c", "--dataset", "d"]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--gpus", "all"], 2, "--gpus: needs --runner docker"),
        (["--image", "mine"], 2, "--image: needs --runner docker"),
        (["--runner", "docker", "--image", "x=y"], 2, "--image x=y: no such step; there are"),
        (["--runner", "docker", "--shm-size", "big"], 2, "--shm-size big: must be a number"),
        (["--runner", "docker"], 1, "--runner docker: no docker daemon answers; start it, set"),
    ],
)
def test_what_is_wrong_with_the_containers_is_told_in_one_line(
    argv, code, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(SystemExit) as ended:
        cli.main([*RUN, *argv])
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []
