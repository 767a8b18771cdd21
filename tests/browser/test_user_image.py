"""Drawing in a browser: with mouse, finger and keys; pen, eraser and undo; and what is left of it on another page."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from latent_explorer import LIVE
from PIL import Image

pytestmark = pytest.mark.browser

PAPER = ".sketch .paper"
IN_USE = "In use: your drawing"


def open_paper(page: Any, address: str, path: str = "/interpolate?model=cdvae-digits") -> Any:
    """The paper, once its expander has come to rest."""
    page.goto(address + path)
    page.get_by_text("Your own image").first.click()
    paper = page.locator(PAPER)
    before = None
    while (box := paper.bounding_box()) != before or box is None:
        before = box
        page.wait_for_timeout(400)
        paper.scroll_into_view_if_needed()
    return paper


def point(paper: Any, x: float, y: float) -> tuple[float, float]:
    """Where a share of the paper's width and height lies on the page."""
    box = paper.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Any, paper: Any, *shares: tuple[float, float]) -> None:
    page.mouse.move(*point(paper, *shares[0]))
    page.mouse.down()
    for share in shares[1:]:
        page.mouse.move(*point(paper, *share), steps=6)
    page.mouse.up()


def strokes(page: Any, count: int) -> None:
    page.wait_for_selector(f".sketch[data-strokes='{count}']")


def ink(page: Any, x: float, y: float) -> int:
    """The grey of the paper there, 0 to 255."""
    return page.locator(PAPER).evaluate(
        "(paper, [x, y]) => paper.getContext('2d').getImageData(x * paper.width, y * paper.height, 1, 1).data[0]",
        [x, y],
    )


def healthy(page: Any) -> bool:
    return page.locator("[data-testid=stException]").count() == 0


@pytest.mark.slow
def test_a_mouse_draws_erases_undoes_and_clears(page: Any, address: str):
    paper = open_paper(page, address)
    drag(page, paper, (0.2, 0.5), (0.8, 0.5))
    strokes(page, 1)
    page.get_by_text(IN_USE).wait_for()
    assert (ink(page, 0.5, 0.5), ink(page, 0.5, 0.3)) == (255, 0)
    page.get_by_role("button", name="Eraser").click()
    drag(page, paper, (0.5, 0.2), (0.5, 0.8))
    strokes(page, 2)
    assert (ink(page, 0.5, 0.5), ink(page, 0.3, 0.5)) == (0, 255)
    page.get_by_role("button", name="Undo").click()
    strokes(page, 1)
    assert ink(page, 0.5, 0.5) == 255
    page.get_by_role("button", name="Clear").click()
    strokes(page, 0)
    page.get_by_text(IN_USE).wait_for(state="detached")
    assert page.get_by_role("button", name="Undo").is_disabled()
    assert healthy(page)


@pytest.mark.slow
def test_a_click_is_a_dot_as_wide_as_the_pen(page: Any, address: str):
    paper = open_paper(page, address)
    page.get_by_label("Width").focus()
    page.keyboard.press("End")
    page.mouse.click(*point(paper, 0.5, 0.5))
    strokes(page, 1)
    page.get_by_text(IN_USE).wait_for()
    assert [ink(page, x, 0.5) for x in (0.43, 0.5, 0.57, 0.65)] == [255, 255, 255, 0]


@pytest.mark.slow
def test_keys_draw_without_a_mouse(page: Any, address: str):
    paper = open_paper(page, address)
    page.locator("summary", has_text="Your own image").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        if paper.evaluate("paper => paper.getRootNode().activeElement === paper"):
            break
    for key in ("ArrowUp", " ", *["ArrowRight"] * 8, " ", "ArrowLeft", " ", *["ArrowDown"] * 8, " "):
        page.keyboard.press(key)
    strokes(page, 2)
    page.get_by_text(IN_USE).wait_for()
    assert (ink(page, 0.6, 0.475), ink(page, 0.675, 0.6), ink(page, 0.5, 0.6)) == (255, 255, 0)
    page.keyboard.press("Backspace")
    strokes(page, 1)
    page.keyboard.press("Escape")
    strokes(page, 0)


@pytest.mark.slow
def test_a_finger_draws_and_the_page_does_not_scroll(browser: Any, address: str):
    context = browser.new_context(viewport={"width": 800, "height": 700}, has_touch=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    paper = open_paper(page, address)
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    top = paper.bounding_box()["y"]
    touch("touchStart", point(paper, 0.5, 0.8))
    touch("touchStart", point(paper, 0.5, 0.8), point(paper, 0.9, 0.9))  # the ball of the hand
    for step in range(1, 7):
        touch("touchMove", point(paper, 0.5, 0.8 - 0.1 * step), point(paper, 0.9, 0.9))
    touch("touchEnd")
    strokes(page, 1)
    page.get_by_text(IN_USE).wait_for()
    assert (ink(page, 0.5, 0.5), ink(page, 0.9, 0.9)) == (255, 0)
    assert paper.bounding_box()["y"] == top
    context.close()


@pytest.mark.slow
def test_a_drawing_comes_back_with_its_page_and_can_still_be_undone(page: Any, address: str):
    paper = open_paper(page, address)
    drag(page, paper, (0.2, 0.3), (0.8, 0.3))
    drag(page, paper, (0.8, 0.3), (0.4, 0.9))
    strokes(page, 2)
    page.get_by_text(IN_USE).wait_for()
    page.get_by_role("link", name="Measure").click()
    page.get_by_role("heading", name="How good is this model?").wait_for()
    page.get_by_role("link", name="Map").click()
    page.get_by_role("heading", name="Your image").wait_for()
    page.locator(".panel[data-panel=z_l][data-guest]").wait_for()
    page.get_by_text("Your own image").first.click()
    page.locator(PAPER).wait_for()
    strokes(page, 2)
    assert ink(page, 0.5, 0.3) == 255
    page.get_by_role("button", name="Undo").click()
    strokes(page, 1)
    page.get_by_text(IN_USE).wait_for()
    assert healthy(page)


@pytest.mark.slow
def test_a_drawing_outlives_another_model(page: Any, address: str):
    paper = open_paper(page, address, "/map?model=cdvae-digits")
    drag(page, paper, (0.5, 0.2), (0.5, 0.8))
    page.get_by_role("heading", name="Your image").wait_for()
    page.locator(".st-key-model input").fill("mr-vae-mnist")  # of many models the list shows the first
    page.get_by_role("option", name="mr-vae-mnist").click()
    page.locator(".panel[data-panel=z][data-guest]").wait_for()
    page.locator(".st-key-user-image-strips .image-grid[data-ready=true]").wait_for()
    assert healthy(page)


@pytest.mark.slow
def test_a_file_over_the_limit_is_said_and_the_drawing_stays(page: Any, address: str):
    paper = open_paper(page, address)
    drag(page, paper, (0.5, 0.2), (0.5, 0.8))
    page.get_by_text(IN_USE).wait_for()
    upload = page.locator(".st-key-user-image-file input[type=file]")
    upload.set_input_files({"name": "big.png", "mimeType": "image/png", "buffer": bytes(10_100_000)})
    page.get_by_text("File must be 10.0MB or smaller").wait_for()
    page.get_by_text(IN_USE).wait_for()


@pytest.mark.slow
def test_a_bad_file_after_a_good_one_leaves_the_good_one(page: Any, address: str, tmp_path: Path):
    open_paper(page, address)
    Image.new("L", (40, 40), 90).save(tmp_path / "good.png")
    upload = page.locator(".st-key-user-image-file input[type=file]")
    upload.set_input_files(str(tmp_path / "good.png"))
    page.get_by_text("In use: your file good.png").wait_for()
    upload.set_input_files({"name": "bad.png", "mimeType": "image/png", "buffer": b"no image"})
    page.get_by_text("bad.png: The file cannot be read as an image").wait_for()
    page.get_by_text("In use: your file good.png").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["live", "interpolate"])
def test_what_is_given_on_a_page_is_what_that_page_starts_from(
    page: Any, address: str, tmp_path: Path, path: str
):
    page.goto(f"{address}/{path}?model=cdvae-digits")
    page.get_by_text("Your own image").click()
    Image.new("L", (41, 77), 90).save(tmp_path / "mine.png")
    page.locator(".st-key-user-image-file input[type=file]").set_input_files(str(tmp_path / "mine.png"))
    page.get_by_text("In use: your file mine.png").wait_for()
    if path == "live":
        page.locator(".live-controls .chip[aria-checked=true]", has_text="Your image").wait_for()
    else:
        assert page.get_by_role("spinbutton", name="From image").is_disabled()
    assert healthy(page)


@pytest.fixture
def sent(page: Any) -> list:
    """What the browser sends to the script; the live route is not asked of it."""
    frames: list = []

    def watch(socket: Any) -> None:
        if LIVE not in socket.url:
            socket.on("framesent", lambda frame: frames.append(frame))

    page.on("websocket", watch)
    return frames


@pytest.mark.slow
def test_the_script_hears_nothing_while_a_stroke_is_drawn(page: Any, address: str, sent: list):
    paper = open_paper(page, address)
    page.wait_for_load_state("networkidle")
    sent.clear()
    page.mouse.move(*point(paper, 0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*point(paper, 0.7, 0.7), steps=30)
    assert not sent
    page.mouse.up()
    page.get_by_text(IN_USE).wait_for()
    assert sent


@pytest.mark.slow
def test_another_pair_is_in_the_address_and_a_link_brings_it_back(page: Any, address: str):
    page.goto(f"{address}/interpolate?model=cdvae-digits&move=z_u")
    ready = ".st-key-paths .image-grid[data-ready=true]"
    before = page.wait_for_selector(ready).get_attribute("data-digest")
    page.get_by_role("button", name="Another pair").click()
    page.wait_for_selector(f"{ready}:not([data-digest='{before}'])")
    page.wait_for_url("**from=*")
    found = page.locator(ready).get_attribute("data-digest")
    query = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert query["move"] == "z_u"
    page.goto(page.url)
    page.wait_for_selector(f"{ready}[data-digest='{found}']")
    assert healthy(page)
