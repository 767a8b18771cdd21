"""The visitor's own image: what is kept of it over pages, models and bad files, and what is shown of it."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from latent_explorer.user_image.chosen import SOURCE, STROKES, UPLOAD
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.tiers import first

Open = Callable[..., AppTest]

A_STROKE = [{"width": 90, "ink": 255, "points": [500, 200, 500, 800]}]
MODELS = [
    "cdvae-digits",
    "cvae-digits",
    "joint-digits",
    "ladder-digits",
    "ppca-digits",
    "rates-digits",
    "srvae-digits",
    "vae-digits",
    "vamp-digits",
]


def png(side: int = 40, value: int = 200) -> bytes:
    buffer = io.BytesIO()
    pixels = np.zeros((side, side), np.uint8)
    pixels[side // 4 : -side // 4, side // 3 : -side // 3] = value
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def text_of(at: AppTest) -> str:
    assert not at.exception, at.exception[0].stack_trace
    return " ".join(part.value for part in (*at.markdown, *at.caption, *at.subheader))


def in_use(at: AppTest) -> str:
    """What is said to be in use."""
    assert not at.exception, at.exception[0].stack_trace
    bodies = [part.proto.body for part in at.get("html")]
    return next((body[body.index("In use") :] for body in bodies if "In use" in body), "")


def drawn(at: AppTest) -> AppTest:
    at.session_state[STROKES], at.session_state[SOURCE] = A_STROKE, "drawing"
    return at.run()


def give(at: AppTest, name: str, data: bytes, kind: str = "image/png") -> AppTest:
    return at.file_uploader(key="user-image-file").set_value((name, data, kind)).run()


def refusals(at: AppTest) -> list[str]:
    return [warning.value for warning in at.warning]


@pytest.mark.parametrize("model", first(MODELS, 4))
def test_ones_own_image_is_shown_traversed_and_where_there_is_style_swapped(open_page: Open, model: str):
    at = drawn(open_page(model=model))
    shown = text_of(at)
    assert "Your image" in shown
    assert "most used dimensions" in shown
    assert ("of yours and takes the rest from the prior" in shown) == (
        model in ("cdvae-digits", "rates-digits")
    )
    assert ("of yours and takes the class of the column" in shown) == (
        model in ("cvae-digits", "joint-digits")
    )


def test_the_block_that_is_traversed_can_be_chosen(open_page: Open):
    at = drawn(open_page(model="cdvae-digits"))
    assert "most used dimensions of the class latents z_l" in text_of(at)
    next(group for group in at.button_group if group.key == "user-image-block").set_value("z_u")
    assert "most used dimensions of the style latents z_u" in text_of(at.run())


def test_a_file_is_taken_and_what_was_done_to_it_is_said(open_page: Open):
    at = give(open_page(model="cdvae-digits"), "two.png", png())
    assert "your file two.png" in in_use(at)
    assert "resized from 40 × 40 to 8 × 8" in in_use(at)
    assert not refusals(at)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    first(
        [
            ("note.png", b"no image", "cannot be read as an image"),
            ("empty.png", b"", "The file is empty"),
            ("cut.png", png()[:70], "cut short or damaged"),
            ("heavy.png", b"x" * 10_000_001, "at most 10 MB"),
        ],
    ),
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_takes_nothing_away(
    open_page: Open, name: str, data: bytes, words: str
):
    at = give(open_page(model="cdvae-digits"), "two.png", png())
    at = give(at, name, data)
    assert [words in refusal and refusal.startswith(f"{name}: ") for refusal in refusals(at)] == [True]
    assert "Your image before stays in use." in refusals(at)[0]
    assert "your file two.png" in in_use(at)
    at = give(at, "three.png", png(30))
    assert "your file three.png" in in_use(at)
    assert not refusals(at)


def test_a_drawing_stays_where_a_file_is_bad(open_page: Open):
    at = give(drawn(open_page(model="cdvae-digits")), "note.png", b"no image")
    assert "your drawing" in in_use(at)
    assert "before stays in use" in refusals(at)[0]


def test_a_first_file_that_is_bad_leaves_nothing_to_speak_of(open_page: Open):
    at = give(open_page(model="cdvae-digits"), "note.png", b"no image")
    assert "before" not in refusals(at)[0]
    assert not in_use(at)


def test_a_file_takes_the_place_of_the_drawing_and_gives_it_back(open_page: Open):
    at = give(drawn(open_page(model="cdvae-digits")), "two.png", png())
    assert "your file two.png" in in_use(at)
    at.button(key="user-image-remove").click().run()
    assert "your drawing" in in_use(at)
    assert UPLOAD not in at.session_state


def test_a_file_that_leaves_the_widget_stays_in_use(open_page: Open):
    at = give(open_page(model="cdvae-digits"), "two.png", png())
    at.file_uploader(key="user-image-file").set_value([]).run()
    assert "your file two.png" in in_use(at)


@pytest.mark.slow
def test_ones_own_image_goes_along_to_other_pages_and_back(open_page: Open):
    at = give(open_page(model="cdvae-digits"), "two.png", png())
    at.toggle(key="user-image-centre").set_value(False).run()
    for page in ("views/interpolate.py", "views/rate_distortion.py", "views/map.py"):
        at.switch_page(page).run()
        assert not at.exception
    assert "your file two.png" in in_use(at)
    assert "centred" not in in_use(at)
    assert not at.toggle(key="user-image-centre").value


@pytest.mark.parametrize("other", first(["srvae-digits", "mr-vae-mnist"]))
def test_ones_own_image_fits_a_model_of_another_size(open_page: Open, other: str):
    for at in (
        drawn(open_page(model="cdvae-digits")),
        give(open_page(model="cdvae-digits"), "two.png", png()),
    ):
        at.selectbox(key="model").set_value(other).run()
        assert "Your image" in text_of(at)
        at.selectbox(key="model").set_value("cdvae-digits").run()
        assert "In use" in in_use(at)


@pytest.mark.parametrize("strokes", [[{}], [{"width": 1, "ink": 255, "points": [1]}], [None], "abc"])
def test_strokes_that_are_none_are_no_drawing(open_page: Open, strokes: object):
    at = open_page(model="cdvae-digits")
    at.session_state[STROKES], at.session_state[SOURCE] = strokes, "drawing"
    assert not in_use(at.run())
