"""A window of the browser, with nothing in its memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def window(browser: Any, **wishes: Any) -> Iterator[Any]:
    """wishes: of its visitor, such as a theme."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **wishes)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()
