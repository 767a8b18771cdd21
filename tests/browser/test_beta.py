"""What beta does: the picture, the sentence and the maps follow the marker while it is dragged; the sidebar's slider follows when it is let go."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.browser.faults import Watch
from tests.browser.pressing import opened, settle
from tests.support.driving import eventually

pytestmark = pytest.mark.browser

STRIP = ".betas[data-live=true][data-ready=true]"


def strip(page: Any, address: str, query: str) -> Any:
    opened(page, f"{address}/rate_distortion?{query}")
    page.wait_for_selector(STRIP)
    return page.locator(STRIP)


def painted(page: Any) -> int:
    return int(page.locator(".betas").get_attribute("data-painted") or 0)


def says(page: Any) -> str:
    return page.locator(".betas .says").inner_text()


def test_everything_follows_the_marker_and_the_slider_when_it_is_let_go(page: Any, address: str):
    watch = Watch(page)
    strip(page, address, "model=rate-digits&item=5")
    marker, before = page.locator(".betas .marker"), says(page)
    assert before.startswith("From β = 0.1 to 1:")
    box = marker.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 8, y, steps=6)
    assert eventually(page, lambda: painted(page) > 0 and says(page).startswith("From β = 0.1 to 10:"))
    assert "beta_z=" not in page.url  # no run of the script yet
    assert page.locator(".betas .maps figcaption").nth(1).inner_text().startswith("β = 10")
    page.mouse.up()
    assert eventually(page, lambda: "beta_z=10" in page.url)
    settle(page)
    assert page.locator(".st-key-beta_z input[type=range]").get_attribute("aria-valuetext") in ("10", "10.0")
    assert page.locator(".betas .column[aria-pressed=true]").count() == 1
    assert not watch.faults()


@pytest.mark.slow
def test_a_dot_shows_its_picture_and_moves_both_sliders(page: Any, address: str):
    watch = Watch(page)
    strip(page, address, "model=rates-digits&block=z_u")
    dot = page.locator(".betas .dot").first
    dot.hover()
    assert eventually(page, lambda: page.locator(".betas .hovered").evaluate("node => node.width") > 1)
    assert "β(z_l) = 0.1, β(z_u) = 0.1" in page.locator(".betas .tooltip").inner_text()
    dot.click()
    assert eventually(page, lambda: "beta_z_l=0.1" in page.url and "beta_z_u=0.1" in page.url)
    settle(page)
    page.locator(".betas .dot").last.focus()
    page.keyboard.press("Enter")
    assert eventually(page, lambda: "beta_z_l=10" in page.url and "beta_z_u=10" in page.url)
    settle(page)
    assert not watch.faults()


@pytest.mark.slow
def test_what_is_compared_with_is_chosen_and_goes_along_in_the_link(page: Any, address: str):
    watch = Watch(page)
    strip(page, address, "model=rate-digits")
    page.get_by_role("button", name="Compare from here").click()
    assert eventually(page, lambda: "since=1" in page.url)
    page.locator(".betas .column").last.click()
    assert eventually(page, lambda: says(page).startswith("From β = 1 to 10:") and "beta_z=10" in page.url)
    settle(page)
    before, link = says(page), page.url
    opened(page, link)
    page.wait_for_selector(STRIP)
    assert says(page) == before
    page.locator(".st-key-beta_z input[type=range]").focus()
    page.keyboard.press("Home")
    assert eventually(page, lambda: says(page).startswith("From β = 1 to 0.1:"))
    assert not watch.faults()


@pytest.mark.slow
def test_the_figure_is_saved_whole(page: Any, address: str):
    strip(page, address, "model=rate-digits")
    settle(page)
    svg = page.locator(".betas").evaluate("node => node.figure()")
    texts = {
        "".join(node.itertext())
        for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"β = 0.1", "β = 10", "distortion D, nats"} <= texts
    assert svg.count("<image ") >= 9 + 2


@pytest.mark.slow
def test_the_page_is_in_the_menu_of_those_that_answer_to_beta(page: Any, address: str):
    opened(page, f"{address}/rate_distortion?model=vae-digits")
    page.get_by_text("there is nothing to drag here").wait_for()
    assert page.get_by_role("link", name="What beta does").count() == 0
    page.locator(".st-key-go-rates-digits button").first.click()
    page.wait_for_selector(STRIP)
    assert page.get_by_role("link", name="What beta does").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (390, 844)])
def test_it_fits_the_screen(browser: Any, address: str, width: int, height: int):
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    strip(page, address, "model=rates-digits&block=z_u")
    settle(page)
    main = "[...document.querySelectorAll('[data-testid=stMain]')].map(m => m.scrollWidth - m.clientWidth)[0]"
    assert page.evaluate(main) <= 0
    if width > 640:
        box = page.locator(".betas .cloud").last.bounding_box()
        assert box["y"] + box["height"] <= height
    context.close()
