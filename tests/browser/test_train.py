"""A training in the browser: begun, watched, steered, found again after a reload, stopped, and its model opened on the map."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from tests.browser.conftest import need_a_browser
from tests.browser.pressing import opened, settle
from tests.browser.test_persons import folder_of_images
from tests.support.driving import eventually, served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SECONDS = 180  # that a busy machine may take to begin
COMMAND = "train vae --data digits --latent 2 --epochs 3000 --validation 200"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    need_a_browser()
    with served(folder=folder) as url:
        yield url


def shown(page: Any, name: str) -> str:
    return page.locator(".training").get_attribute(f"data-{name}") or ""


def number(page: Any, name: str) -> int:
    return int(shown(page, name) or 0)


def test_a_training_is_begun_watched_steered_stopped_and_opened(page: Any, address: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    opened(page, f"{address}/train?ask={quote(COMMAND)}")
    assert "--latent 2" in page.get_by_test_id("stCode").first.inner_text()
    page.get_by_test_id("stMain").get_by_role("button", name="Start").click()
    assert eventually(page, lambda: shown(page, "state") == "running", SECONDS)
    assert "run=vae-digits" in page.url

    # It is watched: frames come, the map and the pictures are drawn, and all of it is on one screen.
    began, first = time.monotonic(), number(page, "frames")
    assert eventually(page, lambda: number(page, "frames") >= first + 8, 60)
    print(f"{8 / (time.monotonic() - began):.1f} frames a second")
    foot = page.locator(".training .foot").bounding_box()
    assert foot["y"] + foot["height"] <= 720
    assert page.locator(".training .cloud").first.evaluate(PAINTED) > 20

    # Beta is changed: a mark, and the value in the status.
    field = page.get_by_role("spinbutton", name="β")
    field.fill("8")
    field.press("Enter")
    assert eventually(page, lambda: number(page, "changes") == 1, 30)

    # What it cannot be set to is said, and the field shows what holds.
    field.fill("-3")
    field.press("Enter")
    said = page.locator(".training .said")
    assert eventually(page, lambda: "must be above 0" in said.inner_text(), 30)
    assert eventually(page, lambda: field.input_value() == "8", 30)

    # It pauses, takes one step, and stands so after a reload.
    page.get_by_role("button", name="One step").click()
    assert eventually(page, lambda: shown(page, "state") == "paused", 30)
    assert eventually(page, lambda: page.locator(".training .detail").count() == 1, 30)
    page.reload()
    settle(page)
    assert eventually(page, lambda: shown(page, "state") == "paused", 60)
    assert number(page, "changes") == 1
    before = number(page, "at")
    page.locator(".training").get_by_role("button", name="Go on").click()
    assert eventually(page, lambda: number(page, "at") > before, 60)

    # It stops, and its model is on the map at once.
    page.get_by_role("button", name="Stop").click()
    assert eventually(page, lambda: shown(page, "state") == "stopped", 60)
    settle(page)
    page.get_by_role("button", name="Open on the map").click()
    assert eventually(page, lambda: page.locator(".latent-map .plot").count() >= 1, 60)
    assert "model=vae-digits" in page.url


def test_several_tabs_watch_and_steer_one_training(page: Any, address: str, folder: Path):
    opened(page, f"{address}/train?ask={quote(COMMAND)}")
    page.get_by_role("textbox", name="Name of the run").fill("shared")
    page.get_by_role("textbox", name="Name of the run").press("Enter")
    settle(page)
    page.get_by_test_id("stMain").get_by_role("button", name=re.compile("^(Start|Wait in line)$")).click()
    assert eventually(page, lambda: shown(page, "state") == "running", SECONDS)
    tabs = [page.context.new_page() for _ in range(2)]
    try:
        _together(page, tabs[0], tabs[1], f"{address}/train?run=shared", folder / "runs" / "shared")
    finally:  # before the server ends, whom they would go on asking
        for tab in tabs:
            tab.close()


def _together(page: Any, second: Any, third: Any, link: str, run: Path) -> None:
    for tab in (second, third):
        opened(tab, link)

    def all_show(name: str, value: str, among: list[Any]) -> bool:
        return all(eventually(tab, lambda tab=tab: shown(tab, name) == value, 60) for tab in among)

    # Each of them sees it move, and what another changes; what two change at once holds, both.
    everyone = [page, second, third]
    for tab in everyone:
        first = number(tab, "frames")
        assert eventually(tab, lambda tab=tab, first=first: number(tab, "frames") > first, 60)
    for tab, name, value in ((second, "β", "8"), (third, "learning rate", "0.0005")):
        field = tab.locator(".training").get_by_role("spinbutton", name=name)
        field.fill(value)
        field.press("Enter")
    assert all_show("changes", "2", everyone)
    for tab in everyone:
        field = tab.locator(".training").get_by_role("spinbutton", name="β")
        assert eventually(tab, lambda field=field: field.input_value() == "8", 30)

    # One holds it, another lets it go on, and it does not mind that a tab is shut.
    page.locator(".training").get_by_role("button", name="Pause").click()
    assert all_show("state", "paused", everyone)
    third.locator(".training").get_by_role("button", name="Go on").click()
    assert all_show("state", "running", everyone)
    third.close()
    at = number(second, "at")
    assert eventually(second, lambda: number(second, "at") > at, 60)

    # Both let it go on after it was stopped: it goes on once, and neither sees an error.
    page.locator(".training").get_by_role("button", name="Stop").click()
    assert all_show("state", "stopped", [page, second])
    for tab in (page, second):  # the second one as it was a moment ago: its button may be gone by now
        tab.locator(".training button[title='Trains on from its last epoch']").evaluate(
            "node => node.click()"
        )
    assert all_show("state", "running", [page, second])
    second.locator(".training").get_by_role("button", name="Stop").click()
    assert all_show("state", "stopped", [page, second])

    # One deletes it: the other says so, and stands.
    page.reload()
    settle(page)
    assert eventually(page, lambda: page.get_by_role("button", name="Delete").is_enabled(), 60)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    assert eventually(page, lambda: not run.exists(), 60)
    assert eventually(second, lambda: "renamed or deleted" in second.locator(".training").inner_text(), 30)


def _trained_until_its_map(page: Any, run: Path) -> None:
    """Start what stands in the form, with few epochs, and open it on the map once its atlas is made."""
    page.get_by_label("epochs", exact=True).fill("4")
    page.get_by_label("epochs", exact=True).press("Enter")
    settle(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Start").click()
    assert eventually(page, lambda: shown(page, "state") == "finished", SECONDS)
    assert number(page, "frames") >= 2
    settle(page)

    # Its own images are behind its map, though nobody told the server where they lie.
    assert eventually(page, (run / "atlas.npz").exists, SECONDS)
    page.reload()
    settle(page)
    page.get_by_role("button", name="Open on the map").click()
    assert eventually(page, lambda: page.locator(".latent-map .plot").count() >= 1, 60)
    assert f"model={run.name}" in page.url
    assert "came from a folder or file" not in page.get_by_test_id("stMain").inner_text()


def test_a_folder_of_the_server_is_trained_until_its_map_opens(page: Any, address: str, folder: Path):
    lines = folder_of_images(folder / "lines")
    page.set_viewport_size({"width": 1280, "height": 720})
    opened(page, f"{address}/data")
    page.get_by_role("textbox", name="Folder, file or name").fill(lines.name)
    page.get_by_test_id("stBaseButton-primaryFormSubmit").click()
    settle(page)
    page.get_by_role("button", name="Train it here").click()
    settle(page)
    assert "/train" in page.url
    assert "train cdvae --data lines" in page.get_by_test_id("stCode").first.inner_text()
    _trained_until_its_map(page, folder / "runs" / "cdvae-lines")

    # So it is on another server, which is begun in the same folder, and there it is one's own.
    page.goto("about:blank")
    with served(folder=folder) as again:
        opened(page, f"{again}/map?model=cdvae-lines&item=3")
        assert eventually(page, lambda: page.locator(".latent-map .plot").count() >= 1, 60)
        assert "came from a folder or file" not in page.get_by_test_id("stMain").inner_text()
        page.locator(".st-key-gallery button").first.click()
        assert eventually(page, lambda: page.locator(".st-key-gallery-cdvae-lines").count() == 1, 60)
        page.goto("about:blank")


def test_an_upload_is_trained_watched_and_opened(page: Any, address: str, folder: Path):
    images = np.random.default_rng(0).integers(0, 255, (300, 8, 8), np.uint8)
    np.savez(folder / "own.npz", images=images, labels=np.arange(300) % 3)
    page.set_viewport_size({"width": 1280, "height": 720})
    opened(page, f"{address}/data")
    page.get_by_role("radio", name="Upload").click()
    settle(page)
    page.locator("input[type=file]").set_input_files(folder / "own.npz")
    page.get_by_role("button", name="Train it here").wait_for()
    settle(page)

    # Who looks at something else and comes back need not upload it again.
    page.get_by_role("link", name="Live").click()
    settle(page)
    page.get_by_role("link", name="Train", exact=True).click()
    settle(page)
    page.get_by_role("link", name="Open data").click()
    settle(page)
    page.get_by_role("button", name="Train it here").click()
    settle(page)
    assert page.locator(".st-key-beta_z_l, .st-key-beta_z").count() == 0  # the betas of another model
    _trained_until_its_map(page, folder / "runs" / "cdvae-own")


# How many pixels of a canvas differ from its corner.
PAINTED = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    for (let i = 3; i < data.length; i += 4) painted += data[i] > 200
    return painted
}"""
