"""The maps under a pointer, a finger and a keyboard: boxes, pictures, places between items, selections A and B, saved maps."""

import base64
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from latent_explorer.palette import colours
from latent_explorer.pictures import to_bytes
from PIL import Image

from tests.support.driving import eventually, settled
from vae_core import load
from vae_core.explore import codes_of, decode

pytestmark = pytest.mark.browser

READY = ".latent-map[data-ready=true][data-live=true]"
MAP = ".latent-map"


def opened(page: Any, address: str, query: str) -> Any:
    """The map of a link, with its live route."""
    page.goto(f"{address}/map?{query}")
    page.wait_for_selector(READY)
    return page.locator(MAP)


def plot(page: Any, block: str) -> Any:
    return page.locator(f".panel[data-panel={block}] .plot")


def middle(page: Any, block: str) -> tuple[float, float]:
    plot(page, block).scroll_into_view_if_needed()
    box = plot(page, block).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def dragged(page: Any, block: str, radius: float = 80.0) -> None:
    """A drag along the diagonal of a square round the middle of a map."""
    x, y = middle(page, block)
    page.mouse.move(x - radius, y - radius)
    page.mouse.down()
    page.mouse.move(x + radius, y + radius, steps=8)
    page.mouse.up()


def query(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def shown(page: Any, which: str = "here") -> np.ndarray:
    """The grey picture in the tooltip, `(H, W)`."""
    canvas = page.locator(f"[data-picture={which}] canvas").element_handle()
    pixels = canvas.evaluate(
        "(c) => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    height, width, *values = pixels
    return np.array(values, dtype=np.uint8).reshape(height, width, 4)[..., 0]


def decoded(folder: Path, codes: dict[str, np.ndarray]) -> np.ndarray:
    found = load(folder)
    fixed = codes_of({name: torch.from_numpy(code) for name, code in codes.items()})
    return to_bytes(decode(found.model, fixed), found.kind)[0]


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.abs(a.astype(int) - b.astype(int)).max() <= 1)


@pytest.mark.slow
def test_a_box_selects_what_it_covers_on_every_map(page: Any, address: str):
    root = opened(page, address, "model=cdvae-mnist")
    page.locator("[data-tool=box]").click()
    dragged(page, "z_u")
    page.wait_for_url("**selection=z_u**")
    panel, *numbers = query(page)["selection"].split("~")
    assert (panel, len(numbers)) == ("z_u", 8)
    assert len({*numbers[::2]}) == len({*numbers[1::2]}) == 2
    selected = int(root.get_attribute("data-selected"))
    page.get_by_text(f"Selected {selected:,} of 10,000 images").wait_for()
    page.locator(".st-key-classes-of-selection").wait_for()


@pytest.mark.slow
def test_the_keyboard_goes_from_item_to_item_opens_and_selects(page: Any, address: str):
    root = opened(page, address, "model=cdvae-digits")
    plot(page, "z_u").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"{MAP}:not([data-hover=''])")
    first = root.get_attribute("data-hover")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"{MAP}:not([data-hover=''], [data-hover='{first}'])")
    item = root.get_attribute("data-hover")
    assert f"image {item}" in root.locator(".spoken").inner_text()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"Image {item}").wait_for()
    page.keyboard.press("a")
    page.wait_for_url("**selection=z_u**")
    assert int(root.get_attribute("data-selected")) == 447
    plot(page, "z_u").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{MAP}[data-selected='0']")


@pytest.mark.slow
def test_the_picture_of_an_item_is_that_of_its_code(page: Any, address: str, trained: dict[str, Path]):
    root = opened(page, address, "model=cdvae-digits")
    plot(page, "z_u").focus()
    page.keyboard.press("Enter")  # puts the cursor on the item nearest to the middle
    page.wait_for_selector(f"{MAP}[data-place=item][data-thumbnail]")
    item = int(root.get_attribute("data-thumbnail"))
    means = load(trained["cdvae-digits"]).atlas.means
    assert close(shown(page), decoded(trained["cdvae-digits"], {k: v[[item]] for k, v in means.items()}))


@pytest.mark.slow
def test_between_items_the_panel_s_latents_are_mixed_and_the_others_are_the_opened_item_s(
    page: Any, address: str, trained: dict[str, Path]
):
    root = opened(page, address, "model=cdvae-digits&item=5")
    plot(page, "z_u").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{MAP}[data-place=item][data-thumbnail]")
    item = int(root.get_attribute("data-thumbnail"))
    means = load(trained["cdvae-digits"]).atlas.means
    mixed = {"z_u": means["z_u"][[item]], "z_l": means["z_l"][[5]]}
    assert close(shown(page), decoded(trained["cdvae-digits"], mixed))
    own = {name: mean[[item]] for name, mean in means.items()}
    assert close(shown(page, "item"), decoded(trained["cdvae-digits"], own))
    x, y = middle(page, "z_u")
    for step in range(1, 30):  # until the pointer is on no dot
        page.mouse.move(x + 3 * step, y + 2 * step)
        page.wait_for_timeout(100)
        if root.get_attribute("data-place") == "between":
            break
    page.get_by_text("mean of the 8 nearest codes").wait_for()
    assert "z_l of image 5" in root.locator(".note").inner_text()
    assert not close(shown(page), decoded(trained["cdvae-digits"], mixed))


@pytest.mark.slow
def test_the_picture_between_items_morphs_as_the_pointer_moves(page: Any, address: str):
    root = opened(page, address, "model=vae-digits&item=5")
    page.mouse.move(*middle(page, "z"))
    page.keyboard.down("Control")
    for _ in range(6):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.locator("[data-tool=pictures]").click()
    page.mouse.move(*middle(page, "z"))
    page.wait_for_timeout(500)
    pictures = []
    for step in range(24):
        x, y = middle(page, "z")
        page.mouse.move(x + step, y)
        page.wait_for_timeout(60)
        assert eventually(page, lambda: root.get_attribute("data-place") is not None)
        pictures.append(shown(page).astype(int))
    steps = [np.abs(a - b).mean() for a, b in pairwise(pictures)]
    assert np.abs(pictures[0] - pictures[-1]).mean() > 0  # it moves, in small steps
    assert max(steps) < 20


@pytest.mark.slow
def test_close_enough_dots_become_pictures_and_a_switch_takes_them_away(page: Any, address: str):
    opened(page, address, "model=cdvae-digits")
    panel = page.locator(".panel[data-panel=z_u]")
    assert panel.get_attribute("data-pictures") == "0"
    plot(page, "z_u").focus()
    page.mouse.move(*middle(page, "z_u"))
    for _ in range(6):
        page.mouse.wheel(0, -300)
    page.wait_for_selector(".panel[data-panel=z_u]:not([data-pictures='0'])")
    assert 0 < int(panel.get_attribute("data-pictures")) <= 150
    page.locator("[data-tool=pictures]").click()
    page.wait_for_selector(".panel[data-panel=z_u][data-pictures='0']")


@pytest.mark.slow
def test_pictures_and_the_place_under_the_pointer_follow_beta(
    page: Any, address: str, trained: dict[str, Path]
):
    root = opened(page, address, "model=rates-digits")
    digest = root.get_attribute("data-digest")
    page.locator(".st-key-beta_z_u input[type=range]").focus()
    page.keyboard.press("End")
    page.locator(f"{MAP}:not([data-digest='{digest}'])").wait_for()
    page.wait_for_timeout(600)
    plot(page, "z_l").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{MAP}[data-thumbnail]")
    item = int(root.get_attribute("data-thumbnail"))
    found = load(trained["rates-digits"]).at({"z_l": 1.0, "z_u": 10.0})
    codes = codes_of({k: torch.from_numpy(v[[item]]) for k, v in found.atlas.means.items()})
    assert close(shown(page), to_bytes(decode(found.model, codes), found.kind)[0])


@pytest.mark.slow
def test_a_selection_kept_as_a_and_another_give_the_way_between_them_in_one_link(
    page: Any, browser: Any, address: str
):
    opened(page, address, "model=cdvae-mnist")
    dragged_lasso(page, "z_l", 110)
    page.get_by_role("button", name="Keep as A").click()
    page.wait_for_url("**selection_a=z_l**")
    dragged_lasso(page, "z_u", 60)
    page.locator(".st-key-from-a-to-b .image-grid[data-ready=true]").wait_for()
    selected = page.locator(MAP).get_attribute("data-selected")
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(page.url)
    other.locator(".st-key-from-a-to-b .image-grid[data-ready=true]").wait_for()
    assert other.locator(MAP).get_attribute("data-selected") == selected
    other.context.close()


def dragged_lasso(page: Any, block: str, radius: float) -> None:
    x, y = middle(page, block)
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for step in range(1, 41):
        page.mouse.move(x + radius * cos(2 * pi * step / 40), y + radius * sin(2 * pi * step / 40))
    page.mouse.up()
    page.wait_for_url(f"**selection={block}**")


@pytest.mark.slow
def test_a_map_is_saved_as_svg_and_as_png(page: Any, address: str, tmp_path: Path):
    opened(page, address, "model=cdvae-digits&item=3")
    panel = page.locator(".panel[data-panel=z_u]")
    panel.hover()
    with page.expect_download() as download:
        panel.get_by_role("button", name="SVG").click()
    download.value.save_as(tmp_path / "map.svg")
    tree = ElementTree.parse(tmp_path / "map.svg")
    circles = [node for node in tree.iter() if node.tag.endswith("circle")]
    assert len(circles) == 447 + 10 + 3  # the items, the legend, the mark of the opened item
    words = [node.text for node in tree.iter() if node.tag.endswith("text")]
    assert "UMAP 1" in words
    assert "p(z_u)" in words
    assert "q(z_u | x)" in words
    with page.expect_download() as download:
        panel.get_by_role("button", name="PNG").click()
    download.value.save_as(tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as picture:
        assert len(set(picture.convert("RGB").resize((200, 200)).get_flattened_data())) > 20


@pytest.mark.slow
def test_the_posterior_of_the_opened_item_can_be_switched_off(page: Any, address: str):
    opened(page, address, "model=cdvae-digits")
    assert not page.locator("[data-tool=posteriors]").is_visible()
    page.goto(f"{address}/map?model=cdvae-digits&item=3")
    page.wait_for_selector(READY)
    over = page.locator(".panel[data-panel=z_u] canvas.over").element_handle()
    before = settled(page, lambda: over.evaluate("(c) => c.toDataURL()"))
    page.locator("[data-tool=posteriors]").click()
    assert eventually(page, lambda: over.evaluate("(c) => c.toDataURL()") != before)


@pytest.mark.slow
def test_without_the_live_route_items_still_have_pictures_and_the_map_says_so(new_page: Any, address: str):
    page = new_page
    page.route_web_socket("**/latent-explorer/live", lambda socket: socket.close())
    page.goto(f"{address}/map?model=cdvae-mnist")
    page.wait_for_selector(f"{MAP}[data-ready=true]")
    page.get_by_text("live decoding is not connected").wait_for()
    with page.expect_response("**/latent-explorer/decode/**") as answer:
        page.mouse.move(*middle(page, "z_u"))
    assert answer.value.ok
    page.wait_for_selector(f"{MAP}[data-thumbnail]")


@pytest.mark.slow
def test_fingers_open_draw_and_pinch(browser: Any, address: str):
    context = browser.new_context(viewport={"width": 800, "height": 900}, has_touch=True, is_mobile=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    opened(page, address, "model=vae-mnist")
    plot(page, "z").scroll_into_view_if_needed()
    page.touchscreen.tap(*middle(page, "z"))
    page.wait_for_selector(f"{MAP}:not([data-item=''])")
    touch = context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    panel = page.locator(".panel[data-panel=z]")
    scale = float(panel.get_attribute("data-view").split()[2])
    x, y = middle(page, "z")
    send("touchStart", (x - 20, y), (x + 20, y))
    for spread in range(20, 80, 5):
        send("touchMove", (x - spread, y), (x + spread, y))
    send("touchEnd")
    assert eventually(page, lambda: float(panel.get_attribute("data-view").split()[2]) > 2 * scale)
    x, y = middle(page, "z")
    send("touchStart", (x - 60, y - 60))
    for corner in ((60, -60), (60, 60), (-60, 60), (-60, 0)):
        send("touchMove", (x + corner[0], y + corner[1]))
    send("touchEnd")
    page.wait_for_selector(f"{MAP}:not([data-selected='0'])")
    context.close()


# Width, height and the bytes of a canvas, as one text: a list of millions of numbers would take a minute.
PIXELS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let text = ''
    for (let start = 0; start < data.length; start += 8192) text += String.fromCharCode(...data.subarray(start, start + 8192))
    return [canvas.width, canvas.height, btoa(text)]
}"""


@pytest.mark.parametrize(
    ("scheme", "ratio"),
    [
        ("light", 1),
        ("light", 2),
        ("dark", 1),
        ("dark", 2),
    ],
)
@pytest.mark.slow
def test_every_item_is_a_dot_of_its_class_s_colour_at_its_place(
    browser: Any, address: str, trained: dict[str, Path], scheme: str, ratio: int
):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, device_scale_factor=ratio
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    opened(page, address, "model=vae-digits")
    panel = page.locator(".panel[data-panel=z]")
    canvas = panel.locator("canvas.points").element_handle()
    width, height, values = settled(page, lambda: canvas.evaluate(PIXELS))
    centre_x, centre_y, scale = map(float, panel.get_attribute("data-view").split())
    pixels = np.frombuffer(base64.b64decode(values), np.uint8).reshape(height, width, 4)
    atlas = load(trained["vae-digits"]).atlas
    x, y = (atlas.coordinates["z"] - [centre_x, centre_y]).T * scale * ratio
    columns, rows = np.rint(width / 2 + x).astype(int), np.rint(height / 2 - y).astype(int)
    wanted = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours(10)])
    found = pixels[rows, columns, :3]
    hits = (found == wanted[atlas.labels]).all(1)
    assert hits.mean() > 0.8  # the others are under a neighbour
    ground = pixels[0, 0, :3].astype(int)
    assert (ground.min() > 200) == (scheme == "light")
    assert (pixels[:, :, :3] == ground).all(-1).mean() > 0.5
    context.close()


@pytest.mark.slow
def test_another_colouring_has_a_legend_of_its_own_and_shows_what_was_hidden(page: Any, address: str):
    opened(page, address, "model=factor-vae-sprites&hidden=1")
    legend = page.locator(f"{MAP} .legend")
    assert "square" in legend.inner_text()
    page.locator(".st-key-colour input").click()
    page.get_by_role("option", name="scale", exact=True).click()
    page.locator(f"{MAP} .legend", has_text="scale 6").wait_for()
    page.wait_for_function("!new URLSearchParams(location.search).has('hidden')")
    assert query(page)["colour"] == "scale"
