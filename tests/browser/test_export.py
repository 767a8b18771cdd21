"""What a visitor shares and takes along: a link that shows another browser the same, and files of every figure."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"


def grid(key: str) -> str:
    return f".st-key-{key} .image-grid[data-ready=true]"


def at_rest(page: Any) -> Any:
    """The page, when no run is under way and all that it shows has stopped changing."""
    before = None
    while (now := (state(page), page.url)) != before or page.locator("[data-testid=stStatusWidget]").count():
        before = now
        page.wait_for_timeout(500)
    assert page.locator("[data-testid=stException]").count() == 0
    return page


def state(page: Any) -> dict[str, Any]:
    """What widgets and figures show: text, values, what is pressed, and the digest of each grid."""
    digests = {
        key: page.locator(f".st-key-{key} .image-grid").get_attribute("data-digest")
        for key in ("strips", "samples", "swaps", "held")
        if page.locator(f".st-key-{key} .image-grid").count()
    }
    seen = page.evaluate(
        """() => [
          [...document.querySelectorAll("[data-testid=stMain], [data-testid=stSidebar]")].map((part) => part.innerText),
          [...document.querySelectorAll("input")].map((field) => [field.ariaLabel, field.type, field.value, field.checked]),
          [...document.querySelectorAll("[aria-checked=true], [aria-pressed=true]")].map((pressed) => pressed.innerText),
        ]"""
    )
    return {"digests": digests, "seen": seen}


def choose(page: Any, key: str, option: str) -> None:
    box = page.locator(f".st-key-{key} [role=combobox], .st-key-{key} input").first
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(5):  # a list closes when the page scrolls under it, which a click may make it do
        box.click()
        page.wait_for_timeout(500)
        if wanted.count():
            break
        page.keyboard.press("Escape")
    wanted.click()
    at_rest(page)


def fill(page: Any, key: str, text: str) -> None:
    field = page.locator(f".st-key-{key} input").first
    field.fill(text)
    field.press("Enter")
    at_rest(page)


def slide(page: Any, key: str, *presses: str) -> None:
    page.locator(f".st-key-{key} input[type=range]").focus()
    for pressed in presses:
        page.keyboard.press(pressed)
    at_rest(page)


def traverse(page: Any) -> None:
    choose(page, "block", "z_u")
    choose(page, "start", "prior draw")
    fill(page, "seed", "7")
    choose(page, "class", "3")
    slide(page, "span", "ArrowLeft", "ArrowLeft")
    choose(page, "dim", "z_u[2]")


def generate(page: Any) -> None:
    fill(page, "seed", "11")
    slide(page, "temperature", "ArrowLeft")
    choose(page, "class", "8")
    fill(page, "items", "5, 9")
    choose(page, "hold", "y")
    fill(page, "first", "21")
    fill(page, "held-seed", "4")
    slide(page, "held-temperature", "ArrowRight")


def frontier(page: Any) -> None:
    page.locator(".st-key-block").get_by_text("z_u", exact=True).click()
    at_rest(page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "by_hand", "ready", "asked"),
    [
        ("/traverse", traverse, grid("strips"), {"block", "start", "seed", "class", "span", "dim"}),
        (
            "/generate",
            generate,
            grid("held"),
            {"seed", "temperature", "class", "items", "hold", "first", "held-seed", "held-temperature"},
        ),
        ("/rate_distortion", frontier, ".betas[data-ready=true]", {"block"}),
    ],
)
def test_a_link_shows_another_browser_what_was_set_by_hand(
    page: Any, browser: Any, address: str, path: str, by_hand: Callable, ready: str, asked: set[str]
):
    page.goto(address + path)
    page.wait_for_selector("[data-testid=stMain] [data-ready=true]")
    choose(page, "model", "rates-digits")
    slide(page, "beta_z_u", "End")
    slide(page, "beta_z_l", "Home")
    by_hand(page)
    at_rest(page).wait_for_selector(ready)
    expected, link = state(page), page.url
    for name in asked | {"model", "beta_z_l", "beta_z_u"}:
        assert f"{name}=" in link
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    other = context.new_page()
    other.goto(link)
    other.wait_for_selector(ready, timeout=30_000)
    assert state(at_rest(other)) == expected
    context.close()


def saved(page: Any, kind: str, inside: str = "[data-testid=stPopoverBody]") -> bytes:
    """The file that a button of the open menu gives."""
    with page.expect_download() as download:
        page.locator(inside).get_by_role("button", name=kind, exact=True).first.click()
    assert download.value.suggested_filename.lower().endswith(f".{kind.lower()}")
    return Path(download.value.path()).read_bytes()


def texts(svg: bytes) -> set[str]:
    return {"".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def picture(png: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(png))
    found.load()
    return found


@pytest.mark.slow
def test_a_traversal_is_kept_in_every_form(page: Any, address: str):
    page.goto(f"{address}/traverse?model=cdvae-digits&block=z_u&item=5")
    page.wait_for_selector(grid("strips"))
    page.get_by_role("button", name="Export").click()
    svg = ElementTree.fromstring(saved(page, "SVG"))
    assert len(list(svg.iter(f"{SVG}image"))) == 4 * 11
    assert {"z_u[0]", "z_u[3]", "-3.0 σ", "+3.0 σ"} <= texts(ElementTree.tostring(svg))
    png = picture(saved(page, "PNG"))
    assert png.size == (2 * int(svg.get("width")), 2 * int(svg.get("height")))
    assert len(np.unique(np.asarray(png.convert("L")))) > 50
    lines = saved(page, "CSV").decode().splitlines()
    assert lines[0].startswith("dimension,sigma,z_l[0],")
    assert len(lines) == 1 + 4 * 11
    with np.load(io.BytesIO(saved(page, "NPZ")), allow_pickle=False) as codes:
        assert codes["z_u"].shape == (44, 4)
    for kind in ("GIF", "WebP"):
        assert Image.open(io.BytesIO(saved(page, kind))).n_frames == 60


@pytest.mark.slow
def test_a_chart_is_kept_as_both_kinds_of_picture(page: Any, address: str):
    page.goto(f"{address}/prior?model=cdvae-digits&look=Classes")
    page.wait_for_selector(".js-plotly-plot .gtitle")
    at_rest(page)
    page.get_by_role("button", name="Export").first.click()
    svg = saved(page, "SVG")
    assert any(name.endswith("between classes") for name in texts(svg))
    png = picture(saved(page, "PNG"))
    assert png.width == 2 * int(float(ElementTree.fromstring(svg).get("width")))
    assert len(np.unique(np.asarray(png.convert("RGB")).reshape(-1, 3), axis=0)) > 50


@pytest.mark.slow
def test_any_grid_is_saved_from_its_corner(page: Any, address: str):
    page.goto(f"{address}/generate?model=vae-digits")
    figure = page.locator(grid("samples"))
    figure.hover()
    png = picture(saved(page, "PNG", f"{grid('samples')} .save-menu"))
    assert min(png.size) > 200


@pytest.mark.slow
def test_bars_are_saved(page: Any, address: str):
    page.goto(f"{address}/map?model=cdvae-digits&item=3")
    bars = page.locator(".bars[data-ready=true]").first
    bars.hover()
    svg = saved(page, "SVG", ".bars .save-menu")
    assert {"0", "9"} <= texts(svg)
    assert sum(text.endswith("%") for text in texts(svg)) >= 1


@pytest.mark.parametrize("secure", [pytest.param(True, marks=pytest.mark.slow), False])
@pytest.mark.slow
def test_the_link_is_copied(new_page: Any, address: str, secure: bool):
    """Also where the browser has no clipboard for scripts: a page that is served by http to another machine."""
    page = new_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not secure:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(f"{address}/generate?model=cdvae-digits&seed=3&items=5")
    page.wait_for_selector(grid("swaps"))
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    field = page.get_by_label("Images, by number")
    field.fill("")
    field.press("ControlOrMeta+v")
    assert field.input_value() == page.url
