"""A phone: titles are not under the bar, options not cut, labels not on each other, charts not wider than the screen."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.pressing import settle
from tests.browser.windows import as_new

# Of each page something that is there last.
PAGES = {
    "": ".first[data-ready=true]",
    "map": ".latent-map[data-ready=true]",
    "traverse": ".st-key-strips .image-grid[data-ready=true]",
    "interpolate": ".st-key-along .js-plotly-plot .gtitle",
    "elbo": "[data-testid=stMain] table",
    "rate_distortion": ".betas[data-ready=true]",
    "prior?look=Classes": ".js-plotly-plot .gtitle",
}

# The pages of the default run.
FEW = ("",)

# How far the first heading is below the bar, and how much wider than the screen the page is.
ROOM = """() => {
    const bar = document.querySelector('[data-testid=stHeader]').getBoundingClientRect();
    const main = document.querySelector('[data-testid=stMain]');
    return [document.querySelector('h1').getBoundingClientRect().top - bar.bottom, main.scrollWidth - main.clientWidth];
}"""

# Texts that reach beyond what holds them.
CUT = """() => {
    const beyond = (node, box) => {
        const {left, right, top, bottom} = node.getBoundingClientRect();
        return left < box.left - 1 || right > box.right + 1 || top < box.top - 2 || bottom > box.bottom + 2;
    };
    const texts = [];
    for (const title of document.querySelectorAll('.js-plotly-plot .gtitle'))
        if (beyond(title, title.closest('.js-plotly-plot').getBoundingClientRect())) texts.push(title.textContent);
    for (const label of document.querySelectorAll('.image-grid .label'))
        for (const word of label.children)
            if (word.getClientRects().length && beyond(word, label.getBoundingClientRect())) texts.push(word.textContent);
    const screen = {left: 0, right: innerWidth, top: -1e6, bottom: 1e6};
    for (const option of document.querySelectorAll('[data-testid=stButtonGroup] button'))
        if (beyond(option, screen)) texts.push(option.textContent);
    return texts;
}"""

# Headers of a grid that lie on one another.
ON_ONE_ANOTHER = """() => {
    const shown = [...document.querySelectorAll('.image-grid .header')].filter(
        (node) => getComputedStyle(node).visibility === 'visible');
    const end = (node) => node.getBoundingClientRect().left + node.scrollWidth;
    return shown.filter((node, i) => i + 1 < shown.length && shown[i + 1].parentNode === node.parentNode
        && end(node) > shown[i + 1].getBoundingClientRect().left + 1).map((node) => node.textContent);
}"""


@pytest.mark.browser
@pytest.mark.slow
def test_the_title_stands_below_the_bar_where_the_sidebar_is_shut(page: Any, bundled: str):
    page.goto(bundled)
    page.locator(PAGES[""]).first.wait_for()
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.get_by_test_id("stExpandSidebarButton").wait_for()
    assert page.evaluate(ROOM)[0] >= 0


@pytest.fixture
def phone(tab: Any) -> Iterator[Any]:
    with as_new(tab) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.set_default_timeout(60_000)
        yield page


@pytest.mark.browser
@pytest.mark.parametrize(
    "page", [page if page in FEW else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
)
def test_a_phone_shows_what_is_written_whole(phone: Any, bundled: str, page: str):
    phone.goto(f"{bundled}/{page}")
    phone.locator(PAGES[page]).first.wait_for()
    below, wider = phone.evaluate(ROOM)
    assert below >= 0
    assert wider <= 0
    assert phone.evaluate(CUT) == []
    assert phone.evaluate(ON_ONE_ANOTHER) == []


# Buttons of figures that lie over their words: how much of each is covered, pixels.
COVERED = """() => {
    const roots = [document, ...[...document.querySelectorAll('*')].map((node) => node.shadowRoot).filter(Boolean)];
    const boxes = (words) => roots.flatMap((root) => [...root.querySelectorAll(words)])
        .filter((node) => node.getClientRects().length && node.textContent.trim())
        .map((node) => [node.textContent.trim(), node.getBoundingClientRect()]);
    const buttons = [...boxes('.image-grid .save-menu'), ...boxes('.bars .save-menu')];
    const words = boxes('.image-grid .header, .image-grid .heading, .image-grid .label');
    const bars = [...document.querySelectorAll('.js-plotly-plot .modebar')].filter((node) => node.getClientRects().length);
    return [buttons.length, bars.length, words.filter(([, one]) => buttons.some(([, other]) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom - 1 && other.top < one.bottom - 1))
        .map(([text]) => text)];
}"""


@pytest.mark.browser
@pytest.mark.slow
def test_buttons_of_figures_do_not_lie_over_words_where_nothing_is_pointed_at(tab: Any, bundled: str):
    context = tab.context.browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    try:
        phone = context.new_page()
        phone.set_default_timeout(60_000)
        phone.goto(f"{bundled}/dimension?item=5")
        phone.locator(".js-plotly-plot .gtitle").first.wait_for()
        phone.locator(".image-grid[data-ready=true] .label").first.wait_for()
        phone.wait_for_timeout(500)
        buttons, bars, covered = phone.evaluate(COVERED)
        assert buttons >= 2
        assert bars == 0
        assert covered == []
    finally:
        context.close()


# What lies on top in the middle of the picture, and how far below the bar it begins.
ON_TOP = """() => {
    const roots = [...document.querySelectorAll('*')].map((node) => node.shadowRoot).filter(Boolean);
    const picture = roots.map((root) => root.querySelector('.live-controls .picture')).find(Boolean);
    const {left, top, width, height} = picture.getBoundingClientRect();
    let found = document.elementFromPoint(left + width / 2, top + height / 2);
    while (found?.shadowRoot?.elementFromPoint(left + width / 2, top + height / 2) !== found && found?.shadowRoot)
        found = found.shadowRoot.elementFromPoint(left + width / 2, top + height / 2);
    return [found === picture, top - document.querySelector('[data-testid=stHeader]').getBoundingClientRect().bottom];
}"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("page", ["", "live"])
def test_the_picture_stays_above_its_handles(phone: Any, bundled: str, page: str):
    phone.goto(f"{bundled}/{page}")
    phone.locator(".live-controls[data-ready=true]").first.wait_for()
    phone.get_by_test_id("stMain").evaluate("node => node.scrollTo(0, 450)")
    phone.wait_for_timeout(300)
    on_top, below = phone.evaluate(ON_TOP)
    assert on_top
    assert 0 <= below < 60


# Buttons that save a figure and lie over a title, or over a picture.
OVER = """() => {
    const roots = [...document.querySelectorAll('*')].map((node) => node.shadowRoot).filter(Boolean);
    const all = (what) => [document, ...roots].flatMap((root) => [...root.querySelectorAll(what)]);
    const under = all('.image-grid .heading, .image-grid canvas.cells, .bars canvas').map((node) => node.getBoundingClientRect());
    return all('.image-grid > .save-menu, .bars > .save-menu').map((node) => node.getBoundingClientRect()).filter((menu) => menu.width
        && under.some((box) => menu.left < box.right && menu.right > box.left && menu.top < box.bottom - 1 && menu.bottom > box.top + 1)).length;
}"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("page", ["traverse", "dimension", "generate"])
def test_what_saves_a_figure_is_beside_it_and_two_fields_share_a_line(phone: Any, bundled: str, page: str):
    phone.goto(f"{bundled}/{page}")
    phone.locator(".image-grid[data-ready=true]").first.wait_for()
    settle(phone)
    assert phone.locator(".image-grid > .save-menu").count() >= 1
    assert phone.evaluate(OVER) == 0
    fields = phone.get_by_test_id("stMain").locator("[data-testid=stSelectbox], [data-testid=stNumberInput]")
    assert fields.nth(0).bounding_box()["width"] < 190
    assert phone.locator(".image-grid").first.bounding_box()["y"] < 620


@pytest.mark.browser
@pytest.mark.slow
def test_the_path_between_two_stands_on_the_first_screen(phone: Any, bundled: str):
    phone.goto(f"{bundled}/interpolate")
    phone.locator(".st-key-paths .image-grid[data-ready=true]").wait_for()
    settle(phone)
    box = phone.locator(".st-key-paths .image-grid").bounding_box()
    assert box["y"] + box["height"] <= 844


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_presented_is_as_wide_as_the_screen_and_its_title_beside_the_way_out(
    phone: Any, bundled: str
):
    phone.goto(f"{bundled}/?present=true")
    phone.wait_for_selector(PAGES[""])
    assert phone.locator(".live-controls").first.bounding_box()["width"] > 340
    words = phone.locator("h1").evaluate(
        "node => { const range = document.createRange(); range.selectNodeContents(node); return range.getBoundingClientRect().right }"
    )
    assert words <= phone.locator("button.leave").bounding_box()["x"]


@pytest.mark.slow
def test_a_lesson_is_begun_by_a_word(phone: Any, bundled: str):
    phone.goto(f"{bundled}/lessons")
    phone.locator(".st-key-begin-the-trick .way.lit").wait_for()
    assert phone.locator(".st-key-begin-the-trick .way.lit").inner_text() == "Begin"


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_looked_at_comes_before_the_maps(phone: Any, bundled: str):
    phone.goto(f"{bundled}/map?item=17")
    phone.locator(PAGES["map"]).first.wait_for()
    handle = phone.locator(".st-key-map-beside [data-handle]").first
    handle.wait_for()
    assert handle.bounding_box()["y"] < 844
    assert handle.bounding_box()["y"] < phone.locator(PAGES["map"]).first.bounding_box()["y"]


@pytest.mark.browser
@pytest.mark.slow
def test_the_strip_of_a_lesson_leaves_the_screen_and_folds_to_one_line(phone: Any, bundled: str):
    phone.goto(f"{bundled}/rate_distortion?lesson=the-price-of-information&step=2")
    strip = phone.locator(".st-key-lesson-strip")
    phone.get_by_role("button", name="Fold").wait_for()
    settle(phone)
    assert strip.bounding_box()["height"] <= 0.27 * 844
    phone.get_by_role("button", name="Fold").click()
    assert strip.bounding_box()["height"] < 45
    told = phone.locator(".lesson-links .told")
    assert "step 2 of 5" in told.inner_text()
    box = told.bounding_box()
    assert box["x"] + box["width"] <= phone.get_by_role("link", name="Back", exact=True).bounding_box()["x"]
    phone.get_by_role("link", name="Next", exact=True).click()
    phone.wait_for_url("**step=3*")
    settle(phone)
    assert strip.bounding_box()["height"] < 45
    phone.get_by_role("button", name="Unfold").click()
    assert strip.bounding_box()["height"] > 100
