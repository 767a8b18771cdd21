"""The path below which a proxy shows the app. A proxy may hand addresses on with it or cut it off: both are understood."""

import re

import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send

_PATH = re.compile(r"(/[A-Za-z0-9._~@!$&'()*+,;=:-]+)+")


def normal(given: str) -> str:
    """A base path with a slash before it and none behind it, nothing for the root. Raises ValueError, one sentence, for what is none.

    >>> normal("user/ann/proxy/8501/"), normal("/vae"), normal("/")
    ('/user/ann/proxy/8501', '/vae', '')
    """
    inner = given.strip().strip("/")
    path = f"/{inner}" if inner else ""
    if path and (not _PATH.fullmatch(path) or {".", ".."} & set(inner.split("/"))):
        raise ValueError(
            f"the base path {given[:80]!r} is no path of an address: give one such as /user/ann/proxy/8501"
        )
    return path


def base_path() -> str:
    """The base path of the running server."""
    return normal(st.get_option("server.baseUrlPath") or "")


class AtBase:
    """Puts back what a proxy has cut off, so that what is served below the base path is found either way."""

    def __init__(self, app: ASGIApp, base: str):
        self.app, self.base = app, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.base and scope["type"] in ("http", "websocket") and not self._holds(scope["path"]):
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {**scope, "path": self.base + scope["path"], "raw_path": self.base.encode() + raw}
        await self.app(scope, receive, send)

    def _holds(self, path: str) -> bool:
        return path == self.base or path.startswith(f"{self.base}/")
