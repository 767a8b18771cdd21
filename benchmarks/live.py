"""How fast the live route answers: `python -m benchmarks.live`.

Controls: in headless Chromium a pointer drags a handle of the Live page; each wait is from the pointer's event to the changed pixels of the
picture, both seen by the page itself. Crowd: visitors that each ask for 30 images a second, a new code every time, for some seconds;
each wait is from the request to the whole answer, in a client on the same machine, which takes its share of the cores. The server's
memory is read before and after.
Capacity: what fifty visitors get who ask again as soon as they are answered. Then fifty visitors whose pointers together move so often that
they would want a half of it, all of it, and twice and four times as much: as on a page the newest place of a pointer replaces older ones, and
a wait is from the pointer's movement to the answer. What is dropped shows in the pictures a second. What the visitors themselves take of the
processor, which a server with its visitors elsewhere would have for itself, is told beside what the server takes.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import random
import time
from pathlib import Path

from latent_explorer import LIVE
from websockets.asyncio.client import ClientConnection, connect

from benchmarks import processors
from benchmarks.kept import Kept
from benchmarks.processors import serving
from tests.support.driving import chromium, served
from vae_core import bundled, load

RATE = 30  # requests a second of each visitor
MODEL = "mr-cdvae-mnist"


def crowd(address: str, visitors: int, seconds: float) -> list[float]:
    """The waits, in milliseconds, of so many visitors for so long."""
    return asyncio.run(_crowd(address.replace("http", "ws", 1) + LIVE, visitors, seconds))


async def _crowd(url: str, visitors: int, seconds: float) -> list[float]:
    widths = {name: values.shape[1] for name, values in load(bundled()[MODEL]).atlas.means.items()}
    found = await asyncio.gather(*(_visit(url, widths, seconds, number) for number in range(visitors)))
    return [wait for waits in found for wait in waits]


async def _visit(url: str, widths: dict[str, int], seconds: float, number: int) -> list[float]:
    chance = random.Random(number)
    sent: dict[int, float] = {}
    async with connect(url, max_size=None) as socket:
        reader = asyncio.create_task(_read(socket, sent, round(seconds * RATE)))
        start = time.perf_counter() + chance.random() / RATE
        for turn in range(round(seconds * RATE)):
            await asyncio.sleep(max(0.0, start + turn / RATE - time.perf_counter()))
            codes = {name: [[chance.gauss(0, 1) for _ in range(width)]] for name, width in widths.items()}
            text = json.dumps({"id": turn, "model": MODEL, "codes": codes})
            sent[turn] = time.perf_counter()
            await socket.send(text)
        return await reader


def dragging(address: str, visitors: int, seconds: float, rate: float) -> list[float]:
    """The waits, in milliseconds, of visitors whose pointers move `rate` times a second each, and who ask as pages do."""
    return asyncio.run(_dragging(address.replace("http", "ws", 1) + LIVE, visitors, seconds, rate))


async def _dragging(url: str, visitors: int, seconds: float, rate: float) -> list[float]:
    widths = {name: values.shape[1] for name, values in load(bundled()[MODEL]).atlas.means.items()}
    found = await asyncio.gather(
        *(_as_a_page(url, widths, seconds, rate, number) for number in range(visitors))
    )
    return [wait for waits in found for wait in waits]


async def _as_a_page(
    url: str, widths: dict[str, int], seconds: float, rate: float, number: int
) -> list[float]:
    """Like components/shared/live.js: two requests on the way, one while the server has much to do, after the pause that it names; the newest
    of those that wait."""
    chance, waits = random.Random(number), list[float]()
    newest, most, until, news = (
        0.0,
        2,
        0.0,
        asyncio.Event(),
    )  # when the pointer moved last, if that is not asked for yet
    flying: dict[int, float] = {}
    end = time.perf_counter() + seconds

    async def move() -> None:
        nonlocal newest
        at = time.perf_counter() + chance.random() / rate
        while at < end:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            newest = time.perf_counter()
            news.set()
            at += 1 / rate

    async def hear(socket: ClientConnection) -> None:
        nonlocal most, until
        while True:
            data = await socket.recv(decode=False)
            header = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
            if "error" in header:
                raise RuntimeError(header["error"])
            waits.append(1000 * (time.perf_counter() - flying.pop(header["id"])))
            most = 1 if header.get("pause") else 2
            until = time.perf_counter() + header.get("pause", 0) / 1000
            news.set()

    async with connect(url, max_size=None) as socket:
        tasks = [asyncio.create_task(move()), asyncio.create_task(hear(socket))]
        for turn in itertools.count():
            while not newest or len(flying) >= most or time.perf_counter() < until:
                news.clear()
                now = time.perf_counter()
                ready = newest and len(flying) < most  # but for the pause
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), max(0.0, (min(until, end) if ready else end) - now))
                if time.perf_counter() >= end:
                    for task in tasks:
                        task.cancel()
                    return waits
            flying[turn], newest = newest, 0.0
            codes = {name: [[chance.gauss(0, 1) for _ in range(width)]] for name, width in widths.items()}
            await socket.send(json.dumps({"id": turn, "model": MODEL, "codes": codes}))
    return waits


async def _read(socket: ClientConnection, sent: dict[int, float], count: int) -> list[float]:
    waits = []
    for _ in range(count):
        data = await socket.recv(decode=False)
        header = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
        if "error" in header:
            raise RuntimeError(header["error"])
        waits.append(1000 * (time.perf_counter() - sent[header["id"]]))
    return waits


# Notes when a pointer event reaches the page and when the picture has changed on the canvas after it; `globalThis.waits` are the
# differences in milliseconds. Browsers hand out pointer events once a frame and show the canvas with the next one: that is not waited for.
ARM = """([root, handle]) => {
  globalThis.waits = [];
  let started = 0;
  const canvas = root.querySelector("canvas.picture");
  const pixels = () => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.join();
  let shown = pixels();
  handle.addEventListener("pointermove", () => { started ||= performance.now(); }, { capture: true });
  new MutationObserver(() => {
    const now = pixels();
    if (now === shown || !started) return;
    globalThis.waits.push(performance.now() - started);
    shown = now;
    started = 0;
  }).observe(root, { attributes: true, attributeFilter: ["data-painted"] });
}"""


def controls(address: str, query: str, drags: int = 4, moves: int = 60) -> list[float]:
    """The waits, in milliseconds, while a pointer drags the handle that is used most, at about 60 events a second."""
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"{address}/live?{query}")
        page.wait_for_selector(".live-controls[data-ready=true][data-live=true]", timeout=120_000)
        page.wait_for_timeout(2000)
        root, handle = (
            page.query_selector(selector)
            for selector in (".live-controls", ".handle:not(.dead) input[type=range]")
        )
        page.evaluate(ARM, [root, handle])
        box = handle.bounding_box()
        y = box["y"] + box["height"] / 2
        for drag in range(drags):
            value, low, high = handle.evaluate("e => [+e.value, +e.min, +e.max]")
            page.mouse.move(box["x"] + 8 + (value - low) / (high - low) * (box["width"] - 16), y)
            page.mouse.down()
            for move in range(moves):
                share = 0.5 + 0.4 * math.sin(2 * math.pi * (drag + move / moves))
                page.mouse.move(box["x"] + share * box["width"], y)
                page.wait_for_timeout(16)
            page.mouse.up()
            page.wait_for_timeout(800)  # the run that follows a release is not the pointer's
        return page.evaluate("globalThis.waits")


def memory(address: str) -> float:
    """Resident memory of the server's processes in megabytes (Linux)."""
    found = 0
    for process in serving(address):
        with contextlib.suppress(OSError):  # it has ended since
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return found / 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=10.0)
    seconds, kept = options.parse_args().seconds, Kept("live")
    with served() as address:
        for model in ("mr-cdvae-mnist", "vae-mnist", "srvae-mnist"):
            kept.waits(
                f"a pointer event on a handle of `{model}`, to the changed picture",
                controls(address, f"model={model}&item=3"),
            )
        crowd(address, 1, 2)
        for visitors in (1, 10, 20, 50):
            before = memory(address)
            waits = crowd(address, visitors, seconds)
            name = f"{visitors} visitor{'s' * (visitors > 1)} who ask{'s' * (visitors == 1)} for {RATE} images a second{' each' * (visitors > 1)}"
            kept.waits(name, waits, memory_before=before, memory_after=memory(address))
        fifty(address, seconds, kept)
    kept.write()


def fifty(address: str, seconds: float, kept: Kept) -> None:
    """What fifty visitors get who ask again at once, and then those who ask as pages do for a share of it."""
    dragging(address, 50, 2, 1000.0)
    before, own = processors.seconds(processors.serving(address)), time.process_time()
    count = len(dragging(address, 50, seconds, 1000.0))
    server = processors.seconds(processors.serving(address)) - before
    own, capacity = time.process_time() - own, count / seconds
    kept.add(
        "capacity", pictures_a_second=capacity, server=1000 * server / count, visitors=1000 * own / count
    )
    for share, words in (
        (0.5, "half the capacity"),
        (1.0, "all of it"),
        (2.0, "twice as much"),
        (4.0, "four times as much"),
    ):
        waits = dragging(address, 50, seconds, share * capacity / 50)
        kept.waits(
            f"50 visitors who ask as pages do, and together want {words}",
            waits,
            pictures_a_second=len(waits) / seconds,
        )


if __name__ == "__main__":
    main()
