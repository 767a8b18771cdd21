"""How much the server sends: the pages are for lecture halls, where fifty visitors share a connection.

Counted are the bytes of the frames that the server sends over the page's socket (`/_stcore/stream`), headers of the frames left out: every
message of Streamlit's protocol with what our components are given. Not counted are files that a browser asks for once by their address:
Streamlit's own, and the modules and style sheets of our components (a test below counts those by themselves), and the live route.
"""

from pathlib import Path
from typing import Any

import pytest

FIRST_PAGE, OPENED_ITEM, MODULES = (
    180_000,
    25_000,
    450_000,
)  # modules: with the controls beside the map, unpacked
MAP = ".latent-map[data-ready=true]"


class Counted:
    """A page, and what the server sent it since `begin`."""

    def __init__(self, page: Any):
        self.page, self.frames, self.files = page, [], {}
        page.on("websocket", self._watch)
        page.on("response", self._note)

    def _watch(self, socket: Any) -> None:
        if "/_stcore/stream" in socket.url:
            socket.on("framereceived", lambda payload: self.frames.append(payload))

    def _note(self, response: Any) -> None:
        if "/bidi-components/" in response.url:
            self.files[response.url] = response

    def begin(self) -> None:
        self.frames.clear()

    @property
    def bytes(self) -> int:
        return sum(len(payload.encode() if isinstance(payload, str) else payload) for payload in self.frames)

    def settle(self, ready: str) -> None:
        """Wait until something is there and the server has said its last word on it."""
        self.page.wait_for_selector(ready)
        before = -1
        while before != (now := len(self.frames)):
            before = now
            self.page.wait_for_timeout(1500)


def counted_map(page: Any, address: str) -> Counted:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.set_default_timeout(60_000)
    found = Counted(page)
    page.goto(f"{address}/map")
    found.settle(MAP)
    return found


@pytest.mark.browser
def test_the_first_page_fits_a_shared_connection(page: Any, bundled: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    counted = Counted(page)
    page.goto(bundled)
    counted.settle(".first[data-live=true]")
    print(f"first page: {counted.bytes:,} bytes")
    assert 5_000 < counted.bytes <= FIRST_PAGE


@pytest.mark.browser
def test_a_map_and_an_opened_item_fit_a_shared_connection(page: Any, bundled: str):
    counted = counted_map(page, bundled)
    print(f"map: {counted.bytes:,} bytes")
    assert (
        90_000 < counted.bytes <= FIRST_PAGE
    )  # two maps of 10,000 items, 16 bits a coordinate, are 90 kB of it
    counted.begin()
    counted.page.locator(f"{MAP} .panel[data-panel=z_l] .plot").focus()
    for _ in range(2):  # to the item nearest to the middle, and open it
        counted.page.keyboard.press("Enter")
    counted.page.wait_for_selector(f"{MAP}:not([data-item=''])")
    counted.settle(".st-key-item-neighbours [data-ready=true]")
    print(f"opened item: {counted.bytes:,} bytes")
    assert 5_000 < counted.bytes <= OPENED_ITEM


@pytest.mark.slow
@pytest.mark.browser
def test_a_module_is_loaded_once_and_all_of_them_are_small(new_page: Any, bundled: str):
    counted = counted_map(new_page, bundled)
    modules = [response for response in counted.files.values() if response.url.endswith(".js")]
    loaded = [response.request.sizes()["responseBodySize"] for response in modules]  # packed, as sent
    print(f"modules: {len(loaded)} files, {sum(loaded):,} bytes")
    assert 0 < sum(loaded) <= MODULES
    counted.files.clear()
    counted.page.reload()  # the socket and every module again, as for a newcomer
    counted.settle(MAP)
    counted.files.clear()
    counted.page.locator(".st-key-beta_z_u input[type=range]").focus()
    counted.page.keyboard.press("ArrowRight")
    counted.settle(MAP)
    assert [url for url in counted.files if url.endswith(".js")] == []


@pytest.mark.slow
def test_no_message_carries_source():
    """What is sent by its address is not sent as text too."""
    components = Path(__file__).parents[2] / "app" / "latent_explorer" / "components"
    for path in components.rglob("*.py"):
        assert ".read_text" not in path.read_text(encoding="utf-8"), path
