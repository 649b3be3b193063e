"""How often and how late a request is sent again."""

from types import SimpleNamespace

import pytest
from botocore import exceptions as boto

from components.storage.s3_patience import ATTEMPTS, Patience, pause

GET, PUT = SimpleNamespace(name="GetObject"), SimpleNamespace(name="PutObject")
REFUSED = boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
RESET = boto.ConnectionClosedError(endpoint_url="http://127.0.0.1:9")


def answer(status, code=""):
    return SimpleNamespace(status_code=status), {"Error": {"Code": code}}


def attempts(patience, response=None, error=None, operation=GET):
    """How many attempts are made at a request that goes wrong each time."""
    number = 1
    while (
        patience._needs_retry(
            attempts=number, response=response, caught_exception=error, operation=operation
        )
        is not None
    ):
        number += 1
    return number


def test_pauses_grow_to_a_bound_and_are_uneven():
    pauses = [pause(n) for n in range(1, 20)]
    assert all(
        0.5 * x <= pause <= x for pause, x in zip(pauses, (0.2, 0.4, 0.8, 1.6), strict=False)
    )
    assert max(pauses) <= 15
    assert len({pause(5) for _ in range(10)}) == 10
    assert 25 < sum(pause(n) for n in range(1, ATTEMPTS)) < 60  # a server's restart is outlived


def test_an_address_that_never_answered_is_given_up_soon():
    patience = Patience()
    assert attempts(patience, error=REFUSED) == 3
    assert attempts(patience, error=boto.SSLError(endpoint_url="https://x", error="no")) == 1
    assert attempts(patience, error=RESET) == ATTEMPTS
    assert attempts(patience, response=answer(200)) == 1
    assert attempts(patience, error=REFUSED) == ATTEMPTS  # it has answered: it starts anew


@pytest.mark.parametrize(
    ("given", "operation", "again"),
    [
        (answer(500), GET, True),
        (answer(503, "SlowDown"), GET, True),
        (answer(429), GET, True),
        (answer(400, "RequestTimeout"), PUT, True),
        (answer(400, "BadDigest"), PUT, True),
        (answer(400, "400"), PUT, True),
        (answer(400, "400"), GET, False),
        (answer(409, "ConditionalRequestConflict"), PUT, True),
        (answer(412, "PreconditionFailed"), PUT, False),
        (answer(404, "NoSuchKey"), GET, False),
        (answer(403, "RequestTimeTooSkewed"), GET, False),
        (answer(400, "ExpiredToken"), GET, False),
    ],
)
def test_which_answers_are_worth_another_attempt(given, operation, again):
    found = attempts(Patience(4), response=given, operation=operation)
    assert found == (4 if again else 1)
