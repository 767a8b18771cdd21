"""Grey values of any type and range: each becomes bytes and says so, or is refused with the way out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.files import figures
from vae_core.data import Dataset, data_from

BYTES = figures(20)[0]


def said(found: Dataset, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in found.notes)


def stored(found: Dataset) -> set[bytes]:
    return {image.numpy().tobytes() for data in (found.train, found.test) for image in data.images}


EXPECTED = {image.tobytes() for image in BYTES}
LIKE_BYTES = [
    (BYTES, ""),
    (BYTES.astype(np.int16), ""),
    (BYTES.astype(np.int64), ""),
    (BYTES.astype(np.float32), ""),
    (BYTES.astype(np.float32) / 255, "from 0 to 1"),
    (BYTES / 255, "from 0 to 1"),
    (BYTES.astype(np.float16) / 255, "from 0 to 1"),
    (BYTES / 127.5 - 1, "from -1 to 1"),
    ((BYTES / 127.5 - 1).astype(np.float32), "from -1 to 1"),
    (BYTES.astype(np.uint16) * 257, "from 0 to 65,535: scaled"),
    (BYTES.astype(np.int32) * 16, "from 0 to 4,080: scaled"),
    (BYTES * 16.5, "from 0 to 4207.5: scaled"),
    (BYTES + np.random.default_rng(0).uniform(-0.4, 0.4, BYTES.shape), "rounded to whole ones"),
    (BYTES / 255 + 0.0005, "from 0 to 1"),
    (
        np.where(BYTES == 0, -0.05, np.where(BYTES == 255, 1.06, BYTES / 255)),
        "those from -0.05 to 1.06 beyond it are cut",
    ),
    (
        np.where(BYTES == 0, -9.5, np.where(BYTES == 255, 262.5, BYTES)),
        "those from -9.5 to 262.5 beyond it are cut",
    ),
]


@pytest.mark.parametrize(("x", "words"), LIKE_BYTES, ids=[f"{x.dtype} {words}" for x, words in LIKE_BYTES])
def test_values_of_every_type_become_the_same_bytes_and_say_how(x: np.ndarray, words: str):
    # The brightest of the figures is white and the darkest black, so that every scale is the same.
    assert (BYTES.min(), BYTES.max()) == (0, 255)
    found = data_from(x)
    assert stored(found) == EXPECTED
    assert said(found, words)
    assert words or not any("value" in sentence for sentence in found.notes)


@pytest.mark.parametrize("x", [BYTES > 90, (BYTES > 90).astype(np.uint8), (BYTES > 90).astype(np.float32)])
def test_black_and_white_is_that(x: np.ndarray):
    found = data_from(x)
    assert found.train.images.unique().tolist() == [0, 255]
    assert said(found, "white")


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ((BYTES / 255 - 0.3) / 0.3, r"are float64 from -1 to 2\.333"),
        (
            ((BYTES - BYTES.mean()) / BYTES.std()).astype(np.float32),
            r"are float32 from -\S+ to \S+, as standardised images do, and grey values run .* by --values stretch",
        ),
        (BYTES / 255 - BYTES.mean() / 255, "are float64 from"),
        (BYTES / 100, r"are float64 from 0 to 2\.55"),
        (BYTES.astype(np.int16) - 128, "are int16 from -128 to 127"),
        (BYTES.astype(np.int32) * -3, "are int32 from -765 to 0"),
    ],
)
def test_values_that_say_nothing_of_grey_are_refused_with_a_way_out_that_works(
    x: np.ndarray, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        data_from(x)
    assert "--values stretch" in one_line(caught.value)
    found = data_from(x, values="stretch")
    assert found.train.images.min() == 0
    assert found.train.images.max() == 255
    assert said(found, "the values are stretched")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("values", ["auto", "stretch"])
def test_broken_values_are_counted_and_can_be_left_out(bad: float, values: str, one_line: Callable):
    x = BYTES / 255
    x[[3, 7], 0, 0] = bad
    with pytest.raises(
        ValueError, match=r"2 images of 20 hold NaN or infinite values, the first is number 3"
    ) as caught:
        data_from(x, np.arange(20), values=values)
    assert "--skip-broken" in one_line(caught.value)
    found = data_from(x, np.arange(20) % 2, skip_broken=True, values=values)
    assert len(found.train) + len(found.test) == 18
    assert said(found, "2 images with NaN or infinite values left out")
    assert (found.train.labels.bincount() + found.test.labels.bincount()).tolist() == [10, 8]


def test_complex_numbers_are_refused(one_line: Callable):
    with pytest.raises(ValueError, match="are complex128, which are no grey values") as caught:
        data_from(BYTES.astype(complex))
    one_line(caught.value)


def test_dark_values_are_doubted_and_can_be_stretched():
    found = data_from(BYTES // 16)
    assert said(found, "from 0 to 15 of 255", "--values stretch")
    assert data_from(BYTES // 16, values="stretch").train.images.max() == 255


def test_a_few_bright_pixels_are_doubted():
    x = BYTES.astype(np.uint16) * 4
    x[0, 0, 0] = 60_000
    assert said(data_from(x), "a few bright pixels darken all the others")
    assert not said(data_from(BYTES.astype(np.uint16) * 4), "bright pixels")


def test_fractions_that_are_rare_are_seen(monkeypatch: pytest.MonkeyPatch):
    """Steps of one length through the values may meet the same pixel of every image, here a plain one."""
    monkeypatch.setattr("vae_core.data.values.LOOKED_AT", 400)
    x = np.zeros((400, 8, 8))
    x[:, 4, 3:] = np.linspace(0.1, 1, 400)[:, None]
    assert said(data_from(x), "fractions from 0 to 1")
    assert 20 < data_from(x).train.images[:, 0, 4, 4].float().mean() < 235


# Channels.


@pytest.mark.parametrize("last", [False, True])
def test_an_alpha_channel_is_laid_on_a_ground(last: bool):
    colour = np.random.default_rng(0).integers(100, 256, (10, 3, 6, 5), dtype=np.uint8)
    alpha = np.full((10, 1, 6, 5), 255, np.uint8)
    alpha[:, :, :3] = 0
    x = np.concatenate([colour, alpha], 1)
    found = data_from(np.moveaxis(x, 1, 3) if last else x)
    assert found.train.images.shape[1] == 3
    assert found.train.images[:, :, :3].max() == 0
    assert stored(data_from(x)) == stored(found)
    assert said(found, "the last of 4 channels", "laid on black", "--ground")
    assert data_from(x, ground="white").train.images[:, :, :3].min() == 255


def test_dark_figures_lie_on_white():
    x = np.zeros((10, 2, 6, 5), np.uint8)
    x[:, 0, :, 0], x[:, 1, 2:4] = 20, 255
    found = data_from(x)
    assert found.train.images.shape[1] == 1
    assert found.train.images[:, 0, 0].min() == 255
    assert said(found, "laid on white")


def test_an_alpha_channel_that_says_nothing_is_left_out():
    colour = np.random.default_rng(0).integers(0, 256, (10, 3, 6, 5), dtype=np.uint8)
    found = data_from(np.concatenate([colour, np.full((10, 1, 6, 5), 255, np.uint8)], 1))
    assert stored(found) == {image.tobytes() for image in colour}
    assert said(found, "the last of 4 channels is 255 everywhere")


def test_equal_channels_are_grey():
    found = data_from(np.repeat(BYTES[:, None], 3, 1))
    assert stored(found) == EXPECTED
    assert said(found, "three channels are equal")
    other = np.repeat(BYTES[:, None], 3, 1)
    other[3, 1, 2, 2] ^= 1
    assert data_from(other).train.images.shape[1] == 3


# Sizes.


@pytest.mark.parametrize(("size", "shape"), [(6, (6, 6)), ((6, 8), (6, 8)), ([20, 5], (20, 5))])
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_images_are_brought_to_the_size_that_is_asked_for(size: Any, shape: tuple[int, int], fit: str):
    found = data_from(BYTES, size=size, fit=fit)
    assert tuple(found.train.images.shape[2:]) == shape
    assert said(found, "resized from 10 x 12 pixels", "--fit", "cut" if fit == "crop" else "padded")


def test_a_pad_keeps_all_and_a_crop_keeps_the_shape():
    wide = np.full((10, 20, 40), 200, np.uint8)
    wide[:, :, :10] = 50
    padded = data_from(wide, size=20, fit="pad").train.images[0, 0]
    assert padded[:4].max() == padded[-4:].max() == 0
    assert padded[10, 2] < 100 < padded[10, 15]
    assert data_from(wide, size=20, fit="pad", ground="white").train.images[0, 0, :4].min() == 255
    cut = data_from(wide, size=20, fit="crop").train.images[0, 0]
    assert cut.min() > 150  # the left quarter is cut off


def test_images_of_the_size_asked_for_stay_as_they_are():
    found = data_from(BYTES, size=(10, 12))
    assert stored(found) == EXPECTED
    assert not said(found, "resized")
