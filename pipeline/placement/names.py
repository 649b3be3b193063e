"""Names in Kubernetes, images, paths and addresses, as the cluster would refuse them much later."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from pipeline.placement.values import text

_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOTTED = rf"{_PART}(\.{_PART})*"
_SHORT = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_HOST = r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]+)?"
_REPOSITORY = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_SECRET = re.compile(
    r"(^|_)(SECRETS?|TOKENS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|APIKEY|KEY|KEY_ID)($|_)"
)
# KFP mounts its own things there, Kubernetes or the image's files lie there.
_TAKEN = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/root", "/run"),
    *("/sbin", "/sys", "/usr", "/var", "/tmp", "/gcs", "/minio", "/s3", "/oci"),
    *("/.local", "/.cache", "/.config", "/argo"),
)

_NAME = "must be a name of Kubernetes: small letters, digits, - and ., as in biotune-s3"
Name = text(_DOTTED, _NAME, longest=253)
Queue = text(_DOTTED, "must be the name of a LocalQueue of at most 63 characters", longest=63)
# KFP names the pod's volume after the claim, and a volume's name has no dots.
Claim = text(
    _PART,
    "must be a claim's name: small letters, digits and -, at most 63",
    longest=63,
)
VolumeName = text(r"[a-z][a-z0-9_]*", "must be small letters, digits and _, as in data")
LabelKey = text(
    rf"({_DOTTED}/)?{_SHORT}", "must be a label's key, as in example.com/gpu-class", longest=317
)
LabelValue = text(
    rf"({_SHORT})?",
    "must be a label's value: at most 63 letters, digits, -, _ and ., the first and last no sign",
)
SecretKey = text(
    r"[-._A-Za-z0-9]+", "must be a key in the Secret: letters, digits, -, _ and .", longest=253
)
Region = text(r"[A-Za-z0-9][-A-Za-z0-9]*", "must be a region's name, as in us-east-1")
Tag = text(_TAG, "must be an image's tag, as in 0.1.0")
Resource = text(
    rf"{_DOTTED}/{_SHORT}", "must be the device plugin's resource, as in nvidia.com/gpu"
)
_EXAMPLE = "as in registry.example.com/biotune"


def _no_scheme(value: str) -> None:
    if value.startswith("docker:") or re.match(r"https?:", value):
        raise ValueError(f"must not have a scheme, {_EXAMPLE}")


Registry = text(
    rf"|{_HOST}(/{_REPOSITORY})*",
    f"must be a host and a path without scheme, tag or last slash, {_EXAMPLE}",
    _no_scheme,
)
Image = text(
    rf"({_HOST}/)?{_REPOSITORY}(/{_REPOSITORY})*(:{_TAG})?(@sha256:[0-9a-f]{{64}})?",
    "must be an image, as in registry.example.com/me/tuner:3",
)


def _plain(name: str) -> None:
    """Refuses what is ours to set, and what should be a secret."""
    _not_ours(name)
    if name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        key = "endpoint" if name == "AWS_ENDPOINT_URL" else "region"
        raise ValueError(f"must not be set here; set s3.{key}")
    if _SECRET.search(name.upper()) and not name.upper().endswith(("_FILE", "_PATH")):
        raise ValueError(
            "looks like a secret, and a profile holds none; put it into a Secret of the "
            "namespace and name that under secrets (S3's keys: s3.secret)"
        )


_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_AS = "must be the name of an environment variable: letters, digits and _, as in OMP_NUM_THREADS"
PlainVariable = text(_VARIABLE, _AS, _plain)


def _no_credentials(value: str) -> None:
    if re.search(r"://[^/\s]*@", value):
        raise ValueError("holds credentials, and a profile holds none; take them out")


def _not_ours(name: str) -> None:
    if name.startswith(("BIOTUNE_", "KFP_")):
        raise ValueError("is set by biotune; take another name")


SecretVariable = text(
    r"[A-Z_][A-Z0-9_]*",
    "must be the name of an environment variable in capitals, as in MLFLOW_TRACKING_TOKEN",
    _not_ours,
)


PlainText = text(r"[^\x00]*", "must not hold a null character", _no_credentials)


def _mountable(value: str) -> None:
    path = PurePosixPath(value)
    if str(path) != value or ".." in path.parts or value == "/":
        raise ValueError("must be an absolute path without //, .. and a last slash, as in /data")
    first = f"/{path.parts[1]}"
    if first in _TAKEN or first.startswith("/kfp"):
        raise ValueError(f"must not lie in {first}, which is taken; mount at /data, say")


MountPath = text(r"/[^:\s]*", "must be an absolute path without colon and blank", _mountable)


def _endpoint(value: str) -> None:
    _no_credentials(value)
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
        _no_credentials(value)
    elif ".." in value.split("/"):
        raise ValueError("must be without ..")


Runs = text(
    r"|s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9](/[^\s?#]*)?|/[^\s]*",
    "must be a prefix, as in s3://bucket/biotune/runs, or a path on a volume of the profile",
    _durable,
)
