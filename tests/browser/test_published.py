"""A published site in a browser: it decodes there, asks nobody else, restores a link, and says what keeps it from starting."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from latent_explorer.site.publishing import publish

from tests.browser.conftest import need_a_browser
from tests.browser.test_lessons import drawn, lasso
from tests.support.driving import chromium, eventually, settled
from tests.support.foreign import embeddings
from tests.support.hosting import hosted
from vae_core import load
from vae_core.data import load_data
from vae_core.serving import Answer, LiveDecoder, Request

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "mr-cdvae-mnist"
READY = "#site[data-ready=true][data-decoder=ready]"
MOVED = ".first[data-painted]:not([data-painted='1']):not([data-painted='2'])"

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of three models: one of two betas, one of colour images, and embeddings alone."""
    need_a_browser()
    folder = tmp_path_factory.mktemp("published")
    embeddings(folder / "codes", load_data("digits", "test"))
    publish([load(MODEL), load("vae-rooms"), load(folder / "codes")], folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    with hosted(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    need_a_browser()
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """`opened(address)`: a page, what it asked for and what went wrong on it as `page.asked` and `page.faults`."""
    contexts = []

    def open_page(
        address: str,
        *,
        width: int = 1280,
        height: int = 720,
        script: str = "",
        wait: str = READY,
        motion: Any = "no-preference",
    ) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion=motion)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.faults = [], []
        context.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(address)
        if wait:
            page.wait_for_selector(wait, timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


def pixels_of(page: Any, selector: str = "canvas.picture") -> np.ndarray:
    """The grey values of a canvas in a component."""
    read = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).filter((_, i) => i % 4 === 0)"
    canvas = page.locator(selector).first
    size = canvas.evaluate("c => [c.height, c.width]")
    return np.array(canvas.evaluate(read), np.uint8).reshape(size)


def of_the_app(**asked: Any) -> np.ndarray:
    decoder = LiveDecoder(load)
    (answer,) = decoder.answer([Request.of({"model": MODEL, **asked})])  # type: ignore[arg-type]
    assert isinstance(answer, Answer)
    return answer.pixels[0, :, :, 0]


def test_every_page_decodes_and_asks_nobody_else(host: str, opened: Opened):
    page = opened(f"{host}/")
    for name in ("Map", "Handles", "Samples", "Between", "Beta", "Numbers", "Start"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(READY)
        page.wait_for_timeout(300)
    box = page.locator(".first").bounding_box()
    assert box["y"] + box["height"] <= 720, "the result is above the fold"
    assert {urlsplit(url).netloc for url in page.asked if not url.startswith("data:")} == {
        urlsplit(host).netloc
    }
    assert page.faults == []


def test_a_link_restores_a_state_and_its_pixels_are_the_apps(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&page=live&item=12&class=3&move=z_u.1~1.5&beta_z_u=2")
    page.wait_for_selector(".live-controls[data-ready=true]")
    codes = {"mix": {"z_u": [[[12, 1]]]}, "label": [3], "betas": {"z_u": 2.0}, "move": {"z_u": {"1": 1.5}}}
    off = np.abs(pixels_of(page).astype(int) - of_the_app(**codes))
    assert off.max() <= 1
    handle = page.get_by_role("slider", name="z_u[1]")
    handle.focus()
    page.keyboard.press("ArrowRight")
    assert eventually(page, lambda: "z_u.1~1.5&" not in page.url and "move=z_u.1~" in page.url)
    shown = pixels_of(page)
    again = opened(page.url)
    assert np.abs(pixels_of(again).astype(int) - shown).max() <= 1


def test_a_seed_is_the_pictures_of_the_app(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&page=live&start=prior&class=5&seed=42&temperature=0.8")
    wanted = of_the_app(draw={"seed": 42, "temperature": 0.8}, label=[5])
    assert np.abs(pixels_of(page).astype(int) - wanted).max() <= 1


def test_hovering_over_a_map_decodes_between_dots_and_a_lasso_selects(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&page=map")
    plot = page.locator(".panel[data-panel=z_l] .plot")
    box = plot.bounding_box()
    found = set()
    for x in range(30, int(box["width"]) - 30, 12):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
        found.add(page.locator(".latent-map").get_attribute("data-place"))
    assert "between" in found
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for x, y in ((0.95, 0.05), (0.95, 0.95), (0.05, 0.95), (0.05, 0.06)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
    page.mouse.up()
    assert eventually(page, lambda: "selection=z_l" in page.url)
    page.wait_for_selector(".selected h2")
    assert "10,000" in page.locator(".selected h2").text_content() or int(
        page.locator(".latent-map").get_attribute("data-selected")
    )
    assert eventually(page, lambda: pixels_of(page, "canvas.mean").max() > 100)


def test_a_drawing_is_encoded_here_and_shown_in_every_class(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&item=3")  # a zero
    page.get_by_role("button", name="Draw an image").click()
    box = page.locator(".first .pad").bounding_box()
    places = [(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.6, 0.5), (0.45, 0.75)]
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()
    assert eventually(page, lambda: "drawing=" in page.url)
    assert eventually(page, lambda: "7 with" in (page.locator(".said").get_attribute("aria-label") or ""))
    settled(page, lambda: page.locator(".first").get_attribute("data-painted"))
    shown = pixels_of(page)
    again = opened(page.url, motion="reduce")  # or the handles would move by themselves
    assert np.abs(pixels_of(again).astype(int) - shown).max() <= 1


def test_a_lesson_is_walked_from_its_first_step_to_its_last(host: str, opened: Opened):
    page = opened(f"{host}/?page=lessons")
    page.locator("article", has_text="A first look").get_by_role("link", name="Begin").click()
    strip = page.locator("aside.lesson")
    for step, act in enumerate(
        (
            lambda: (page.locator("[data-handle='z_u[1]']").focus(), page.keyboard.press("ArrowRight")),
            lambda: drawn(page),
            lambda: page.locator(".live-controls [data-class='8']").click(),
            lambda: lasso("z_l")(page),
            lambda: (page.locator("input[type=range]").first.focus(), page.keyboard.press("End")),
        ),
        1,
    ):
        page.wait_for_selector(f"{READY} aside.lesson:has-text('step {step} of 5')")
        page.wait_for_timeout(500)
        assert strip.get_attribute("data-done") == "false", step
        act()
        page.wait_for_selector("aside.lesson[data-done=true]")
        if step == 3:
            strip.get_by_text("Question").click()
            strip.get_by_label("how it is written").check()
            assert "Right" in strip.locator(".answer").text_content()
        if step < 5:
            strip.get_by_role("link", name="Next").click()
    again = opened(page.url)
    assert "step 5 of 5" in again.locator("aside.lesson").text_content()
    page.get_by_role("button", name="Leave").click()
    assert "lesson" not in page.url
    page.get_by_role("link", name="Lessons", exact=True).click()
    assert page.get_by_role("link", name="Go on at step 5").count() == 1
    assert page.faults == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [("page=nowhere", "no page called “nowhere”"), ("lesson=gone", "no lesson called “gone”")],
)
def test_what_is_not_on_the_site_is_said(host: str, opened: Opened, asked: str, words: str):
    assert words in opened(f"{host}/?{asked}").locator(".notice").text_content()


def test_the_slider_of_beta_moves_maps_and_pictures(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&page=map")
    digest = page.locator(".latent-map").get_attribute("data-digest")
    before = pixels_of(page)
    slider = page.locator("input[data-beta=z_u]")
    slider.focus()
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    assert eventually(page, lambda: "beta_z_u=" in page.url)
    assert eventually(page, lambda: page.locator(".latent-map").get_attribute("data-digest") != digest)
    assert eventually(page, lambda: bool((pixels_of(page) != before).any()))


def test_other_models_are_a_choice_away(host: str, opened: Opened):
    page = opened(f"{host}/")
    page.get_by_label("Model").select_option("vae-rooms")
    assert eventually(page, lambda: page.locator("canvas.picture").first.evaluate("c => c.width") == 64)
    assert page.get_by_role("link", name="Beta", exact=True).count() == 0
    page.get_by_label("Model").select_option("codes")
    page.wait_for_selector(".latent-map[data-ready=true]")
    assert page.get_by_role("link", name="Handles", exact=True).count() == 0
    refused = opened(f"{host}/?model=codes&page=live", wait=".failed")
    assert "Nothing can be decoded here" in refused.locator(".failed").text_content()


def test_a_phone_has_no_sideways_scrolling(host: str, opened: Opened):
    for name in ("start", "map", "live", "samples", "between", "frontier", "numbers", "lessons"):
        page = opened(f"{host}/?model={MODEL}&page={name}", width=390, height=844)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.locator("h1").bounding_box()["y"] < 200


def test_on_a_phone_what_is_looked_at_comes_before_the_maps(host: str, opened: Opened):
    page = opened(f"{host}/?model={MODEL}&page=map", width=390, height=844)
    tops = [
        page.locator(part).first.bounding_box()["y"] for part in (".maps canvas.picture", ".latent-map .plot")
    ]
    assert tops == sorted(tops)
    assert tops[0] < 500


def test_over_a_slow_line_a_picture_moves_within_three_seconds(site: Path, browser: Any):
    with hosted(site, bits=10e6, delay=0.02) as address:
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(MOVED, timeout=3000)
        assert page.locator("#site").get_attribute("data-decoder") == "loading"
        page.context.close()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("delete globalThis.WebAssembly", "no WebAssembly"),
        ("delete globalThis.Worker", "no workers"),
        ("WebAssembly.validate = () => false", "no vectors (SIMD)"),
    ],
)
def test_a_browser_that_cannot_run_it_shows_pictures_and_says_why(
    host: str, opened: Opened, script: str, said: str
):
    page = opened(f"{host}/?model={MODEL}", script=script, wait="#site[data-ready=true][data-decoder=failed]")
    assert said in page.locator(".notice").text_content()
    page.wait_for_selector(MOVED)
    handle = page.locator(".first .handle input").first
    handle.focus()
    before = pixels_of(page)
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    assert eventually(page, lambda: bool((pixels_of(page) != before).any()))
    page.get_by_role("link", name="Samples", exact=True).click()
    assert eventually(page, lambda: page.locator(".view .failed").count() == 1)
    assert page.locator(".view .failed").text_content() == "Without the model there is no picture of this."
    assert page.faults == []


@pytest.mark.parametrize(
    "name",
    [
        "modules/site/main.js",
        "modules/components/map/map.js",
        f"models/{MODEL}/draw.bin",
        f"models/{MODEL}/page.json",
        "site.json",
        "modules/site/worker.js",
        "modules/site/style.css",
        "modules/site/lessons.css",
        "modules/components/map/style.css",
        "lessons.json",
        f"models/{MODEL}/film.bin",
        f"models/{MODEL}/strip-z_l-3.bin",
        "runtime/ort.js",
        "runtime/wasm.bin",
    ],
)
def test_a_file_that_is_cut_short_on_the_host_is_said(site: Path, tmp_path: Path, opened: Opened, name: str):
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with hosted(folder) as address:
        views = {"/map/": "map", "strip": "frontier"}
        view = next((view for part, view in views.items() if part in name), "start")
        lesson = "&lesson=a-first-look" if name == "lessons.json" else ""
        page = opened(f"{address}/?model={MODEL}&page={view}{lesson}", wait="")
        page.wait_for_selector(".failed, .notice:not([hidden])", timeout=20_000)
        (text,) = page.locator(".failed, .notice:not([hidden])").all_text_contents()
        assert text.count("copy the") == 1, text
        assert name.endswith("worker.js") or name in text, text


@pytest.mark.parametrize(
    ("name", "field"),
    [("site.json", "models"), (f"models/{MODEL}/page.json", "card"), (f"models/{MODEL}/page.json", "map")],
)
def test_a_file_that_holds_something_else_is_one_sentence(
    site: Path, tmp_path: Path, opened: Opened, name: str, field: str
):
    """It said "Cannot read properties of undefined"."""
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    held = json.loads((folder / name).read_text())
    assert held.pop(field) is not None
    (folder / name).write_text(json.dumps(held))
    with hosted(folder) as address:
        page = opened(f"{address}/?model={MODEL}&page=map", wait="")
        page.wait_for_selector(".failed, .notice:not([hidden])", timeout=20_000)
        (text,) = page.locator(".failed, .notice:not([hidden])").all_text_contents()
        assert (
            text
            == "A file of this site is not what was published: copy the whole published folder there again."
        )


def test_a_style_sheet_that_is_none_is_said_and_nothing_breaks(site: Path, tmp_path: Path, opened: Opened):
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / "modules/components/map/style.css").write_text("<!doctype html><title>Not found</title>")
    with hosted(folder) as address:
        page = opened(f"{address}/?model={MODEL}&page=map", wait=".failed")
        assert "map/style.css is cut short" in page.locator(".failed").text_content()
        assert page.faults == []


def test_a_host_that_sends_modules_as_text_is_told_so(site: Path, opened: Opened):
    with hosted(site, kinds={".js": "text/plain"}) as address:
        page = opened(f"{address}/", wait=".failed")
        assert "comes as text/plain from this host" in page.locator(".failed").text_content()


def test_the_programs_of_a_site_have_endings_that_hosts_know(site: Path):
    assert not [path for path in site.rglob("*") if path.suffix == ".mjs"]


def test_a_model_that_the_host_lost_is_said_and_the_others_stay(site: Path, tmp_path: Path, opened: Opened):
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / "models/vae-rooms/page.json").unlink()
    with hosted(folder) as address:
        page = opened(f"{address}/")
        page.get_by_label("Model").select_option("vae-rooms")
        assert eventually(
            page, lambda: "vae-rooms/page.json is missing" in page.locator(".notice").text_content()
        )
        page.get_by_role("link", name="Samples", exact=True).click()
        page.wait_for_selector(".image-grid[data-ready=true]")
        assert page.faults == []


def test_a_browser_that_refuses_the_address_after_many_changes_draws_on(host: str, opened: Opened):
    refuse = """const replace = history.replaceState.bind(history); globalThis.written = 0;
        history.replaceState = (...words) => {
          if (++globalThis.written > 3) throw new DOMException("too often", "SecurityError");
          replace(...words);
        };"""
    page = opened(f"{host}/?model={MODEL}&page=samples", script=refuse)
    slider = page.get_by_role("slider", name="Temperature")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(60)
    digest = settled(page, lambda: page.locator(".image-grid").first.get_attribute("data-digest"))
    page.keyboard.press("ArrowLeft")
    assert eventually(page, lambda: page.locator(".image-grid").first.get_attribute("data-digest") != digest)
    assert page.evaluate("globalThis.written") < 13
    assert page.faults == []


def test_how_much_of_the_model_has_come_is_shown(site: Path, browser: Any):
    with hosted(site, bits=4e6, delay=0.02) as address:
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.goto(f"{address}/?model={MODEL}&page=samples", wait_until="commit")
        page.wait_for_selector("progress.coming:not([hidden])", timeout=20_000)
        assert eventually(page, lambda: 0 < page.locator("progress.coming").evaluate("p => p.value") < 1)
        assert eventually(page, lambda: " %" in (page.locator(".view .loading").text_content() or ""))
        page.wait_for_selector(READY, timeout=60_000)
        assert page.locator("progress.coming").is_hidden()
        page.context.close()


def test_a_file_address_is_told_what_to_do(site: Path, opened: Opened):
    page = opened((site / "index.html").as_uri(), wait=".failed")
    assert "python -m http.server" in page.locator(".failed").text_content()


@pytest.mark.parametrize("only", ["map", "live", "samples", "frontier"])
def test_one_view_stands_alone_in_a_frame(only: str, tmp_path: Path, browser: Any):
    publish([load(MODEL)], tmp_path / "site", only)
    (tmp_path / "paper.html").write_text(
        '<!doctype html><iframe src="site/index.html" width="900" height="640" style="border:0"></iframe>'
    )
    with hosted(tmp_path) as address:
        page = browser.new_context(viewport={"width": 960, "height": 700}).new_page()
        page.goto(f"{address}/paper.html")
        frame = page.frame_locator("iframe")
        frame.locator(READY).wait_for(timeout=60_000)
        assert frame.locator("nav").count() == 0
        assert frame.locator("h1").count() == 1
        assert frame.locator(".component").count() >= 1
        assert frame.locator(".failed").count() == 0
        page.context.close()
