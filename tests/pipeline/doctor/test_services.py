"""What `biotune doctor` says of docker and S3."""

import json

import pytest

from components.failures import InputError
from pipeline import doctor
from pipeline.doctor import FAIL, OK, SKIP, WARN, services
from tests.s3_server import ACCESS, NO_RIGHTS, SECRET


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script on an otherwise empty path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def write(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return write


def test_docker_and_its_daemon_are_told(program):
    program("docker", "echo 29.1.0; echo 28.0.1")
    assert services.docker().detail == "client 29.1.0, daemon 28.0.1"


def test_no_docker_is_no_fault(program):
    assert services.docker().state == SKIP


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("permission denied while trying to connect", "group docker"),
        ("Cannot connect to the Docker daemon at unix:///x", "start the docker daemon"),
    ],
)
def test_a_daemon_that_does_not_answer_is_told_with_a_way_out(program, said, words):
    program("docker", f"echo 29.1.0; echo '{said}' >&2; exit 1")
    found = services.docker()
    assert found.state == WARN and words in found.fix


def test_the_password_of_a_docker_host_is_not_shown(program, monkeypatch):
    program("docker", "exit 1")
    monkeypatch.setenv("DOCKER_HOST", "tcp://me:hidden@lab:2375")
    found = services.docker()
    assert "tcp://lab:2375" in found.detail and "hidden" not in str(found)


def test_s3_is_left_alone_where_nobody_set_it_up(aws_environment, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert services.s3(None).state == SKIP


@pytest.mark.s3
def test_s3_answers(s3):
    assert services.s3(None).state == OK
    assert services.s3(s3.uri()).detail.startswith(f"{s3.endpoint} answers")
    s3.put("data/train.h5", b"abc")
    assert "3 bytes" in services.s3(s3.uri("data/train.h5")).detail
    assert "1 names" in services.s3(s3.uri("data")).detail


@pytest.mark.s3
def test_what_is_not_there_fails(s3):
    for uri in ("s3://no-such-bucket", s3.uri("none"), "here", "s3://"):
        assert services.s3(uri).state == FAIL
        assert "\n" not in services.s3(uri).detail


@pytest.mark.s3
@pytest.mark.parametrize("secret", ["wrong/secret", None])
def test_refused_credentials_fail_and_are_not_shown(s3, monkeypatch, capsys, secret):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint.replace("//", "//user:hidden@"))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/hidden")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret or SECRET)
    found = services.s3(None)
    assert found.state == FAIL
    for hidden in (ACCESS, SECRET, "wrong/secret", "hidden"):
        assert hidden not in str(found)


@pytest.mark.s3
def test_an_account_that_may_not_list_buckets_is_asked_for_a_uri(s3, monkeypatch):
    monkeypatch.setattr("components.storage.s3_lookup.buckets", lambda: None)
    found = services.s3(None)
    assert found.state == WARN and "--s3" in found.fix
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", NO_RIGHTS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", NO_RIGHTS[1])
    assert services.s3(s3.uri("x")).state == FAIL


def test_a_failed_check_gives_exit_code_1(aws_environment, monkeypatch, capsys):
    checks = [services.s3("nonsense")]
    monkeypatch.setattr(doctor, "check", lambda s3: checks)
    assert doctor.run("nonsense", as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert doctor.run("nonsense") == 1
    assert "--s3 nonsense: is no S3 URI" in capsys.readouterr().out
    checks.clear()
    assert doctor.run() == 0


def test_storage_and_doctor_agree_on_what_is_wrong(aws_environment):
    with pytest.raises(InputError, match="names no bucket"):
        from components import storage

        storage.listing("s3://")
    assert "names no bucket" in services.s3("s3://").detail
