"""The way into the cluster from one of its pods."""

import subprocess

import pytest

from components.failures import InputError, ServiceError
from components.kube import Connection, Pods
from tests.kubernetes_server.launching import FAST


@pytest.fixture
def account(kubernetes_server, tmp_path, monkeypatch):
    """A pod's service account, and the server behind TLS as a pod reaches it."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "ca.crt"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "token").write_text(kubernetes_server.token)
    (folder / "namespace").write_text("emg\n")
    kubernetes_server.stop()
    kubernetes_server.tls = (certificate, key)
    kubernetes_server.start()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(kubernetes_server.port))
    kubernetes_server.launcher_pod("launcher")
    return folder


def test_a_pod_has_all_it_needs(account):
    connection = Connection(FAST, account)
    assert connection.namespace == "emg"
    assert Pods(connection).get("launcher")["metadata"]["name"] == "launcher"


def test_a_proxy_is_for_what_is_outside(account, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert Pods(Connection(FAST, account)).get("launcher")


def test_a_new_token_is_taken_as_soon_as_the_old_is_refused(kubernetes_server, account):
    pods = Pods(Connection(FAST, account))
    kubernetes_server.token = "second-token"
    (account / "token").write_text("second-token")
    assert pods.get("launcher"), "the client itself reads it once a minute"


def test_another_s_certificate_is_not_trusted(kubernetes_server, account, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    with pytest.raises(ServiceError, match=r"https://localhost:.*: the Kubernetes API can't"):
        Pods(Connection(FAST, account)).get("launcher", within=0)
    assert kubernetes_server.requests == []


def test_a_pod_without_a_token_is_told(account):
    (account / "token").unlink()
    with pytest.raises(InputError, match=r"token file does not exist.*service account's token"):
        Connection(FAST, account)
