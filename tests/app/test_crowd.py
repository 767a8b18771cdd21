"""Sockets of pages: who says nothing makes room for one more, and does not stay; who has said something stays."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from latent_explorer import crowd
from latent_explorer.crowd import LATER, STREAM, Crowd
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

here: set[WebSocket] = set()


async def echo(socket: WebSocket) -> None:
    """Answers as Streamlit does, and ends as it does."""
    await socket.accept()
    here.add(socket)
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        here.discard(socket)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = Starlette(routes=[WebSocketRoute(f"/lab{STREAM}", echo)], middleware=[Middleware(Crowd)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/lab{STREAM}"
    server.should_exit = True
    thread.join()


def all_are_gone() -> bool:
    end = time.monotonic() + 10
    while here and time.monotonic() < end:
        time.sleep(0.01)
    return not here


def answers(socket: Any) -> bool:
    socket.send("here")
    return socket.recv(timeout=10) == "here"


def closed(socket: Any) -> int:
    with pytest.raises(ConnectionClosed) as gone:
        socket.recv(timeout=10)
    assert gone.value.rcvd is not None
    return gone.value.rcvd.code


@pytest.mark.parametrize("bound", ["MOST_PAGES", "MOST_OF_ADDRESS"])
def test_who_has_said_nothing_makes_room(bound: str, address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crowd, bound, 2)
    with connect(address) as first, connect(address) as silent:
        assert answers(first)
        with connect(address) as third:
            assert closed(silent) == LATER
            assert answers(third)
            assert answers(first)
            with pytest.raises(InvalidStatus):  # both have said something, and stay
                connect(address)
    assert all_are_gone()
    with connect(address) as later:
        assert answers(later)


def test_who_says_nothing_does_not_stay(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crowd, "FIRST_WORD_SECONDS", 0.3)
    with connect(address) as silent, connect(address) as one:
        assert answers(one)
        assert closed(silent) == LATER
        time.sleep(0.3)
        assert answers(one)
    assert all_are_gone()
