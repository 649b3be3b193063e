"""Each way in which a server can be out of reach or refuse: one line, the right kind, in time."""

import socket
import subprocess
import threading
import time

import kfp
import pytest

from components.failures import Failure, InputError, ServiceError
from pipeline.cluster import client as clients
from pipeline.cluster import session
from pipeline.cluster.client import connect
from pipeline.cluster.target import Target

SECRET = "s3cr3t-of-mine"


def refusal(target, kind, call=None):
    """What `connect`, or a call after it, is refused with: one line within ten seconds."""
    start = time.monotonic()
    with pytest.raises(Failure) as refused:
        client = connect(target)
        call(client)
    assert time.monotonic() - start < 10
    assert isinstance(refused.value, kind)
    text = str(refused.value)
    assert len(text.splitlines()) == 1 and SECRET not in text
    return text


def experiments(client):
    return client.list_experiments()


def test_a_client_is_kfp_s_and_leaves_nothing_in_the_home(kfp_server, target, kfp_environment):
    client = connect(target)
    assert isinstance(client, kfp.Client)
    client.set_user_namespace("mine")
    assert list(kfp_environment.iterdir()) == []


def test_a_stale_context_is_not_read(kfp_server, target, tmp_path, monkeypatch):
    context = tmp_path / "context.json"
    context.write_text('{"namespace": "of-another-cluster", "client_authentication_cookie": "x"}')
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(context))
    connect(target).create_experiment("demo")
    assert all("cookie" not in request.headers for request in kfp_server.requests)
    assert "of-another-cluster" not in str(kfp_server.requests)


def test_variables_of_other_tools_do_not_lead_elsewhere(kfp_server, target, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("KF_PIPELINES_IAP_OAUTH2_CLIENT_ID", "other")
    assert connect(target).get_user_namespace() == ""


def test_nobody_listens(kfp_server, target):
    kfp_server.stop()
    assert "cannot be reached (Connection refused)" in refusal(target, ServiceError)


def test_an_unknown_name():
    text = refusal(Target("http://no-such-host.invalid:8888"), ServiceError)
    assert "http://no-such-host.invalid:8888: no such host is known" in text


def test_a_name_whose_look_up_hangs(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(20))
    monkeypatch.setattr(clients, "PATIENCE", 0.5)
    assert "no answer within" in refusal(Target("http://slow.example.com"), ServiceError)


def test_a_server_that_accepts_and_says_nothing(kfp_server, target):
    kfp_server.fail(how="hang")
    assert "does not answer in time" in refusal(target, ServiceError)


def test_a_server_that_falls_silent_later(kfp_server, target, monkeypatch):
    monkeypatch.setattr(session, "ANSWER", 0.5)
    kfp_server.fail(how="hang", operation="ListExperiments")
    assert "does not answer in time" in refusal(target, ServiceError, experiments)


def test_a_connection_that_breaks(kfp_server, target):
    kfp_server.fail(how="drop")
    assert "the connection broke" in refusal(target, ServiceError)


@pytest.mark.parametrize(
    "status, kind", [(200, InputError), (404, InputError), (502, ServiceError)]
)
def test_a_page_in_place_of_the_api(kfp_server, target, status, kind):
    kfp_server.fail(status, how="html")
    text = refusal(target, kind)
    assert "<html>" not in text and kfp_server.url in text


def test_a_login_that_stands_before_it(kfp_server, target):
    kfp_server.fail(302, how="html")
    assert "leads on to 127.0.0.1" in refusal(target, InputError)
    assert len(kfp_server.requests) == 1  # and is not followed, with the token


@pytest.mark.parametrize(
    "status, kind, told",
    [
        (400, InputError, "refuses the request (400: made to fail)"),
        (401, InputError, "asks for a token (401"),
        (403, InputError, "no rights"),
        (404, InputError, "refuses the request (404"),
        (429, ServiceError, "is not well (429"),
        (500, ServiceError, "is not well (500: made to fail)"),
        (503, ServiceError, "is not well (503"),
    ],
)
@pytest.mark.parametrize("operation", ["Healthz", "ListExperiments"])
def test_a_refusal(kfp_server, target, operation, status, kind, told):
    kfp_server.fail(status, operation=operation)
    assert told in refusal(target, kind, experiments)
    assert len(kfp_server.called(operation)) == 1


def test_a_token_that_is_not_taken(kfp_server, target):
    kfp_server.state.token = "another"
    text = refusal(Target(target.host, token=SECRET), InputError)
    assert "does not take the token (401" in text
    kfp_server.state.token = SECRET
    connect(Target(target.host, token=SECRET))


def test_a_token_that_the_server_echoes_is_not_told(kfp_server, target):
    kfp_server.fail(403, message=f"nobody knows\n{SECRET} here")
    text = refusal(Target(target.host, token=SECRET), InputError)
    assert "(403: nobody knows *** here)" in text


def test_a_namespace_has_to_be_named_where_there_are_several(kfp_server, target, monkeypatch):
    kfp_server.state.multi_user = True
    assert "--namespace: missing" in refusal(target, InputError)
    text = refusal(Target(target.host, "others"), InputError, experiments)
    assert "no rights in namespace others (403" in text
    client = connect(Target(target.host, "team"))
    client.create_experiment("demo")
    assert [e["namespace"] for e in kfp_server.state.experiments.values()] == ["team"]


def test_a_pod_s_own_namespace_is_taken(kfp_server, target, tmp_path, monkeypatch):
    kfp_server.state.multi_user = True
    (tmp_path / "namespace").write_text("team\n")
    monkeypatch.setattr(kfp.Client, "_NAMESPACE_PATH", str(tmp_path / "namespace"))
    assert connect(target).get_user_namespace() == "team"


def test_a_namespace_is_left_out_where_there_is_one_user(kfp_server, target):
    connect(Target(target.host, "team")).create_experiment("demo")
    assert not kfp_server.called("CreateExperiment")[0].body.get("namespace")


@pytest.fixture
def tls(kfp_server, tmp_path):
    """Puts the server behind TLS; gives the authority's certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    kfp_server.stop()
    kfp_server.tls = (certificate, key)
    kfp_server.start()
    return certificate


def test_a_certificate_of_one_s_own_has_to_be_given(kfp_server, tls):
    assert "is not trusted" in refusal(Target(kfp_server.url), InputError)
    assert connect(Target(kfp_server.url, ca=tls)).get_user_namespace() == ""
    elsewhere = kfp_server.url.replace("127.0.0.1", "localhost")
    assert "is for another name" in refusal(Target(elsewhere, ca=tls), InputError)


def test_http_where_tls_is_spoken_and_the_other_way_round(kfp_server, request):
    plain = kfp_server.url
    assert "speaks no TLS" in refusal(Target(plain.replace("http", "https")), InputError)
    request.getfixturevalue("tls")
    refusal(Target(plain), ServiceError)


def test_a_handshake_that_breaks():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut():
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.close()

        threading.Thread(target=cut, daemon=True).start()
        port = listener.getsockname()[1]
        assert "TLS fails" in refusal(Target(f"https://127.0.0.1:{port}"), ServiceError)
