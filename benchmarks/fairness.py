"""How long one visitor's drag waits while another abuses the server: `python -m benchmarks.fairness`.

A visitor asks for 30 images a second, a new code every time, and each wait is from the request to the whole answer. Beside it runs, from
a process of its own, one abuser of each kind, then all of them together: idle connections, a flood of the largest requests, of requests that are none,
of brackets, of large messages, of images of a page, and uploads of images that are small as files only. Each comes from an address of its
own, 127.0.0.2 and so on, unless `--one-address`, as of a school behind one router.
The visitor's wait is printed, and the cores that the server and the abusers' own programs took meanwhile: the latter have the lowest
priority, since they would run on other machines. The target is 50 ms at the 95th percentile on two cores.
"""

import argparse
import asyncio
import contextlib
import http.client
import io
import json
import multiprocessing
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from latent_explorer import DECODE, LIVE
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.kept import Kept
from benchmarks.processors import family, last, serving
from benchmarks.processors import seconds as processor
from tests.files import many_directories
from tests.support.driving import chromium, served
from vae_core import bundled, load

RATE = 30
MODEL, HEAVY = "mr-cdvae-mnist", "beta-tcvae-sprites"
TOGETHER = "all of them together"

# Abuses the server at an address, coming from one of its own.
Abuser = Callable[[str, str], Awaitable[None]]


def widths(model: str) -> dict[str, int]:
    return {name: values.shape[1] for name, values in load(bundled()[model]).atlas.means.items()}


def codes(sizes: dict[str, int], rows: int, chance: random.Random) -> dict[str, list[list[float]]]:
    return {
        name: [[round(chance.gauss(0, 1), 3) for _ in range(width)] for _ in range(rows)]
        for name, width in sizes.items()
    }


# ---- the visitor


async def drag(url: str, sizes: dict[str, int], seconds: float) -> list[float]:
    """The waits of one who drags, in milliseconds. A wait that is not over stands for what it was so far."""
    waits, chance = [], random.Random(0)
    async with connect(url, max_size=None) as socket:
        for turn in range(round(seconds * RATE)):
            start = time.perf_counter()
            await socket.send(json.dumps({"id": turn, "model": MODEL, "codes": codes(sizes, 1, chance)}))
            data = await socket.recv(decode=False)
            waits.append(1000 * (time.perf_counter() - start))
            header = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
            if "error" in header:
                raise RuntimeError(header["error"])
            await asyncio.sleep(max(0.0, 1 / RATE - (time.perf_counter() - start)))
    return waits


# ---- the abusers


async def idle(url: str, own: str) -> None:
    """Connections that ask for nothing, as many as there can be, for ever anew."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(400):
            with contextlib.suppress(OSError, WebSocketException):
                await stack.enter_async_context(connect(url, local_addr=(own, 0)))
        await asyncio.sleep(3600)


def flood(messages: Callable[[int], str], sockets: int = 4) -> Abuser:
    """One message after the other, as soon as the one before is answered, over several connections."""

    async def one(url: str, own: str) -> None:
        number = 0
        while True:
            try:
                async with connect(url, max_size=None, local_addr=(own, 0)) as socket:
                    while True:
                        number += 1
                        await socket.send(messages(number))
                        await socket.recv()
            except (OSError, WebSocketException):
                await asyncio.sleep(0.01)

    async def all_of_them(url: str, own: str) -> None:
        await asyncio.gather(*(one(url, own) for _ in range(sockets)))

    return all_of_them


def largest() -> Abuser:
    text = json.dumps({"model": HEAVY, "codes": codes(widths(HEAVY), 128, random.Random(1)), "back": True})
    return flood(lambda number: text)


async def pictures(url: str, own: str) -> None:
    """Images of a page by their address, no two alike."""
    place = urlsplit(url).netloc

    def get(number: int) -> None:
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(
                http.client.HTTPConnection(place, timeout=30, source_address=(own, 0))
            ) as asks,
        ):
            asks.request("GET", f"{DECODE}/{MODEL}/{number % 10_000}")
            asks.getresponse().read()

    async def one(first: int) -> None:
        for number in range(first, 10**9, 8):
            await asyncio.to_thread(get, number)

    await asyncio.gather(*(one(first) for first in range(8)))


def bombs() -> list[tuple[str, bytes]]:
    """Images of few bytes that cost much: 49 megapixels, and a TIFF of tens of thousands of directories."""
    from PIL import Image

    large = io.BytesIO()
    Image.fromarray(np.zeros((7000, 7000), np.uint8)).save(large, "PNG")
    return [("large.png", large.getvalue()), ("many.tiff", many_directories(60_000))]


def uploads(url: str) -> None:
    """One visitor who gives such images to a page, one after the other."""
    address = url.replace("ws", "http", 1).removesuffix(LIVE)
    files = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in bombs()]
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address}/live?model=vae-mnist")
        page.get_by_text("Your own image").first.click(timeout=60_000)
        chooser = page.locator("input[type=file]").first
        for number in range(10**6):
            chooser.set_input_files(files[number % len(files)], timeout=600_000)
            page.wait_for_timeout(3000)


KINDS: dict[str, Callable[[], Abuser]] = {
    "nobody": lambda: lambda url, own: asyncio.sleep(3600),
    "silent connections": lambda: idle,
    "128 sprites a request": largest,
    "requests that are none": lambda: flood(lambda number: '{"model": 3}'),
    "models that are not there": lambda: flood(lambda number: json.dumps({"model": f"gone {number}"})),
    "60 kB of brackets": lambda: flood(lambda number: "[" * 60_000),
    "messages of 60 MB": lambda: flood(lambda number: "x" * 60_000_000, sockets=1),
    "images of a page": lambda: pictures,
}
UPLOADS = "uploads of large images"


def _abuse(kind: str, url: str, own: str) -> None:
    os.setsid()  # a group of its own, whose priority is not the server's
    last([os.getpid()])
    if kind == UPLOADS:
        uploads(url)
    else:
        asyncio.run(KINDS[kind]()(url, own))  # type: ignore[arg-type]


def _wait_for_groups(abusers: Sequence[BaseProcess]) -> None:
    """Until each has a group of its own: who begins on a busy machine is in ours for a while, and the lowest priority would be ours too."""
    while not all(abuser.pid and os.getsid(abuser.pid) == abuser.pid for abuser in abusers):
        time.sleep(0.05)


class Measured(NamedTuple):
    """The waits, in order, milliseconds, and the cores that the server and the abusers took meanwhile."""

    waits: list[float]
    server: float
    abusers: float


def measured(
    kinds: list[str], url: str, sizes: dict[str, int], seconds: float, one_address: bool = False
) -> Measured:
    context = multiprocessing.get_context("spawn")
    addresses = ["127.0.0.1" if one_address else f"127.0.0.{2 + number}" for number in range(len(kinds))]
    abusers = [
        context.Process(target=_abuse, args=(kind, url, own), daemon=False)
        for kind, own in zip(kinds, addresses, strict=True)
    ]
    for abuser in abusers:
        abuser.start()
    _wait_for_groups(abusers)
    try:
        time.sleep(8 if UPLOADS not in kinds else 25)  # until they are at it
        theirs = family(abuser.pid for abuser in abusers if abuser.pid)
        last(theirs)
        ours = serving(url.removesuffix(LIVE))
        start, before = time.perf_counter(), (processor(ours), processor(theirs))
        waits = sorted(asyncio.run(drag(url, sizes, seconds)))
        wall = time.perf_counter() - start
        server, others = (
            (processor(part) - then) / wall for part, then in zip((ours, theirs), before, strict=True)
        )
        return Measured(waits, server, others)
    finally:
        for abuser in abusers:
            abuser.terminate()
            abuser.join()
        time.sleep(1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--only", nargs="*", help="kinds of abuser")
    options.add_argument(
        "--without", nargs="*", default=[], help="kinds left out when all are there together"
    )
    options.add_argument("--one-address", action="store_true", help="all come from the visitor's own address")
    asked = options.parse_args()
    every = [*KINDS, UPLOADS]
    together = [kind for kind in every[1:] if kind not in asked.without]
    chosen = [[kind] for kind in asked.only if kind != TOGETHER] if asked.only else [[kind] for kind in every]
    chosen += [together] if not asked.only or TOGETHER in asked.only else []
    sizes = widths(MODEL)
    kept = Kept("fairness")
    with served() as address:
        url = address.replace("http", "ws", 1) + LIVE
        asyncio.run(drag(url, sizes, 2))
        for kinds in chosen:
            name = kinds[0] if len(kinds) == 1 else TOGETHER
            try:
                found = measured(kinds, url, sizes, asked.seconds, asked.one_address)
            except (OSError, WebSocketException) as error:
                kept.add(name, error=f"locked out ({type(error).__name__})")
                continue
            kept.waits(name, found.waits, server=found.server, abusers=found.abusers)
    if not (asked.only or asked.without or asked.one_address):
        kept.write()


if __name__ == "__main__":
    main()
