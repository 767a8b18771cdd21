"""Map under a hand: the wheel, the plane of a latent of two dimensions, examples one after the other, the same state as strips."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from latent_explorer.pictures import to_bytes

from tests.browser.pressing import opened, settle
from tests.browser.test_maps import MAP, READY, middle, plot, query, shown
from tests.support.driving import eventually, served
from tests.support.flat import NAME, flat
from vae_core import load
from vae_core.explore import decode

pytestmark = pytest.mark.browser


def view(page: Any, block: str) -> str:
    return page.locator(f".panel[data-panel='{block}']").get_attribute("data-view")


@pytest.mark.slow
def test_the_wheel_is_the_page_s_until_the_map_is_asked_for(page: Any, address: str):
    opened(page, f"{address}/map?model=vae-digits")
    page.wait_for_selector(READY)
    page.set_viewport_size({"width": 1280, "height": 600})
    x, y = middle(page, "z")
    page.mouse.move(x, y)
    before = view(page, "z")
    page.mouse.wheel(0, 60)
    page.locator(".hint[data-shown]").wait_for()
    assert eventually(page, lambda: plot(page, "z").bounding_box()["y"] < y - 150)
    assert view(page, "z") == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    assert eventually(page, lambda: view(page, "z") != before)
    page.mouse.dblclick(*middle(page, "z"))
    assert eventually(page, lambda: view(page, "z") == before)
    for step in range(30):  # in and out as far as it goes
        page.mouse.wheel(0, -900 if step < 20 else 900)
    closest = float(before.split()[2])
    assert eventually(page, lambda: 1 < float(view(page, "z").split()[2]) / closest <= 400)
    now = view(page, "z")
    page.keyboard.press("Escape")
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(200)
    assert view(page, "z") == now


@pytest.mark.slow
def test_what_is_found_is_gone_through_and_its_strips_lead_there_and_back(page: Any, address: str):
    opened(page, f"{address}/map?model=cdvae-digits&layout=principal+axes&find=class+3")
    page.wait_for_selector(f"{READY}:not([data-selected='0'])")
    page.get_by_text("found", exact=False).first.wait_for()
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
        settle(page)
    item = query(page)["item"]
    assert page.locator(MAP).get_attribute("data-item") == item
    page.get_by_role("button", name="Make it").click()
    settle(page)
    page.get_by_role("button", name="All as strips").click()
    page.get_by_text(f"Every strip starts from image {item}, as").wait_for()
    settle(page)
    page.get_by_role("button", name="Back to the map").click()
    page.wait_for_selector(f"{READY}[data-item='{item}']")
    settle(page)
    assert query(page) == {
        "model": "cdvae-digits",
        "layout": "principal axes",
        "find": "class 3",
        "item": item,
    }


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = flat(tmp_path_factory.mktemp("flat"))
    with served(folder) as address:
        yield address, folder / NAME


@pytest.mark.slow
def test_a_latent_of_two_dimensions_lies_on_its_decoded_plane(page: Any, plane: tuple[str, Path]):
    address, folder = plane
    opened(page, f"{address}/map?model={NAME}")
    page.wait_for_selector(READY)
    panel = page.locator(".panel").first
    assert eventually(page, lambda: int(panel.get_attribute("data-ground") or 0) > 30)
    ground = panel.locator("canvas.ground")
    box = panel.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + 12, box["y"] + 12)  # no dot is in the corner
    page.wait_for_selector(f"{MAP}[data-place=code]")
    said = page.locator(".caption").first.inner_text()
    code = [float(part.split("=")[1]) for part in said.split(",")]
    found = load(folder)
    expected = to_bytes(decode(found.model, {"z": torch.tensor([code])}), found.kind)[0]
    assert (
        np.abs(shown(page).astype(int) - expected.astype(int)).max() <= 3
    )  # the code is said to two decimals
    page.locator("[data-tool=plane]").click()
    assert eventually(page, lambda: not ground.is_visible())


@pytest.mark.slow
def test_pictures_grow_with_the_window(page: Any, address: str):
    sides = {}
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("", "live", "map"):
            opened(page, f"{address}/{name}?model=vae-digits")
            picture = page.locator("canvas.picture").first
            picture.wait_for()
            assert eventually(page, lambda picture=picture: picture.bounding_box()["width"] > 100)
            sides[name, width] = picture.bounding_box()["width"]
    for name in ("", "live", "map"):
        assert sides[name, 1920] >= 1.4 * sides[name, 1280], name
        assert sides[name, 1920] >= 380, name
