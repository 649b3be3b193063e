"""Docker and S3. No secret is shown: of variables their names, of servers host and port."""

import os
from urllib.parse import urlsplit

from components import storage
from components.failures import Failure
from pipeline.doctor.findings import FAIL, OK, SKIP, WARN, Check, command

_AWS = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_DENIED = ("permission denied", "access is denied")


def docker() -> Check:
    """Docker's client and its daemon."""
    words = ("docker", "version", "--format", "{{.Client.Version}}\n{{.Server.Version}}")
    code, told, error = command(words, 20)
    if code is None and error == "not installed":
        return Check("docker", SKIP, "not installed; needed only to build and run images")
    if code == 0:
        client, _, server = told.partition("\n")
        return Check("docker", OK, f"client {client}, daemon {server}")
    if any(words in error.lower() for words in _DENIED):
        fix = "add yourself to the group docker, and log in again"
        return Check("docker", WARN, "the daemon refuses this user", fix)
    detail = f"the daemon does not answer ({_host('DOCKER_HOST') or 'its default socket'})"
    return Check("docker", WARN, detail, "start the docker daemon, or set DOCKER_HOST")


def s3(uri: str | None) -> Check:
    """Whether S3 answers: a URI that must be there, or the account that the AWS variables name."""
    named = [name for name in _AWS if os.environ.get(name)]
    if uri is None and not named:
        return Check("S3", SKIP, "no AWS variable is set and no --s3 URI is given")
    try:
        found = _object(uri) if uri is not None else _account()
    except Failure as failure:
        return Check("S3", FAIL, str(failure))
    server = _host("AWS_ENDPOINT_URL_S3") or _host("AWS_ENDPOINT_URL") or "Amazon's endpoint"
    by = f"; set are {', '.join(named)}" if named else ""
    if found is None:
        fix = "name what you work with: biotune doctor --s3 s3://bucket/prefix"
        return Check(
            "S3", WARN, f"{server} answers; these credentials may not list buckets{by}", fix
        )
    return Check("S3", OK, f"{server} answers: {found}{by}")


def _object(uri: str) -> str:
    """What lies at the URI; raises if nothing does."""
    if not uri.lower().startswith("s3://"):
        raise Failure(f"--s3 {storage.shown(uri)}: is no S3 URI; write s3://bucket/prefix")
    if storage.is_folder(uri):
        return f"{len(storage.listing(uri))} names below {storage.shown(uri)}"
    if uri.removeprefix("s3://").strip("/").count("/") == 0:
        return f"{storage.shown(uri)} holds {len(storage.listing(uri)) or 'nothing'}"
    return f"{storage.shown(uri)} has {storage.stat(uri).size:,} bytes"


def _account() -> str | None:
    from components.storage.s3_lookup import buckets

    found = buckets()
    return None if found is None else f"{len(found)} buckets"


def _host(variable: str) -> str:
    """Scheme, host and port of a URL in a variable: neither user nor password."""
    url = urlsplit(os.environ.get(variable, ""))
    host = url.netloc.rpartition("@")[2] or url.path
    return f"{url.scheme}://{host}" if url.scheme else ""
