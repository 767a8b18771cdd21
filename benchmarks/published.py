"""A published site in headless Chromium: `python -m benchmarks.published`.

Sizes: of the model's files, and of what runs them. First picture: from the navigation to the first picture that has moved by itself, and to
the model's own answers, over a line of 10 Mbit/s with 20 ms before each answer, as a host without compression sends. Pointer: as
`benchmarks.live` measures the app, from a pointer's event to the changed pixels; the app itself beside it, on the same machine at the same time.
"""

import tempfile
import time
from pathlib import Path

from latent_explorer.site.publishing import publish

from benchmarks.kept import Kept
from benchmarks.live import ARM, controls
from tests.support.driving import chromium, served
from tests.support.hosting import hosted
from vae_core import load

MODELS = ("mr-cdvae-mnist", "vae-mnist", "vae-rooms")
MOVED = ".first[data-painted]:not([data-painted='1']):not([data-painted='2'])"
LINE, DELAY = 10e6, 0.02


def first(address: str) -> tuple[float, float]:
    """Seconds to a picture that has moved, and until the model itself answers."""
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        started = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(MOVED, timeout=60_000)
        moved = time.perf_counter() - started
        page.wait_for_selector("#site[data-decoder=ready]", timeout=60_000)
        return moved, time.perf_counter() - started


def pointer(address: str, drags: int = 4, moves: int = 60) -> list[float]:
    """Milliseconds while a pointer drags the handle that is used most."""
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"{address}/?page=live")
        page.wait_for_selector("#site[data-decoder=ready][data-ready=true]", timeout=60_000)
        page.wait_for_timeout(1000)
        root = page.query_selector(".live-controls")
        handle = page.query_selector(".handle:not(.dead) input[type=range]")
        assert root is not None
        assert handle is not None
        page.evaluate(ARM, [root, handle])
        box = handle.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        for drag in range(drags):
            value, low, high = handle.evaluate("e => [+e.value, +e.min, +e.max]")
            page.mouse.move(box["x"] + 8 + (value - low) / (high - low) * (box["width"] - 16), y)
            page.mouse.down()
            for move in range(moves):
                share = 0.1 + 0.8 * abs(2 * (((drag + move / moves) / 2) % 1) - 1)
                page.mouse.move(box["x"] + share * box["width"], y)
                page.wait_for_timeout(16)
            page.mouse.up()
            page.wait_for_timeout(300)
        return page.evaluate("globalThis.waits")


def main() -> None:
    kept = Kept("published")
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site"
            sizes = publish([load(name)], site).sizes
            with hosted(site, LINE, DELAY) as address:
                moved, ready = first(address)
            kept.add(
                f"`{name}`",
                megabytes=(sizes["all"] - sizes["runtime"]) / 1e6,
                runtime=sizes["runtime"] / 1e6,
                moved=moved,
                ready=ready,
            )
            with hosted(site) as address:
                kept.waits(f"the pointer on the site of `{name}`", pointer(address))
    with served() as address:
        kept.waits(
            f"the pointer in the app, over `{MODELS[0]}`", controls(address, f"model={MODELS[0]}&item=3")
        )
    kept.write()


if __name__ == "__main__":
    main()
