"""What is doubted of data that can be opened, and what a report and a sheet show."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.files import by_class, figures
from vae_core.cli import main
from vae_core.data import Dataset, Report, data_from, load_data, open_data, sheet
from vae_core.data.doubts import near_duplicates


def said(found: Dataset | Report, *words: str) -> bool:
    sentences = found.doubts if isinstance(found, Report) else found.notes
    return any(all(word in sentence for word in words) for sentence in sentences)


def photographs(n: int, side: int = 24, seed: int = 0) -> np.ndarray:
    """Smooth colour images, none like another."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (n, 5, 5, 3), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) for image in small]
    )


def recompressed(images: np.ndarray, quality: int) -> np.ndarray:
    found = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file)))
    return np.stack(found)


@pytest.mark.parametrize(
    "changed",
    [
        lambda images: images,
        lambda images: recompressed(images, 90),
        lambda images: np.clip(images.astype(int) + 3, 0, 255).astype(np.uint8),
        lambda images: (images * 0.9).astype(np.uint8),
        lambda images: np.clip(images + np.random.default_rng(5).normal(0, 1, images.shape), 0, 255).astype(
            np.uint8
        ),
    ],
    ids=["equal", "jpeg", "brighter", "fainter", "noise"],
)
def test_copies_between_the_splits_are_doubted(changed: Callable[[np.ndarray], np.ndarray]):
    train, test = photographs(80), photographs(40, seed=1)
    test[:5] = changed(train[20:25])
    found = Report.of(data_from(train, test=test))
    assert said(found, "5 of 40 test images equal a training image")
    assert not said(Report.of(data_from(train, test=photographs(40, seed=1))), "test images")


def test_natural_neighbours_are_no_copies():
    for name in ("digits",):
        assert not said(Report.of(open_data(name)), "test images")
    shirts = np.stack([shirt(seed) for seed in range(120)])
    assert not said(Report.of(data_from(shirts)), "test images")


def shirt(seed: int) -> np.ndarray:
    """An outline that all share, with a little difference of its own."""
    rng = np.random.default_rng(seed)
    image = np.zeros((28, 28), np.uint8)
    image[6 + rng.integers(3) :, 8 : 18 + rng.integers(4)] = rng.integers(120, 220)
    image[6 + rng.integers(2) : 12, 2 + rng.integers(3) : 26] = rng.integers(120, 220)
    return np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)


def test_equal_images_are_counted_by_themselves():
    images = torch.from_numpy(photographs(30)).movedim(-1, 1)
    assert near_duplicates(images[:20], images[15:]) == (5, 5, 15)


def test_few_images_are_doubted():
    assert said(
        data_from(*figures(30)),
        "24 training images are enough to see that all works, and too few to learn from",
    )
    assert said(data_from(*figures(300)), "240 training images are few", "by heart")
    x = np.random.default_rng(0).integers(0, 256, (700, 4, 4), dtype=np.uint8)
    assert not said(data_from(x), "are few")


def test_images_of_one_colour_are_doubted():
    images, labels = figures(30)
    images[4] = 7
    images[11] = 0
    assert said(data_from(images, labels), "of the images are of one colour all over")


def test_large_images_are_doubted():
    x = np.random.default_rng(0).integers(0, 256, (5, 300, 20), dtype=np.uint8)
    assert said(data_from(x), "300 x 20 pixels make nets large", "--size 64")


def letters(turned: bool) -> Tensor:
    """Upright strokes, three of 26 kinds each."""
    x = np.zeros((260, 28, 28), np.uint8)
    for number, image in enumerate(x):
        image[5:23, 8 + number % 3 : 11 + number % 3] = 255
        image[5 + number % 9 : 8 + number % 9, 8:18] = 255
    return torch.from_numpy(np.swapaxes(x, 1, 2).copy() if turned else x)


@pytest.mark.parametrize("turned", [False, True])
def test_letters_that_lie_are_doubted_whatever_they_are_called(turned: bool):
    found = data_from(letters(turned), np.arange(260) % 26)
    assert said(found, "may lie on their side", "--turn") == turned
    if turned:
        mended = data_from(letters(True), np.arange(260) % 26, turn=True)
        assert not said(mended, "lie on their side")
        assert torch.equal(mended.test.images, data_from(letters(False), np.arange(260) % 26).test.images)


# The report and its sheet.


def test_a_report_tells_all_in_lines(tmp_path: Path):
    images, labels = figures(30)
    told = str(Report.of(data_from(images / 255, labels, name="scans")))
    for line in (
        "scans: arrays",
        "images       grey, 10 x 12 pixels (height x width), values from 0 to 255",
        "splits       24 train, 6 test",
        "classes      3 (train + test)",
        "             1: 8 + 2",
        "done         the values are fractions from 0 to 1: 1 becomes 255",
        "doubt        24 training images are enough to see",
    ):
        assert any(found.startswith(line) for found in told.split("\n")), (line, told)


def test_a_report_of_many_classes_is_short():
    labels = np.arange(600) % 200
    x = np.random.default_rng(0).integers(0, 256, (600, 4, 4), dtype=np.uint8)
    lines = str(Report.of(data_from(x, labels))).split("\n")
    assert len(lines) < 35
    assert any("and 180 more, of 3 images each" in line for line in lines)


def test_a_report_says_what_is_not_known():
    images, labels = figures(30)
    lines = str(Report.of(data_from(images, np.where(np.arange(30) < 10, -1, labels))))
    assert "classes      3, not known of 10 images (train + test)" in lines
    assert "classes      none: models of classes cannot train on it" in str(Report.of(data_from(images)))


def test_a_sheet_has_a_row_for_each_class():
    train = load_data("digits")
    pixels = np.asarray(sheet(train))
    tile = pixels[2:50, 2:50]
    first = train.images[(train.labels == 0).nonzero()[0, 0], 0].numpy()
    assert np.array_equal(tile[::6, ::6, 0], first)
    assert sheet(data_from(figures(10)[0]).train).size[0] == 602
    assert np.asarray(sheet(data_from(photographs(10)).train)).std() > 20


def test_the_command_data_prints_the_report_and_writes_the_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = by_class(tmp_path / "scans", 30)
    assert (
        main(
            [
                "data",
                str(folder),
                "--size",
                "16",
                "20",
                "--image-fit",
                "pad",
                "--sheet",
                str(tmp_path / "a.png"),
            ]
        )
        == 0
    )
    told = " ".join(capsys.readouterr().out.split())
    assert "scans: a folder of images by class" in told
    assert "16 x 20 pixels (height x width)" in told
    assert f"train cdvae --data {folder} --size 16 20 --image-fit pad --nets" in told
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"


def test_what_the_command_data_advises_is_a_command_that_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    folder = by_class(tmp_path / "scans", 300)
    assert main(["data", str(folder)]) == 0
    advice = capsys.readouterr().out.split("next")[1].split()[1:]
    monkeypatch.chdir(tmp_path)
    assert main([*advice, "--epochs", "1", "--no-atlas", "--device", "cpu"]) == 0
    assert (tmp_path / "runs" / "first" / "card.json").is_file()


def test_the_command_data_refuses_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    images, _ = figures(10)
    np.save(tmp_path / "own.npy", (images - 100.0) / 50, allow_pickle=False)
    assert main(["data", str(tmp_path / "own.npy")]) == 2
    told = capsys.readouterr().err.strip().split("\n")
    assert "--values stretch" in told[-1]
    assert main(["data", str(tmp_path / "own.npy"), "--values", "stretch"]) == 0
    with pytest.raises(SystemExit):
        main(["data", str(tmp_path / "own.npy"), "--valeus", "stretch"])
    assert "did you mean --values?" in capsys.readouterr().err


def test_images_along_the_last_axis_keep_their_labels(tmp_path: Path):
    """As MATLAB saves them: height x width x images."""
    images = np.random.default_rng(0).integers(0, 255, (12, 10, 60), np.uint8)
    labels = np.arange(60) % 3
    np.savez(tmp_path / "scans.npz", images=images, labels=labels)
    opened = open_data(tmp_path / "scans.npz")
    parts = [opened.train, opened.test]
    found = {
        (tuple(map(int, image.flatten())), int(label))
        for part in parts
        for image, label in zip(part.images, part.labels, strict=True)
    }
    assert found == {
        (tuple(map(int, images[..., n].flatten())), int(label)) for n, label in enumerate(labels)
    }
