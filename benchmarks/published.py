"""A published site in headless Chromium: `python -m benchmarks.published`.

Sizes: of the model's files, and of what runs them. First picture: from the navigation to the first picture that has moved by itself, and to
the model's own answers, over a line of 10 Mbit/s with 20 ms before each answer, as a host without compression sends. Pointer: as
`benchmarks.live` measures the app, from a pointer's event to the changed pixels; the app itself beside it, on the same machine at the same time.
"""

import tempfile
import time
from pathlib import Path

from latent_explorer.site.publishing import publish

from benchmarks.live import ARM, controls, report
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
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            sizes = publish([load(name)], Path(folder) / "site").sizes
            without = (sizes["all"] - sizes["runtime"]) / 1e6
            print(f"{name}: {without:.1f} MB without what runs it, {sizes['runtime'] / 1e6:.1f} MB of that")
            with hosted(Path(folder) / "site", LINE, DELAY) as address:
                moved, ready = first(address)
            print(
                f"  over 10 Mbit/s: {moved:.1f} s to a moving picture, {ready:.1f} s until the model answers"
            )
            with hosted(Path(folder) / "site") as address:
                report("  pointer to pixels", pointer(address))
            if name == MODELS[0]:
                with served() as address:
                    report("  pointer to pixels, the app", controls(address, f"model={name}&item=3"))


if __name__ == "__main__":
    main()
