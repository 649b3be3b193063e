"""A client that is known to work, and its errors in one line.

What each error means is told in `errors`; this module can be imported without kfp.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from components.failures import InputError, ServiceError
from pipeline.cluster.target import Target

if TYPE_CHECKING:
    import kfp

PATIENCE = 5.5  # seconds; with all that comes before, an error is told within ten


class NotThere(InputError):
    """The server knows no such thing, or knows it no more."""


def connect(target: Target) -> "kfp.Client":
    """Connects, and makes sure that Kubeflow Pipelines answers.

    The client's own calls raise what `calling` raises. Its namespace, `get_user_namespace()`, is
    "" where the server has one user, and in a pod the pod's own where none was named.

    Raises:
        InputError: the URL, the token, the certificates or the namespace are wrong.
        ServiceError: the server is out of reach, or it is not well.
    """
    target.check()
    from pipeline.cluster.session import Session

    return _soon(lambda: Session(target), target.host)


@contextmanager
def calling() -> Iterator[None]:
    """Turns what a kfp client raises into one line.

    Raises:
        InputError: the server refuses the request; wrong in it, or in the rights of the user.
        ServiceError: the server is out of reach, or it is not well.
    """
    from pipeline.cluster import errors

    with errors.translated():
        yield


def run_url(target: Target, run_id: str) -> str:
    """Where a browser shows a run."""
    return f"{target.host}/#/runs/details/{run_id}"


def _soon(call: Callable[[], Any], host: str) -> Any:
    """What a call gives, if it does so in time.

    Nothing else bounds the time that the look-up of a name takes, or a server of many addresses.
    """
    result: Future = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return result.result(PATIENCE)
    except TimeoutError:
        if result.done():
            raise
        raise ServiceError(
            f"{host}: no answer within {PATIENCE:g} s; check --host and the network"
        ) from None
