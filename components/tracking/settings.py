"""What `tracking` in the configuration and the environment say; nothing here imports MLflow."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from components.redaction import redacted

NONE, MLFLOW = "none", "mlflow"
URI = "MLFLOW_TRACKING_URI"
_NAME = re.compile(r"[^/:']+")  # what MLflow takes for a registered model


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _model(value: Any) -> bool:
    return value is None or (_text(value) and bool(_NAME.fullmatch(value)))


def _boolean(value: Any) -> bool:
    return value is True or value is False


RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "tracking.kind": (lambda value: value in (NONE, MLFLOW), "none or mlflow"),
    "tracking.uri": (lambda value: value is None or _text(value), "a server's URI, or null"),
    "tracking.experiment": (_text, "a name"),
    "tracking.registered_model": (_model, "a name without / : and ', or null"),
    "tracking.artifacts": (_boolean, "true or false"),
    "tracking.required": (_boolean, "true or false"),
}


@dataclass(frozen=True)
class Settings:
    """Where and what is tracked.

    Attributes:
        uri: of the server; may hold a password where the environment gave it.
        experiment: made if it is not there.
        registered_model: whose alias `champion` a promotion sets, "" for none.
        artifacts: whether files are sent.
    """

    uri: str
    experiment: str
    registered_model: str
    artifacts: bool

    @property
    def shown(self) -> str:
        """The URI for messages and records."""
        return redacted(self.uri)


def settings(config: Mapping[str, Any]) -> Settings | None:
    """The settings in a slice of the configuration; None where nothing is tracked."""
    node = config.get("tracking") or {}
    uri = node.get("uri") or os.environ.get(URI, "")
    if node.get("kind", NONE) == NONE or not uri:
        return None
    return Settings(uri, node["experiment"], node.get("registered_model") or "", node["artifacts"])


def slice_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a step's slice gains; nothing where nothing is tracked, so that slices stay the same."""
    node = config.get("tracking") or {}
    return {"tracking": dict(node)} if node.get("kind", NONE) != NONE else {}


def findings(node: Mapping[str, Any]) -> list[str]:
    """What is wrong with the settings together."""
    uri = node.get("uri")
    if node.get("kind", NONE) == NONE:
        return []
    if not uri and not os.environ.get(URI):
        return [f"tracking.uri=null: name MLflow's server, or set {URI}"]
    if uri and _has_credentials(uri):
        return [
            f"tracking.uri={redacted(uri)}: credentials have no place in the configuration; set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        ]
    return []


def _has_credentials(uri: str) -> bool:
    try:
        return "@" in urlsplit(uri).netloc or redacted(uri) != uri
    except ValueError:
        return True
