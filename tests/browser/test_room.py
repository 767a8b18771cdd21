"""Windows that nobody thinks of: a phone on its side, a small tablet, a projector of 1024 x 768; what is read in the dark; rows of tables; taps."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.pressing import settle
from tests.browser.windows import as_new
from tests.support.driving import eventually, served
from tests.support.tabular import of_tables
from vae_core.data import SOURCES_VARIABLE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {
    "phone on its side": (844, 390),
    "tablet": (820, 1180),
    "projector": (1024, 768),
    "zoomed": (640, 360),
}
PAGES = {
    "": ".first[data-ready=true]",
    "live": ".live-controls[data-ready=true]",
    "map": ".latent-map[data-ready=true]",
    "rate_distortion": ".betas[data-ready=true]",
}

# How much wider than its room the page is, and which pictures reach beyond it.
BEYOND = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    return main.scrollWidth - main.clientWidth;
}"""


def opened(page: Any, address: str, ready: str) -> None:
    page.goto(address)
    page.locator(ready).first.wait_for()
    settle(page)


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("size", SIZES)
def test_a_page_is_no_wider_than_the_room_beside_the_sidebar(
    page: Any, bundled: str, page_of: str, size: str
):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    opened(page, f"{bundled}/{page_of}?model=mr-cdvae-mnist", PAGES[page_of])
    assert eventually(page, lambda: page.evaluate(BEYOND) <= 0, 5), page.evaluate(BEYOND)


def _over(a: Any, b: Any) -> bool:
    return a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]


def test_on_a_phone_on_its_side_no_handle_lies_under_its_pictures(page: Any, bundled: str):
    page.set_viewport_size({"width": 844, "height": 390})
    opened(page, f"{bundled}/map?model=mr-cdvae-mnist", PAGES["map"])
    ended = page.locator(".first.narrow .ended").first
    ended.locator("canvas").first.wait_for()
    track = ended.locator(".track").bounding_box()
    assert not any(_over(track, end.bounding_box()) for end in ended.locator("canvas").all())


def test_both_betas_stand_on_the_first_screen(page: Any, bundled: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    opened(page, f"{bundled}/live?model=mr-cdvae-mnist", PAGES["live"])
    for slider in page.get_by_test_id("stSidebar").get_by_test_id("stSlider").all():
        box = slider.bounding_box()
        assert box["y"] + box["height"] <= 720


def _light(colour: str) -> float:
    """The relative luminance of WCAG."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_stands_on_the_primary_colour_is_read_in_both_themes(tab: Any, bundled: str, theme: str):
    with as_new(tab, color_scheme=theme) as page:
        for path, place in {
            "data": "[data-testid=stBaseButton-primaryFormSubmit] p",
            "train": "[data-testid=stBaseButton-primary] p",
            "measure?show=Disentanglement&model=vae-sprites": "[data-testid=stMultiSelect] [data-tag] span",
            "lessons": ".st-key-begin-the-price-of-information a.lit",
        }.items():
            opened(page, f"{bundled}/{path}", place)
            read, ground = page.locator(place).first.evaluate(
                """node => {
                    const ground = (at) => { const c = getComputedStyle(at).backgroundColor
                        return /, 0\\)$|transparent/.test(c) ? ground(at.parentElement) : c }
                    return [getComputedStyle(node).color, ground(node)]
                }"""
            )
            a, b = sorted((_light(read), _light(ground)), reverse=True)
            assert (a + 0.05) / (b + 0.05) >= 4.5, (path, read, ground)


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def test_a_tap_shows_a_small_picture_large(phone: Any, bundled: str):
    opened(phone, f"{bundled}/traverse?model=vae-mnist", ".st-key-strips .image-grid[data-ready=true]")
    grid = phone.locator(".st-key-strips .image-grid")
    cells = grid.locator(".cells")
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    phone.touchscreen.tap(box["x"] + 10, box["y"] + 10)
    phone.wait_for_timeout(500)
    assert grid.get_attribute("data-hover") == "0,0"
    assert grid.locator(".preview").bounding_box()["width"] > 100


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("tables")
    environment = {SOURCES_VARIABLE: of_tables(home)}
    with served(home / "runs", environment=environment) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "picture"),
    [("", ".first .picture"), ("live", ".live-controls .picture"), ("map", ".first.narrow .picture")],
)
def test_a_bar_of_a_row_says_which_feature_it_is(page: Any, tables: str, path: str, picture: str):
    opened(page, f"{tables}/{path}?model=people", f"{picture.split()[0]}[data-ready=true]")
    box = page.locator(picture).bounding_box()
    said = page.locator(".live-controls .tooltip.visible")
    for share, name in ((0.1, "height"), (0.5, "<b>weight</b>"), (0.9, "children")):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        assert eventually(page, lambda name=name: said.count() == 1 and said.inner_text() == name, 5), name
    page.mouse.move(1, 1)
    assert said.count() == 0


def test_where_the_system_chooses_the_colours_those_that_say_something_stay(tab: Any, bundled: str):
    shown = {
        "live": [".said .bar", ".chip .swatch"],
        "rate_distortion": [".lamps .awake", ".bar span"],
        "map": [".entry .swatch"],
    }
    for path, places in shown.items():
        grounds = []
        for forced in ("none", "active"):
            with as_new(tab, forced_colors=forced) as page:
                opened(page, f"{bundled}/{path}?model=mr-cdvae-mnist", PAGES[path])
                grounds.append([page.locator(place).first.evaluate("n => getComputedStyle(n).backgroundColor") for place in places])  # fmt: skip
        assert grounds[0] == grounds[1], (path, grounds)


def test_a_long_name_of_a_class_keeps_to_its_picture(page: Any, bundled: str):
    opened(
        page,
        f"{bundled}/interpolate?model=vae-mnist",
        ".st-key-paths .image-grid[data-ready=true]",
    )
    caption = page.locator("[data-testid=stHtml] span[title*=class]").first
    caption.evaluate("node => { node.textContent = 'x'.repeat(150) }")
    box, whole = caption.bounding_box(), caption.locator("xpath=../../..").bounding_box()
    assert box["x"] + box["width"] <= whole["x"] + whole["width"] + 1
    assert box["height"] < 40


def test_the_tools_of_a_table_lie_over_no_words_on_a_phone(phone: Any, bundled: str):
    opened(phone, f"{bundled}/measure?show=All+models&model=vae-mnist", "[data-testid=stDataFrame]")
    tools = phone.get_by_test_id("stElementToolbar").first.bounding_box()
    words = phone.get_by_test_id("stMain").get_by_test_id("stCheckbox").first.bounding_box()
    assert tools["y"] >= words["y"] + words["height"]
