"""Where there is no browser: every page that the app offers, each of its widgets given another value once. A browser does more (tests/browser)."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.driving import find_chromium

Open = Callable[..., AppTest]

KINDS = [
    "rates-digits",
    "srvae-digits",
    "joint-digits",
    "cvae-digits",
    "ladder-digits",
    "vamp-digits",
    "ppca-digits",
    "flow-digits",
    "beta-tcvae-sprites",
]

# What begins work of minutes in a process of its own.
LONG = ("Measure", "Fit the trees")


def paths(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that the app itself offers, as paths below its main script."""
    found: list[Any] = []
    navigation = st.navigation
    with monkeypatch.context() as patch:
        patch.setattr(
            st,
            "navigation",
            lambda menu, **options: found.extend(chain(*menu.values())) or navigation(menu, **options),
        )
        main = Path(open_page()._script_path).parent
    return [str(Path(page._page).relative_to(main)) for page in dict.fromkeys(found)]


def other_value(widget: Any) -> Any:
    """Another value of a widget, None where it has no other."""
    if widget.type in ("checkbox", "toggle"):
        return not widget.value
    if widget.type in ("number_input", "slider"):
        step = widget.step or 1
        return widget.value + step if widget.value + step <= widget.max else widget.value - step
    if widget.type == "multiselect":
        return widget.options[:2]
    if widget.type == "text_input":
        return widget.value or "1"
    return next((option for option in reversed(widget.options) if option != str(widget.value)), None)


def pressed(at: AppTest) -> Iterator[str]:
    """Press one widget after the other, those included that appear meanwhile; what was pressed."""
    done = {"selectbox model"}
    while left := [(name, widget) for name, widget in widgets(at) if name not in done]:
        name, widget = left[0]
        done.add(name)
        if widget.proto.disabled:
            continue
        if widget.type == "button":
            widget.click().run()
        elif (value := other_value(widget)) is not None:
            widget.set_value(value).run()
        yield name


def widgets(at: AppTest) -> list[tuple[str, Any]]:
    """What changes nothing else first: what divides a page comes last."""
    kinds = (at.number_input, at.slider, at.select_slider, at.text_input, at.multiselect, at.checkbox, at.toggle, at.selectbox, at.button, at.button_group)  # fmt: skip
    return [(f"{w.type} {w.key or w.label}", w) for kind in kinds for w in kind if w.label not in LONG]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("model", KINDS)
def test_every_widget_of_every_page_can_be_changed(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, model: str
):
    check(open_page, monkeypatch, lambda number: model)


@pytest.mark.skipif(find_chromium() is not None, reason="a browser presses more: tests/browser/test_crawl.py")
def test_every_widget_of_a_page_can_be_changed_over_some_model(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
):
    check(open_page, monkeypatch, lambda number: KINDS[number % len(KINDS)])


def check(open_page: Open, monkeypatch: pytest.MonkeyPatch, model: Callable[[int], str]) -> None:
    there = paths(open_page, monkeypatch)
    assert len(there) > 1
    for number, page in enumerate(there):
        at = open_page(page, model=model(number), item="7")
        assert not at.exception, (page, model(number))
        for name in pressed(at):
            assert not at.exception, (page, model(number), name, at.exception[0].stack_trace)
