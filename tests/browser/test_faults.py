"""The detectors see what was planted, and the crawler presses it: one fault on each page of a small app."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.crawling import crawled
from tests.browser.faults import Watch
from tests.browser.pressing import opened, pages
from tests.support.driving import free_port, running

pytestmark = pytest.mark.browser

PLANTED = {
    "exception": "planted on a page",
    "callback": "planted in a callback",
    "folded": "nan nats",
    "captioned": "trained on None",
    "linked": "nobody followed",
    "throwing": "planted at mounting",
    "late": "planted in a handler",
    "promising": "planted in a promise",
    "logging": "planted in the console",
    "asking": "404",
    "unparsable": "Unexpected identifier",
    "drawing": "NaN",
    "writing": "class undefined",
}


# Those of the default run: one of a component, one of a request.
FEW = ("throwing", "asking")


@pytest.fixture(scope="module")
def faulty(browser: Any) -> Iterator[str]:
    script = str(Path(__file__).with_name("faulty.py"))
    port = free_port()
    options = ["--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with running([sys.executable, "-m", "streamlit", "run", script, *options], port) as address:
        yield address


def test_the_pages_are_those_that_the_app_offers(page: Any, faulty: str):
    opened(page, faulty)
    assert list(pages(page)) == ["healthy", *PLANTED]


@pytest.mark.slow
def test_a_healthy_page_has_no_faults(page: Any, faulty: str):
    assert not crawled(page, partial(opened, address=faulty), Watch(page)).faults


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in PLANTED]
)
def test_a_planted_fault_is_found(page: Any, faulty: str, name: str):
    found = crawled(page, partial(opened, address=f"{faulty}/{name}"), Watch(page)).faults
    assert any(PLANTED[name] in fault for fault in found), found
