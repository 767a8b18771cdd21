"""How long a visitor waits, in headless Chromium: `python -m benchmarks.latency`.

First page: from the start of a cold server until it answers; from there to what moves while the page opens, to the picture of Start, and to
its first movement; and the same for later visitors. Controls: from the key that moves a slider to the changed pixels in
the page, a change of the grid's or the map's digest (of a number's text on the rate-distortion page) seen by the page itself.
Betas: the same for a slider of beta, which every page answers to, maps of 10,000 points included. And while its handle is dragged, before
the script runs: from a move of the pointer to the picture that follows it, and pictures a second while it moves on and on.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any

from benchmarks.kept import Kept
from tests.support.driving import chromium, served

# The picture is painted once as the script sends it, and again as soon as a handle moves by itself.
SHOWN = ".first[data-painted]"
OPENING = "#opening i"  # in the page itself
MOVING = f"{SHOWN}:not([data-painted='1']):not([data-painted='2'])"
VIEWPORT = {"width": 1440, "height": 900}

# Notes when the event reaches the page and when the grid's digest has changed on the screen; `globalThis.answer` is the
# wait in milliseconds.
ARM = """([grid, event, field = "digest"]) => {
  const mark = () => grid.dataset[field] ?? grid.textContent;
  const before = mark();
  globalThis.answer = new Promise((resolve) => addEventListener(event, () => {
    const start = performance.now();
    const look = () => mark() !== before
      ? requestAnimationFrame(() => resolve(performance.now() - start)) : setTimeout(look, 1);
    look();
  }, { once: true, capture: true }));
}"""


def first_pages(kept: Kept) -> None:
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(chromium())
        started = time.perf_counter()
        address = stack.enter_context(served())
        kept.add(
            "a cold server, from its start, until it answers", median=1000 * (time.perf_counter() - started)
        )
        for visitor in ("first visitor, once the server answers", "second visitor", "third visitor"):
            context = browser.new_context(viewport=VIEWPORT)
            page = context.new_page()
            started = time.perf_counter()
            page.goto(address, wait_until="commit")
            for what, condition in (
                ("a picture that moves while the page opens", OPENING),
                ("the model's own picture", SHOWN),
                ("the model's own picture, moving", MOVING),
            ):
                page.wait_for_selector(condition, timeout=120_000)
                kept.add(f"{visitor}, to {what}", median=1000 * (time.perf_counter() - started))
            context.close()  # its handles move on, and would slow the next


def controls(kept: Kept, name: str, path: str, slider: str, grid: str, moves: int = 40) -> None:
    """Arrow keys on a slider, a few to the right and a few to the left in turn."""

    def press(page: Any, move: int) -> None:
        page.locator(slider).focus()
        page.keyboard.press("ArrowRight" if (move // 5) % 2 == 0 else "ArrowLeft")

    measure(kept, name, path, grid, "keydown", press, moves)


def clicks(kept: Kept, name: str, path: str, panel: str, grid: str, moves: int = 40) -> None:
    """Clicks on items of a map, along a diagonal."""

    def click(page: Any, move: int) -> None:
        box = page.locator(panel).bounding_box()
        part = 0.35 + 0.3 * ((move * 7) % 45) / 45
        page.mouse.click(
            box["x"] + part * box["width"], box["y"] + (0.35 + 0.3 * (move % 5) / 5) * box["height"]
        )

    measure(kept, name, path, grid, "pointerup", click, moves)


def measure(
    kept: Kept,
    name: str,
    path: str,
    grid: str,
    event: str,
    act: Callable[[Any, int], None],
    moves: int,
    settle: int = 5,
) -> None:
    """Act `moves` times, after a few more to warm up, and report the waits."""
    with served() as address, chromium() as browser:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.goto(address + path)
        ready = f"{grid}[data-ready=true]" if grid.endswith(("grid", "map")) else grid
        page.wait_for_selector(ready, timeout=120_000)
        page.wait_for_timeout(2000)
        times = []
        for move in range(moves + settle):
            page.evaluate(ARM, [page.locator(grid).first.element_handle(), event])
            act(page, move)
            times.append(page.evaluate("() => globalThis.answer"))
            page.wait_for_timeout(300)
        kept.waits(name, times[settle:])


RATED = "mr-cdvae-mnist"
BETA = ".st-key-beta_z_u input[type=range]"


def rates(kept: Kept) -> None:
    """A slider of beta on every page."""
    for name, path, grid in (
        ("Map: 2 x 10,000 points begin to move", "/map", ".latent-map"),
        ("Map: pictures of the open item", "/map?item=3", ".st-key-item-neighbours .image-grid"),
        ("Traverse", "/traverse", ".st-key-strips .image-grid"),
        ("Generate", "/generate", ".st-key-samples .image-grid"),
        ("What beta does", "/rate_distortion", ".betas"),
    ):
        query = "&" if "?" in path else "?"
        controls(kept, f"a slider of β, by a key, {name}", f"{path}{query}model={RATED}", BETA, grid)


# Counts what follows from now on.
FOLLOWS = """([node, field]) => {
  globalThis.pictures = 0;
  new MutationObserver(() => globalThis.pictures++).observe(node, { attributes: true, attributeFilter: [`data-${field}`] });
}"""


def drags(kept: Kept) -> None:
    """The handle of a slider of beta, held."""
    for name, path, figure, field in (
        ("Map: 2 x 10,000 points follow", "/map", ".latent-map", "follows"),
        ("Map: the image beside it", "/map", ".st-key-map-beside .first", "painted"),
        ("Traverse: 11 x 10 pictures", "/traverse", ".st-key-strips .image-grid", "shown"),
        ("Generate: 12 x 10 pictures", "/generate", ".st-key-samples .image-grid", "shown"),
        ("Live", "/live", ".live-controls", "painted"),
    ):
        drag(kept, f"the same slider dragged, {name}", f"{path}?model={RATED}", figure, field)


def drag(
    kept: Kept,
    name: str,
    path: str,
    figure: str,
    field: str,
    moves: int = 40,
    settle: int = 5,
    seconds: float = 4.0,
) -> None:
    """Single moves, each until the figure follows; then one after the other at the speed of a screen."""
    with served() as address, chromium() as browser:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.goto(address + path)
        page.wait_for_selector(f"{figure}[data-ready=true]", timeout=120_000)
        page.wait_for_timeout(2000)
        page.locator(BETA).scroll_into_view_if_needed()
        box = page.locator(BETA).locator("xpath=../..").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        node, places, times = page.locator(figure).first.element_handle(), [*range(-40, 41, 5)], []
        places += places[-2:0:-1]  # there and back: no place twice in a row
        for move in range(moves + settle):
            page.evaluate(ARM, [node, "pointermove", field])
            page.mouse.move(x + places[move % len(places)], y)
            times.append(page.evaluate("() => globalThis.answer"))
            page.wait_for_timeout(100)
        page.evaluate(FOLLOWS, [node, field])
        start, move = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            page.mouse.move(x + places[move % len(places)], y)
            page.wait_for_timeout(16)
            move += 1
        spent = time.perf_counter() - start
        pictures = page.evaluate("globalThis.pictures")
        kept.waits(name, times[settle:], pictures_a_second=pictures / spent, moves_a_second=move / spent)


def main() -> None:
    kept = Kept("latency")
    first_pages(kept)
    rates(kept)
    drags(kept)
    clicks(
        kept,
        "Map: a click opens an item",
        "/map?item=0",
        ".latent-map .panel[data-panel=z_u] .plot",
        ".st-key-item-neighbours .image-grid",
    )
    controls(
        kept,
        "Traverse: the range moves, 11 x 10 pictures",
        "/traverse",
        ".st-key-span input[type=range]",
        ".st-key-strips .image-grid",
    )
    controls(
        kept,
        "Traverse: the range moves, 11 x 16 pictures",
        "/traverse?block=z_u",
        ".st-key-span input[type=range]",
        ".st-key-strips .image-grid",
    )
    controls(
        kept,
        "Generate: the temperature moves, 12 x 10 pictures",
        "/generate",
        ".st-key-temperature input[type=range]",
        ".st-key-samples .image-grid",
    )
    kept.write()


if __name__ == "__main__":
    main()
