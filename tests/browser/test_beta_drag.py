"""A handle of beta is dragged: maps, strips, samples and controls follow while the pointer is down, without a run of the script, and the run
after it is let go shows the same."""

from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.faults import Watch
from tests.browser.pressing import opened, settle
from tests.browser.test_sizes import Counted
from tests.support.driving import eventually, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MAP, GRID = ".latent-map[data-ready=true][data-live=true]", ".image-grid[data-ready=true]"

COUNT_RUNS = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const state = () => app.getAttribute("data-test-script-state");
  globalThis.runs = 0;
  new MutationObserver(() => { if (state() === "running") globalThis.runs++; })
    .observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}"""


def runs(page: Any) -> int:
    """Runs of the script since `COUNT_RUNS`."""
    return page.evaluate("globalThis.runs")


def slider(page: Any, block: str) -> Any:
    return page.locator(f".st-key-beta_{block} input[type=range]")


def grab(page: Any, block: str) -> tuple[float, float, float]:
    """Press the pointer on the slider of a block's beta; where it is, and how wide the track."""
    slider(page, block).scroll_into_view_if_needed()
    thumb = slider(page, block).locator("xpath=../..").bounding_box()
    track = page.locator(f".st-key-beta_{block} [role=group] > div").first.bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y, track["width"]


def picture(page: Any, canvas: str) -> str:
    """A canvas as it is shown, a PNG in base64."""
    return page.locator(canvas).first.evaluate("canvas => canvas.toDataURL().split(',')[1]")


def share_of_others(first: str, second: str, canvas: str) -> float:
    """The share of pixels that differ by more than the server's rounding of codes explains. The outlines on strips, which are coloured, are
    of one beta alone, and wait for the run."""
    a, b = (np.asarray(Image.open(BytesIO(b64decode(each))).convert("RGB"), int) for each in (first, second))
    assert a.shape == b.shape
    differ = np.abs(a - b).max(-1) > 3
    if "cells" in canvas:
        differ &= (np.ptp(a, axis=-1) == 0) & (np.ptp(b, axis=-1) == 0)
    return float(differ.mean())


@pytest.mark.parametrize(
    ("link", "ready", "canvas"),
    [
        ("map?model=rates-digits&item=7", MAP, f"{MAP} [data-panel=z_u] canvas.points"),
        ("map?model=rates-digits&item=7", MAP, ".st-key-map-beside canvas.picture"),
        ("map?model=rates-digits&layout=principal+axes", MAP, f"{MAP} .panel canvas.points"),
        ("traverse?model=rates-digits&block=z_u&dim=z_u%5B0%5D", GRID, f"{GRID} canvas.cells"),
        ("generate?model=rates-digits", GRID, f"{GRID} canvas.cells"),
        ("live?model=rates-digits", ".live-controls[data-live=true]", ".live-controls canvas.picture"),
        ("?model=rates-digits", ".first[data-live=true]", ".first canvas.picture"),
    ],
)
def test_what_is_shown_follows_the_pointer_without_a_run_and_stays_when_it_is_let_go(
    page: Any, address: str, link: str, ready: str, canvas: str
):
    watch = Watch(page)
    opened(page, f"{address}/{link}")
    page.wait_for_selector(ready)
    settle(page)
    page.evaluate(COUNT_RUNS)
    before = picture(page, canvas)
    seen = [before]
    x, y, width = grab(page, "z_u")
    for step in range(1, 9):
        page.mouse.move(x + step * width / 20, y)
        page.wait_for_timeout(150)
        if (now := picture(page, canvas)) != seen[-1]:
            seen.append(now)
    last = settled(page, lambda: picture(page, canvas), quiet=1.0)
    assert len(seen) >= 4  # the first one, and some on the way
    moved = share_of_others(last, before, canvas)
    assert moved > 0.005
    assert runs(page) == 0
    assert "beta_z_u=" not in page.url
    page.mouse.up()
    assert eventually(page, lambda: "beta_z_u=" in page.url and runs(page) > 0)
    settle(page)
    after = settled(page, lambda: picture(page, canvas), quiet=1.0)
    # On a map, dots that lie on others are drawn in another order.
    assert share_of_others(last, after, canvas) < (moved / 4 if "points" in canvas else 0.001)
    assert not watch.faults()


def test_a_drag_there_and_back_is_as_if_nothing_had_moved(page: Any, address: str):
    opened(page, f"{address}/map?model=rates-digits&item=7")
    page.wait_for_selector(MAP)
    settle(page)
    page.evaluate(COUNT_RUNS)
    dots, title = f"{MAP} [data-panel=z_u] canvas.points", page.locator("[data-panel=z_u] .title")
    before, words = picture(page, dots), title.inner_text()
    x, y, width = grab(page, "z_u")
    page.mouse.move(x + width / 4, y, steps=3)
    assert eventually(page, lambda: picture(page, dots) != before)
    assert title.inner_text() != words
    assert page.locator(f"{MAP}[data-follows]").count() == 1
    page.mouse.move(x, y, steps=3)
    assert eventually(page, lambda: page.locator(f"{MAP}[data-follows]").count() == 0)
    page.mouse.up()
    assert picture(page, dots) == before
    assert title.inner_text() == words
    assert runs(page) == 0


def test_keys_move_it_step_by_step(page: Any, address: str):
    opened(page, f"{address}/traverse?model=rates-digits&block=z_u")
    page.wait_for_selector(GRID)
    settle(page)
    before = picture(page, f"{GRID} canvas.cells")
    slider(page, "z_u").focus()
    page.keyboard.press("Home")
    assert eventually(page, lambda: "beta_z_u=0.1" in page.url)
    settle(page)
    assert picture(page, f"{GRID} canvas.cells") != before
    assert page.locator(f"{GRID}.follows").count() == 0


def test_the_marker_and_the_slider_follow_each_other(page: Any, address: str):
    opened(page, f"{address}/rate_distortion?model=rates-digits&block=z_u")
    page.wait_for_selector(".betas[data-live=true][data-ready=true]")
    settle(page)
    page.evaluate(COUNT_RUNS)
    says: Callable[[], str] = page.locator(".betas .maps figcaption").nth(1).inner_text
    x, y, width = grab(page, "z_u")
    page.mouse.move(x + width / 4, y, steps=4)
    assert eventually(
        page, lambda: says().startswith(f"β = {slider(page, 'z_u').get_attribute('aria-valuetext')}")
    )
    assert not says().startswith("β = 1\n")
    assert runs(page) == 0
    page.mouse.up()
    assert eventually(page, lambda: "beta_z_u=" in page.url)
    settle(page)
    page.evaluate("globalThis.runs = 0")
    box = page.locator(".betas .marker").bounding_box()
    share = page.locator(".betas .marker").evaluate("e => e.value / e.max")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 8, middle, steps=4)
    assert eventually(page, lambda: page.locator(".marks[data-block=z_u] .elsewhere").count() == 1)
    assert runs(page) == 0
    page.mouse.up()
    assert eventually(page, lambda: "beta_z_u=0.1" in page.url)
    settle(page)
    assert page.locator(".marks .elsewhere").count() == 0


def test_places_are_fetched_when_a_slider_is_touched_and_not_before(page: Any, bundled: str):
    page.set_default_timeout(60_000)
    counted, fetched = Counted(page), []
    page.on("response", lambda response: "/places/" in response.url and fetched.append(response))
    page.goto(f"{bundled}/map?model=mr-vae-mnist")
    counted.settle(MAP)
    assert fetched == []
    slider(page, "z").focus()
    assert eventually(page, lambda: len(fetched) == 1)
    size = len(fetched[0].body())
    print(f"places of 10,000 items at every beta of the grid: {size:,} bytes")
    assert 40_000 < size < 500_000
    x, y, width = grab(page, "z")
    page.mouse.move(x + width / 4, y, steps=3)
    page.wait_for_selector(f"{MAP}[data-follows]")
    page.mouse.up()
    counted.settle(MAP)
    assert len(fetched) == 1


def test_a_finger_drags_it_too(browser: Any, address: str):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    page = context.new_page()
    opened(page, f"{address}/traverse?model=rates-digits&block=z_u")
    page.wait_for_selector(GRID)
    settle(page)
    page.evaluate(COUNT_RUNS)
    before = picture(page, f"{GRID} canvas.cells")
    slider(page, "z_u").scroll_into_view_if_needed()
    thumb = slider(page, "z_u").locator("xpath=../..").bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    finger = context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 6):
        touch("touchMove", {"x": x + 8 * step, "y": y})
        page.wait_for_timeout(60)
    assert eventually(page, lambda: picture(page, f"{GRID} canvas.cells") != before)
    assert runs(page) == 0
    touch("touchEnd")
    assert eventually(page, lambda: "beta_z_u=" in page.url)
    context.close()


def test_on_a_phone_the_page_is_seen_while_the_slider_is_held(browser: Any, address: str):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    opened(page, f"{address}/traverse?model=rates-digits&block=z_u")
    page.wait_for_selector(GRID)
    page.locator("[data-testid=stExpandSidebarButton]").click()
    settle(page)
    menu = page.locator("[data-testid=stSidebarNav]")
    assert menu.is_visible()
    x, y, width = grab(page, "z_u")
    page.mouse.move(x + width / 4, y, steps=3)
    assert eventually(page, lambda: not menu.is_visible())
    assert page.locator(".st-key-beta_z_u label").is_visible()
    page.mouse.up()
    assert eventually(page, lambda: menu.is_visible())
    context.close()
