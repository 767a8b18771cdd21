"""What a visitor does: opens each page, moves a control, draws a lasso, follows a link."""

from math import cos, pi, sin
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from tests.support.driving import eventually, settled

pytestmark = pytest.mark.browser

MAP = ".latent-map[data-ready=true]"


def grid(key: str) -> str:
    return f".st-key-{key} .image-grid[data-ready=true]"


def no_exception(page: Any) -> bool:
    return page.locator("[data-testid=stException]").count() == 0


def lasso(page: Any, block: str, radius: float = 70.0) -> None:
    box = page.locator(f".latent-map .panel[data-panel={block}] .plot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for step in range(1, 41):
        page.mouse.move(x + radius * cos(2 * pi * step / 40), y + radius * sin(2 * pi * step / 40))
    page.mouse.up()


def query(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.mark.parametrize(
    "model",
    [
        "cdvae-mnist",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("joint-digits", "rates-digits", "srvae-digits", "vamp-digits")
        ),
    ],
)
@pytest.mark.parametrize(
    ("path", "ready"), [("/map", MAP), ("/traverse", grid("strips")), ("/generate", grid("samples"))]
)
@pytest.mark.slow
def test_each_page_opens_without_an_exception_or_an_error_of_its_scripts(
    page: Any, address: str, path: str, ready: str, model: str
):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}{path}?model={model}")
    page.wait_for_selector(ready)
    assert no_exception(page)
    assert not errors


def test_no_request_leaves_the_server(page: Any, address: str):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(f"{address}/map")
    page.wait_for_selector(MAP)
    assert hosts <= {urlsplit(address).hostname, None}


@pytest.mark.slow
def test_the_slider_changes_the_picture_and_the_address(page: Any, address: str):
    page.goto(f"{address}/traverse?model=cdvae-mnist")
    strips = page.wait_for_selector(grid("strips"))
    before = strips.get_attribute("data-digest")
    page.locator(".st-key-span input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".st-key-strips .image-grid:not([data-digest='{before}'])")
    page.wait_for_url("**span=3.5**")
    assert no_exception(page)


@pytest.mark.slow
def test_a_lasso_highlights_in_both_maps_and_is_counted_by_class(page: Any, address: str):
    page.goto(address + "/map?model=cdvae-mnist")
    page.wait_for_selector(MAP)
    lasso(page, "z_u")
    page.wait_for_selector(".latent-map:not([data-selected='0'])")
    selected = int(page.locator(".latent-map").get_attribute("data-selected"))
    page.get_by_text(f"Selected {selected:,} of 10,000 images").wait_for()
    assert 0 < selected < 10_000
    page.wait_for_url("**selection=z_u**")


@pytest.mark.slow
def test_hover_shows_the_decoded_item_without_a_rerun(page: Any, address: str):
    frames: dict[str, list[Any]] = {"live": [], "stream": []}

    def listen(socket: Any) -> None:
        sent = frames["live" if socket.url.endswith("/live") else "stream"]
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    page.goto(address + "/map?model=cdvae-mnist")
    page.wait_for_selector(MAP + "[data-live=true]")
    page.wait_for_load_state("networkidle")
    assert frames["stream"]
    frames["stream"].clear()
    box = page.locator(".latent-map .panel[data-panel=z_u] .plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".latent-map[data-place]")
    assert frames["live"]
    assert not frames["stream"]


def test_a_click_opens_the_item_with_its_neighbours(page: Any, address: str):
    page.goto(address + "/map?model=cdvae-mnist")
    page.wait_for_selector(MAP)
    box = page.locator(".latent-map .panel[data-panel=z_u] .plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".latent-map:not([data-hover=''])")
    item = page.locator(".latent-map").get_attribute("data-hover")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(grid("item-neighbours"))
    page.get_by_role("heading", name=f"Image {item}").wait_for()
    assert query(page)["item"] == item


@pytest.mark.slow
def test_a_link_restores_selection_and_item_in_another_browser(page: Any, browser: Any, address: str):
    page.goto(address + "/map?model=cdvae-mnist&item=42")
    page.wait_for_selector(MAP)
    lasso(page, "z_l", radius=120)
    page.wait_for_url("**selection=z_l**")
    selected = page.locator(".latent-map").get_attribute("data-selected")
    other = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
    other.goto(page.url)
    other.wait_for_selector(f".latent-map[data-selected='{selected}'][data-item='42']")
    other.get_by_role("heading", name="Image 42").wait_for()
    assert no_exception(other)
    other.context.close()


@pytest.mark.slow
def test_a_coarse_image_is_held_and_the_rest_drawn(page: Any, address: str):
    page.goto(f"{address}/generate?model=srvae-digits&hold=u")
    before = page.wait_for_selector(grid("held")).get_attribute("data-digest")
    page.locator(".st-key-hold [role=combobox], .st-key-hold input").first.click()
    page.get_by_role("option", name="coarse").click()
    page.wait_for_selector(f".st-key-held .image-grid[data-ready=true]:not([data-digest='{before}'])")
    assert query(page)["hold"] == "coarse"
    assert no_exception(page)


@pytest.mark.slow
def test_the_swap_matrix_follows_the_items(page: Any, address: str):
    page.goto(f"{address}/generate?model=cdvae-mnist&items=3,4")
    first = page.wait_for_selector(grid("swaps"))
    before = first.get_attribute("data-digest")
    box = page.get_by_label("Images, by number")
    box.fill("3, 5")
    box.press("Enter")
    page.wait_for_selector(f".st-key-swaps .image-grid:not([data-digest='{before}'])")
    assert no_exception(page)


@pytest.mark.slow
def test_an_unknown_model_in_a_link_gives_a_sentence(page: Any, address: str):
    page.goto(f"{address}/map?model=nonesuch")
    page.get_by_text("This link asks for the model “nonesuch”").wait_for()
    page.wait_for_selector(MAP)
    assert no_exception(page)


def press(page: Any, slider: str, key: str, times: int = 1) -> None:
    page.locator(f".st-key-{slider} input[type=range]").focus()
    for _ in range(times):
        page.keyboard.press(key)


@pytest.mark.slow
def test_a_slider_of_beta_moves_the_items_and_keeps_the_view(page: Any, address: str):
    page.goto(f"{address}/map?model=rates-digits")
    page.wait_for_selector(MAP)
    panel = page.locator(".latent-map .panel[data-panel=z_u]")
    panel.locator(".plot").focus()
    page.mouse.move(*middle_of(panel.locator(".plot")))
    page.mouse.wheel(0, -300)
    view = settled(page, lambda: panel.get_attribute("data-view"))
    digest = page.locator(".latent-map").get_attribute("data-digest")
    press(page, "beta_z_u", "End")
    page.locator(f".latent-map:not([data-digest='{digest}'])").wait_for()
    assert eventually(page, lambda: panel.get_attribute("data-travelling") is None)
    assert panel.get_attribute("data-view") == view
    assert query(page)["beta_z_u"] == "10"
    assert "β = 10" in panel.locator("figcaption").inner_text()
    assert no_exception(page)


def middle_of(element: Any) -> tuple[float, float]:
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def at_rest(page: Any, element: Any) -> Any:
    """The element, once it has stopped moving: an expander takes its time to open."""
    before = None
    while (box := element.bounding_box()) != before or box is None:
        before = box
        page.wait_for_timeout(400)
    return element


@pytest.mark.slow
def test_betas_stay_on_the_way_to_another_page(page: Any, address: str):
    page.goto(f"{address}/traverse?model=rate-digits")
    page.wait_for_selector(grid("strips"))
    before = page.locator(grid("strips")).get_attribute("data-digest")
    press(page, "beta_z", "Home")
    page.locator(f"{grid('strips')}:not([data-digest='{before}'])").wait_for()
    page.get_by_role("link", name="Generate").click()
    page.wait_for_selector(grid("samples"))
    assert query(page)["beta_z"] == "0.1"


@pytest.mark.slow
def test_a_drawing_is_a_star_on_every_map(page: Any, address: str):
    page.goto(f"{address}/map?model=rates-digits")
    page.wait_for_selector(MAP)
    page.get_by_text("Your own image").click()
    paper = page.locator(".sketch .paper")
    paper.scroll_into_view_if_needed()  # it lies below the maps
    x, y = middle_of(at_rest(page, paper))
    page.mouse.move(x - 40, y - 60)
    page.mouse.down()
    page.mouse.move(x + 10, y, steps=5)
    page.mouse.move(x, y + 60, steps=5)
    page.mouse.up()
    page.locator(".panel[data-panel=z_u][data-guest]").wait_for()
    page.locator(".panel[data-panel=z_l][data-guest]").wait_for()
    page.get_by_role("heading", name="Your image").wait_for()
    place = page.locator(".panel[data-panel=z_l]").get_attribute("data-guest")
    press(page, "beta_z_l", "End")
    page.locator(f".panel[data-panel=z_l]:not([data-guest='{place}'])").wait_for()
    assert no_exception(page)
    page.locator(".sketch").get_by_role("button", name="Clear").click()
    page.locator(".panel[data-panel=z_l]:not([data-guest])").wait_for()


@pytest.mark.slow
def test_a_file_that_is_no_image_is_said_and_an_image_is_placed(page: Any, address: str, tmp_path: Path):
    page.goto(f"{address}/map?model=rates-digits")
    page.wait_for_selector(MAP)
    page.get_by_text("Your own image").click()
    upload = page.locator(".st-key-user-image-file input[type=file]")
    upload.set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no image"})
    page.get_by_text("cannot be read as an image").wait_for()
    Image.new("L", (40, 40), 200).save(tmp_path / "grey.png")
    upload.set_input_files(str(tmp_path / "grey.png"))
    page.get_by_text("resized from 40 × 40 to 8 × 8").wait_for()
    page.locator(".panel[data-panel=z_l][data-guest]").wait_for()
    assert no_exception(page)
