"""How long one visitor's drag waits while another abuses the server: `python -m benchmarks.fairness`.

A visitor asks for 30 images a second, a new code every time, and each wait is from the request to the whole answer. Beside it runs, from
a process of its own, one abuser of each kind, then all of them together: idle connections, a flood of the largest requests, of requests that are none,
of brackets, of large messages, of images of a page, and uploads of images that are small as files only.
The visitor's wait is printed; the target is 50 ms at the 95th percentile on two cores.
"""

import argparse
import asyncio
import contextlib
import io
import json
import multiprocessing
import os
import random
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable

import numpy as np
from latent_explorer import DECODE, LIVE
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.files import many_directories
from tests.support.driving import chromium, served
from vae_core import bundled, load

RATE = 30
MODEL, HEAVY = "mr-cdvae-mnist", "beta-tcvae-sprites"
TOGETHER = "all of them together"


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


async def idle(url: str) -> None:
    """Connections that ask for nothing, as many as there can be, for ever anew."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(400):
            with contextlib.suppress(OSError, WebSocketException):
                await stack.enter_async_context(connect(url))
        await asyncio.sleep(3600)


def flood(messages: Callable[[int], str], sockets: int = 4) -> Callable[[str], Awaitable[None]]:
    """One message after the other, as soon as the one before is answered, over several connections."""

    async def one(url: str) -> None:
        number = 0
        while True:
            try:
                async with connect(url, max_size=None) as socket:
                    while True:
                        number += 1
                        await socket.send(messages(number))
                        await socket.recv()
            except (OSError, WebSocketException):
                await asyncio.sleep(0.01)

    async def all_of_them(url: str) -> None:
        await asyncio.gather(*(one(url) for _ in range(sockets)))

    return all_of_them


def largest() -> Callable[[str], Awaitable[None]]:
    text = json.dumps({"model": HEAVY, "codes": codes(widths(HEAVY), 128, random.Random(1)), "back": True})
    return flood(lambda number: text)


async def pictures(url: str) -> None:
    """Images of a page by their address, no two alike."""
    address = url.replace("ws", "http", 1).removesuffix(LIVE)

    def get(number: int) -> None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}{DECODE}/{MODEL}/{number % 10_000}", timeout=30).read()

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


KINDS: dict[str, Callable[[], Callable[[str], Awaitable[None]]]] = {
    "nobody": lambda: lambda url: asyncio.sleep(3600),
    "idle connections": lambda: idle,
    "128 sprites a request": largest,
    "requests that are none": lambda: flood(lambda number: '{"model": 3}'),
    "models that are not there": lambda: flood(lambda number: json.dumps({"model": f"gone {number}"})),
    "60 kB of brackets": lambda: flood(lambda number: "[" * 60_000),
    "messages of 60 MB": lambda: flood(lambda number: "x" * 60_000_000, sockets=1),
    "images of a page": lambda: pictures,
}
UPLOADS = "uploads of large images"


def _abuse(kind: str, url: str) -> None:
    os.nice(19)  # they would have machines of their own, and take nothing of the server's
    if kind == UPLOADS:
        uploads(url)
    else:
        asyncio.run(KINDS[kind]()(url))  # type: ignore[arg-type]


def measured(kinds: list[str], url: str, sizes: dict[str, int], seconds: float) -> list[float]:
    context = multiprocessing.get_context("spawn")
    abusers = [context.Process(target=_abuse, args=(kind, url), daemon=False) for kind in kinds]
    for abuser in abusers:
        abuser.start()
    try:
        time.sleep(8 if UPLOADS not in kinds else 25)  # until they are at it
        return asyncio.run(drag(url, sizes, seconds))
    finally:
        for abuser in abusers:
            abuser.terminate()
            abuser.join()
        time.sleep(1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--only", nargs="*", help="kinds of abuser")
    asked = options.parse_args()
    every = [*KINDS, UPLOADS]
    chosen = [[kind] for kind in asked.only or every] + ([] if asked.only else [every[1:]])
    sizes = widths(MODEL)
    print(f"{'beside':32} {'median':>7} {'p95':>7} {'longest':>8}  ms")
    with served() as address:
        url = address.replace("http", "ws", 1) + LIVE
        asyncio.run(drag(url, sizes, 2))
        for kinds in chosen:
            try:
                waits = sorted(measured(kinds, url, sizes, asked.seconds))
            except (OSError, WebSocketException) as error:
                print(
                    f"{kinds[0] if len(kinds) == 1 else TOGETHER:32} locked out ({type(error).__name__})",
                    flush=True,
                )
                continue
            p95 = waits[int(0.95 * (len(waits) - 1))]
            name = kinds[0] if len(kinds) == 1 else TOGETHER
            print(f"{name:32} {statistics.median(waits):7.1f} {p95:7.1f} {waits[-1]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
