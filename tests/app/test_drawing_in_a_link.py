"""A drawing goes along in a link, as few numbers; what a stranger wrote there is checked."""

import itertools
import math

import numpy as np
import pytest
from latent_explorer.user_image import drawing, images
from latent_explorer.user_image.chosen import SOURCE, STROKES, UPLOAD, Upload
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open
from tests.app.test_current import moved

SHAPE = (1, 28, 28)


def ring(points: int = 200, width: int = 80, radius: float = 300) -> dict:
    turns = [2 * math.pi * i / points for i in range(points)]
    places = [(500 + radius * math.cos(t), 500 + radius * math.sin(t)) for t in turns]
    return {"width": width, "ink": 255, "points": [round(value) for place in places for value in place]}


def text_of(*strokes: dict) -> str:
    return drawing.encode(drawing.kept(strokes))


def test_what_is_kept_is_short_and_draws_the_same():
    strokes = [ring(), {"width": 60, "ink": 0, "points": [100, 100, 900, 900]}]
    text = text_of(*strokes)
    assert len(text) < 200
    before, after = (
        images.drawn(each, SHAPE).values.astype(int) for each in (strokes, drawing.decode(text)[0])
    )
    assert np.abs(before - after).mean() < 1.5
    assert np.abs(before - after).max() < 40


def test_kept_twice_is_kept_once():
    once = drawing.kept([ring()])
    assert drawing.kept(once) == once
    assert drawing.decode(drawing.encode(once, centre=False)) == (once, False)


def test_a_line_loses_no_point_that_bends_it():
    rng = np.random.default_rng(0)
    points = rng.integers(0, 1000, (60, 2))
    few = drawing.simplified(points, 8.0)
    assert few[0].tolist() == points[0].tolist()
    assert few[-1].tolist() == points[-1].tolist()
    for point in points:
        away = [drawing._distances(point[None], a, b)[0] for a, b in itertools.pairwise(few)]
        assert min(away) <= 8.0


def test_of_too_much_the_link_says_nothing():
    rng = np.random.default_rng(0)
    scribble = {"width": 30, "ink": 255, "points": rng.integers(0, 1000, 4000).tolist()}
    assert text_of(scribble) == ""
    assert drawing.encode([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAA",
        "BQD_XcSw~",
        "BQD_XcS",
        "BQD_XcSw~~BQD_XcSw",
        "BQD_Xc%w",
        "BQD_XcSé",
        "AAD_XcSw",
        "__D_XcSw",
        "BQ__XcSw",
        "A" * 9000,
        "as-placed.",
        "BQD_XcSw\n",
        "١" * 8,
    ],
)
def test_what_is_no_drawing_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        drawing.decode(text)


def test_any_text_that_is_read_can_be_drawn():
    rng = np.random.default_rng(0)
    for _ in range(50):
        letters = "".join(rng.choice(list(drawing.LETTERS), 4 * rng.integers(1, 8)))
        strokes, _ = drawing.decode(drawing.encode([ring()]) + "~" + "BQD_" + letters)
        images.drawn(strokes, SHAPE)


def own_start(at: AppTest) -> bool:
    return at.query_params.get("start") == "own"


TEXT = text_of(ring(radius=250))


def test_a_link_brings_the_drawing_along(open_page: Open):
    at = open_page("views/start.py", model="rates-digits", start="own", drawing=TEXT)
    assert not at.exception
    assert not at.warning
    assert at.session_state[STROKES] == drawing.decode(TEXT)[0]
    assert own_start(at)
    assert at.query_params["drawing"] == TEXT
    at = moved(at, "views/traverse.py")
    assert at.selectbox(key="start").value == "your image"


def test_a_drawing_without_a_start_is_what_is_looked_at(open_page: Open):
    at = open_page("views/live.py", model="rates-digits", drawing=TEXT)
    assert at.session_state["live-rates-digits"].start == "own"


def test_a_stranger_s_drawing_that_is_none_is_one_sentence(open_page: Open):
    at = open_page("views/start.py", model="rates-digits", start="own", drawing="<script>*a*")
    assert not at.exception
    assert ["drawing cannot be read" in warning.value for warning in at.warning] == [True]
    assert STROKES not in at.session_state


def test_what_was_drawn_is_in_the_address_while_it_is_looked_at(open_page: Open):
    at = open_page("views/traverse.py", model="rates-digits")
    at.session_state[STROKES], at.session_state[SOURCE] = drawing.decode(TEXT)[0], "drawing"
    at.run()
    assert "drawing" not in at.query_params
    at.selectbox(key="start").set_value("your image").run()
    assert at.query_params["drawing"] == TEXT
    at.selectbox(key="start").set_value("image").run()
    assert "drawing" not in at.query_params


def test_an_older_address_does_not_undo_what_was_drawn_since(open_page: Open):
    at = open_page("views/start.py", model="rates-digits", start="own", drawing=TEXT)
    newer = drawing.kept([ring(radius=250), ring(radius=100)])
    at.session_state[STROKES] = newer
    at.run()
    assert at.query_params["drawing"] == drawing.encode(newer)
    at.query_params["drawing"] = TEXT  # as a browser sends it that has not heard yet
    at.run()
    assert at.session_state[STROKES] == newer


def test_a_file_is_in_no_link_and_that_is_said(open_page: Open):
    at = open_page("views/map.py", model="rates-digits")
    at.session_state[UPLOAD] = Upload("1", "two.png", _png())
    at.session_state[SOURCE] = "file"
    at.run()
    said = " ".join(part.proto.body for part in at.get("html"))
    assert "two.png, which no link carries" in said
    assert "drawing" not in at.query_params


def _png() -> bytes:
    from tests.app.test_user_image import png

    return png()
