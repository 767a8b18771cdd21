"""Two servers behind nginx, by the configuration that is shipped: one is lost, and who was there goes on at the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import need_a_browser
from tests.browser.test_export import at_rest
from tests.browser.windows import window
from tests.support.driving import eventually, free_port, kill, served
from tests.support.proxies import NO_NGINX, find_nginx, nginx

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx.conf"
MAP = ".latent-map"


@pytest.fixture
def replicas() -> Iterator[list[str]]:
    need_a_browser()
    with served() as one, served() as two:
        yield [one, two]


@pytest.fixture
def front(replicas: list[str], tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of both, and the file that says which of them was asked."""
    if find_nginx() is None:
        pytest.skip(NO_NGINX)
    text, port = SHIPPED.read_text(), free_port()
    for told, here in [("listen 8080", f"listen 127.0.0.1:{port}")] + [
        (f"{name}:8501", urlsplit(url).netloc) for name, url in zip(("one", "two"), replicas, strict=True)
    ]:
        assert told in text
        text = text.replace(told, here)
    with nginx(tmp_path, text, port) as log:
        yield f"http://127.0.0.1:{port}", log


def asked(log: Path) -> set[str]:
    """The servers that have answered so far."""
    return {line.split()[0] for line in log.read_text().splitlines()}


def test_a_visitor_stays_at_one_server_and_goes_on_at_the_other(
    browser: Any, replicas: list[str], front: tuple[str, Path]
):
    address, log = front
    with window(browser) as page:
        page.goto(f"{address}/map?model=cdvae-mnist&item=5&colour=class")
        page.wait_for_selector(f"{MAP}[data-ready=true][data-live=true]")
        page.get_by_role("heading", name="Image 5").first.wait_for()
        at_rest(page)
        [at] = asked(log)  # scripts, sockets and all
        before = urlsplit(page.url).query

        kill(f"http://{at}")
        page.wait_for_selector(f"{MAP}[data-live=false]", timeout=30_000)
        page.wait_for_selector(f"{MAP}[data-live=true]", timeout=60_000)
        page.wait_for_selector("[data-test-connection-state=CONNECTED]", timeout=60_000)
        page.wait_for_timeout(5000)  # within which the page asks to be drawn anew
        page.wait_for_selector("[data-test-script-state=notRunning]", timeout=60_000)
        at_rest(page)
        assert page.get_by_role("heading", name="Image 5").first.is_visible()
        assert urlsplit(page.url).query == before

        # What needs the server's session goes on: another item is opened, at the server that is left.
        page.locator(".panel[data-panel=z_u] .plot").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{MAP}[data-thumbnail]")
        item = page.locator(MAP).get_attribute("data-hover")
        page.keyboard.press("Enter")
        assert eventually(page, lambda: f"item={item}" in urlsplit(page.url).query, 60)
        page.get_by_role("heading", name=f"Image {item}").first.wait_for()
        other = {urlsplit(url).netloc for url in replicas} - {at}
        assert asked(log) >= other


def test_any_of_them_answers_any_link(browser: Any, replicas: list[str], front: tuple[str, Path]):
    """Each visitor is at one of the two; the same link shows all of them the same."""
    address, log = front
    shown = set()
    for _ in range(12):
        with window(browser) as page:
            page.goto(f"{address}/generate?model=cdvae-mnist&seed=7")
            page.wait_for_selector(".st-key-samples .image-grid[data-ready=true]")
            at_rest(page)
            shown.add(page.locator(".st-key-samples .image-grid").get_attribute("data-digest"))
        if len(asked(log)) == 2 and len(shown) == 1:
            return
    assert len(asked(log)) == 2
    assert len(shown) == 1
