"""Image files of every mode, depth, size and turn."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.files import figures, write_images
from vae_core.data import Dataset, data_from, open_data


def said(found: Dataset, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in found.notes)


def stored(found: Dataset) -> set[bytes]:
    return {image.numpy().tobytes() for data in (found.train, found.test) for image in data.images}


COLOUR = np.random.default_rng(0).integers(0, 256, (12, 10, 14, 3), dtype=np.uint8)
GREY = figures(12, 10, 14)[0]


def first(images: np.ndarray) -> set[bytes]:
    """Channels before height and width, as data has them."""
    return {np.ascontiguousarray(np.moveaxis(image, -1, 0)).tobytes() for image in images}


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tif", ".webp", ".ppm"])
def test_files_without_loss_are_read_as_they_are(ending: str, tmp_path: Path):
    for number, image in enumerate(COLOUR):
        Image.fromarray(image).save(tmp_path / f"{number}{ending}", lossless=True)
    assert stored(open_data(tmp_path)) == first(COLOUR)


def test_jpegs_are_read(tmp_path: Path):
    write_images(tmp_path / "photos", GREY, ending=".jpeg")
    found = open_data(tmp_path / "photos")
    assert found.train.images.shape == (10, 1, 10, 14)


def test_grey_and_colour_together_are_colour(tmp_path: Path):
    write_images(tmp_path, [*COLOUR[:6], *GREY[6:]])
    found = open_data(tmp_path)
    assert found.train.images.shape[1] == 3
    assert said(found, "of the modes 6 RGB, 6 L", "all read as colour")


def test_grey_in_files_of_colour_is_grey(tmp_path: Path):
    write_images(tmp_path, np.repeat(GREY[..., None], 3, -1))
    found = open_data(tmp_path)
    assert stored(found) == {image.tobytes() for image in GREY}
    assert said(found, "three channels are equal")


@pytest.mark.parametrize(("mode", "channels"), [("P", 3), ("CMYK", 3), ("1", 1), ("LA", 1)])
def test_other_modes_are_read_and_said(mode: str, channels: int, tmp_path: Path):
    for number, image in enumerate(COLOUR):
        Image.fromarray(image).convert(mode).save(tmp_path / f"{number}.tif")
    found = open_data(tmp_path)
    assert found.train.images.shape == (10, channels, 10, 14)
    assert said(found, f"of the modes 12 {mode}")
    assert found.train.images.float().std() > 40


def test_transparent_pixels_take_the_ground(tmp_path: Path):
    alpha = np.zeros((12, 10, 14, 1), np.uint8)
    alpha[:, 5:] = 255
    write_images(tmp_path, np.concatenate([np.maximum(COLOUR, 50), alpha], -1))
    found = open_data(tmp_path)
    assert found.train.images[:, :, :5].max() == 0
    assert said(found, "12 images with transparent parts laid on black", "--ground")
    assert open_data(tmp_path, ground="white").train.images[:, :, :5].min() == 255


def test_dark_icons_lie_on_white(tmp_path: Path):
    icon = np.zeros((12, 10, 14, 4), np.uint8)
    icon[:, 3:6, :, 3] = 255
    icon[:, 4, 2, :3] = 25
    write_images(tmp_path, icon)
    found = open_data(tmp_path)
    assert found.train.images[:, :, 0].min() == 255
    assert said(found, "laid on white")


def test_sixteen_bits_are_scaled_by_their_range(tmp_path: Path):
    write_images(tmp_path, GREY.astype(np.uint16) * 16)
    found = open_data(tmp_path)
    assert stored(found) == {image.tobytes() for image in GREY}
    assert said(found, "from 0 to 4,080: scaled")


def test_eight_bits_among_sixteen_keep_their_share(tmp_path: Path):
    write_images(tmp_path, [*(GREY[:6].astype(np.uint16) * 257), *GREY[6:]])
    assert stored(open_data(tmp_path)) == {image.tobytes() for image in GREY}


def test_floats_in_files_follow_the_rule_of_values(tmp_path: Path, one_line: Callable):
    write_images(tmp_path / "fractions", GREY.astype(np.float32) / 255, ending=".tif")
    assert stored(open_data(tmp_path / "fractions")) == {image.tobytes() for image in GREY}
    write_images(tmp_path / "own", (GREY.astype(np.float32) - 100) / 60, ending=".tif")
    with pytest.raises(ValueError, match="--values stretch") as caught:
        open_data(tmp_path / "own")
    one_line(caught.value)
    assert open_data(tmp_path / "own", values="stretch").train.images.max() == 255


def test_colour_among_sixteen_bits_is_refused(tmp_path: Path, one_line: Callable):
    write_images(tmp_path, [*(GREY[:6].astype(np.uint16) * 257), *COLOUR[6:]])
    with pytest.raises(
        ValueError, match="some images are colour and others grey of more than 8 bits"
    ) as caught:
        open_data(tmp_path)
    one_line(caught.value)


@pytest.mark.parametrize("turn", range(1, 9))
def test_images_stand_as_the_camera_was_held(turn: int, tmp_path: Path):
    upright = Image.fromarray(COLOUR[0])
    held = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[turn]
    for number in range(3):
        image = upright
        for step in held:
            image = image.transpose(step)
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turn
        image.save(tmp_path / f"{number}.png", exif=exif)
    found = open_data(tmp_path)
    assert stored(found) == first(COLOUR[:1])
    assert said(found, "3 images turned as the camera was held") == (turn > 1)


def test_of_several_frames_the_first_is_taken(tmp_path: Path):
    for number in range(3):
        frames = [Image.fromarray(image) for image in GREY[number : number + 3]]
        frames[0].save(tmp_path / f"{number}.tif", save_all=True, append_images=frames[1:])
    found = open_data(tmp_path)
    assert stored(found) == {image.tobytes() for image in GREY[:3]}
    assert said(found, "of 3 images with several frames the first is taken")


def test_the_size_of_most_is_the_size_of_all(tmp_path: Path):
    write_images(tmp_path, [*GREY[:9], *figures(3, 20, 30)[0]])
    found = open_data(tmp_path)
    assert found.train.images.shape[2:] == (10, 14)
    assert said(found, "of 2 sizes, 10 x 14 pixels to 20 x 30 pixels: brought to 10 x 14", "--size")
    assert {image.tobytes() for image in GREY[:9]} <= stored(found)


def test_images_of_sizes_of_their_own_become_squares(tmp_path: Path):
    write_images(tmp_path, [figures(1, 70 + number, 100 - number)[0][0] for number in range(12)])
    found = open_data(tmp_path)
    assert found.train.images.shape[2:] == (64, 64)
    assert said(found, "12 images resized", "cut in their middle to keep their shape")
    assert open_data(tmp_path, size=(20, 30), fit="pad").train.images.shape[2:] == (20, 30)


def test_enlarged_images_are_doubted(tmp_path: Path):
    assert said(open_data(write_images(tmp_path, GREY), size=40), "12 images made larger than they were")


def test_a_large_photograph_is_read_small(tmp_path: Path):
    wide = np.zeros((1200, 1600, 3), np.uint8)
    wide[:, 800:] = [200, 100, 50]
    for number in range(3):
        Image.fromarray(wide).save(tmp_path / f"{number}.jpg", quality=95)
    image = open_data(tmp_path, size=32, fit="pad").train.images[0]
    assert image[:, 16, 24].tolist() == pytest.approx([200, 100, 50], abs=6)
    assert image[:, 16, 4].max() < 6
    assert image[:, :3].max() == 0  # padded above


def test_what_does_not_fit_into_memory_is_said_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    write_images(tmp_path, GREY)
    monkeypatch.setattr("os.sysconf", lambda name: 40)
    with pytest.raises(
        ValueError, match=r"12 images of 1 x 10 x 14 are \d+ GB, .* give a smaller --size"
    ) as caught:
        open_data(tmp_path)
    one_line(caught.value)


def test_lists_of_pictures_and_bytes_are_read_alike(tmp_path: Path):
    pictures = [Image.fromarray(image) for image in COLOUR]
    files = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "PNG")
        files.append(file.getvalue())
    assert stored(data_from(pictures)) == stored(data_from(files)) == first(COLOUR)
    assert stored(data_from(pictures)) == first(COLOUR)  # a picture of the caller's is not closed


def test_arrays_of_sizes_of_their_own_share_one_rule(one_line: Callable):
    own = [figures(1, 10 + number % 3, 14)[0][0] / 255 for number in range(12)]
    found = data_from(own, size=(10, 14))
    assert found.train.images.shape[1:] == (1, 10, 14)
    assert said(found, "fractions from 0 to 1")
    own[4][2, 2] = np.nan
    with pytest.raises(
        ValueError, match="1 image hold NaN or infinite values, the first is number 4"
    ) as caught:
        data_from(own)
    one_line(caught.value)


def test_channels_of_such_arrays_may_come_first_or_last():
    own = [np.moveaxis(COLOUR[number], -1, 0)[:, : 8 + number % 2] for number in range(12)]
    found = data_from(own, size=(8, 14))
    assert found.train.images.shape[1:] == (3, 8, 14)
