"""The Live page: the picture follows the pointer without a run of the script, a release tells it, a server that comes back is found."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.driving import eventually, served, settled

pytestmark = pytest.mark.browser

READY = ".live-controls[data-ready=true][data-live=true]"
# The handle of the dimension of z_u that is used most.
FIRST = "[data-block=z_u] .handle:not(.dead) input"
PICTURE = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join()"


def opened(page: Any, address: str, query: str) -> Any:
    page.goto(f"{address}/live?{query}")
    page.wait_for_selector(READY)
    page.wait_for_selector(".st-key-live-neighbours .image-grid[data-ready=true]")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    return page.locator(".live-controls")


def picture(page: Any) -> str:
    return page.locator(".live-controls canvas.picture").evaluate(PICTURE)


def alike(first: str, second: str) -> bool:
    """Equal to a grey level: the server rounds codes on their way to the page."""
    pairs = zip(first.split(","), second.split(","), strict=True)
    return all(abs(int(a) - int(b)) <= 2 for a, b in pairs)


def query(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def grab(page: Any, handle: str) -> tuple[float, float, float]:
    """Press the pointer on a handle; where it is, and how wide its range."""
    box = page.locator(handle).first.bounding_box()
    value, low, high = page.locator(handle).first.evaluate("e => [+e.value, +e.min, +e.max]")
    thumb = 16
    x = box["x"] + thumb / 2 + (value - low) / (high - low) * (box["width"] - thumb)
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y, box["width"]


def test_dragging_changes_the_picture_without_a_run_and_releasing_tells_the_script(page: Any, address: str):
    controls = opened(page, address, "model=cdvae-mnist&item=3")
    before, sent = picture(page), []
    x, y, width = grab(page, FIRST)
    grid = page.locator(".st-key-live-neighbours .image-grid").get_attribute("data-digest")
    seen = {before}
    for step in range(1, 11):
        page.mouse.move(x + step * width / 40, y)
        page.wait_for_timeout(40)
        seen.add(picture(page))
        sent.append("move" in query(page))
    assert len(seen) >= 8
    assert not any(sent)
    assert page.locator(".st-key-live-neighbours .image-grid").get_attribute("data-digest") == grid
    page.mouse.up()
    page.wait_for_function("location.search.includes('move=z_u.')")
    assert controls.get_attribute("data-live") == "true"


@pytest.mark.slow
def test_a_link_restores_what_was_moved_in_another_browser(page: Any, address: str, browser: Any):
    opened(page, address, "model=cdvae-mnist&item=3")
    page.locator("[data-class='2']").click()
    page.wait_for_function("location.search.includes('class=')")
    page.locator(FIRST).first.focus()
    a_step = "e => (e.max - e.min) / 60"
    before, step = (page.locator(FIRST).first.evaluate(read) for read in ("e => +e.value", a_step))
    for _ in range(8):  # faster than the script answers
        page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('move=z_u.')")
    shown, link = settled(page, lambda: (picture(page), page.url))
    assert page.locator(FIRST).first.evaluate("e => +e.value") - before == pytest.approx(8 * step, abs=0.01)
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(link)
    other.wait_for_selector(READY)
    assert eventually(other, lambda: alike(picture(other), shown))
    assert other.locator("[data-class='2']").get_attribute("aria-checked") == "true"
    assert other.locator(".handle.moved .name").inner_text().startswith("z_u[")
    other.context.close()


@pytest.mark.slow
def test_a_handle_of_an_upper_level_moves_what_hangs_below_it(page: Any, address: str):
    opened(page, address, "model=ladder-digits&item=3")

    def lower() -> list[str]:
        return page.locator("[data-block=z1] input").evaluate_all("all => all.map(e => e.value)")

    before, shown = lower(), picture(page)
    x, y, width = grab(page, "[data-block=z2] .handle:not(.dead) input")
    page.mouse.move(x + width / 3, y, steps=5)
    assert eventually(page, lambda: picture(page) != shown and lower() != before)
    page.mouse.up()
    page.wait_for_function("location.search.includes('move=z2.')")


@pytest.mark.slow
def test_keys_move_a_handle_and_put_it_back(page: Any, address: str):
    opened(page, address, "model=cdvae-mnist&item=3")
    before = picture(page)
    page.locator(FIRST).first.focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("location.search.includes('move=')")
    assert picture(page) != before
    page.keyboard.press("Delete")
    page.wait_for_function("!location.search.includes('move=')")
    assert eventually(page, lambda: alike(picture(page), before))


@pytest.mark.slow
def test_a_screen_reader_gets_names_and_values(page: Any, address: str):
    controls = opened(page, address, "model=cdvae-mnist&item=3")
    for handle in controls.locator("input[type=range]").element_handles():
        if handle.is_visible():
            assert handle.get_attribute("aria-label")
            assert handle.get_attribute("aria-valuetext")
    assert "image 3" in controls.locator("canvas.picture").get_attribute("aria-label")
    assert controls.locator("[data-class='2']").get_attribute("role") == "radio"


@pytest.mark.slow
def test_the_beta_handle_moves_the_slider_of_the_sidebar(page: Any, address: str):
    opened(page, address, "model=rates-digits")
    before = picture(page)
    handle = page.locator("[data-beta]").first
    block = handle.get_attribute("data-beta")
    handle.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"location.search.includes('beta_{block}=')")
    assert eventually(page, lambda: picture(page) != before)
    assert float(query(page)[f"beta_{block}"]) > 1


@pytest.mark.slow
def test_the_temperature_of_a_draw_is_live(page: Any, address: str):
    opened(page, address, "model=vae-digits&start=prior&seed=3&temperature=0.5")
    before = picture(page)
    handle = page.get_by_label("Temperature", exact=True)
    handle.evaluate("e => { e.value = 1.5; e.dispatchEvent(new Event('input', {bubbles: true})); }")
    assert eventually(page, lambda: picture(page) != before)
    assert query(page)["temperature"] == "0.5"
    handle.evaluate("e => e.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait_for_function("location.search.includes('temperature=1.5')")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("start=nowhere", "nowhere"),
        ("item=99999999", "whole number"),
        ("class=eleven", "eleven"),
        ("start=prior&temperature=hot", "temperature"),
        ("move=z_q.1~3", "moves cannot be read"),
        ("move=z_u.1", "moves cannot be read"),
        ("move=z_u.1~nan", "moves cannot be read"),
    ],
)
def test_a_broken_link_gets_a_sentence_and_the_page(page: Any, address: str, part: str, sentence: str):
    opened(page, address, f"model=cdvae-mnist&{part}")
    assert sentence in page.locator("[data-testid=stAlert]").first.inner_text()
    assert page.locator("[data-testid=stException]").count() == 0


@pytest.fixture
def touch_page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_a_finger_moves_a_handle(touch_page: Any, address: str):
    page = touch_page
    opened(page, address, "model=cdvae-mnist&item=3")
    before = picture(page)
    box = page.locator(FIRST).first.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    page.wait_for_function("location.search.includes('move=z_u.')")
    assert picture(page) != before


@pytest.mark.slow
def test_a_server_that_comes_back_is_found_again(page: Any, browser: Any):
    with served(port=0) as address:
        opened(page, address, "model=vae-mnist&item=3")
        port = urlsplit(address).port
    page.wait_for_selector(".live-controls[data-live=false]")
    assert "not connected" in page.locator(".live-controls .status").inner_text()
    with served(port=port):
        page.wait_for_selector(READY, timeout=60_000)
        before = picture(page)
        # The page itself connects again in its own time, and then begins where its link says: what was moved before that is gone.
        for _ in range(40):
            page.locator("[data-handle^='z[']").first.press("PageUp")
            page.wait_for_timeout(500)
            if picture(page) != before:
                break
        assert picture(page) != before


@pytest.mark.slow
def test_without_the_route_controls_answer_on_release(new_page: Any, address: str):
    page = new_page
    page.add_init_script(
        "const Real = WebSocket; globalThis.WebSocket = class extends Real {"
        " constructor(url, ...rest) { super(String(url).replace('latent-explorer/live', 'latent-explorer/nowhere'), ...rest); } };"
    )
    page.goto(f"{address}/live?model=cdvae-mnist&item=3")
    page.wait_for_selector(".live-controls[data-ready=true][data-live=false]")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    before = picture(page)
    page.locator(FIRST).first.focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("location.search.includes('move=')")
    assert eventually(page, lambda: picture(page) != before)
    assert "when a handle is released" in page.locator(".live-controls .status").inner_text()


@pytest.mark.slow
def test_a_drawing_is_decoded_while_it_is_drawn(page: Any, address: str):
    opened(page, address, "model=cdvae-mnist&item=3")
    page.get_by_text("Your own image").click()
    page.wait_for_timeout(800)  # the panel opens with an animation
    paper = page.locator(".sketch .paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    page.mouse.move(box["x"] + 112, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 112, box["y"] + 190, steps=10)
    page.wait_for_function(
        "sketch => Number(sketch.dataset.decoded) > 2", arg=page.query_selector(".sketch"), timeout=10_000
    )
    page.mouse.up()
    page.wait_for_selector("text=In use: your drawing")
