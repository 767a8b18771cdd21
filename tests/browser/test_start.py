"""The first page: it moves by itself until somebody touches it, and a drawing is encoded while it is made."""

from typing import Any

import pytest

from tests.browser.pressing import opened, settle
from tests.support.driving import eventually

pytestmark = pytest.mark.browser


def painted(page: Any) -> int:
    return int(page.locator(".first").get_attribute("data-painted") or 0)


def coordinates(page: Any) -> list[str]:
    return page.locator(".first .value").all_text_contents()


def draw_a_seven(page: Any, pause: int = 0) -> None:
    box = page.locator(".first .pad").bounding_box()
    places = [(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.6, 0.5), (0.45, 0.75)]
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
        page.wait_for_timeout(pause)
    page.mouse.up()
    settle(page)


def test_the_handles_move_by_themselves_until_one_is_touched(page: Any, address: str):
    opened(page, f"{address}/?model=rates-digits&item=5")
    page.wait_for_selector(".first[data-live=true]")
    before = painted(page)
    assert eventually(page, lambda: painted(page) > before + 5)
    start = page.locator(".first")
    start.get_by_role("slider").nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert eventually(page, lambda: "move=" in page.url)
    settle(page)
    now = painted(page)
    page.wait_for_timeout(400)
    assert painted(page) == now
    assert "item=5" in page.url


@pytest.mark.slow
def test_a_drawing_is_encoded_changes_its_class_and_goes_along(page: Any, address: str):
    opened(page, f"{address}/?model=cdvae-digits")
    page.wait_for_selector(".first[data-live=true]")
    page.get_by_role("button", name="Draw an image").click()
    before = coordinates(page)
    draw_a_seven(page)
    assert eventually(page, lambda: "start=own" in page.url and coordinates(page) != before)
    style = coordinates(page)
    page.get_by_role("button", name="Make it").click()
    assert eventually(page, lambda: "class=" in page.url)
    settle(page)
    assert coordinates(page) == style  # the style stays
    page.get_by_role("link", name="Live").click()
    settle(page)
    assert page.locator(".live-controls [aria-checked=true]").get_by_text("Your image").count()

    page.get_by_role("link", name="Start").click()
    settle(page)
    assert "start=own" in page.url
    assert page.locator(".first figcaption").first.text_content() == "your drawing; draw on it"


@pytest.mark.slow
def test_a_link_to_a_drawing_shows_it_to_who_has_not_drawn(page: Any, browser: Any, address: str):
    opened(page, f"{address}/?model=cdvae-digits")
    page.wait_for_selector(".first[data-live=true]")
    page.get_by_role("button", name="Draw an image").click()
    draw_a_seven(page, pause=150)  # answers arrive while the pen is down
    assert eventually(page, lambda: "drawing=" in page.url)
    settle(page)
    assert "~" not in page.url.partition("drawing=")[2]  # one stroke
    drawn = coordinates(page)
    other = browser.new_context().new_page()
    opened(other, page.url)
    assert eventually(
        other, lambda: other.locator(".first .given figcaption").inner_text() == "your drawing; draw on it"
    )
    other.locator(".first").get_by_role("slider").nth(0).focus()
    other.keyboard.press("Tab")
    assert eventually(other, lambda: coordinates(other) == drawn)
    other.context.close()


@pytest.mark.slow
def test_who_wants_nothing_to_move_sees_nothing_move(browser: Any, address: str):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    opened(page, f"{address}/?model=rates-digits")
    page.wait_for_selector(".first[data-live=true]")
    before = painted(page)
    page.wait_for_timeout(800)
    assert painted(page) == before
    context.close()


@pytest.mark.slow
def test_the_picture_beside_the_maps_follows_them_and_they_follow_it(page: Any, address: str):
    opened(page, f"{address}/map?model=rates-digits&item=5")
    page.wait_for_selector(".first.narrow[data-ready=true]")
    caption = page.locator(".first figcaption")
    assert caption.text_content() == "image 5, decoded"
    page.locator(".latent-map .panel").first.locator(".plot").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    assert eventually(page, lambda: "item=5" not in page.url)
    settle(page)
    item = page.locator(".latent-map").get_attribute("data-item")
    assert caption.text_content() == f"image {item}, decoded"
    page.locator(".first").get_by_role("button", name="Another image").click()
    assert eventually(page, lambda: page.locator(".latent-map").get_attribute("data-item") != item)
    settle(page)
    assert (
        caption.text_content() == f"image {page.locator('.latent-map').get_attribute('data-item')}, decoded"
    )
    page.locator(".first").get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    page.get_by_role("link", name="Live").click()
    settle(page)
    assert eventually(page, lambda: "move=" in page.url)


@pytest.mark.slow
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_picture_moves_before_streamlit_is_read_and_goes_when_the_page_is_there(
    new_page: Any, address: str, motion: str
):
    held, released = list[Any](), list[bool]()

    def hold(route: Any) -> None:
        if released:
            route.continue_()
        else:
            held.append(route)

    new_page.emulate_media(reduced_motion=motion, color_scheme="dark")
    new_page.route("**/static/js/index.*.js", hold)
    new_page.goto(address, wait_until="commit")
    picture = new_page.locator("#opening i")
    picture.wait_for()
    look = "element => getComputedStyle(element).backgroundPositionX"
    before = picture.evaluate(look)
    assert eventually(new_page, lambda: picture.evaluate(look) != before, 2) is (motion == "no-preference")
    assert new_page.get_by_text("one of them moves").is_visible() is (motion == "no-preference")
    assert eventually(new_page, lambda: bool(held))
    released.append(True)
    for route in held:
        route.continue_()
    settle(new_page)
    assert not picture.is_visible()
    opened(new_page, f"{address}/map")
    assert new_page.locator("#opening").count() == 0
