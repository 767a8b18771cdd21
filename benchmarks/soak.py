"""The server's memory over time: `python -m benchmarks.soak [--minutes 60] [--visitors 20] [--checkpoints 500] [--epochs 200]
[--connections 400] [--rounds 12]`; 0 of one leaves its part out.

Parts, each with a server of its own, and each line the resident memory of the server (Linux): visitors who go from page to page and
drag; every page of each of six models, opened in rounds; connections of the live route that come and go; an app open beside a training whose card is written anew each epoch; and a folder of so many checkpoints of which one after the
other is opened. What is flat stays so after the first tenth: the last column is the growth since then.
"""

import argparse
import asyncio
import json
import random
import shutil
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from latent_explorer import DECODE, LIVE
from websockets.asyncio.client import connect

from benchmarks.live import memory
from tests.support.driving import chromium, served
from vae_core import bundled, load

PAGES = ("", "map", "traverse", "generate", "interpolate", "prior", "measure", "elbo", "live")
MODELS = ("vae-mnist", "cdvae-mnist", "mr-vae-mnist", "beta-tcvae-sprites", "joint-mnist", "srvae-mnist")


@contextmanager
def watched(name: str, address: str, every: float) -> Iterator[list[float]]:
    """Note the memory every so many seconds, and print it at the end."""
    seen, ended = [memory(address)], threading.Event()

    def look() -> None:
        while not ended.wait(every):
            seen.append(memory(address))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        seen.append(memory(address))
        settled = seen[len(seen) // 10]
        marks = " ".join(f"{seen[round(share * (len(seen) - 1) / 8)]:.0f}" for share in range(9))
        print(f"{name:44} {marks} MB   growth {seen[-1] - settled:+.0f} MB", flush=True)


def visitors(minutes: float, count: int) -> None:
    with served() as address, watched(f"{count} visitors, {minutes:g} minutes", address, minutes * 60 / 50):
        end = time.monotonic() + 60 * minutes
        draggers = threading.Thread(target=lambda: asyncio.run(_drag(address, count - 1, end)))
        draggers.start()
        chance = random.Random(0)
        with chromium() as browser:
            while time.monotonic() < end:
                page = browser.new_page()
                for _ in range(10):
                    page.goto(f"{address}/{chance.choice(PAGES)}?model={chance.choice(MODELS)}")
                    page.wait_for_timeout(3000)
                page.close()
        draggers.join()


async def _drag(address: str, count: int, end: float) -> None:
    await asyncio.gather(*(_one(address, number, end) for number in range(count)))


async def _one(address: str, number: int, end: float) -> None:
    """A visitor who drags for a while, ten times a second, goes to look at something else, and comes again with another model."""
    chance = random.Random(number)
    while time.monotonic() < end:
        await _connected(address, chance, 0.1)
        await asyncio.sleep(chance.uniform(0.0, 40.0))


async def _connected(address: str, chance: random.Random, pause: float) -> None:
    """One connection: 50 to 200 requests to a model, each once the one before is answered and after a pause of seconds."""
    model = chance.choice(MODELS)
    mean = load(bundled()[model]).atlas.means
    async with connect(address.replace("http", "ws", 1) + LIVE, max_size=None) as socket:
        for _ in range(chance.randrange(50, 200)):
            mix = {name: [[[chance.randrange(1000), 1.0]]] for name in mean}
            await socket.send(json.dumps({"model": model, "mix": mix}))
            await socket.recv()
            await asyncio.sleep(pause)


def connections(count: int) -> None:
    """Six visitors who ask 50 to 200 times as fast as they are answered, go, and come again, so many times together."""
    left = iter(range(count))

    async def come_and_go(address: str, number: int) -> None:
        chance = random.Random(number)
        for _ in left:
            await _connected(address, chance, 0.0)

    async def all_of_them(address: str) -> None:
        await asyncio.gather(*(come_and_go(address, number) for number in range(6)))

    with served() as address, watched(f"{count} connections, one after the other", address, 2.0):
        asyncio.run(all_of_them(address))


def pages(rounds: int) -> None:
    """Every page of each model, once a round in an order of its own; the memory after each."""
    places, seen = [f"{page}?model={model}" for page in PAGES for model in MODELS], list[str]()
    with served() as address, chromium() as browser:
        for number in range(rounds):
            random.Random(number).shuffle(places)
            page = browser.new_page()
            for place in places:
                page.goto(f"{address}/{place}")
                page.wait_for_selector(
                    "[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000
                )
                page.wait_for_timeout(300)
            page.close()
            seen.append(f"{memory(address):.0f}")
    print(f"{len(places)} pages in each of {rounds} rounds: {', '.join(seen)} MB", flush=True)


def beside_a_training(epochs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(shutil.copytree(bundled()["vae-mnist"], Path(folder) / "run"))
        with served(Path(folder)) as address, watched(f"beside a training of {epochs} epochs", address, 1.0):
            for epoch in range(epochs):
                card = json.loads((run / "card.json").read_text())
                card["epochs_done"] = epoch
                (run / "card.json").write_text(json.dumps(card))
                _get(f"{address}{DECODE}/run/{epoch}")
                time.sleep(0.05)


def many(checkpoints: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(checkpoints):
            shutil.copytree(bundled()["vae-mnist-plane"], Path(folder) / f"run {number}")
        with (
            served(Path(folder)) as address,
            watched(f"{checkpoints} checkpoints, each opened", address, 1.0),
        ):
            for number in range(checkpoints):
                _get(f"{address}{DECODE}/run%20{number}/3")


def _get(address: str) -> None:
    urllib.request.urlopen(address, timeout=60).read()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--visitors", type=int, default=20)
    options.add_argument("--checkpoints", type=int, default=500)
    options.add_argument("--epochs", type=int, default=200)
    options.add_argument("--connections", type=int, default=400)
    options.add_argument("--rounds", type=int, default=12)
    asked = options.parse_args()
    parts: list[tuple[float, Callable[[], None]]] = [
        (asked.epochs, lambda: beside_a_training(asked.epochs)),
        (asked.checkpoints, lambda: many(asked.checkpoints)),
        (asked.connections, lambda: connections(asked.connections)),
        (asked.rounds, lambda: pages(asked.rounds)),
        (asked.minutes, lambda: visitors(asked.minutes, asked.visitors)),
    ]
    for size, part in parts:
        if size:
            part()


if __name__ == "__main__":
    main()
