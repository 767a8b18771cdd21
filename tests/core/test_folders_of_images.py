"""Folders of images as people keep them: by class, by split, flat, with what is broken among them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.files import by_class, figures, rows, rows_of, said, whole, write_images
from vae_core.data import open_data


def test_a_link_that_leads_back_is_not_followed(tmp_path: Path):
    by_class(tmp_path / "own")
    before = len(open_data(tmp_path / "own").train)
    (tmp_path / "own" / "again").symlink_to(tmp_path / "own", target_is_directory=True)
    assert len(open_data(tmp_path / "own").train) == before


def test_a_folder_by_class_is_split_by_class_and_said(tmp_path: Path):
    images, labels = figures(30)
    names = [f"kind {label}" for label in labels]
    found = open_data(write_images(tmp_path / "scans", images, names))
    assert rows(found) == whole(images, names)
    assert found.name == "scans"
    assert found.signature.classes == ("kind 0", "kind 1", "kind 2")
    assert found.train.labels.bincount().tolist() == [8, 8, 8]
    assert found.test.labels.bincount().tolist() == [2, 2, 2]
    assert said(found, "no split is given", "20% of each class", "fixed seed")
    assert not rows_of(found.train) & rows_of(found.test)


def test_opening_again_gives_the_same_split_and_fingerprint(tmp_path: Path):
    folder = by_class(tmp_path / "scans", 30)
    one, other = open_data(folder), open_data(str(folder))
    assert torch.equal(one.train.images, other.train.images)
    assert one.origin == other.origin
    assert set(one.origin.fingerprints) == {"train", "test"}


@pytest.mark.parametrize("names", [("train", "test"), ("Training", "Testing"), ("train", "val")])
def test_folders_of_splits_are_the_splits(names: tuple[str, str], tmp_path: Path):
    for name, count in zip(names, (12, 6), strict=True):
        by_class(tmp_path / name, count, seed=len(name))
    found = open_data(tmp_path)
    assert (len(found.train), len(found.test)) == (12, 6)
    assert len(found.signature.classes) == 3
    assert not said(found, "no split is given")


def test_validation_images_train_where_there_are_test_images(tmp_path: Path):
    for name, count in (("train", 12), ("valid", 3), ("test", 6)):
        by_class(tmp_path / name, count, seed=count)
    found = open_data(tmp_path)
    assert (len(found.train), len(found.test)) == (15, 6)
    assert said(found, "3 validation images counted to the training images")


def test_a_folder_with_one_split_is_split_here(tmp_path: Path):
    by_class(tmp_path / "train", 30)
    found = open_data(tmp_path)
    assert (len(found.train), len(found.test)) == (24, 6)
    assert said(found, "has train images only")


def test_a_class_may_be_called_like_a_split(tmp_path: Path):
    images, labels = figures(30)
    found = open_data(write_images(tmp_path, images, [("test", "left", "right")[label] for label in labels]))
    assert found.signature.classes == ("left", "right", "test")


def test_a_flat_folder_has_no_classes(tmp_path: Path):
    found = open_data(write_images(tmp_path / "faces", figures(10)[0]))
    assert found.signature.classes == ()
    assert found.train.labels.tolist() == [0] * 8
    assert (len(found.train), len(found.test)) == (8, 2)


def test_flat_folders_of_splits_have_no_classes(tmp_path: Path):
    for name, count in (("train", 8), ("test", 4)):
        write_images(tmp_path / name, figures(count, seed=count)[0])
    found = open_data(tmp_path)
    assert found.signature.classes == ()
    assert (len(found.train), len(found.test)) == (8, 4)


def test_the_folder_of_a_class_may_have_folders(tmp_path: Path):
    images, labels = figures(12)
    names = [f"kind {label}/day {number % 2}" for number, label in enumerate(labels)]
    assert open_data(write_images(tmp_path, images, names)).signature.classes == (
        "kind 0",
        "kind 1",
        "kind 2",
    )


def test_what_is_no_image_is_passed_over_and_said(tmp_path: Path):
    folder = by_class(tmp_path / "scans")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "kind 0" / ".hidden.png").write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._000.png").write_bytes(b"x")
    (folder / "readme.txt").write_text("of mine")
    found = open_data(folder)
    assert len(found.train) + len(found.test) == 12
    assert said(found, "other files", "1 .txt")


def test_a_folder_of_unknown_images_is_known_as_that(tmp_path: Path):
    images, labels = figures(30)
    names = ["not sorted yet" if number < 12 else f"kind {label}" for number, label in enumerate(labels)]
    found = open_data(write_images(tmp_path, images, names), unknown="not sorted yet")
    assert found.signature.classes == ("kind 0", "kind 1", "kind 2")
    assert found.train.known is not None
    assert int((~found.train.known).sum()) == 12
    assert found.test.known is None
    assert len(open_data(tmp_path, unknown="not sorted yet", labelled_only=True).train) == 15


def test_a_class_called_unknown_is_doubted(tmp_path: Path):
    images, labels = figures(30)
    found = open_data(write_images(tmp_path, images, [("cat", "dog", "Unknown")[label] for label in labels]))
    assert said(found, "called 'Unknown'", "--unknown Unknown")


def test_an_image_beside_the_folders_of_classes_is_of_no_known_class(tmp_path: Path):
    folder = by_class(tmp_path, 30)
    Image.fromarray(figures(1)[0][0]).save(folder / "left over.png")
    found = open_data(folder)
    assert said(found, "1 image in no folder of a class")
    assert int((~found.train.known).sum()) == 1  # type: ignore[operator]


@pytest.mark.parametrize("broken", [b"", b"\x89PNG\r\n\x1a\n", b"not an image"])
def test_a_broken_image_is_named_and_can_be_left_out(broken: bytes, tmp_path: Path, one_line: Callable):
    folder = by_class(tmp_path)
    (folder / "kind 1" / "broken.png").write_bytes(broken)
    with pytest.raises(
        ValueError, match=r"broken\.png cannot be read as an image: .*--skip-broken"
    ) as caught:
        open_data(folder)
    one_line(caught.value)
    found = open_data(folder, skip_broken=True)
    assert len(found.train) + len(found.test) == 12
    assert said(found, "1 broken image left out")


def test_an_image_cut_short_is_named_and_can_be_left_out(tmp_path: Path):
    folder = by_class(tmp_path, height=60, width=60)
    file = folder / "kind 1" / "001.png"
    file.write_bytes(file.read_bytes()[:-400])
    with pytest.raises(ValueError, match=r"001\.png cannot be read"):
        open_data(folder)
    assert len(open_data(folder, skip_broken=True).train) == 8
