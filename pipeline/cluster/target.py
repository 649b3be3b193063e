"""Which Kubeflow Pipelines is meant, and by which right; checked before anything is sent."""

import os
import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from components.failures import InputError

HOST, NAMESPACE, TOKEN = "BIOTUNE_KFP_HOST", "BIOTUNE_KFP_NAMESPACE", "BIOTUNE_KFP_TOKEN"
# Where a pod has the token that Kubeflow Pipelines takes, unless kfp's variable says otherwise.
MOUNTED = ("KF_PIPELINES_SA_TOKEN_PATH", "/var/run/secrets/kubeflow/pipelines/token")


@dataclass(frozen=True)
class Target:
    """A server and what it is asked with.

    Attributes:
        host: URL of the API, as a browser shows it up to `/#/`.
        namespace: of Kubeflow; "" for none.
        token: to show; "" for the one in a file, or none.
        token_file: is read anew for each request, since a cluster replaces what is in it.
        ca: file with the certificates to trust; None for those that certifi knows.
    """

    host: str
    namespace: str = ""
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    ca: Path | None = None

    def current_token(self) -> str:
        """The token as it is now; "" for none.

        Raises:
            InputError: its file cannot be read or is empty, or no header can carry it.
        """
        told, token = TOKEN, self.token
        if not token and self.token_file:
            told = f"--token-file {self.token_file}"
            try:
                token = self.token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "is no text"
                raise InputError(f"{told}: cannot be read ({reason})") from None
            if not token:
                raise InputError(f"{told}: is empty; put the token into it")
        # The value itself is never told.
        if not re.fullmatch(r"[\x21-\x7e]*", token):
            raise InputError(f"{told}: holds a character that no token has, a space or line break")
        return token

    def check(self) -> None:
        """Refuses what cannot work, or would give a token away.

        Raises:
            InputError: the URL, the token's file or the certificates are wrong.
        """
        _check_url(self.host)
        if self.ca:
            _check_certificates(self.ca)
        # A warning would come when the token has already gone over the wire.
        if self.current_token() and not is_private(self.host):
            raise InputError(
                f"--host {self.host}: a token over plain http can be read on its way; use https, "
                "a port-forward to localhost, or the name of a service, as in "
                "http://ml-pipeline.kubeflow.svc:8888"
            )


def target(
    host: str | None, namespace: str | None, token_file: Path | None, ca: Path | None
) -> Target:
    """The target that options name, with what they leave out from the environment.

    The token is that of `--token-file`, else of `BIOTUNE_KFP_TOKEN`, else a pod's own.

    Raises:
        InputError: no host is named, or what is named cannot work.
    """
    host = host or os.environ.get(HOST, "")
    if not host:
        raise InputError(f"--host: missing; give the URL of Kubeflow Pipelines, or set {HOST}")
    token = "" if token_file else os.environ.get(TOKEN, "").strip()
    if not token and not token_file:
        mounted = Path(os.environ.get(MOUNTED[0]) or MOUNTED[1])
        token_file = mounted if mounted.is_file() else None
    namespace = namespace or os.environ.get(NAMESPACE, "")
    host = host.strip().rstrip("/").removesuffix("/#").rstrip("/")  # as a browser shows it
    found = Target(host, namespace, token, token_file, ca)
    found.check()
    return found


def _check_url(host: str) -> None:
    try:
        url = urlsplit(host)
        port = url.port
    except ValueError:
        raise InputError(f"--host {_bare(host)}: is no URL; write it as in {_EXAMPLE}") from None
    if url.username or url.password:
        raise InputError(
            f"--host {_bare(host)}: must hold no user or password; a token goes into {TOKEN}"
        )
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise InputError(f"--host {host}: is no URL of a server; write it as in {_EXAMPLE}")
    if re.search(r"[?#\s]", host):
        raise InputError(f"--host {host}: give the URL up to /#/ alone, as in {_EXAMPLE}")


_EXAMPLE = "https://kubeflow.example.com/pipeline"


def _bare(host: str) -> str:
    """A URL without user and password."""
    return re.sub(r"//[^/]*@", "//", host)


def _check_certificates(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        raise InputError(f"--ca {file}: holds no certificate in PEM") from None
    except OSError as error:
        raise InputError(f"--ca {file}: cannot be read ({error.strerror})") from None


def is_private(host: str) -> bool:
    """Whether nobody else hears what is said: TLS, this machine, or within the cluster."""
    url = urlsplit(host)
    name = (url.hostname or "").rstrip(".")
    try:
        here = ip_address(name).is_loopback
    except ValueError:
        here = "." not in name or name.endswith((".svc", ".svc.cluster.local", ".localhost"))
    return url.scheme == "https" or here
