"""The live route on a server of its own: answers, refusals, bounds, and that nothing a visitor sends ends it."""

import asyncio
import base64
import gc
import heapq
import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import uvicorn
from latent_explorer import LIVE, MODELS_VARIABLE
from latent_explorer.live import fairness, route
from latent_explorer.live.fairness import Allowance
from latent_explorer.live.route import allowed, live
from latent_explorer.user_image import images
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.trained import Trained

ASK = {"id": 4, "model": "vae-mnist", "mix": {"z": [[[0, 1.0]]]}}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[WebSocketRoute(LIVE, live)]), port=0, log_level="error", ws="websockets-sansio"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"ws://127.0.0.1:{port}{LIVE}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def socket(address: str) -> Iterator[Any]:
    with connect(address) as found:
        yield found


def opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def asked(socket: Any, message: Any) -> dict[str, Any]:
    socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
    return opened(socket.recv())[0]


def test_an_item_comes_back_as_pixels(socket: Any):
    socket.send(json.dumps({**ASK, "back": True}))
    header, body = opened(socket.recv())
    assert header["id"] == 4
    assert header["shape"] == [1, 28, 28, 1]
    assert np.frombuffer(body, np.uint8)[: 28 * 28].max() > 128
    assert len(header["codes"]["z"][0]) > 1


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        b"\x00\x01",
        '{"model": "none"}',
        json.dumps({**ASK, "mix": {"z": [[[10**6, 1]]]}}),
        "x" * 200_000,
    ],
)
def test_a_malformed_message_gets_a_sentence_and_the_connection_goes_on(socket: Any, message: str | bytes):
    assert len(asked(socket, message)["error"]) > 10
    assert "error" not in asked(socket, ASK)


def test_an_answer_says_how_long_its_page_is_to_pause(socket: Any, monkeypatch: pytest.MonkeyPatch):
    asked(socket, ASK)  # the model is open
    monkeypatch.setattr(fairness, "CALM", 60.0)
    assert "pause" not in asked(socket, ASK)
    monkeypatch.setattr(fairness, "CALM", -0.1)  # as if each had waited for a tenth of a second
    assert 50 <= asked(socket, ASK)["pause"] <= 1000 * fairness.LONGEST_PAUSE


def test_a_page_of_another_origin_is_refused(address: str):
    with pytest.raises(InvalidStatus) as refused, connect(address, origin="https://elsewhere.example"):  # type: ignore[arg-type]
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("bound", ["MOST_CONNECTIONS", "MOST_OF_ADDRESS"])
def test_who_has_been_silent_longest_makes_room_for_one_more(
    bound: str, address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fairness, bound, 2)
    with connect(address) as first, connect(address) as second:
        assert "error" not in asked(second, ASK)
        assert "error" not in asked(first, ASK)
        with connect(address) as third:
            assert "error" not in asked(third, ASK)
            with pytest.raises(ConnectionClosed) as silent:
                second.recv(timeout=10)
            assert silent.value.rcvd is not None
            assert silent.value.rcvd.code == fairness.IDLE
            assert "error" not in asked(first, ASK)


def test_a_connection_that_asks_for_nothing_is_closed(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fairness, "IDLE_SECONDS", 0.2)
    with connect(address) as socket, pytest.raises(ConnectionClosed) as silent:
        socket.recv(timeout=10)
    assert silent.value.rcvd is not None
    assert silent.value.rcvd.code == fairness.IDLE


@pytest.mark.parametrize(
    ("origin", "host", "answer"),
    [
        (None, "a:1", True),
        ("http://a:1", "a:1", True),
        ("https://a:1", "a:1", True),
        ("http://a:2", "a:1", False),
        ("http://b:1", "a:1", False),
        ("null", "a:1", False),
        ("http://a:1.evil", "a:1", False),
        ("http://evil/a:1", "a:1", False),
    ],
)
def test_which_origins_may_connect(origin: str | None, host: str, answer: bool):
    assert allowed(origin, host) is answer


def test_who_spends_more_than_the_allowance_waits_for_the_rest(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("latent_explorer.live.fairness.time.monotonic", lambda: now[0])
    bucket = Allowance(10)
    assert bucket.wait(10) == 0
    assert bucket.wait(5) == pytest.approx(0.5)
    now[0] += 0.5
    assert bucket.wait(1) == pytest.approx(0.1)
    now[0] += 100
    assert bucket.wait(10) == 0
    assert bucket.wait(1) == pytest.approx(0.1)


def test_messages_that_are_no_requests_are_charged_too(address: str, monkeypatch: pytest.MonkeyPatch):
    """What comes of it does not matter, nor that it is asked over a new connection: the address is known."""
    monkeypatch.setattr(fairness, "LEAST", 0.05)
    monkeypatch.setattr(fairness, "OF_CONNECTION", 0.2)
    start = time.monotonic()
    with connect(address) as socket:
        for _ in range(12):
            asked(socket, "[")
    assert time.monotonic() - start > 1.5


async def _waits(
    spends: dict[tuple[str, str], float], seconds: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[tuple[str, str], float], float]:
    """For how long each of some connections (address, name) waits that spends so much with every message, 30 messages a second; and what
    all of them spend together a second. Both once they have been at it for half the time."""
    now, waited, spent = [100.0], dict.fromkeys(spends, 0.0), 0.0
    monkeypatch.setattr("latent_explorer.live.fairness.time.monotonic", lambda: now[0])

    async def sleep(wait: float) -> None:
        waiting[0] = wait

    monkeypatch.setattr("latent_explorer.live.fairness.asyncio.sleep", sleep)
    waiting, free, room = [0.0], dict.fromkeys(spends, 0.0), fairness.Room()
    here = {one: await room.enter(SimpleNamespace(client=SimpleNamespace(host=one[0]))) for one in spends}  # type: ignore[arg-type]
    for _ in range(round(30 * seconds)):
        now[0] += 1 / 30
        for one, visitor in here.items():
            if now[0] < free[one]:
                continue
            waiting[0], visitor.heard = 0.0, now[0]
            visitor._spent += spends[one]
            await visitor.rest()
            free[one] = now[0] + waiting[0]
            if now[0] > 100 + seconds / 2:
                waited[one] += waiting[0]
                spent += spends[one]
    return waited, 2 * spent / seconds


def test_who_takes_less_than_an_equal_share_does_not_wait_for_the_others_at_its_address(
    monkeypatch: pytest.MonkeyPatch,
):
    drags, floods = ("school", "drags"), {("school", f"flood {number}"): 0.02 for number in range(16)}
    with ThreadPoolExecutor(1) as thread:
        waited, _ = thread.submit(asyncio.run, _waits({drags: 0.0006, **floods}, 20, monkeypatch)).result()
    assert waited[drags] == 0
    assert min(waited[one] for one in floods) > 5  # of ten seconds


def test_floods_from_many_addresses_spend_together_what_one_may(monkeypatch: pytest.MonkeyPatch):
    """Each with an allowance of its own, six took all of a server's loop."""
    drags = ("a home", "drags")
    floods = {(f"address {place}", f"flood {number}"): 0.01 for place in range(6) for number in range(4)}
    with ThreadPoolExecutor(1) as thread:
        waited, spent = thread.submit(
            asyncio.run, _waits({drags: 0.0006, **floods}, 20, monkeypatch)
        ).result()
    assert waited[drags] == 0
    assert spent < 1.1 * fairness.OF_ALL
    assert spent > 0.7 * fairness.OF_ALL  # and what nobody else wants they have


def test_to_come_anew_is_no_way_to_a_share(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("latent_explorer.live.fairness.time.monotonic", lambda: now[0])
    at = fairness.Address()
    first, later = (fairness.Visitor(SimpleNamespace(client=None), at) for _ in range(2))  # type: ignore[arg-type]
    at.wait(2.0)  # it owes more than two seconds, which one of a share does not wait for
    first._spent = later._spent = 0.0001
    later._since -= 3
    assert later.pace(0.0) == 0 < 2 < first.pace(0.0)


def test_a_page_is_told_to_pause_for_as_long_as_its_requests_wait_for_others(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("latent_explorer.live.fairness.time.monotonic", lambda: now[0])
    visitor = fairness.Visitor(SimpleNamespace(client=None), fairness.Address())  # type: ignore[arg-type]
    assert visitor.pace(fairness.CALM) == 0
    # Fifty who ask at once are answered in 100 ms, less what they pause: what they wait then comes to be what is calm.
    for _ in range(20):
        pause = visitor.pace(max(0.0, 0.1 - visitor._pause))
    assert pause == pytest.approx(0.1 - fairness.CALM, abs=0.001)
    assert max(visitor.pace(10.0) for _ in range(9)) == fairness.LONGEST_PAUSE
    for _ in range(30):
        pause = visitor.pace(0.0)
    assert pause == 0


class Page:
    """What `components/shared/live.js` does with a pointer that moves so often, in simulated time: seconds from each movement to its picture."""

    def __init__(self, events: list, now: list[float], at: fairness.Address, every: float, begin: float):
        self.events, self.now, self.every = events, now, every
        self.visitor = fairness.Visitor(SimpleNamespace(client=None), at)  # type: ignore[arg-type]
        at.here.add(self.visitor)
        self.newest: float | None = None
        self.line: list[float] = []
        self.waits: list[float] = []
        self.flying, self.most, self.until, self.free = 0, 2, 0.0, True
        self.later(begin, self.move)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now[0] + seconds, id(self), len(self.events), act))

    def move(self) -> None:
        self.newest = self.now[0]
        self.later(self.every, self.move)
        self.send()

    def send(self) -> None:
        if self.newest is not None and self.flying < self.most and self.now[0] >= self.until - 1e-9:
            self.flying += 1
            self.line.append(self.newest)
            self.newest = None
            self.serve()

    def serve(self) -> None:
        if self.free and self.line:
            self.free, self.visitor.heard = False, self.now[0]
            self.later(0.008, self.answer)

    def answer(self) -> None:
        self.waits.append(self.now[0] - self.line.pop(0))
        self.flying -= 1
        self.visitor._spent += 0.0006
        pause = self.visitor.pace(0.0)
        self.most, self.until = 1 if pause else 2, self.now[0] + pause
        self.later(pause, self.send)
        self.later(max(0.0, self.visitor._free - self.now[0]), self.rested)

    def rested(self) -> None:
        self.free = True
        self.serve()


def test_fifty_who_want_twice_what_their_address_may_have_drop_pictures_and_wait_for_none(
    monkeypatch: pytest.MonkeyPatch,
):
    """As a class behind one router does. Before pages were told to pause their requests lay in line for a tenth of a second."""
    now, events = [100.0], []
    monkeypatch.setattr("latent_explorer.live.fairness.time.monotonic", lambda: now[0])
    at, may = fairness.Address(), fairness.OF_ALL / 0.0006
    pages = [Page(events, now, at, 50 / (2 * may), number / 2000) for number in range(50)]
    while now[0] < 106:
        now[0], *_, act = heapq.heappop(events)
        act()
    waits = sorted(wait for page in pages for wait in page.waits[len(page.waits) // 2 :])
    assert waits[int(0.95 * len(waits))] < 0.05
    assert sum(len(page.waits) for page in pages) / 6 > 0.95 * may


def test_a_connection_that_has_gone_is_held_by_nothing(address: str):
    """Of each some 40 kB would stay."""
    known = set(map(id, route.room._here))
    with connect(address) as socket:
        assert "error" not in asked(socket, ASK)
        (visitor,) = (weakref.ref(each) for each in route.room._here if id(each) not in known)
    end = time.monotonic() + 10
    while visitor() is not None and time.monotonic() < end:
        time.sleep(0.05)
        gc.collect()
    assert visitor() is None


def test_a_drawing_is_charged(monkeypatch: pytest.MonkeyPatch):
    visitor = fairness.Visitor(SimpleNamespace(client=None), fairness.Address())  # type: ignore[arg-type]

    def draw() -> int:
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        return 7

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, visitor.beside(draw)).result() == 7
    assert visitor._spent > 0.05


STROKES = [{"width": 80, "ink": 255, "points": [500, 200, 500, 800]}]


def test_a_drawing_is_decoded_as_its_pixels_are(socket: Any):
    drawn = images.centred(images.drawn(STROKES, (1, 28, 28)) or pytest.fail("nothing drawn"))
    image = {"pixels": base64.b64encode(drawn.values.tobytes()).decode(), "latents": ["z"]}
    drawing = {"strokes": STROKES, "latents": ["z"], "centre": True}
    socket.send(json.dumps({"id": 1, "model": "vae-mnist", "drawing": drawing}))
    first, pixels = opened(socket.recv())
    socket.send(json.dumps({"id": 1, "model": "vae-mnist", "image": image}))
    second, others = opened(socket.recv())
    assert others == pixels
    for said in (first, second):  # how busy the server was is no part of it
        said.pop("pause", None)
    assert second == first


@pytest.mark.parametrize(
    "drawing",
    [
        None,
        3,
        {},
        {"strokes": [], "latents": ["z"], "centre": True},
        {"strokes": [{"width": 1}], "latents": ["z"], "centre": True},
        {"strokes": 7, "latents": ["z"], "centre": True},
        {"strokes": STROKES, "latents": ["w"], "centre": True},
        {"strokes": STROKES, "latents": 3, "centre": True},
    ],
)
def test_a_drawing_that_is_none_gets_a_sentence(socket: Any, drawing: Any):
    assert "error" in asked(socket, {"model": "vae-mnist", "drawing": drawing})
    assert "error" not in asked(socket, ASK)


def test_a_model_of_the_visitors_own_folder_is_served(
    socket: Any, trained: Trained, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MODELS_VARIABLE, str(trained.everything()))
    assert asked(socket, {"model": "vae-digits", "mix": {"z": [[[0, 1.0]]]}})["shape"][0] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads priorities of their own")
def test_pictures_of_pages_give_way_to_a_drag():
    def behind() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with ThreadPoolExecutor(1) as thread:
        usual = thread.submit(behind).result()
        assert thread.submit(asyncio.run, fairness.Turns(2, 1).take("a", behind)).result() > usual


def test_pictures_of_one_address_wait_for_each_other_and_not_for_those_of_another():
    begun: list[str] = []
    gate = threading.Event()

    def work(name: str) -> str:
        begun.append(name)
        if name.startswith("flood"):
            gate.wait(10)
        return name

    async def visit() -> None:
        turns = fairness.Turns(2, 1)
        flood = [asyncio.create_task(turns.take("a", lambda i=i: work(f"flood {i}"))) for i in range(5)]
        while not begun:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert begun == ["flood 0"]
        assert await turns.take("b", lambda: work("other")) == "other"
        gate.set()
        await asyncio.gather(*flood)
        assert not turns._addresses

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visit()).result()
