"""What pages do to the address and to each other: buttons that lead on, segments that stay lit, models of other data."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.tiers import first

Open = Callable[..., AppTest]


def said(at: AppTest) -> str:
    return " ".join(element.value for element in (*at.warning, *at.error))


def healthy(at: AppTest) -> bool:
    assert not at.exception, at.exception[0].stack_trace
    assert not said(at)
    return True


def pressed(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def segments(at: AppTest) -> dict[str, str | None]:
    """What is lit in each segmented control, by its key."""
    return {group.key: group.value for group in at.button_group}


@pytest.mark.parametrize("model", first(["rates-digits", "vae-digits", "ppca-digits"]))
def test_an_opened_item_is_traversed(open_page: Open, model: str):
    at = pressed(open_page(model=model, item="17"), "All as strips")
    assert healthy(at)
    assert [title.value for title in at.title] == ["What does each latent dimension change?"]
    assert at.number_input(key="item").value == 17
    assert at.selectbox(key="model").value == model


@pytest.mark.parametrize(
    ("page", "key", "model"),
    first(
        [
            ("views/map.py", "layout", "vae-digits"),
            ("views/map.py", "prior", "vae-mnist"),
            ("views/measure.py", "show", "vae-digits"),
            ("views/prior.py", "look", "vae-digits"),
            ("views/prior.py", "plane", "vae-digits"),
            ("views/interpolate.py", "corners", "cdvae-digits"),
            ("views/interpolate.py", "of", "cdvae-digits"),
            ("views/interpolate.py", "measure", "cdvae-digits"),
            ("views/interpolate.py", "terms", "cdvae-digits"),
            ("views/rate_distortion.py", "block", "rates-digits"),
        ],
        3,
    ),
)
def test_a_segment_is_lit_whatever_is_pressed_or_linked(open_page: Open, page: str, key: str, model: str):
    at = open_page(page, model=model)
    lit = segments(at)[key]
    assert lit
    assert all(group.proto.required for group in at.button_group)
    assert healthy(open_page(page, model=model, **{key: ""}))
    assert segments(open_page(page, model=model, **{key: ""}))[key] == lit


def test_a_model_of_other_data_is_not_shown_the_item_of_that_number(open_page: Open):
    selection = "z~-1~-1~1~-1~1~1"
    at = open_page(model="vae-digits", item="17", selection=selection, hidden="3")
    assert healthy(at)
    at.selectbox(key="model").set_value("vae-sprites").run()
    assert healthy(at)
    assert not {"item", "selection", "hidden"} & set(at.query_params)
    assert "Image 17" not in [heading.value for heading in at.subheader]


def test_a_model_of_the_same_data_is_shown_the_same_item_and_no_outline_of_another_map(open_page: Open):
    at = open_page(model="vae-digits", item="17", selection="z~-1~-1~1~-1~1~1", hidden="3")
    at.selectbox(key="model").set_value("cdvae-digits").run()
    assert healthy(at)
    assert (at.query_params.get("item"), at.query_params.get("hidden")) == ("17", "3")
    assert "selection" not in at.query_params
    assert "Image 17" in [heading.value for heading in at.subheader]


@pytest.mark.parametrize(
    ("page", "key", "chosen", "default"),
    first(
        [
            ("views/traverse.py", "item", "300", 0),
            ("views/generate.py", "first", "300", 0),
            ("views/interpolate.py", "from", "300", None),
        ]
    ),
)
def test_widgets_forget_the_number_of_an_item_of_other_data(
    open_page: Open, page: str, key: str, chosen: str, default: int | None
):
    at = open_page(page, model="joint-digits", **{key: chosen})
    assert at.number_input(key=key).value == int(chosen)
    at.selectbox(key="model").set_value("cdvae-digits").run()
    assert at.number_input(key=key).value == int(chosen)
    at.selectbox(key="model").set_value("cdvae-mnist").run()
    assert healthy(at)
    usual = open_page(page, model="cdvae-mnist").number_input(key=key).value
    assert at.number_input(key=key).value == usual
    assert default in (None, usual)


@pytest.mark.parametrize(
    ("page", "before", "after", "query"),
    first(
        [
            ("views/map.py", "vae-sprites", "vae-digits", {"colour": "scale"}),
            ("views/prior.py", "cdvae-mnist", "vae-sprites", {"look": "Classes", "pair": "3~8"}),
            ("views/traverse.py", "cdvae-mnist", "vae-digits", {"item": "9999"}),
            ("views/live.py", "vae-mnist", "vae-sprites", {"move": "z.7~1"}),
            (
                "views/prior.py",
                "vae-mnist",
                "rate-digits",
                {"look": "Clusters", "plane": "two dimensions", "x": "9"},
            ),
            ("views/live.py", "cdvae-mnist", "vae-sprites", {"item": "9999", "class": "7"}),
            ("views/prior.py", "cdvae-mnist", "vae-digits", {"item": "9999"}),
        ],
        4,
    ),
)
def test_nobody_is_told_of_a_link_after_choosing_another_model(
    open_page: Open, page: str, before: str, after: str, query: dict[str, str]
):
    at = open_page(page, model=before, **query)
    assert healthy(at)
    at.selectbox(key="model").set_value(after).run()
    assert healthy(at)


def test_entering_live_leaves_the_address_as_it_is(open_page: Open):
    for query in ({}, {"item": "5"}):
        at = open_page("views/live.py", model="cdvae-digits", **query)
        assert healthy(at)
        assert {key: value for key, value in at.query_params.items() if key != "model"} == query


@pytest.mark.parametrize(
    ("page", "key", "former", "present"),
    [("views/traverse.py", "start", "item", "image"), ("views/interpolate.py", "of", "items", "images")],
)
def test_a_link_of_before_finds_an_option_by_its_former_name(
    open_page: Open, page: str, key: str, former: str, present: str
):
    at = open_page(page, model="cdvae-digits", **{key: former})
    assert healthy(at)
    widgets = {**{box.key: box.value for box in at.selectbox}, **segments(at)}
    assert widgets[key] == present
