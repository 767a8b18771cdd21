"""A stranger's card and link in a browser: nothing but text, and nothing of this server where something fails."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import torch
from latent_explorer.site.publishing import publish

from tests.strangers import HOSTILE, collapsed, hostile, portrait, small, with_classes
from tests.support.driving import served
from tests.support.hosting import hosted
from vae_core import load
from vae_core.models import CDVAE

pytestmark = pytest.mark.browser

READY = {
    "/": ".first[data-painted]",
    "/map": ".latent-map[data-ready=true]",
    "/live": ".live-controls[data-ready=true]",
    "/traverse": ".st-key-strips .image-grid[data-ready=true]",
    "/generate": ".st-key-samples .image-grid[data-ready=true]",
    "/interpolate": ".st-key-span-grid .image-grid[data-ready=true]",
    "/prior": ".latent-map[data-ready=true]",
    "/prior?look=Classes": ".js-plotly-plot",
    "/rate_distortion": "[data-testid=stMain] [data-testid=stAlert], [data-testid=stMetric]",
    "/measure": "[data-testid=stDataFrame]",
    "/measure?show=Two numbers": ".js-plotly-plot .main-svg",
}
SITE = "#site[data-ready=true][data-decoder=ready]"
MODEL = "[sign in](http:evil.test) :red[x] $y$"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strangers")
    hostile(small(folder / MODEL))
    collapsed(small(folder / "portraits", portrait()), "z_u")
    with_classes(folder / "portraits", lambda number: f"{'abcdefghij' * 6}{number}")
    small(folder / "tall", portrait(), CDVAE(unlabelled=3, nets="mlp-256", rates=(0.1, 10.0)))
    images = portrait()
    small(folder / "only", replace(images, labels=torch.zeros_like(images.labels), classes=("only",)))
    return folder


@pytest.fixture(scope="module")
def strangers(models: Path) -> Iterator[str]:
    with served(models) as url:
        yield url


@pytest.mark.slow
def test_nothing_of_a_hostile_card_or_link_is_more_than_text(page: Any, strangers: str):
    hosts = set()
    page.set_default_timeout(120_000)  # nine pages, each the first of its kind on this server
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    for path, ready in READY.items():
        link = f"{path}{'&' if '?' in path else '?'}model={quote(MODEL)}&item=3"
        page.goto(f"{strangers}{link}")
        page.wait_for_selector(ready)
        page.wait_for_timeout(300)
        strange(page)
    page.goto(
        f"{strangers}/map?model={quote(HOSTILE)}&selection={quote(HOSTILE)}&hidden={quote(HOSTILE)}&colour={quote(HOSTILE)}"
    )
    page.wait_for_selector(READY["/map"])
    assert HOSTILE[:40] in page.locator("[data-testid=stAlert]").first.inner_text().replace("\u2060", "")
    strange(page)
    assert hosts <= {urlsplit(strangers).hostname, None}


@pytest.mark.slow
def test_nothing_of_a_hostile_card_is_more_than_text_on_a_published_site(
    page: Any, models: Path, tmp_path: Path
):
    publish([load(models / MODEL), load(models / "portraits")], tmp_path / "site")
    hosts, faults = set(), []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("pageerror", lambda error: faults.append(str(error)))
    with hosted(tmp_path / "site") as address:
        for asked in ("", f"?selection={quote(HOSTILE)}&colour={quote(HOSTILE)}&class={quote(HOSTILE)}"):
            page.goto(f"{address}/{asked}")
            page.wait_for_selector(SITE)
            strange(page)
            assert HOSTILE[:30] in page.locator("body").inner_text()
            names = page.locator("nav a").all_inner_texts()
            assert len(names) > 4
            for name in names:
                page.locator("nav").get_by_role("link", name=name, exact=True).click()
                page.wait_for_selector(SITE)
                page.wait_for_timeout(300)
                strange(page)
        assert hosts <= {urlsplit(address).hostname, None}
    assert not faults


def strange(page: Any) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    found = page.evaluate(
        """() => [...document.querySelectorAll("a[href*='evil'], img[src*='evil'], .katex, .stMarkdown img, [data-testid=stMain] b, #site b")]
            .filter((node) => node.host !== location.host)  // pages of ours have the model's name in their address
            .map((node) => node.outerHTML.slice(0, 200))"""
    )
    assert not found


@pytest.mark.slow
def test_images_that_are_not_square_keep_their_shape_on_live(page: Any, strangers: str):
    page.goto(f"{strangers}/live?model=portraits")
    page.wait_for_selector(".live-controls[data-ready=true]")
    box = page.locator(".live-controls .picture").bounding_box()
    assert abs(box["height"] / box["width"] - 2) < 0.05
    svg = page.locator(".live-controls").evaluate("node => node.figure()")
    assert 'width="140" height="280"' in svg
    label = page.locator(".live-controls .said .label").first
    assert label.bounding_box()["height"] < 24
    assert page.locator(".live-controls .said .bar").first.bounding_box()["height"] >= 1


@pytest.mark.slow
def test_tall_images_leave_room_for_handles_on_a_phone_and_are_drawn_where_one_points(
    page: Any, strangers: str
):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{strangers}/?model=portraits")
    page.wait_for_selector(".first[data-painted]")
    box = page.locator(".first .stage .picture").bounding_box()
    assert abs(box["height"] / box["width"] - 2) < 0.1
    handle = page.locator(".first .handle").first.bounding_box()
    assert handle["y"] + handle["height"] <= 844
    pad = page.locator(".first .pad").bounding_box()
    assert abs(pad["height"] / pad["width"] - 2) < 0.1
    right, low = pad["x"] + 0.9 * pad["width"], pad["y"] + 0.9 * pad["height"]
    page.mouse.move(pad["x"] + 0.1 * pad["width"], low)
    page.mouse.down()
    page.mouse.move(right, low, steps=8)
    ink = page.locator(".first .pad").evaluate(
        """canvas => { const {width, height} = canvas, row = canvas.getContext("2d").getImageData(0, Math.round(0.9 * height), width, 1).data;
        const lit = [...Array(width).keys()].filter((x) => row[4 * x] > 100); return [lit[0] / width, lit.at(-1) / width] }"""
    )
    page.mouse.up()
    assert ink[0] < 0.2
    assert ink[1] > 0.85


@pytest.mark.slow
def test_of_a_tall_image_all_betas_stand_on_the_first_screen_of_a_phone(page: Any, strangers: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{strangers}/rate_distortion?model=tall")
    page.wait_for_selector(".betas[data-ready=true]")
    box = page.locator(".betas .stage .picture").bounding_box()
    assert abs(box["height"] / box["width"] - 2) < 0.05
    assert box["height"] <= 161
    strip = page.locator(".betas .strip").bounding_box()
    assert strip["y"] + strip["height"] <= 844


@pytest.mark.slow
def test_a_class_of_sixty_letters_is_no_wider_than_a_phone(page: Any, strangers: str):
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{strangers}/live?model=portraits")
    page.wait_for_selector(".live-controls[data-ready=true]")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    assert "abcdefghij" * 6 in page.locator(".live-controls").inner_text()


@pytest.mark.slow
def test_one_class_alone_has_no_bars(page: Any, strangers: str):
    for model, bars in (("only", 0), ("tall", 1)):
        page.goto(f"{strangers}/?model={model}")
        page.wait_for_selector(".first[data-painted]")
        assert page.locator(".first .said:visible").count() == bars
        page.goto(f"{strangers}/live?model={model}")
        page.wait_for_selector(".live-controls[data-ready=true]")
        page.wait_for_timeout(500)
        assert page.locator(".live-controls .said:visible").count() == bars


@pytest.mark.slow
def test_a_collapsed_model_says_why_it_has_no_handles(page: Any, strangers: str):
    page.goto(f"{strangers}/live?model=portraits")
    page.wait_for_selector(".live-controls[data-ready=true]")
    block = page.locator(".live-controls .block[data-block=z_u]")
    assert "collapsed" in block.inner_text()
    assert (
        "onto the prior" not in block.inner_text()
    )  # that is another thing: where means are alike, a rate may be high
    assert block.locator("details[open] .handle").count() == 3


BROKEN = """
from latent_explorer.caches import encodings
def broken(*words): raise RuntimeError("planted " + __file__ + "/srv/secret")
encodings.codes = broken
from latent_explorer.cli import main
raise SystemExit(main())
"""


@pytest.mark.slow
def test_a_defect_shows_neither_its_traceback_nor_a_path(page: Any, tmp_path: Path):
    script = tmp_path / "broken.py"
    script.write_text(BROKEN)
    with served(command=(sys.executable, str(script))) as url:
        page.goto(f"{url}/traverse?model=vae-mnist")
        page.wait_for_selector("[data-testid=stException]")
        text = page.content()
        for part in ("planted", "Traceback", str(tmp_path), "/srv/secret", "views/traverse.py"):
            assert part not in text
