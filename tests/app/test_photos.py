"""A photo of something written, on whatever ground and in whatever light, is what was written; what is no such photo stays as it is."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from latent_explorer.caches.user_images import white_on_black
from latent_explorer.user_image.images import centred, drawn, read
from PIL import Image

from vae_core import load
from vae_core.data import load_data
from vae_core.explore import class_of

SHAPE = (1, 28, 28)
SEVEN = [
    {"width": 80, "ink": 255, "points": [300, 250, 700, 250, 450, 800]},
    {"width": 80, "ink": 255, "points": [400, 520, 680, 520]},
]
HIGH, WIDE = 480, 360
PAPER, BEIGE, BOARD = (230, 226, 218), (212, 194, 158), (48, 62, 54)
BLACK, BLUE, PENCIL, CHALK = (40, 38, 36), (60, 90, 190), (140, 138, 136), (220, 222, 214)

Light = Callable[[np.ndarray, np.ndarray], np.ndarray]
LIGHTS: dict[str, Light] = {
    "even": lambda x, y: np.ones_like(x + y),
    "from a side": lambda x, y: 0.5 + 0.5 * x,
    "from the middle": lambda x, y: 1 - 0.6 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
    "half in shadow": lambda x, y: 0.6 + 0.4 * ((x + y - 1) / 0.3 + 0.5).clip(0, 1),
}


def written(share: float, right: float, down: float, figure: np.ndarray | None = None) -> np.ndarray:
    """How much ink lies on each place of a paper, `(H, W)`, 0 to 1."""
    side = int(share * WIDE)
    seven = drawn(SEVEN, (1, 280, 280))
    assert seven is not None
    ink = Image.new("L", (WIDE, HIGH))
    ink.paste(
        Image.fromarray(seven.values[0] if figure is None else figure).resize((side, side)),
        (int((WIDE - side) / 2 + right * WIDE), int((HIGH - side) / 2 + down * HIGH)),
    )
    return np.asarray(ink) / 255


def photo(
    paper: tuple,
    pen: tuple,
    light: str,
    place: tuple = (0.8, 0.0, 0.0),
    lines: float = 0.0,
    figure: np.ndarray | None = None,
) -> bytes:
    share, right, down = place
    ink = written(share, right, down, figure)
    if lines:  # of squared paper
        across = (np.arange(WIDE) % 24 < 2)[None] | (np.arange(HIGH) % 24 < 2)[:, None]
        ink = np.maximum(ink, lines * across)
    seen = np.array(paper) * (1 - ink[..., None]) + np.array(pen) * ink[..., None]
    lit = LIGHTS[light](np.linspace(0, 1, WIDE)[None], np.linspace(0, 1, HIGH)[:, None])
    grained = seen * lit[..., None] + np.random.default_rng(0).normal(0, 4, (HIGH, WIDE, 1))
    return encoded(Image.fromarray(grained.clip(0, 255).astype(np.uint8)), "JPEG")


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def given(data: bytes) -> np.ndarray:
    """As the model is given it, `(28, 28)`."""
    return centred(white_on_black(read(data, SHAPE))).values[0].astype(float)


def likeness(found: np.ndarray) -> float:
    """The correlation with the figure as it was drawn, or a pixel beside it: centring rounds to pixels."""
    clean = drawn(SEVEN, SHAPE)
    assert clean is not None
    wanted = centred(clean).values[0].astype(float)
    moved = [np.roll(found, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max(float(np.corrcoef(wanted.ravel(), each.ravel())[0, 1]) for each in moved)


ON = [
    (PAPER, BLACK),
    (BEIGE, BLACK),
    (BEIGE, BLUE),
    (PAPER, PENCIL),
    (BOARD, CHALK),
    (BEIGE, BLACK, (0.3, 0.2, -0.25)),
    (PAPER, BLUE, (0.7, 0.0, 0.0), 0.25),
]


# Every paper and every light by default, each pair among the slow ones.
@pytest.mark.parametrize(
    ("on", "light"),
    [
        pytest.param(on, light, marks=[] if i % len(LIGHTS) == k else [pytest.mark.slow])
        for i, on in enumerate(ON)
        for k, light in enumerate(LIGHTS)
    ],
)
def test_a_photo_is_what_is_written_on_it(on: tuple, light: str):
    paper, pen, *rest = on
    found = given(photo(paper, pen, light, *rest))
    assert likeness(found) > 0.91
    assert (found[[0, -1]] == 0).all()
    assert found.max() > 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "on", [(BEIGE, BLACK), (PAPER, BLUE), (BOARD, CHALK)], ids=["beige", "blue", "board"]
)
@pytest.mark.parametrize("light", ["even", "from a side", "half in shadow"])
def test_digits_on_photos_are_read(on: tuple, light: str):
    """Of the first 60 test digits of MNIST at least 57, by the bundled CDVAE."""
    try:
        test = load_data("mnist", "test")
    except ValueError as error:
        pytest.skip(str(error))
    paper, pen = on
    seen = [
        given(photo(paper, pen, light, (0.6, 0.0, 0.0), figure=digit.numpy()))
        for digit in test.images[:60, 0]
    ]
    shown = torch.from_numpy(np.stack(seen)[:, None].astype(np.float32) / 255)
    model = load("cdvae-mnist").model
    read_as = class_of(model, {"x": shown}).argmax(1)
    assert int((read_as == test.labels[:60]).sum()) >= 57


def test_a_table_beyond_the_paper_is_not_what_is_meant():
    lit = np.asarray(Image.open(io.BytesIO(photo(PAPER, BLACK, "even", (0.5, 0.1, 0.0))))).copy()
    lit[:, :30] = 50
    assert likeness(given(encoded(Image.fromarray(lit)))) > 0.92


def test_what_was_done_is_said():
    notes = read(photo(BEIGE, BLACK, "even"), SHAPE).notes
    assert any("its ground taken away" in note for note in notes)


def texture() -> np.ndarray:
    noise = np.random.default_rng(1).uniform(0, 255, (12, 12)).astype(np.uint8)
    return np.asarray(Image.fromarray(noise).resize((200, 200), Image.Resampling.BICUBIC))


def garment() -> np.ndarray:
    pixels = np.zeros((120, 120), np.uint8)
    pixels[10:110, 15:105] = np.linspace(90, 220, 90)
    return pixels


@pytest.mark.parametrize(
    "pixels",
    [
        255 - (255 * written(0.8, 0, 0)).astype(np.uint8),
        (255 * written(0.8, 0, 0)).astype(np.uint8),
        texture(),
        garment(),
        np.full((100, 100), 200, np.uint8),
        np.zeros((100, 100), np.uint8),
        np.repeat(np.arange(256, dtype=np.uint8)[None], 256, 0),
        np.full((1, 1), 90, np.uint8),
        np.full((2, 900), 90, np.uint8),
    ],
)
def test_what_is_clean_or_no_writing_stays_as_it_is(pixels: np.ndarray):
    assert not any("ground taken" in note for note in read(encoded(Image.fromarray(pixels)), SHAPE).notes)


def test_colours_stay_where_the_model_reads_them():
    assert not any("ground taken" in note for note in read(photo(BEIGE, BLUE, "even"), (3, 28, 28)).notes)


def test_an_image_of_the_models_own_size_is_no_photo():
    pixels = np.full((28, 28), 180, np.uint8)
    pixels[10:18, 12:16] = 40
    assert (read(encoded(Image.fromarray(pixels)), SHAPE).values[0] == pixels).all()
