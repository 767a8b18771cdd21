"""What one visitor of the live route may cost the others: connections, and seconds of the server's loop.

A connection that asks for nothing makes room for one that does. What is charged is time, whatever came of a request: parsing one that is
none costs as much as parsing another. What all may spend together is shared between addresses, and what one may between its connections.
"""

import asyncio
import contextlib
import itertools
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from vae_core.serving import give_way

T = TypeVar("T")

# Connections at once, and of one address; behind a proxy or a school's router everybody has the same one.
MOST_CONNECTIONS, MOST_OF_ADDRESS = 256, 128

MOST_ADDRESSES = 4096  # that are remembered

# A connection is closed after so many seconds without a request, with a code by which the page knows to open another when it needs one.
IDLE_SECONDS, IDLE = 600.0, 4408

# Seconds of the loop, a second, for one connection and for all together, after a burst of as much; and what a message costs at least.
OF_CONNECTION, OF_ALL, LEAST = 0.15, 0.6, 0.0003
# And what each byte of it adds, which is read before anybody can say what it is.
A_BYTE = 2e-8

# A connection takes part in the sharing of its address for so many seconds after its last request, and has a share of its own once it has
# been here as long: to come anew is no way to one. What it spent counts half after a second.
TAKES_PART, HALF_LIFE = 2.0, 1.0

# Seconds that a request may wait for others, beyond which its page is told to ask less often; and for how long at most it is told to pause.
CALM, LONGEST_PAUSE = 0.02, 0.25


def level(total: float, wanted: Iterable[float]) -> float:
    """How much each may have at most, so that together they have no more than there is: who wants less leaves the rest to the others.

    >>> level(6.0, [1.0, math.inf, math.inf]), level(6.0, [1.0, 2.0])
    (2.5, inf)
    """
    left, order = total, sorted(wanted)
    for place, want in enumerate(order):
        share = left / (len(order) - place)
        if want > share:
            return share
        left -= want
    return math.inf


class Allowance:
    """A bucket of seconds that fills at `rate` a second and holds one second's worth."""

    def __init__(self, rate: float):
        self.rate, self._left, self._at = rate, rate, time.monotonic()

    def wait(self, spent: float) -> float:
        """Take seconds out, and say for how many whoever spent them has to wait."""
        now = time.monotonic()
        self._left = min(self.rate, self._left + (now - self._at) * self.rate) - spent
        self._at = now
        return max(0.0, -self._left / self.rate)


class Lately:
    """What is spent a second, of late."""

    def __init__(self) -> None:
        self._sum, self._at = 0.0, time.monotonic()

    def add(self, spent: float) -> float:
        now = time.monotonic()
        self._sum = self._sum * 0.5 ** ((now - self._at) / HALF_LIFE) + spent
        self._at = now
        return self._sum * math.log(2) / HALF_LIFE


class Address:
    """What the connections from one place share: who is here, and what they may spend together, beside those from other places.

    Args:
        others: gives the addresses between which the whole is shared, this one among them.

    Example:
        >>> Address().share()
        0.6
    """

    def __init__(self, others: Callable[[], Iterable["Address"]] = tuple) -> None:
        self.here: set[Visitor] = set()
        self._others, self._allowance, self._lately, self._owes = others, Allowance(OF_ALL), Lately(), False

    def wait(self, spent: float) -> float:
        """For how many seconds the address owes, with what somebody has spent now."""
        self._lately.add(spent)
        self._allowance.rate = self.rate()
        wait = self._allowance.wait(spent)
        self._owes = wait > 0
        return wait

    def rate(self) -> float:
        """What is left to it of the whole, in seconds a second, the others taking what they want and no more than an equal share."""
        wanted = (other.wanted() for other in self._others() if other is not self and other.asking())
        return level(OF_ALL, [*wanted, math.inf])

    def wanted(self) -> float:
        """What it would spend a second; without end while it has to wait."""
        return math.inf if self._owes else self._lately.add(0.0)

    def asking(self) -> int:
        """How many of its connections ask."""
        now = time.monotonic()
        return sum(now - visitor.heard < TAKES_PART for visitor in self.here)

    def share(self) -> float:
        """An equal share of those who ask, in seconds a second."""
        return self._allowance.rate / max(1, self.asking())


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
        self._own, self._of_address, self._spent = Allowance(OF_CONNECTION), of_address, 0.0
        self._lately, self._since = Lately(), self.heard
        self._free = self._turn = (
            self.heard
        )  # when it may ask again, and when by an equal share of its address
        self._pause = 0.0

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

    def pace(self, waited: float) -> float:
        """For how many seconds its page is to ask for nothing: until what was spent is earned, and longer the more its requests waited for others.

        What a page sends in the meantime would grow old in line, while after the pause it sends the newest: pictures drop before they
        come late. Pauses settle where requests wait no longer than `CALM`.

        Args:
            waited: seconds that a request waited here until others were answered.

        Returns:
            Seconds, 0 where it may go on.
        """
        self._settle()
        self._pause = min(LONGEST_PAUSE, max(0.0, self._pause + (waited - CALM) / 2))
        return max(self._pause, self._free - time.monotonic(), 0.0)

    async def rest(self) -> None:
        """Wait until what was spent is earned, whatever its page makes of the pause."""
        self._settle()
        if (wait := self._free - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def _settle(self) -> None:
        """Who spends more than its own allowance waits for the rest; where its address does, who takes more than an equal share waits for its
        turn by that share, and others for nobody."""
        spent, self._spent, now = self._spent, 0.0, time.monotonic()
        wait, owed, rate = self._own.wait(spent), self._of_address.wait(spent), self._rate(spent)
        share = self._of_address.share()
        if owed and rate > share:
            self._turn = max(self._turn, self.heard) + spent / share
            wait = max(wait, owed if rate == math.inf else self._turn - now)
        self._free = max(self._free, now + wait)

    def _rate(self, spent: float) -> float:
        """What it has spent a second, lately; without end for who has come just now."""
        lately = self._lately.add(spent)
        return lately if time.monotonic() - self._since > TAKES_PART else math.inf

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
        self._spent += LEAST + A_BYTE * (len(text) or len(message.get("bytes") or b""))
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
        of_address = self._addresses.setdefault(address, Address(self._present))
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

    def _present(self) -> set[Address]:
        return {self._addresses[visitor.address] for visitor in self._here}

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
    """So many pieces of work at once, and so many of one address; the others wait. They give way to what a drag waits for.

    Example:
        >>> async def ask():
        ...     return await Turns(2, 1).take("an address", lambda: 7)
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor() as pool:  # a thread that runs no loop yet
        ...     pool.submit(asyncio.run, ask()).result()
        7
    """

    def __init__(self, most: int, of_address: int):
        self._of_address, self._threads = of_address, ThreadPoolExecutor(most, "turns", initializer=give_way)
        self._addresses: dict[str, tuple[asyncio.Semaphore, int]] = {}

    async def take(self, address: str, work: Callable[[], T]) -> T:
        """What the work gives, which is done on a thread."""
        own, waiting = self._addresses.get(address, (asyncio.Semaphore(self._of_address), 0))
        self._addresses[address] = own, waiting + 1
        try:
            async with own:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
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
