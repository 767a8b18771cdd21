"""Where buttons and the browser's Back lead, and what the address says there."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.faults import Watch
from tests.browser.pressing import opened, settle

pytestmark = pytest.mark.browser


def query(page: Any) -> dict[str, str]:
    return {
        name: values[-1]
        for name, values in parse_qs(urlsplit(page.url).query, keep_blank_values=True).items()
    }


@pytest.mark.slow
def test_an_opened_item_is_traversed_at_the_same_betas(page: Any, address: str):
    watch = Watch(page)
    opened(page, f"{address}/map?model=rates-digits&item=17&beta_z_u=10")
    page.get_by_role("button", name="All as strips").click()
    page.get_by_role("heading", name="What does each latent dimension change").wait_for()
    settle(page)
    assert query(page) == {"model": "rates-digits", "item": "17", "beta_z_u": "10"}
    assert page.get_by_label("Image", exact=True).input_value() == "17"
    assert not watch.faults()


def test_a_click_on_the_lit_segment_changes_nothing(page: Any, address: str):
    watch = Watch(page)
    opened(page, f"{address}/measure?model=vae-digits&show=All+models")
    lit = page.get_by_role("radio", name="All models")
    for _ in range(2):
        lit.click()
        settle(page)
        assert lit.get_attribute("aria-checked") == "true"
        assert query(page)["show"] == "All models"
    assert not watch.faults()


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["", "item=5", "item=0&start=prior&seed=3"])
def test_back_leaves_live(page: Any, address: str, asked: str):
    opened(page, f"{address}/traverse?model=vae-digits")
    entries = page.evaluate("history.length")
    if asked:
        page.goto(f"{address}/live?model=vae-digits&{asked}")
    else:
        page.get_by_role("link", name="Live").click()
    page.locator(".live-controls[data-ready=true]").wait_for()
    settle(page)
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    page.get_by_role("heading", name="What does each latent dimension change").wait_for()


@pytest.mark.slow
def test_what_was_left_on_live_is_found_again_and_one_back_leaves_it(page: Any, address: str):
    opened(page, f"{address}/live?model=cdvae-digits")
    page.locator(".live-controls [data-class='2']").click()
    page.wait_for_url("**class=2**")
    settle(page)
    page.get_by_role("link", name="Traverse").click()
    page.get_by_role("heading", name="What does each latent dimension change").wait_for()
    settle(page)
    entries = page.evaluate("history.length")
    page.get_by_role("link", name="Live").click()
    page.locator(".live-controls [data-class='2'][aria-checked=true]").wait_for()
    page.wait_for_url("**class=2**")
    settle(page)
    assert page.evaluate("history.length") == entries + 1
    page.locator(".live-controls [data-class='5']").click()
    page.wait_for_url("**class=5**")
    settle(page)
    for _ in range(2):
        page.go_back()
        settle(page)
    page.get_by_role("heading", name="What does each latent dimension change").wait_for()


@pytest.mark.slow
def test_back_undoes_what_was_chosen_on_live(page: Any, address: str):
    opened(page, f"{address}/live?model=cdvae-digits")
    for name in ("2", "5"):
        page.locator(f".live-controls [data-class='{name}']").click()
        page.wait_for_url(f"**class={name}**")
        settle(page)
    page.go_back()
    page.locator(".live-controls [data-class='2'][aria-checked=true]").wait_for()
    settle(page)
    assert query(page)["class"] == "2"


@pytest.mark.slow
def test_a_page_that_is_named_by_a_parameter_opens(page: Any, address: str):
    opened(page, f"{address}/?page=traverse&model=vae-digits&item=3")
    assert urlsplit(page.url).path.endswith("/traverse")
    assert query(page) == {"model": "vae-digits", "item": "3"}
