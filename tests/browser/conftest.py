"""The app in headless Chromium. Without a browser these tests are skipped with a reason; in CI (CI=true) they fail."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.windows import as_new, window
from tests.support.driving import chromium, find_chromium, served
from tests.support.foreign import embeddings
from tests.support.trained import Trained
from vae_core.data import load_data

NO_BROWSER = "no Chromium was found: install it, or name it in the environment variable CHROMIUM"


def need_a_browser() -> None:
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)


@pytest.fixture(scope="session")
def address(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of all that is trained here, started in a folder that is none of ours."""
    need_a_browser()
    folder = trained.everything()
    embeddings(folder / "embeddings-digits", load_data("digits", "test"))
    with served(folder, folder=tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


@pytest.fixture(scope="session")
def bundled(address: str) -> str:
    """The app as it opens for a newcomer: where a link names no model, on a bundled one. A second server, and its scripts, would cost ten seconds."""
    return address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for all tests of a worker: a second one cannot be driven beside it."""
    need_a_browser()
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def tab(browser: Any) -> Iterator[Any]:
    """The window that tests share, one after the other: through `page`, or `as_new`."""
    with window(browser) as found:
        yield found


@pytest.fixture
def page(tab: Any) -> Iterator[Any]:
    with as_new(tab) as found:
        yield found


@pytest.fixture
def new_page(browser: Any) -> Iterator[Any]:
    """For what adds scripts to a window, or must be the first that it shows."""
    with window(browser) as found:
        yield found
