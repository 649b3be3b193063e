"""Environment variables: which are free, and which hold a secret."""

import re

from components.redaction import names_secret
from pipeline.placement.values import text

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_AS = "must be the name of an environment variable: letters, digits and _, as in OMP_NUM_THREADS"


def _not_ours(name: str) -> None:
    if name.startswith(("BIOTUNE_", "KFP_")):
        raise ValueError("is set by biotune; take another name")


def _plain(name: str) -> None:
    """Refuses what is ours to set, and what should be a secret."""
    _not_ours(name)
    if name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        key = "endpoint" if name == "AWS_ENDPOINT_URL" else "region"
        raise ValueError(f"must not be set here; set s3.{key}")
    if names_secret(name):
        raise ValueError(
            "looks like a secret, and a profile holds none; put it into a Secret of the "
            "namespace and name that under secrets (S3's keys: s3.secret)"
        )


def no_credentials(value: str) -> None:
    """Refuses an address with a user in it."""
    if re.search(r"://[^/\s]*@", value):
        raise ValueError("holds credentials, and a profile holds none; take them out")


PlainVariable = text(_VARIABLE, _AS, _plain)
PlainText = text(r"[^\x00]*", "must not hold a null character", no_credentials)
SecretVariable = text(
    r"[A-Z_][A-Z0-9_]*",
    "must be the name of an environment variable in capitals, as in MLFLOW_TRACKING_TOKEN",
    _not_ours,
)
