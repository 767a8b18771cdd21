"""Presenting: by a key, a link and back; and what a copied link says."""

from typing import Any

import pytest

from tests.browser.pressing import opened, settle
from tests.support.driving import eventually

pytestmark = pytest.mark.browser


def test_a_key_presents_and_esc_leaves_on_every_page(page: Any, bundled: str):
    opened(page, f"{bundled}/traverse?model=vae-mnist")
    menu = page.get_by_test_id("stSidebar")
    assert menu.is_visible()
    page.locator("button.leave").wait_for(state="attached")  # what listens comes after the page
    page.locator("h1").click()
    page.keyboard.press("p")
    assert eventually(page, lambda: not menu.is_visible())
    assert "present=true" in page.url
    assert page.locator("h1").evaluate("node => parseFloat(getComputedStyle(node).fontSize)") > 30
    settle(page)
    page.keyboard.press("Escape")
    assert eventually(page, menu.is_visible)
    assert eventually(page, lambda: "present=true" not in page.url)

    opened(page, f"{bundled}/?model=vae-mnist&present=true")  # a phone has no keys
    assert eventually(page, lambda: not menu.is_visible())
    page.get_by_role("button", name="End the presentation").click()
    assert eventually(page, menu.is_visible)

    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied; it works on this computer only").wait_for()
