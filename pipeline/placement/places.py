"""Paths in a pod, and addresses of S3."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from pipeline.placement.values import text
from pipeline.placement.variables import no_credentials

# KFP mounts its own things there, Kubernetes or the image's files lie there.
_TAKEN = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/root", "/run"),
    *("/sbin", "/sys", "/usr", "/var", "/tmp", "/gcs", "/minio", "/s3", "/oci"),
    *("/.local", "/.cache", "/.config", "/argo"),
)


def _mountable(value: str) -> None:
    path = PurePosixPath(value)
    if str(path) != value or ".." in path.parts or value == "/":
        raise ValueError("must be an absolute path without //, .. and a last slash, as in /data")
    first = f"/{path.parts[1]}"
    if first in _TAKEN or first.startswith("/kfp"):
        raise ValueError(f"must not lie in {first}, which is taken; mount at /data, say")


MountPath = text(r"/[^:\s]*", "must be an absolute path without colon and blank", _mountable)


def _endpoint(value: str) -> None:
    no_credentials(value)
    parts = urlsplit(value)
    try:
        wrong = not parts.hostname or parts.port == 0
    except ValueError:  # a port that is no number
        wrong = True
    if wrong or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("must be scheme, host and port alone, as in https://s3.example.com:9000")


Endpoint = text(
    r"https?://[^\s]+",
    "must begin with http:// or https://, as https://s3.example.com",
    _endpoint,
)


def _durable(value: str) -> None:
    if value.startswith("s3://"):
        no_credentials(value)
    elif ".." in value.split("/"):
        raise ValueError("must be without ..")


Runs = text(
    r"|s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9](/[^\s?#]*)?|/[^\s]*",
    "must be a prefix, as in s3://bucket/biotune/runs, or a path on a volume of the profile",
    _durable,
)
