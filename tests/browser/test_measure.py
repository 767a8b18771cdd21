"""The Measure page in a browser: models of known factors side by side, and a measurement that is started, watched and cancelled."""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

GRID = ".st-key-factors-beta-tcvae-sprites .image-grid[data-ready=true]"


@pytest.mark.slow
def test_what_moves_with_each_factor_follows_the_item(page: Any, address: str):
    page.goto(f"{address}/measure?show=Disentanglement&among=beta-tcvae-sprites&item=3")
    before = page.wait_for_selector(GRID).get_attribute("data-digest")
    assert page.locator(f"{GRID} .label").count() == 5
    page.get_by_label("Image").fill("4")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{GRID}:not([data-digest='{before}'])")
    assert "item=4" in page.url
    page.get_by_text("no ranking").wait_for()


@pytest.mark.slow
def test_a_measurement_is_watched_and_cancelled(page: Any, address: str):
    page.goto(f"{address}/measure?model=beta-tcvae-sprites&groups=importance")
    page.get_by_role("button", name="Measure", exact=True).click()
    page.locator("[data-testid=stProgress]").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled: nothing was changed.").wait_for()
    page.get_by_role("button", name="Measure", exact=True).wait_for()
