"""A proxy of the environment: asked where it should be, and shown to nobody else."""

import socket
import threading

import pytest

from components.failures import InputError, ServiceError
from pipeline.cluster import proxy
from pipeline.cluster.client import connect
from pipeline.cluster.target import Target


@pytest.fixture(autouse=True)
def _environment(kfp_environment):
    """Nothing of the machine's own."""


@pytest.fixture
def refusing():
    """A proxy that refuses whatever it is asked for; its address, and what it was asked."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(65536).decode())
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard
        thread.join(10)


def test_a_proxy_is_asked_with_its_password_and_told_without_it(refusing, monkeypatch):
    address, heard = refusing
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s3cr3t%2Fof%40mine@{address}")
    with pytest.raises(ServiceError) as refused:
        connect(Target("https://kfp.example.com", token="of-the-cluster"))
    told = str(refused.value)
    assert "https://kfp.example.com: the proxy of HTTPS_PROXY" in told and "407" in told
    assert len(told.splitlines()) == 1 and "s3cr3t" not in told
    (asked,) = heard
    assert asked.startswith("CONNECT kfp.example.com:443 ")
    assert "bWU6czNjcjN0L29mQG1pbmU=" in asked and "of-the-cluster" not in asked


def test_who_needs_no_proxy_is_asked_directly(kfp_server, monkeypatch):
    """A token over plain http, which stays within a machine or a cluster, may not leave it."""
    for name in ("HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", ".example.com,10.0.0.1:8443")
    connect(Target(kfp_server.url))
    for host in ("http://ml-pipeline.kubeflow.svc:8888", "https://kfp.example.com/pipeline"):
        assert proxy.settings(host) == (None, None)
    assert proxy.settings("https://10.0.0.1:8443")[0] is None
    assert proxy.settings("https://10.0.0.1")[0] == "http://127.0.0.1:1"
    assert proxy.settings("http://kfp.example.org")[0] == "http://127.0.0.1:1"


def test_a_proxy_may_be_given_without_scheme(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.com:3128")
    assert proxy.settings("https://kfp.example.org") == ("http://proxy.example.com:3128", None)


@pytest.mark.parametrize("address", ["socks5://me:s3cr3t@proxy:1080", "http://me:s3cr3t@p:port"])
def test_a_proxy_that_is_none_is_told_without_its_password(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(InputError, match="HTTPS_PROXY: must be a URL of http") as refused:
        proxy.settings("https://kfp.example.org")
    assert "s3cr3t" not in str(refused.value)
