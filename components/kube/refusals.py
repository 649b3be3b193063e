"""What the Kubernetes API says when it does not do what it is asked for."""

import json
import re
from collections.abc import Sequence
from typing import Any

from kubernetes.client.exceptions import ApiException

from components.failures import Failure, InputError
from components.redaction import redacted

_PASSING = (0, 401, 408, 429)  # 0: no answer, but a fault of TLS
_CHANGED = "the object has been modified"  # a quota, say, that was counted at the same time
_NO_RIGHT = re.compile(r'^\S+( ".*?")? is forbidden: User ')  # quotas and webhooks say 403, too
_RIGHTS = "give the pod's service account the rights that docs/chart.md lists"
_ABSENT = "this cluster has no TrainJobs; install Kubeflow Trainer v2 (trainer.kubeflow.org)"


def is_answer(error: Exception, statuses: Sequence[int]) -> bool:
    """Whether it says something of the object that was asked for."""
    if not isinstance(error, ApiException) or error.status not in statuses:
        return False
    return bool(_status(error)) and _CHANGED not in _message(error)


def passes(error: Exception) -> bool:
    """Whether the same request may go through later."""
    if not isinstance(error, ApiException):
        return True
    return error.status in _PASSING or error.status >= 500 or _CHANGED in _message(error)


def failure(error: ApiException) -> Failure:
    """What to raise for a refusal that won't pass."""
    if error.status == 404 and not _status(error):  # the path is unknown, not the object
        return InputError(_ABSENT)
    message = _message(error)
    if error.status == 403 and _NO_RIGHT.search(message):
        return InputError(f"{message}; {_RIGHTS}")
    if 400 <= error.status < 500:
        return InputError(f"the cluster refuses it ({error.status}): {message}")
    return Failure(f"the Kubernetes API answers with {error.status}: {message}")


def reason(error: Exception) -> str:
    """Why a request failed, in few words."""
    if isinstance(error, ApiException):
        return f"{error.status} {_message(error)}"[:300]
    return type(getattr(error, "reason", None) or error).__name__  # urllib3 wraps it


def wait(error: Exception) -> float:
    """Seconds that the server asks to wait; 0 where it does not."""
    after = str((getattr(error, "headers", None) or {}).get("Retry-After", ""))
    return float(after) if after.isdigit() else 0.0


def _message(error: ApiException) -> str:
    said = _status(error).get("message") or error.reason or ""
    return redacted(" ".join(str(said).split()))[:1000]


def _status(error: ApiException) -> dict[str, Any]:
    """The object Status that an answer holds; {} where it holds none."""
    try:
        body = json.loads(error.body or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
