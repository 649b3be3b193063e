"""What an error of kfp's client means, in one line."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import kfp_server_api
from urllib3 import exceptions

from components.failures import Failure, InputError, ServiceError
from components.redaction import HIDDEN, redacted
from pipeline.cluster import proxy
from pipeline.cluster.client import NotThere
from pipeline.cluster.target import TOKEN, Target

_LONGEST = 400


@contextmanager
def translated(target: Target | None = None) -> Iterator[None]:
    """Raises a `Failure` for what kfp's client raises.

    Args:
        target: that is called; names the host and the namespace in the messages.
    """
    try:
        yield
    except kfp_server_api.ApiException as error:
        failure = _answered(error, target) if error.status else _unsafe(str(error.reason), target)
        raise failure from None
    except exceptions.HTTPError as error:
        raise _unreached(error, target) from None
    except (kfp_server_api.OpenApiException, ValueError) as error:
        raise ServiceError(
            f"{_name(target)}: the answer is none that this kfp understands: "
            f"{_short(str(error), target)}"
        ) from None


def _answered(error: kfp_server_api.ApiException, target: Target | None) -> Failure:
    """For an answer that is a refusal."""
    status, host, said = error.status, _name(target), _said(error, target)
    if 300 <= status < 400:
        place = urlsplit((error.headers or {}).get("location", "")).netloc
        return InputError(
            f"{host}: leads on to {place or 'another page'} ({status}), a login perhaps; give a "
            f"token ({TOKEN}, --token-file) and the API's own URL"
        )
    if status == 401:
        shown = bool(target and target.current_token())
        what = "does not take the token" if shown else "asks for a token"
        return InputError(f"{host}: {what} (401{said}); set {TOKEN} or --token-file to a valid one")
    if status == 403:
        where = f" in namespace {target.namespace}" if target and target.namespace else ""
        return InputError(f"{host}: no rights{where} (403{said}); check --namespace and the token")
    if status >= 500 or status in (408, 429):
        return ServiceError(f"{host}: is not well ({status}{said}); try again later")
    refused = f"{host}: refuses the request ({status}{said})"
    if not said:
        return InputError(f"{refused}; is this Kubeflow Pipelines 2? check --host")
    return NotThere(refused) if status == 404 else InputError(refused)


def _unreached(error: exceptions.HTTPError, target: Target | None) -> Failure:
    """For no answer."""
    host = _name(target)
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, exceptions.SSLError):
        return _unsafe(str(reason), target)
    if isinstance(reason, exceptions.ProxyError):
        why = _short(str(reason.original_error), target)
        named = f" of {proxy.variable(host)}" if target else ""
        return ServiceError(f"{host}: the proxy{named} does not lead there ({why})")
    if isinstance(reason, exceptions.NameResolutionError):
        return ServiceError(f"{host}: no such host is known here; check --host and the network")
    if isinstance(reason, exceptions.ReadTimeoutError):
        return ServiceError(f"{host}: does not answer in time; try again later")
    if isinstance(reason, exceptions.NewConnectionError | exceptions.ConnectTimeoutError):
        why = re.sub(r"^\[Errno \d+\] ", "", " ".join(str(reason).rpartition(": ")[2].split()))
        return ServiceError(f"{host}: cannot be reached ({why}); check --host and the network")
    if isinstance(reason, exceptions.LocationValueError):
        return InputError(f"{host}: is no URL of a server")
    return ServiceError(f"{host}: the connection broke ({_short(str(reason), target)})")


def _unsafe(reason: str, target: Target | None) -> Failure:
    """For a connection that TLS does not allow."""
    host = _name(target)
    if "WRONG_VERSION_NUMBER" in reason or "record layer" in reason.lower():
        return InputError(f"{host}: speaks no TLS there; is it http://?")
    if "CERTIFICATE_VERIFY_FAILED" not in reason:
        return ServiceError(f"{host}: TLS fails ({_short(reason, target)})")
    if "mismatch" in reason or "doesn't match" in reason:
        return InputError(f"{host}: its certificate is for another name; use that name in --host")
    if "expired" in reason:
        return InputError(f"{host}: its certificate has expired")
    return InputError(
        f"{host}: its certificate is not trusted; give the authority's that signed it by --ca FILE"
    )


def _name(target: Target | None) -> str:
    return target.host if target else "Kubeflow Pipelines"


def _said(error: kfp_server_api.ApiException, target: Target | None) -> str:
    """What the server says of it; a page of HTML says nothing."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else error.body
    try:
        content = json.loads(body or "")
    except ValueError:
        return ""
    message = content.get("message") or content.get("error") if isinstance(content, dict) else ""
    return f": {_short(message, target)}" if isinstance(message, str) and message else ""


def _short(text: str, target: Target | None) -> str:
    """The text in one line, without the token should the server have echoed it."""
    line = redacted(" ".join(text.split()))
    token = target.current_token() if target else ""
    line = line.replace(token, HIDDEN) if token else line
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
