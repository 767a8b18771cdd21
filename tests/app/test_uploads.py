"""A visitor's image: what is read of it, what is said of it, and what is refused in one sentence."""

import base64
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from app import uploads
from app.uploads import Own, centred, drawn, read, white_on_black

SHAPE = (1, 28, 28)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(side: int = 28, value: int = 200) -> Image.Image:
    return Image.new("L", (side, side), value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_an_image_of_the_right_size_is_taken_as_it_is(kind: str):
    own = read(encoded(grey(), kind), SHAPE)
    assert own.pixels.shape == SHAPE
    assert own.pixels.dtype == np.uint8
    assert np.abs(own.pixels.astype(int) - 200).max() <= 2


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (grey(100), "resized from 100 × 100 to 28 × 28"),
        (Image.new("L", (60, 30), 9), "cut to the square in its middle"),
        (Image.new("RGB", (28, 28), (200, 200, 200)), "turned grey"),
        (Image.new("RGBA", (28, 28), (255, 255, 255, 0)), "laid on black where it is transparent"),
        (Image.new("LA", (28, 28), (255, 0)), "laid on black where it is transparent"),
        (Image.fromarray(np.full((28, 28), 40_000, np.uint16)), "scaled from 16 bits to 8"),
    ],
)
def test_what_was_changed_is_said(image: Image.Image, words: str):
    own = read(encoded(image), SHAPE)
    assert own.pixels.shape == SHAPE
    assert any(words in note for note in own.notes)


def test_transparent_is_black():
    assert read(encoded(Image.new("RGBA", (28, 28), (255, 255, 255, 0))), SHAPE).pixels.max() == 0


def test_sixteen_bits_keep_their_grey():
    own = read(encoded(Image.fromarray(np.full((28, 28), 40_000, np.uint16))), SHAPE)
    assert own.pixels[0, 0, 0] == round(40_000 / 65_535 * 255)


def test_an_animation_is_its_first_frame():
    data = encoded(grey(value=10), "GIF", save_all=True, append_images=[grey(value=250)])
    own = read(data, SHAPE)
    assert "the first of its frames" in own.notes
    assert own.pixels.max() < 20


def test_a_colour_model_gets_colours():
    own = read(encoded(Image.new("RGB", (16, 16), (10, 20, 30))), (3, 16, 16))
    assert own.pixels[:, 0, 0].tolist() == [10, 20, 30]


def huge(width: int, height: int) -> bytes:
    """The head of a PNG that says it is large; its pixels are never there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read as an image"),
        (b"no image at all", "cannot be read as an image"),
        (encoded(grey(200))[:60], "cannot be read as an image"),
        (b"x" * 10_000_001, "give an image of at most 10 MB"),
        (huge(8_000, 8_000), "64 megapixels"),
        (huge(100_000, 100_000), "megapixels"),
    ],
    ids=["empty", "text", "cut", "heavy", "large", "bomb"],
)
def test_what_is_no_usable_image_is_refused_in_a_sentence(data: bytes, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        read(data, SHAPE)
    assert one_line(caught.value).endswith(".")


def test_a_drawing_comes_back_as_it_was_reported():
    pixels = np.arange(784, dtype=np.uint32).astype(np.uint8)
    own = drawn(base64.b64encode(pixels.tobytes()).decode(), SHAPE)
    assert own is not None
    assert (own.pixels.ravel() == pixels).all()


@pytest.mark.parametrize(
    "text", ["", "???", base64.b64encode(b"short").decode(), base64.b64encode(bytes(784)).decode()]
)
def test_no_drawing_is_none(text: str):
    assert drawn(text, SHAPE) is None


def test_dark_on_bright_is_turned_round():
    pixels = np.full(SHAPE, 255, np.uint8)
    pixels[0, 10:18, 10:18] = 0
    own = white_on_black(Own(pixels))
    assert own.pixels[0, 0, 0] == 0
    assert own.pixels[0, 14, 14] == 255
    assert "inverted" in own.notes[0]
    assert white_on_black(own) == own


def test_a_figure_is_centred_by_its_mass_and_fills_twenty_of_twenty_eight():
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[0, 1:6, 2:4] = 255
    found = centred(Own(pixels)).pixels[0].astype(float)
    rows = np.flatnonzero(found.max(1) > 64)
    assert rows[-1] - rows[0] + 1 == 20
    middle = [(found.sum(1 - axis) * np.arange(28)).sum() / found.sum() for axis in (0, 1)]
    assert np.allclose(middle, 13.5, atol=0.6)


def test_an_empty_image_stays_as_it_is():
    own = Own(np.zeros(SHAPE, np.uint8))
    assert centred(own) is own


def test_the_bounds_are_what_the_sentences_say():
    assert (uploads.MEGABYTES, uploads.MEGAPIXELS) == (10, 50)
