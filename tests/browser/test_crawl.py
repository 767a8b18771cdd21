"""Everything that can be pressed is pressed, on every page that the app offers, over a model of every kind and in the states that matter."""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import latent_explorer
import pytest

from tests.browser.crawling import Arrive, Crawl, a_picture, crawled
from tests.browser.faults import Watch
from tests.browser.pressing import controls, drag_over_map, opened, pages, press, settle
from tests.browser.windows import as_new
from tests.support.tiers import case

pytestmark = pytest.mark.browser

# One model of each kind of prior, likelihood and structure: a new kind is one more line.
KINDS = [
    "rates-digits",
    "vamp-digits",
    "srvae-digits",
    "beta-tcvae-sprites",
    "joint-digits",
    "cvae-digits",
    "ladder-digits",
    "cdvae-digits",
    "rate-digits",
    "ppca-digits",
    "vae-digits",
    "flow-digits",
    "vae-mnist-mixture",
    "embeddings-digits",
]

VIEWS = len([*(Path(latent_explorer.__file__).parent / "views").glob("*.py")])

# Presses on every third page in the default tier, where the walk comes by too; the slow one presses everything, over every kind and in every state.
FEW, OF_FRAME = 1, 2

# What a page is opened with: nothing, an opened item, a selection on a map, an image of the visitor's, betas moved, another model chosen.
STATES = ("nothing", "item", "selection", "own image", "betas", "another model")


def arriving(address: str, title: str, path: str, model: str, state: str) -> Arrive:
    """Open a page over a model and in a state; what is made of gestures is made on the first page, from where one goes on by its title, or by its path
    where it is not in the menu."""

    def arrive(page: Any) -> None:
        if state in ("nothing", "item"):
            opened(page, f"{address}{path}?model={model}{'&item=7' if state == 'item' else ''}")
            return
        opened(page, f"{address}/map?model={other(model) if state == 'another model' else model}")
        if state == "selection" and page.locator(".latent-map .plot").count():
            drag_over_map(page)
        if state == "own image" and page.locator("input[type=file]").count():
            page.locator("input[type=file]").first.set_input_files(a_picture())
            settle(page)
        if state == "betas":
            for slider in [c for c in controls(page) if c.frame and c.type == "range"]:
                press(page, slider)
        if title in pages(page):
            go(page, title)
        else:  # it means nothing for the model before
            opened(page, f"{address}{path}?model={model}")
        if state == "another model":
            choose(page, model)

    return arrive


def other(model: str) -> str:
    return KINDS[(KINDS.index(model) + 1) % len(KINDS)]


def go(page: Any, title: str) -> None:
    if (shut := page.get_by_test_id("stExpandSidebarButton")).count():  # which stays so at the next page
        shut.click()
    page.get_by_role("link", name=title).first.click()
    settle(page)


def choose(page: Any, model: str) -> None:
    """Choose a model in the sidebar."""
    box = page.get_by_role("combobox", name="Model").first
    box.click()
    box.fill(model)
    page.get_by_role("option", name=model, exact=True).first.click()
    settle(page)


def told(crawls: Mapping[str, Crawl], seconds: float) -> str:
    """What was pressed in how long, and every fault."""
    lines = [f"{sum(len(crawl.pressed) for crawl in crawls.values())} pressed in {seconds:.0f} s"]
    for name, crawl in crawls.items():
        lines += [
            f"{name}: {len(crawl.pressed)} pressed",
            *(f"  FAULT {fault}" for fault in crawl.faults),
        ]
    return "\n".join(lines)


def faultless(crawls: Mapping[str, Crawl], start: float, each: bool = True) -> bool:
    """each: whether something is to be pressed on every page and in every state: what was pressed in another is not pressed again, and a page
    without a net has nothing."""
    report = told(crawls, time.monotonic() - start)
    print(report)
    assert not any(crawl.faults for crawl in crawls.values()), report
    assert (all if each else any)(crawl.pressed for crawl in crawls.values()), report
    return True


@pytest.fixture(scope="module")
def done() -> set[str]:
    """The kinds of controls that were pressed on the pages before."""
    return set()


@pytest.fixture(scope="module")
def shared(tab: Any) -> Iterator[Any]:
    with as_new(tab, reduced_motion="reduce") as page:
        yield page


@pytest.fixture(scope="module")
def watch(shared: Any) -> Watch:
    return Watch(shared)


@pytest.fixture(scope="module")
def offered(shared: Any, address: str) -> list[tuple[str, str]]:
    """Title and path of every page."""
    opened(shared, f"{address}/measure?model={KINDS[0]}")
    return list(pages(shared).items())


def test_every_page_is_tried(offered: list[tuple[str, str]]):
    assert len(offered) == VIEWS


def test_the_frame_is_pressed(shared: Any, watch: Watch, address: str, done: set[str]):
    start, first = time.monotonic(), partial(opened, address=f"{address}/?model={KINDS[0]}")
    frame = crawled(shared, first, watch, frame=True, done=done, most=OF_FRAME)
    assert faultless({"the frame": frame}, start)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [case(number, slow=number % 3 > 0) for number in range(VIEWS)])
def test_a_page_is_pressed_over_a_kind_of_model_in_a_state(
    shared: Any, watch: Watch, offered: list[tuple[str, str]], address: str, number: int, done: set[str]
):
    (title, path), start = offered[number], time.monotonic()
    model, state = KINDS[number % len(KINDS)], STATES[number // 2 % len(STATES)]
    crawl = crawled(shared, arriving(address, title, path, model, state), watch, done=done, most=FEW)
    assert faultless({f"{title}, {model}, {state}": crawl}, start)


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", KINDS)
def test_everything_is_pressed_in_every_state(page: Any, address: str, model: str):
    opened(page, f"{address}/?model={model}")
    titles, start, watch, crawls = pages(page), time.monotonic(), Watch(page), dict[str, Crawl]()
    assert len(titles) > 1
    for title, path in titles.items():
        done = set[str]()
        for state in STATES:
            crawls[f"{title}, {state}"] = crawled(
                page, arriving(address, title, path, model, state), watch, done=done, apart=True
            )
            print(
                f"{title}, {state}",
                told({title: crawls[f"{title}, {state}"]}, time.monotonic() - start),
                flush=True,
            )
    assert faultless(crawls, start, each=False)
