"""What one visitor of the live route may cost the others: connections, and seconds of the server's loop.

A connection that asks for nothing makes room for one that does. What is charged is time, whatever came of a request: parsing one that is
none costs as much as parsing another.
"""

import asyncio
import contextlib
import itertools
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

T = TypeVar("T")

# Connections at once, and of one address; behind a proxy or a school's router everybody has the same one.
MOST_CONNECTIONS, MOST_OF_ADDRESS = 256, 128

MOST_ADDRESSES = 4096  # that are remembered

# A connection is closed after so many seconds without a request, with a code by which the page knows to open another when it needs one.
IDLE_SECONDS, IDLE = 600.0, 4408

# Seconds of the loop, a second, for one connection and for all of an address, after a burst of as much; and what a message costs at least.
OF_CONNECTION, OF_ADDRESS, LEAST = 0.15, 0.6, 0.0003
# And what each byte of it adds, which is read before anybody can say what it is.
A_BYTE = 2e-8

# A connection takes part in the sharing of its address for so many seconds after its last request, and has a share of its own once it has
# been here as long: to come anew is no way to one. What it spent counts half after a second.
TAKES_PART, HALF_LIFE = 2.0, 1.0


class Allowance:
    """A bucket of seconds that fills at `rate` a second and holds one second's worth."""

    def __init__(self, rate: float):
        self._rate, self._left, self._at = rate, rate, time.monotonic()

    def wait(self, spent: float) -> float:
        """Take seconds out, and say for how many whoever spent them has to wait."""
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate) - spent
        self._at = now
        return max(0.0, -self._left / self._rate)


class Address:
    """What the connections from one place share: who is here, and what they may spend together.

    Example:
        >>> Address().share()
        0.6
    """

    def __init__(self) -> None:
        self.here: set[Visitor] = set()
        self._allowance = Allowance(OF_ADDRESS)

    def wait(self, spent: float, lately: float) -> float:
        """For how many seconds somebody waits who spent so much now, and `lately` so much a second: who takes less than an equal share
        waits for nobody."""
        wait = self._allowance.wait(spent)
        return wait if wait and lately > self.share() else 0.0

    def share(self) -> float:
        """An equal share of those who ask, in seconds a second."""
        now = time.monotonic()
        return OF_ADDRESS / max(1, sum(now - visitor.heard < TAKES_PART for visitor in self.here))


_numbers = itertools.count()


class Visitor:
    """One connection, and what it has cost.

    Attributes:
        address: where it comes from; what is decoded is shared fairly between addresses first.
        number: tells it from others, for whoever remembers it longer than it is here.
    """

    def __init__(self, socket: WebSocket, of_address: Address):
        self.socket, self.address = socket, socket.client.host if socket.client else ""
        self.number, self.heard = next(_numbers), time.monotonic()
        self._own, self._of_address, self._spent = Allowance(OF_CONNECTION), of_address, LEAST
        self._lately, self._rested, self._since = 0.0, self.heard, self.heard

    @contextlib.contextmanager
    def pays(self) -> Iterator[None]:
        """What is done within, without waiting for anything, is charged."""
        start = time.thread_time()
        try:
            yield
        finally:
            self._spent += time.thread_time() - start

    async def beside(self, work: Callable[[], T]) -> T:
        """What some work gives, which is done on a thread and charged."""

        def charged() -> T:
            with self.pays():
                return work()

        return await asyncio.to_thread(charged)

    async def rest(self) -> None:
        """Wait until what was spent is earned."""
        spent, self._spent = self._spent, LEAST
        if wait := max(self._own.wait(spent), self._of_address.wait(spent, self._rate(spent))):
            await asyncio.sleep(wait)

    def _rate(self, spent: float) -> float:
        """What it has spent a second, lately; without end for who has come just now."""
        now = time.monotonic()
        self._lately = self._lately * 0.5 ** ((now - self._rested) / HALF_LIFE) + spent
        self._rested = now
        return self._lately * math.log(2) / HALF_LIFE if now - self._since > TAKES_PART else math.inf

    async def text(self) -> str | None:
        """What it sends next; None where it has gone, or sends nothing for too long."""
        try:
            message = await asyncio.wait_for(self.socket.receive(), IDLE_SECONDS)
        except TimeoutError:
            await self.leave()
            return None
        self.heard = time.monotonic()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text") or ""
        self._spent += A_BYTE * (len(text) or len(message.get("bytes") or b""))
        return text

    def goes(self) -> None:
        """Its address no longer counts it among those who are here."""
        self._of_address.here.discard(self)

    async def leave(self) -> None:
        """Close the connection: the page opens another when it asks for something."""
        with contextlib.suppress(RuntimeError):  # it has gone already
            await self.socket.close(IDLE, "nothing was asked for a while")


class Room:
    """The visitors who are connected."""

    def __init__(self) -> None:
        self._here: set[Visitor] = set()
        self._addresses: dict[str, Address] = {}

    def __len__(self) -> int:
        return len(self._here)

    async def enter(self, socket: WebSocket) -> Visitor:
        """Let one in; where the room is full, or its address has its share, one that has been silent longest goes for it."""
        address = socket.client.host if socket.client else ""
        of_address = self._addresses.setdefault(address, Address())
        visitor = Visitor(socket, of_address)
        goes = self._in_the_way(address)
        self._here.add(visitor)
        of_address.here.add(visitor)
        if goes:
            self.go(goes)
            await goes.leave()
        return visitor

    def go(self, visitor: Visitor) -> None:
        """What its address has spent is remembered for a while: to come again is no way round it."""
        self._here.discard(visitor)
        visitor.goes()
        if len(self._addresses) > MOST_ADDRESSES:
            self._addresses = {name: each for name, each in self._addresses.items() if each.here}

    def _in_the_way(self, address: str) -> Visitor | None:
        counts = Counter(visitor.address for visitor in self._here)
        if counts[address] >= MOST_OF_ADDRESS:
            whose = address
        elif len(self._here) >= MOST_CONNECTIONS:
            whose = max(counts, key=lambda one: counts[one])
        else:
            return None
        return min((one for one in self._here if one.address == whose), key=lambda one: one.heard)


class Turns:
    """So many pieces of work at once, and so many of one address; the others wait.

    Example:
        >>> async def ask():
        ...     return await Turns(2, 1).take("an address", lambda: 7)
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor() as pool:  # a thread that runs no loop yet
        ...     pool.submit(asyncio.run, ask()).result()
        7
    """

    def __init__(self, most: int, of_address: int):
        self._all, self._of_address = asyncio.Semaphore(most), of_address
        self._addresses: dict[str, tuple[asyncio.Semaphore, int]] = {}

    async def take(self, address: str, work: Callable[[], T]) -> T:
        """What the work gives, which is done on a thread."""
        own, waiting = self._addresses.get(address, (asyncio.Semaphore(self._of_address), 0))
        self._addresses[address] = own, waiting + 1
        try:
            async with own, self._all:
                return await asyncio.to_thread(work)
        finally:
            own, waiting = self._addresses.pop(address)
            if waiting > 1:
                self._addresses[address] = own, waiting - 1


# Pictures that pages load by their address.
_pictures = Turns(2, 1)


def in_turn(endpoint: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """A plain function that answers a request, for which one waits one's turn."""

    async def taken(request: Request) -> Response:
        address = request.client.host if request.client else ""
        return await _pictures.take(address, lambda: endpoint(request))

    return taken
