"""A visitor's image: what is read of it, what is said of it, and what is refused in one sentence."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from latent_explorer.user_image import images
from latent_explorer.user_image.images import UserImage, centred, drawn, read, white_on_black
from PIL import ExifTags, Image

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
    assert own.values.shape == SHAPE
    assert own.values.dtype == np.uint8
    assert np.abs(own.values.astype(int) - 200).max() <= 2


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (grey(100), "resized from 100 × 100 to 28 × 28"),
        (Image.new("L", (60, 30), 9), "cut to the square in its middle"),
        (Image.new("RGB", (28, 28), (200, 200, 200)), "turned grey"),
        (Image.new("RGBA", (28, 28), (255, 255, 255, 0)), "laid on black where it is transparent"),
        (Image.new("LA", (28, 28), (255, 0)), "laid on black where it is transparent"),
        (Image.fromarray(np.full((28, 28), 40_000, np.uint16)), "scaled from 16 bits to 8"),
        (Image.new("P", (28, 28)), "turned grey"),
    ],
)
def test_what_was_changed_is_said(image: Image.Image, words: str):
    own = read(encoded(image), SHAPE)
    assert own.values.shape == SHAPE
    assert any(words in note for note in own.notes)


def test_transparent_is_black():
    assert read(encoded(Image.new("RGBA", (28, 28), (255, 255, 255, 0))), SHAPE).values.max() == 0


def test_sixteen_bits_keep_their_grey():
    own = read(encoded(Image.fromarray(np.full((28, 28), 40_000, np.uint16))), SHAPE)
    assert own.values[0, 0, 0] == round(40_000 / 65_535 * 255)


def test_an_animation_is_its_first_frame():
    data = encoded(grey(value=10), "GIF", save_all=True, append_images=[grey(value=250)])
    own = read(data, SHAPE)
    assert "the first of its frames taken" in own.notes
    assert own.values.max() < 20


@pytest.mark.parametrize(
    ("image", "note", "ground"),
    [
        (Image.new("RGBA", (28, 28), (255, 255, 255, 255)), None, None),
        (Image.new("RGBA", (28, 28), (0, 0, 0, 0)), "laid on black", 0),
        (Image.new("LA", (28, 28), (255, 0)), "laid on black", 0),
    ],
)
def test_a_ground_is_laid_only_where_something_is_transparent(image: Image.Image, note: str | None, ground):
    own = read(encoded(image), SHAPE)
    assert any("laid on" in n for n in own.notes) == (note is not None)
    assert ground is None or (own.values == ground).all()


def test_a_dark_figure_on_nothing_is_laid_on_white_where_it_can_be_seen():
    image = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 10, 18, 18))
    own = read(encoded(image), SHAPE)
    assert "laid on white where it is transparent" in own.notes
    assert own.values[0, 0, 0] == 255
    assert own.values[0, 14, 14] == 0


def test_a_palette_with_a_transparent_colour_is_laid_on_black():
    image = Image.new("P", (28, 28), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (10, 10, 18, 18))
    own = read(encoded(image, transparency=0), (3, 28, 28))
    assert own.values[:, 0, 0].tolist() == [0, 0, 0]
    assert own.values[:, 14, 14].tolist() == [0, 255, 0]
    assert any("laid on black" in note for note in own.notes)


def test_a_cmyk_photograph_keeps_its_colours():
    red = Image.new("RGB", (28, 28), (250, 10, 10))
    own = read(encoded(red.convert("CMYK"), "JPEG"), (3, 28, 28))
    assert np.abs(own.values[:, 14, 14].astype(int) - [250, 10, 10]).max() <= 6
    assert "turned from CMYK to RGB" in own.notes


def test_a_photograph_is_turned_as_its_camera_was_held():
    image = Image.new("L", (28, 28), 0)
    image.paste(255, (0, 0, 28, 7))  # bright at the top of what the sensor saw
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    own = read(encoded(image, exif=exif), SHAPE)
    assert "turned as its camera was held" in own.notes
    assert own.values[0, 14, 26] == 255
    assert own.values[0, 14, 2] == 0


def test_colours_of_sixteen_bits_are_said_to_be_scaled():
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 28, 28, 16, 2, 0, 0, 0)
    rows = (b"\0" + struct.pack(">HHH", 0x8000, 0, 0xFFFF) * 28) * 28
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    own = read(data, (3, 28, 28))
    assert "scaled from 16 bits to 8" in own.notes
    assert own.values[:, 0, 0].tolist() == [128, 0, 255]


@pytest.mark.parametrize(("value", "wanted"), [(0.5, 128), (100.0, 100), (32_768.0, 128)])
def test_an_image_of_real_numbers_is_scaled_from_what_it_holds(value: float, wanted: int):
    pixels = np.full((28, 28), value, np.float32)
    pixels[0, 0] = {0.5: 1, 100.0: 255, 32_768.0: 65_535}[value]
    own = read(encoded(Image.fromarray(pixels), "TIFF"), SHAPE)
    assert own.values[0, 9, 9] == wanted


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (28, 28)])
def test_an_image_of_any_size_is_taken(size: tuple[int, int]):
    own = read(encoded(Image.new("L", size, 77)), SHAPE)
    assert np.unique(own.values).tolist() == [77]
    assert any("resized" in note for note in own.notes) == (size != (28, 28))


def test_a_photograph_in_two_pictures_is_its_first():
    buffer = io.BytesIO()
    grey(value=40).save(buffer, "MPO", save_all=True, append_images=[grey(value=250)])
    own = read(buffer.getvalue(), SHAPE)
    assert abs(int(own.values[0, 5, 5]) - 40) <= 2
    assert "the first of its frames taken" in own.notes


def test_a_model_that_is_not_square_gets_its_own_shape():
    own = read(encoded(Image.new("L", (100, 100), 9)), (1, 20, 40))
    assert own.values.shape == (1, 20, 40)
    assert "cut to the 40 : 20 in its middle" in own.notes


def test_a_colour_model_gets_colours():
    own = read(encoded(Image.new("RGB", (16, 16), (10, 20, 30))), (3, 16, 16))
    assert own.values[:, 0, 0].tolist() == [10, 20, 30]


def noise(kind: str) -> bytes:
    """An image that no format makes small."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), kind)


def huge(width: int, height: int) -> bytes:
    """The head of a PNG that says it is large; its pixels are never there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty"),
        (b"no image at all", "cannot be read as an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cannot be read as an image"),
        (noise("PNG")[:2000], "cut short or damaged"),
        (noise("JPEG")[:2000], "cut short or damaged"),
        (noise("WEBP")[:2000], "cut short or damaged"),
        (noise("GIF")[:2000], "cut short or damaged"),
        (noise("BMP")[:2000], "cut short or damaged"),
        (noise("TIFF")[:2000], "cut short or damaged"),
        (b"x" * 10_000_001, "give an image of at most 10 MB"),
        (huge(8_000, 8_000), "64 megapixels"),
        (huge(100_000, 100_000), "megapixels"),
    ],
    ids=["empty", "text", "eps", "png", "jpeg", "webp", "gif", "bmp", "tiff", "heavy", "large", "bomb"],
)
def test_what_is_no_usable_image_is_refused_in_a_sentence(data: bytes, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        read(data, SHAPE)
    assert one_line(caught.value).endswith(".")


def stroke(*points: int, width: int = 80, ink: int = 255) -> dict:
    return {"width": width, "ink": ink, "points": list(points)}


def test_a_stroke_is_as_long_and_as_wide_as_it_was_drawn():
    own = drawn([stroke(250, 500, 750, 500, width=100)], (1, 100, 100))
    assert own is not None
    rows, columns = np.nonzero(own.values[0] > 127)
    assert abs(columns.min() - 20) <= 1  # half a width before the start: the ends are round
    assert abs(columns.max() - 80) <= 1
    assert abs(rows.min() - 45) <= 1
    assert abs(rows.max() - 55) <= 1


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 64, 64), (1, 40, 20), (1, 700, 700)])
def test_a_drawing_fits_every_model(shape: tuple[int, int, int]):
    own = drawn([stroke(500, 500)], shape)
    assert own is not None
    assert own.values.shape == shape
    assert (own.values == own.values[:1]).all()
    weights = own.values[0] / own.values[0].sum(dtype=float)
    unit = shape[2] / 2  # the middle of the width, and as far down: coordinates are shares of the width
    assert abs((weights.sum(0) * (np.arange(shape[2]) + 0.5)).sum() - unit) < 0.6
    assert abs((weights.sum(1) * (np.arange(shape[1]) + 0.5)).sum() - unit) < 0.6


def test_an_eraser_takes_ink_away():
    pen, eraser = stroke(100, 500, 900, 500), stroke(500, 100, 500, 900, ink=0)
    both = drawn([pen, eraser], SHAPE)
    assert both is not None
    assert both.values[0, 14, 14] == 0
    assert both.values[0, 14, 5] == 255
    assert drawn([pen, stroke(100, 500, 900, 500, width=200, ink=0)], SHAPE) is None


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        "???",
        [3],
        [{}],
        [stroke(1)],
        [{**stroke(1, 2), "points": "ab"}],
        [{**stroke(1, 2), "points": None}],
        [{**stroke(1, 2), "ink": "white"}],
        [stroke(5, 5, ink=0)],
        [stroke()],
    ],
)
def test_no_drawing_is_none(strokes: list):
    assert drawn(strokes, SHAPE) is None


def test_a_drawing_far_off_the_paper_is_none():
    assert drawn([stroke(10**9, 10**9), stroke(-(10**9), 0)], SHAPE) is None


def test_dark_on_bright_is_turned_round():
    pixels = np.full(SHAPE, 255, np.uint8)
    pixels[0, 10:18, 10:18] = 0
    own = white_on_black(UserImage(pixels))
    assert own.values[0, 0, 0] == 0
    assert own.values[0, 14, 14] == 255
    assert "inverted" in own.notes[0]
    assert white_on_black(own) == own


def test_a_figure_is_centred_by_its_mass_and_fills_twenty_of_twenty_eight():
    pixels = np.zeros(SHAPE, np.uint8)
    pixels[0, 1:6, 2:4] = 255
    found = centred(UserImage(pixels)).values[0].astype(float)
    rows = np.flatnonzero(found.max(1) > 64)
    assert rows[-1] - rows[0] + 1 == 20
    middle = [(found.sum(1 - axis) * np.arange(28)).sum() / found.sum() for axis in (0, 1)]
    assert np.allclose(middle, 13.5, atol=0.6)


def test_an_empty_image_stays_as_it_is():
    own = UserImage(np.zeros(SHAPE, np.uint8))
    assert centred(own) is own


def test_the_bounds_are_what_the_sentences_say():
    assert (images.MEGABYTES, images.MEGAPIXELS) == (10, 50)
