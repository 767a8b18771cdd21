"""Who may come in: by which names this server is called, from pages of which origins, and what is closed to strangers.

A page of somebody else's can have its own name lead to this machine (DNS rebinding): its requests then carry that name as their host, and
an origin that is equal to it. So the host itself has to be one that this server goes by. A numeric address is always one, since no name
can be made to lead there.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from latent_explorer import HOSTS_VARIABLE, LOCAL_VARIABLE, METRICS_VARIABLE

ANY = "*"

# Of Streamlit's own: how many sessions there are, and how much their caches hold.
METRICS = "/_stcore/metrics"


def host_of(header: str | None) -> str | None:
    """The name in a Host header, in lower case and without its port; None for what is none.

    >>> host_of("Lab.example:8501"), host_of("[::1]:8501"), host_of("a@b"), host_of("a b"), host_of(None)
    ('lab.example', '::1', None, None, None)
    """
    try:
        parts = urlsplit(f"//{header or ''}")
        _ = parts.port  # one that is no number, or none that there is
    except ValueError:
        return None
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    name = (parts.hostname or "").rstrip(".")
    return name if plain and name and "@" not in (header or "") and not any(map(str.isspace, name)) else None


def origin_of(given: str) -> str:
    """An origin as browsers write it. Raises ValueError, one sentence, for what is none.

    >>> origin_of("https://Lab.example/"), origin_of("*")
    ('https://lab.example', '*')
    >>> origin_of("lab.example")
    Traceback (most recent call last):
    ValueError: 'lab.example' is no origin: give one such as https://lab.example.org, or * for any
    """
    if given == ANY:
        return ANY
    try:
        parts = urlsplit(given.strip())
        whole = parts.scheme in ("http", "https") and host_of(parts.netloc)
        if whole and parts.path in ("", "/") and not (parts.query or parts.fragment):
            return f"{parts.scheme}://{parts.netloc.lower()}"
    except ValueError:
        pass
    raise ValueError(f"{given[:80]!r} is no origin: give one such as https://lab.example.org, or * for any")


def names(host: str, origins: Iterable[str], local: bool) -> str:
    """The names that a server goes by which listens there, as the environment says them to it: the host's, those of the origins, and
    where other machines reach it those of this one.

    >>> names("localhost", ["https://lab.example:8080"], local=True)
    'lab.example localhost'
    """
    found = {host, *(ANY if origin == ANY else host_of(urlsplit(origin).netloc) or "" for origin in origins)}
    if not local:
        own = socket.gethostname().lower()
        found |= {own, f"{own.partition('.')[0]}.local"}
    return " ".join(sorted(found - {""}))


def is_called(header: str | None) -> bool:
    """Whether this server goes by the name in a Host header; by any where it was not told (`latent-explorer app` tells it)."""
    known = os.environ.get(HOSTS_VARIABLE, "").lower().split()
    if not known or ANY in known:
        return True
    name = host_of(header)
    if name is None:
        return False
    return name in known or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def is_origin(header: str | None) -> bool:
    """Whether an Origin header can be read; whose page it is the routes ask (`live.route.allowed`)."""
    try:
        return header is None or urlsplit(header) is not None
    except ValueError:  # such as http://[
        return False


class Gate:
    """Asked of every request before anything else."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await refused(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a browser sees 403

    def _refused(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if not is_called(headers.get("host")):
            return PlainTextResponse(
                "This server does not go by that name. If it is yours, start it with --allowed-origins and the address that you opened.\n",
                421,
            )
        if not is_origin(headers.get("origin")):
            return PlainTextResponse("That origin is none.\n", 403)
        if scope["path"].endswith(METRICS) and not _may_measure():
            return PlainTextResponse("not found", 404)
        return None


def _may_measure() -> bool:
    return bool(os.environ.get(LOCAL_VARIABLE) or os.environ.get(METRICS_VARIABLE))
