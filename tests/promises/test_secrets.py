"""No credential reaches a log, a report, a record, a package, a request or an exception's text."""

import base64
import gzip
import json
import os
import subprocess
import sys
import traceback
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from components import __main__ as steps
from components import storage
from components.failures import Failure
from components.redaction import redacted
from pipeline import cli
from tests.kfp_server.server import Fault
from tests.promises.canaries import leaks
from tests.s3_server import ACCESS, SECRET

DEMO = Path(__file__).parents[2] / "pipeline" / "demo"
FAST = ["experiment=demo", "trainer.max_epochs=1", "trainer.limit_train_batches=2"]
TOKEN = "canary.Token/of+Kubeflow=9"
SESSION = "canarySession/Token+77=="
PASSWORD = "canary:Pass/word+5"
SIGNATURE = "canary5ignature0f0f0f0f"
FILED = "canaryFiled/secret+Key1"
OTHERS = {
    "BIOTUNE_KFP_TOKEN": TOKEN,
    "HF_TOKEN": "hf_canaryOfAnotherService",
    "MLFLOW_TRACKING_PASSWORD": "canary-mlflow-pass",
    "WANDB_API_KEY": "canary0wandb0key0000",
}
ALL = (ACCESS, SECRET, SESSION, PASSWORD, SIGNATURE, FILED, *OTHERS.values())
PRESIGNED = (
    "https://bucket.example.com/last.ckpt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    f"&X-Amz-Credential={ACCESS}%2F20261123&X-Amz-Signature={SIGNATURE}"
    f"&X-Amz-Security-Token={quote(SESSION, safe='')}"
)
IN_A_URI = f"s3://{ACCESS}:{quote(PASSWORD, safe='')}@bucket/last.ckpt"
RAW_IN_A_URI = f"s3://{ACCESS}:{SECRET}@bucket/last.ckpt"


@pytest.fixture
def home(tmp_path, monkeypatch, kfp_environment):
    """A home with files of credentials, and an environment with more of them."""
    home = kfp_environment
    (home / ".aws").mkdir()
    keys = f"aws_access_key_id = {ACCESS}\naws_secret_access_key = {FILED}\n"
    (home / ".aws" / "credentials").write_text(f"[default]\n{keys}[filed]\n{keys}")
    (home / ".kube").mkdir()
    user = {"name": "me", "user": {"token": TOKEN, "password": PASSWORD}}
    (home / ".kube" / "config").write_text(yaml.safe_dump({"users": [user]}))
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    return home


@pytest.fixture
def call(capfd, tmp_path, home):
    """Runs a command that may fail, in a folder that is then searched; gives its exit code."""

    def run(main, *words, told=()):
        capfd.readouterr()
        try:
            code = main(list(words))
        except SystemExit as end:
            code = end.code
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        assert leaks(ALL, out, err) == []
        for word in told:
            assert word in err, err
        return code

    return run


def searched(tmp_path: Path) -> list[Path]:
    """What a test left but for the files of credentials themselves."""
    given = ("token", "keys", ".aws", ".kube")
    places = [place for place in tmp_path.iterdir() if place.name != "home"]
    return [place for place in (*places, *(tmp_path / "home").iterdir()) if place.name not in given]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: text,
        lambda text: quote(text, safe=""),
        lambda text: json.dumps({"a": text}),
        lambda text: base64.b64encode(b"x" + text.encode() + b"yz").decode(),
        lambda text: "zlib:" + base64.b64encode(zlib.compress(f"a {text} b".encode())).decode(),
        lambda text: base64.b64encode(gzip.compress(f"to find: {text}, too".encode())).decode(),
    ],
)
def test_the_search_finds_what_is_hidden(wrapped, tmp_path):
    for secret in ALL:
        (tmp_path / "file").write_text(f"a line, and then\n{wrapped(secret)} there")
        assert leaks([secret], tmp_path), secret
    (tmp_path / "file").write_text("nothing at all " * 100)
    assert leaks(ALL, tmp_path) == []


def _came_from(s3, out):
    """The run was made of what lies in S3, and says so."""
    metrics = json.loads((out / "evaluation" / "metrics.json").read_text())
    assert metrics["test_acc"] > 0.125
    record = yaml.safe_load((out / "model" / "config.yaml").read_text())["provenance"]
    assert record["checkpoint"] == s3.uri("demo/pretrained.ckpt")
    etag = s3.client.head_object(Bucket=s3.name, Key="demo/train.h5")["ETag"].strip('"')
    assert record["dataset_fingerprint"]["train"] == etag


@pytest.mark.s3
@pytest.mark.slow
def test_a_whole_run_and_its_failures_tell_nothing(s3, home, tmp_path, monkeypatch):
    for file in ("pretrained.ckpt", "train.h5", "val.h5", "test.h5"):
        s3.put(f"demo/{file}", (DEMO / file).read_bytes())
    given = ["--checkpoint", s3.uri("demo/pretrained.ckpt"), "--dataset", s3.uri("demo"), *FAST]
    given += ["--registry", s3.uri("registry")]
    for name, code, more, variables in (
        ("whole", 0, [], {}),
        ("wrong", 2, ["num_classes=3"], {}),
        ("expired", 2, [], {"AWS_SESSION_TOKEN": SESSION}),
        (
            "proxied",
            1,
            [],
            {"AWS_ENDPOINT_URL": f"http://me:{quote(PASSWORD, safe='')}@127.0.0.1:9"},
        ),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", "--out", str(tmp_path / name), *given, *more],
            capture_output=True,
            text=True,
            env=os.environ | variables,
        )
        assert leaks(ALL, done.stdout, done.stderr) == [], name
        assert done.returncode == code, done.stderr
    _came_from(s3, tmp_path / "whole")
    assert (tmp_path / "wrong" / "failure.json").exists()
    assert leaks(ALL, *searched(tmp_path)) == []
    names = s3.keys()
    assert any(name.startswith("registry/models/") for name in names)
    for key in names:
        content = s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read()
        assert leaks(ALL, key, content) == [], key


@pytest.mark.parametrize("uri", [PRESIGNED, IN_A_URI, RAW_IN_A_URI])
def test_credentials_in_a_uri_are_refused_and_not_repeated(call, uri, tmp_path, kfp_server):
    data = ["--dataset", str(DEMO), "experiment=demo"]
    checkpoint = ["--checkpoint", str(DEMO / "pretrained.ckpt"), "experiment=demo"]
    out = ["--output", str(tmp_path / "out")]
    assert call(steps.main, "preflight", "--checkpoint", uri, *data) == 2
    assert call(steps.main, "preflight", "--dataset", uri, *checkpoint) == 2
    assert call(steps.main, "load-checkpoint", "--checkpoint", uri, *out, "experiment=demo") == 2
    assert call(steps.main, "finetune", "--dataset", uri, *out, "experiment=demo") == 2
    assert call(cli.main, "inspect", uri) == 2
    assert call(cli.main, "run", "--checkpoint", uri, *data, "--out", str(tmp_path / "run")) == 2
    host = ["--host", kfp_server.url]
    cloud = ["--dataset", "s3://bucket/data", "experiment=demo"]
    call(cli.main, "submit", "--checkpoint", uri, *cloud, *host)
    assert not kfp_server.state.runs
    assert leaks(ALL, *searched(tmp_path)) == []


@pytest.mark.s3
@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_SECRET_ACCESS_KEY": FILED},
        {"AWS_SESSION_TOKEN": SESSION},
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "filed"},
        {"AWS_ENDPOINT_URL": f"http://me:{quote(PASSWORD, safe='')}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"http://me:{quote(PASSWORD, safe='')}@"},
        {"HTTP_PROXY": f"http://me:{quote(PASSWORD, safe='')}@127.0.0.1:9", "NO_PROXY": ""},
        {"AWS_CONFIG_FILE": "broken", "AWS_SHARED_CREDENTIALS_FILE": "broken"},
        {"AWS_CONFIG_FILE": "process", "AWS_PROFILE": "asked", "AWS_ACCESS_KEY_ID": ""},
    ],
    ids=lambda variables: "+".join(variables),
)
def test_no_exception_of_storage_tells_any(s3, home, tmp_path, monkeypatch, variables):
    uri = s3.put("weights.bin", b"abc")
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "broken").write_text(f"[default\naws_secret_access_key = {FILED}\n{FILED}")
    script = keys / "script"
    script.write_text(f"#!/bin/sh\necho '{FILED}' >&2; echo '{{\"SecretAccessKey\": \"{FILED}\"'\n")
    script.chmod(0o755)
    (keys / "process").write_text(f"[profile asked]\ncredential_process = {script}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / ".aws" / "credentials"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    for name, value in variables.items():
        value = str(keys / value) if name.endswith("_FILE") else value
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    actions = [
        lambda: storage.stat(uri),
        lambda: storage.fetch(uri, tmp_path / "into"),
        lambda: storage.put(DEMO / "README.md", s3.uri("x")),
        lambda: storage.put_if(b"x", s3.uri("y"), fingerprint=None),
        lambda: storage.read(uri),
        lambda: storage.listing(s3.uri()),
        lambda: storage.exists(uri),
    ]
    for action in actions:
        with pytest.raises(Failure) as caught:
            action()
        assert leaks(ALL, str(caught.value), repr(caught.value)) == []
        frames = "".join(traceback.format_exception(caught.value))
        assert leaks(ALL, redacted(frames)) == []


@pytest.mark.parametrize("uri", [PRESIGNED, IN_A_URI, RAW_IN_A_URI])
def test_no_exception_repeats_a_uri_with_credentials(uri, home, tmp_path):
    actions = [
        lambda: storage.stat(uri),
        lambda: storage.fetch(uri, tmp_path / "into"),
        lambda: storage.put(DEMO / "README.md", uri),
        lambda: storage.put_if(b"x", uri, fingerprint=None),
        lambda: storage.listing(uri),
        lambda: storage.join(uri, "../x"),
    ]
    for action in actions:
        with pytest.raises(Failure) as caught:
            action()
        assert leaks(ALL, str(caught.value), repr(caught.value)) == []


def test_what_goes_to_a_cluster_holds_none(call, kfp_server, tmp_path, home, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    kfp_server.state.token = TOKEN
    profile = tmp_path / "cluster.yaml"
    profile.write_text("s3: {secret: biotune-s3, endpoint: 'https://s3.example.com'}\n")
    asked = ["--checkpoint", "s3://models/last.ckpt", "--dataset", "s3://data/emg"]
    asked += ["--profile", str(profile), "experiment=demo"]
    host = ["--host", kfp_server.url]
    token = tmp_path / "token"
    token.write_text(TOKEN)
    schedules = tmp_path / "schedules.yaml"
    schedules.write_text(
        "owner: me\nprofile: cluster.yaml\nschedules:\n  nightly:\n    cron: '@daily'\n"
        "    checkpoint: s3://models/last.ckpt\n    dataset: s3://data/emg\n"
        "    overrides: [experiment=demo]\n"
    )
    package = str(tmp_path / "package.yaml")
    assert call(cli.main, "compile", "-o", package, "--profile", str(profile)) == 0
    assert call(cli.main, "submit", *asked, *host) == 0
    assert call(cli.main, "schedule", "apply", str(schedules), *host) == 0
    assert call(cli.main, "schedule", "list", *host) == 0
    monkeypatch.delenv("BIOTUNE_KFP_TOKEN")
    assert call(cli.main, "submit", *asked, *host, "--token-file", str(token), "--json") == 0
    token.write_text(f"{TOKEN}wrong")
    call(cli.main, "submit", *asked, *host, "--token-file", str(token))
    token.write_text(f"two words {TOKEN}")
    assert call(cli.main, "submit", *asked, *host, "--token-file", str(token)) == 2
    assert len(kfp_server.state.runs) == 2
    sent = [
        (
            r.method,
            r.path,
            r.query,
            r.body,
            {k: v for k, v in r.headers.items() if k != "authorization"},
        )
        for r in kfp_server.requests
    ]
    assert any("authorization" in r.headers for r in kfp_server.requests)
    assert leaks(ALL, *sent) == []
    assert leaks(ALL, *searched(tmp_path)) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_a_server_that_repeats_the_token_is_not_quoted(call, kfp_server, status):
    kfp_server.state.token = TOKEN
    said = f"refused: Bearer {TOKEN}, token={TOKEN}, {quote(TOKEN, safe='')}"
    kfp_server.faults = [Fault(status=status, message=said)]
    asked = ["--checkpoint", "s3://models/last.ckpt", "--dataset", "s3://data/emg"]
    assert call(cli.main, "submit", *asked, "experiment=demo", "--host", kfp_server.url) in (1, 2)


def test_a_host_with_a_password_is_not_repeated(call, kfp_server):
    asked = ["--checkpoint", "s3://models/last.ckpt", "--dataset", "s3://data/emg"]
    secret = quote(PASSWORD, safe="")
    for host in (f"https://me:{secret}@127.0.0.1:9/pipeline", f"http://{secret}@127.0.0.1:9"):
        call(cli.main, "submit", *asked, "experiment=demo", "--host", host)
        call(cli.main, "doctor", "--host", host)
