"""Windows of the browser: one that all tests share, as if it was new each time, and others with nothing in their memory."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error

SIZE = {"width": 1280, "height": 900}


@contextmanager
def window(browser: Any, **wishes: Any) -> Iterator[Any]:
    """A new one. wishes: of its visitor, such as a theme."""
    context = browser.new_context(viewport=SIZE, **wishes)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@contextmanager
def as_new(tab: Any, **media: Any) -> Iterator[Any]:
    """A window that has been used, without what it remembers: a new one would compile the whole front end again, four seconds of a core.

    What listens to it meanwhile is dismissed afterwards; scripts that were added to it stay, so that what adds some needs a new window.
    media: what its visitor wishes, such as `reduced_motion="reduce"`.
    """
    heard, listen = [], tab.on

    def on(event: str, listener: Any) -> None:
        heard.append((event, listener))
        listen(event, listener)

    tab.on = on
    tab.emulate_media(**media)
    try:
        yield tab
    finally:
        tab.on = listen
        for event, listener in heard:
            with suppress(KeyError):  # who listened has dismissed it
                tab.remove_listener(event, listener)
        _forget(tab)


def _forget(tab: Any) -> None:
    """Leave the app, for a text from the same host, and let go of what was kept of it and of what was set."""
    tab.unroute_all()
    place = urlsplit(tab.url)
    try:
        tab.goto(f"{place.scheme}://{place.netloc}/_stcore/health")
        tab.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    except Error:  # the server has ended: nothing is left to forget
        for _ in range(3):
            with suppress(Error):  # the browser's own page on that comes in between
                tab.goto("about:blank")
                break
    tab.context.clear_cookies()
    tab.context.clear_permissions()
    history = tab.context.new_cdp_session(tab)
    with suppress(Error):  # the browser's own page is still coming in
        history.send("Page.resetNavigationHistory")
    history.detach()
    tab.set_viewport_size(SIZE)
    tab.set_default_timeout(30_000)
    tab.mouse.move(0, 0)
    tab.emulate_media(**dict.fromkeys(("media", "color_scheme", "reduced_motion", "forced_colors"), "null"))
