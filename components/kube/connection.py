"""Requests to the API server of the cluster that this pod runs in, or of a kubeconfig.

They are made by the official `kubernetes` client, which KFP brings along, and not by the SDK
`kubeflow` (0.5.0): that one draws a job's name at random unless it is told one, can't go on with a
job that is there, gives up at the first error, and brings two packages more.
"""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.incluster_config import SERVICE_HOST_ENV_NAME, InClusterConfigLoader
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from components.failures import InputError, ServiceError
from components.kube import refusals
from components.kube.pace import Pace

log = logging.getLogger("biotune")

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for an answer


class Connection:
    """Requests, repeated while the API can't serve.

    Args:
        pace: how patiently.
        account: folder of the pod's service account.

    Attributes:
        namespace: of this pod, or of the kubeconfig's context.

    Raises:
        InputError: the environment describes no cluster.
    """

    def __init__(self, pace: Pace | None = None, account: Path = ACCOUNT) -> None:
        self.pace, self._account = pace or Pace(), account
        self._open()

    def ask(
        self,
        path: str,
        query: Sequence[tuple[str, Any]] = (),
        *,
        method: str = "GET",
        body: Any = None,
        answers: Sequence[int] = (),
        within: float | None = None,
        raw: bool = False,
    ) -> Any:
        """Makes a request.

        Args:
            path: of the API, as in `/api/v1/namespaces/emg/pods`.
            answers: of the statuses 400 to 499 those that are an answer, too.
            within: seconds of patience, other than the pace's; 0 asks once.
            raw: whether the content is wanted as it is, in bytes.

        Returns:
            The content; None where the status is one of `answers`.

        Raises:
            InputError: the API refuses it.
            ServiceError: the API can't serve.
        """
        patience = self.pace.patience if within is None else within
        until, pause, told = time.monotonic() + patience, self.pace.first, False
        while True:
            try:
                found = self._request(path, query, method, body, raw)
                if told:
                    log.info("the Kubernetes API answers again")
                return found
            except (ApiException, HTTPError) as error:
                if refusals.is_answer(error, answers):
                    return None
                if not refusals.passes(error):
                    raise refusals.failure(error) from None
                reason, asked = refusals.reason(error), refusals.wait(error)
                if getattr(error, "status", None) == 401:
                    self._open()  # the token may be another by now
            wait = max(pause, min(asked, self.pace.slowest))
            if time.monotonic() + wait > until:
                raise ServiceError(f"{self._host}: the Kubernetes API can't serve ({reason})")
            if not told:
                log.warning("the Kubernetes API can't serve (%s); it is asked again", reason)
            told, pause = True, min(2 * pause, self.pace.slowest)
            time.sleep(wait)

    def _request(
        self, path: str, query: Sequence[tuple[str, Any]], method: str, body: Any, raw: bool
    ) -> Any:
        answer = self._client.call_api(
            path,
            method,
            query_params=list(query),
            header_params={"Accept": "*/*" if raw else "application/json"},
            body=body,
            response_type="object",
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _preload_content=not raw,
            _request_timeout=TIMEOUT,
        )
        return answer.data if raw else answer

    def _open(self) -> None:
        settings = client.Configuration()
        settings.retries = Retry(0)  # ours wait longer, are told of, and take a new token
        try:
            if os.environ.get(SERVICE_HOST_ENV_NAME):
                token, certificate = self._account / "token", self._account / "ca.crt"
                InClusterConfigLoader(str(token), str(certificate)).load_and_set(settings)
                self.namespace = (self._account / "namespace").read_text().strip()
            else:
                file = os.environ.get("KUBECONFIG")  # the client reads it when it is imported
                config.load_kube_config(file, client_configuration=settings)
                _, context = config.list_kube_config_contexts(file)
                self.namespace = context["context"].get("namespace", "default")
        except (config.ConfigException, OSError) as error:
            raise InputError(
                f"no access to Kubernetes ({error}); in a pod, have the service account's token "
                "mounted; elsewhere, set KUBECONFIG"
            ) from None
        self._client, self._host = client.ApiClient(settings), settings.host
