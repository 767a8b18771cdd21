"""How many pages may be connected at once. Streamlit takes any number of sockets and waits for ever for their first word, while a browser says
what it wants as soon as it is connected: who has said nothing makes room for one more, and does not stay."""

import asyncio
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of Streamlit's own: the socket of a page.
STREAM = "/_stcore/stream"

# Pages at once, and of one address; behind a proxy or a school's router everybody has the same one.
MOST_PAGES, MOST_OF_ADDRESS = 1024, 512

# A socket that has said nothing for so long is closed, with the code by which a browser tries again later.
FIRST_WORD_SECONDS, LATER = 30.0, 1013


class Page:
    """One socket: where it comes from, since when, whether it has said something, and whether it has to go."""

    def __init__(self, address: str):
        self.address, self.since = address, time.monotonic()
        self.spoken, self.goes = False, asyncio.Event()

    async def hear(self, receive: Receive) -> Message | None:
        """What comes next; None where it has to go, or says nothing for too long."""
        if self.spoken:
            return await receive()
        said, goes = asyncio.ensure_future(receive()), asyncio.ensure_future(self.goes.wait())
        left = self.since + FIRST_WORD_SECONDS - time.monotonic()
        try:
            await asyncio.wait({said, goes}, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
            if not said.done():
                return None
            message = said.result()
            self.spoken = message["type"] == "websocket.receive"
            return message
        finally:
            said.cancel()
            goes.cancel()


class Crowd:
    """Lets pages in while there is room; all else goes through untouched."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self._here: set[Page] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or not scope["path"].endswith(STREAM):
            return await self.app(scope, receive, send)
        page = Page((scope.get("client") or ("",))[0])
        if not self._has_room(page.address):
            return await send({"type": "websocket.close", "code": LATER, "reason": ""})
        self._here.add(page)

        async def heard() -> Message:
            message = await page.hear(receive)
            if message is None:
                await send({"type": "websocket.close", "code": LATER, "reason": "nothing was asked"})
                return {"type": "websocket.disconnect", "code": LATER}
            return message

        try:
            await self.app(scope, heard, send)
        finally:
            self._here.discard(page)

    def _has_room(self, address: str) -> bool:
        """Whether there is room for one more of that address, which one that has said nothing may have to make."""
        own = [page for page in self._here if page.address == address]
        if len(own) < MOST_OF_ADDRESS and len(self._here) < MOST_PAGES:
            return True
        return self._one_goes(own if len(own) >= MOST_OF_ADDRESS else self._here)

    def _one_goes(self, pages: Iterable[Page]) -> bool:
        silent = min((page for page in pages if not page.spoken), key=lambda page: page.since, default=None)
        if silent is None:
            return False
        self._here.discard(silent)
        silent.goes.set()
        return True
