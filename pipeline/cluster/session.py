"""kfp's client without its habits.

By itself it reads and writes `~/.config/kfp/context.json`, where another cluster's namespace may
stand; takes settings from a kubeconfig and from variables of other tools; asks five times, five
seconds apart; and waits forever for an answer.
"""

import warnings
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3
from kfp.client.token_credentials_base import TokenCredentialsBase
from kfp_server_api import rest

from components.failures import InputError
from pipeline.cluster import errors, proxy
from pipeline.cluster.target import Target

CONNECT, HEALTH, ANSWER = 2.5, 3.0, 30.0  # seconds
_UNSET = "-"  # kfp asks the server for one where there is none


class Session(kfp.Client):
    """A client of one target, which has answered."""

    def __init__(self, target: Target) -> None:
        self.target = target
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(host=target.host)
        self._run_api.api_client.rest_client = _Rest(self._existing_config, target)
        self.set_user_namespace(self._namespace(self.get_kfp_healthz()))

    def get_kfp_healthz(self, sleep_duration: int = 0) -> kfp_server_api.V2beta1GetHealthzResponse:
        """Asks once how the server is."""
        return self._healthz_api.healthz_service_get_healthz(_request_timeout=(CONNECT, HEALTH))

    def set_user_namespace(self, namespace: str) -> None:
        """Sets the namespace for this client, and for no other one."""
        self._context_setting["namespace"] = namespace

    def _load_context_setting_or_default(self) -> None:
        self._context_setting = {"namespace": _UNSET}

    def _load_config(self, *args: Any) -> kfp_server_api.Configuration:
        config = kfp_server_api.Configuration(host=self.target.host)
        config.retries = urllib3.Retry(0, redirect=0, raise_on_redirect=False)
        config.proxy, config.proxy_headers = proxy.settings(self.target.host)
        config.ssl_ca_cert = self.target.ca and str(self.target.ca)
        if self.target.current_token():
            config.api_key["authorization"] = "read at each request"
            config.api_key_prefix["authorization"] = "Bearer"
            config.refresh_api_key_hook = _Token(self.target).refresh_api_key_hook
        return config

    def _namespace(self, health: kfp_server_api.V2beta1GetHealthzResponse) -> str:
        """The namespace to name in requests: none where the server has one user."""
        if not health.multi_user:
            return ""
        own = Path(self._NAMESPACE_PATH)
        found = self.target.namespace or (own.read_text().strip() if own.is_file() else "")
        if not found:
            raise InputError(
                f"--namespace: missing; {self.target.host} has several users, each with a "
                "namespace of their own"
            )
        return found


class _Token(TokenCredentialsBase):
    """Shows the token of a target, as it is at each request."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def refresh_api_key_hook(self, config: kfp_server_api.Configuration) -> None:
        config.api_key["authorization"] = self._target.current_token()


class _Rest(rest.RESTClientObject):
    """Sends requests with a time limit, and tells what is wrong in one line."""

    def __init__(self, config: kfp_server_api.Configuration, target: Target) -> None:
        super().__init__(config)
        self._target = target

    def request(self, method: str, url: str, **options: Any) -> rest.RESTResponse:
        options["_request_timeout"] = options.get("_request_timeout") or (CONNECT, ANSWER)
        with errors.translated(self._target):
            answer = super().request(method, url, **options)
        kind = answer.urllib3_response.headers.get("content-type", "")
        if "json" not in kind:
            raise InputError(
                f"{self._target.host}: answers with {kind or 'something'} where Kubeflow Pipelines "
                "answers with JSON; check --host, and whether a login stands before it"
            )
        return answer
