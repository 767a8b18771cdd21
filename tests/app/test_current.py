"""What is looked at on one page is what the next page starts from, where its address says nothing else."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open
from tests.support.tiers import first


def moved(at: AppTest, page: str, **query: str) -> AppTest:
    """As a link of the menu leads there, or one that says more."""
    at.query_params.clear()
    at.query_params.update(query)
    at.switch_page(page).run()
    assert not at.exception
    return at


@pytest.mark.parametrize(
    ("page", "widget"),
    first(
        [
            ("views/traverse.py", "item"),
            ("views/generate.py", "first"),
            ("views/interpolate.py", "from"),
            ("views/dimension.py", "item"),
        ],
        2,
    ),
)
def test_an_opened_item_is_where_the_next_page_starts(open_page: Open, page: str, widget: str):
    at = moved(open_page("views/map.py", model="rates-digits", item="7"), page)
    assert at.number_input(key=widget).value == 7


def test_what_a_widget_says_goes_along_and_what_a_link_says_comes_first(open_page: Open):
    at = open_page("views/traverse.py", model="rates-digits", item="5")
    at.number_input(key="item").set_value(11.0).run()
    assert moved(at, "views/generate.py").number_input(key="first").value == 11
    assert moved(at, "views/dimension.py", item="3").number_input(key="item").value == 3


def test_another_data_set_has_other_items(open_page: Open):
    at = open_page("views/map.py", model="rates-digits", item="7")
    at.selectbox(key="model").set_value("vae-mnist-mixture").run()
    assert moved(at, "views/traverse.py").number_input(key="item").value == 0
