"""When a request to S3 is sent again, and after how long: the one place that decides it.

botocore's own retries give up too soon for a server that starts anew (after two or three seconds),
and its quota, which all requests share, would end a long transfer for the faults of others.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from botocore import exceptions as boto

ATTEMPTS = 10  # at one request; AWS_MAX_ATTEMPTS says otherwise
_AT_FIRST = 3  # when a server that never answered can't be connected to: the address may be wrong
_BEGIN, _LONGEST = 0.2, 15.0  # seconds; all pauses together are 50 to 60 s at most
_BUSY = (500, 502, 503, 504, 429)
_CODES = (
    "InternalError",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "RequestTimeout",
    "TooManyRequests",
    "ConditionalRequestConflict",  # another conditional write is under way
)
# What was sent has not arrived as it went; SeaweedFS says "400" and no more.
_SPOILT = (
    "BadDigest",
    "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch",
    "IncompleteBody",
    "400",
)
_NO_WAY = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)
# A body that broke off, stalled, or is not what its checksum says.
BROKEN = (
    boto.ResponseStreamingError,
    boto.ReadTimeoutError,
    boto.IncompleteReadError,
    boto.FlexibleChecksumError,
)


class Patience:
    """Decides on the retries of a client.

    Args:
        attempts: at one request at most.
    """

    def __init__(self, attempts: int = ATTEMPTS) -> None:
        self.attempts = attempts
        self._answered = False

    def rule(self, client: Any) -> None:
        """Takes the decision out of botocore's hands, which must be told not to retry."""
        client.meta.events.register_first("needs-retry.s3", self._needs_retry)
        client.meta.patience = self

    def _needs_retry(
        self, attempts: int, response, caught_exception, operation, **_
    ) -> float | None:
        """Seconds until the next attempt, or None for no more."""
        self._answered = self._answered or response is not None
        if response is not None:
            again = _worth_another(*response, operation.name)
        else:
            again = isinstance(caught_exception, boto.ConnectionError | boto.HTTPClientError)
        if not again or attempts >= self._bound(caught_exception):
            return None
        return pause(attempts)

    def _bound(self, error: Exception | None) -> int:
        if self._answered:
            return self.attempts
        if isinstance(error, boto.SSLError):
            return 1
        return min(_AT_FIRST, self.attempts) if isinstance(error, _NO_WAY) else self.attempts


def patience_of(client: Any) -> Patience:
    """What decides on the retries of a client."""
    return client.meta.patience


def pause(attempt: int) -> float:
    """Seconds to wait after the first, second, ... attempt: twice as long each time, and uneven."""
    longest = min(_BEGIN * 2 ** (attempt - 1), _LONGEST)
    return longest * random.uniform(0.5, 1)


def wait(attempt: int, sleep: Callable[[float], Any] = time.sleep) -> None:
    """Waits after an attempt at the body of an answer."""
    sleep(pause(attempt))


def _worth_another(answer: Any, content: Any, operation: str) -> bool:
    code = str(content.get("Error", {}).get("Code", ""))
    spoilt = operation in ("PutObject", "UploadPart") and code in _SPOILT
    return answer.status_code in _BUSY or code in _CODES or spoilt
