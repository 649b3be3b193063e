"""The proxy that the environment names for a server, as other programs read it."""

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from components.failures import InputError
from pipeline.cluster.target import is_private


def settings(host: str) -> tuple[str | None, dict[str, str] | None]:
    """The URL of the proxy, and the headers that it is to get; None for no proxy.

    User and password go into the headers alone, so that no message can show them.

    Args:
        host: URL of the server.

    Raises:
        InputError: the variable holds no proxy.
    """
    url = urlsplit(host)
    named = getproxies().get(url.scheme)
    # What is said over plain http within a machine or a cluster, a token perhaps, stays there.
    plainly = url.scheme == "http" and is_private(host)
    if not named or plainly or proxy_bypass(url.netloc):
        return None, None
    wrong = InputError(
        f"{variable(host)}: must be a URL of http or https, as in http://proxy.example.com:3128"
    )
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}{port}", _headers(parts.username, parts.password)


def variable(host: str) -> str:
    """The environment variable that names the proxy of a server."""
    return f"{urlsplit(host).scheme.upper()}_PROXY"


def _headers(user: str | None, password: str | None) -> dict[str, str] | None:
    if user is None:
        return None
    who = f"{unquote(user)}:{unquote(password or '')}"
    return urllib3.make_headers(proxy_basic_auth=who)
