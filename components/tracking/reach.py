"""Whether MLflow's server answers, asked before anything costly and without MLflow's package."""

import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from components.failures import ServiceError, first_line
from components.redaction import redacted
from components.tracking.settings import settings

log = logging.getLogger("biotune")

PATIENCE = 5.0  # seconds


def check(config: Mapping[str, Any]) -> None:
    """Warns of a server that is out of reach, or refuses it with `tracking.required`.

    Args:
        config: with `tracking`.

    Raises:
        ServiceError: out of reach, and required.
    """
    wanted = settings(config)
    if wanted is None or not wanted.uri.startswith(("http://", "https://")):
        return  # a folder or a database of this machine
    if (why := _unreachable(wanted.uri)) is None:
        return
    told = f"tracking.uri={wanted.shown}: MLflow's server is out of reach ({redacted(why)})"
    if config["tracking"]["required"]:
        raise ServiceError(f"{told}; check it, or set tracking.required=false")
    log.warning("%s; the run goes on, and is tracked where it can be", told)


def _unreachable(uri: str) -> str | None:
    scheme, _, rest = uri.rstrip("/").partition("://")
    plain = f"{scheme}://{rest.rpartition('@')[2]}/health"  # it asks for no password
    try:
        with urllib.request.urlopen(plain, timeout=PATIENCE):
            return None
    except urllib.error.HTTPError as error:
        return None if error.code in (401, 403, 404) else f"HTTP {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return first_line(getattr(error, "reason", None) or error)
