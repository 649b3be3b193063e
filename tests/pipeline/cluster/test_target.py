"""What is wrong with host, token or certificates is told before anything is sent."""

from pathlib import Path

import pytest

from components.failures import InputError
from pipeline.cluster import target as targets
from pipeline.cluster.target import Target, target

SECRET = "s3cr3t-of-mine"


@pytest.fixture(autouse=True)
def _environment(kfp_environment):
    """Nothing of the machine's own."""


def named(host="https://kfp.example.com", namespace=None, token_file=None, ca=None):
    return target(host, namespace, token_file, ca)


@pytest.mark.parametrize(
    "host, reason",
    [
        ("kfp.example.com", "is no URL"),
        ("ftp://kfp.example.com", "is no URL"),
        ("https://", "is no URL"),
        ("https://kfp.example.com:port", "is no URL"),
        ("https://kfp.example.com/pipeline/#/runs", "up to /#/"),
        ("https://kfp.example.com/?ns=a", "up to /#/"),
        ("https://kfp.example.com/?", "up to /#/"),
        (f"https://me:{SECRET}@kfp.example.com", "no user or password"),
    ],
)
def test_a_wrong_url_is_refused(host, reason):
    with pytest.raises(InputError, match=reason) as refused:
        named(host)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("end", ["", "/", "/#/", "/#"])
def test_the_url_may_end_as_a_browser_shows_it(end):
    assert (
        named(f"https://kfp.example.com/pipeline{end}").host == "https://kfp.example.com/pipeline"
    )


def test_host_and_namespace_may_stand_in_the_environment(monkeypatch):
    with pytest.raises(InputError, match="--host: missing"):
        named(None)
    monkeypatch.setenv("BIOTUNE_KFP_HOST", "https://kfp.example.com/")
    monkeypatch.setenv("BIOTUNE_KFP_NAMESPACE", "team")
    assert named(None) == Target("https://kfp.example.com", "team")
    assert named("https://other.example.com", "mine").namespace == "mine"


def test_the_token_is_that_of_the_option_then_the_variable_then_the_pod(monkeypatch, tmp_path):
    mounted, own = tmp_path / "mounted", tmp_path / "own"
    mounted.write_text("of-the-pod")
    own.write_text("of-the-file\n")
    assert named().current_token() == ""
    monkeypatch.setattr(targets, "MOUNTED", ("KF_PIPELINES_SA_TOKEN_PATH", str(mounted)))
    assert named().current_token() == "of-the-pod"
    monkeypatch.setenv("BIOTUNE_KFP_TOKEN", "of-the-variable")
    assert named().current_token() == "of-the-variable"
    asked = named(token_file=own)
    assert asked.current_token() == "of-the-file"
    own.write_text("renewed")
    assert asked.current_token() == "renewed"


@pytest.mark.parametrize(
    "content, reason", [(None, "cannot be read"), ("\n", "is empty"), ("two words", "no token has")]
)
def test_a_wrong_token_file_is_refused(tmp_path, content, reason):
    file = tmp_path / "token"
    if content:
        file.write_text(content)
    with pytest.raises(InputError, match=reason) as refused:
        named(token_file=file)
    assert "words" not in str(refused.value)


def test_a_target_does_not_show_its_token():
    assert SECRET not in repr(Target("https://kfp.example.com", token=SECRET))


@pytest.mark.parametrize(
    "host, sent",
    [
        ("https://kfp.example.com", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://ml-pipeline:8888", True),
        ("http://ml-pipeline.kubeflow.svc.cluster.local:8888", True),
        ("http://kfp.example.com", False),
        ("http://10.0.0.7:8888", False),
        ("http://svc.example.com", False),
    ],
)
def test_a_token_does_not_go_over_an_open_wire(monkeypatch, host, sent):
    assert named(host).host == host  # nothing to protect
    monkeypatch.setenv("BIOTUNE_KFP_TOKEN", SECRET)
    if sent:
        assert named(host).current_token() == SECRET
    else:
        with pytest.raises(InputError, match="plain http") as refused:
            named(host)
        assert SECRET not in str(refused.value)


def test_wrong_certificates_are_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(InputError, match="holds no certificate"):
        named(ca=tmp_path / "ca.pem")
    with pytest.raises(InputError, match="cannot be read"):
        named(ca=Path("nowhere.pem"))
