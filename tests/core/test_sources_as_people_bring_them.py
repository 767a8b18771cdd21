"""Folders and arrays as they come: wrapped in another folder, with empty classes, lists beside them, labels that cannot be read or do not fit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.files import by_class, figures, write_idx, write_images
from vae_core.data import data_from, open_data


def test_a_folder_around_the_classes_or_splits_is_no_class(tmp_path: Path):
    by_class(tmp_path / "one" / "archive" / "scans", 30)
    found = open_data(tmp_path / "one")
    assert (found.name, found.signature.classes) == ("one", ("kind 0", "kind 1", "kind 2"))
    assert any("those in archive/scans, the only folder there" in one for one in found.notes.said)
    for split in ("train", "test"):
        by_class(tmp_path / "two" / "scans" / split, 12)
    again = open_data(tmp_path / "two")
    assert (len(again.train), len(again.test)) == (12, 12)
    assert again.signature.classes == ("kind 0", "kind 1", "kind 2")


def test_one_class_alone_stays_a_class(tmp_path: Path):
    write_images(tmp_path / "only", figures(12)[0], ["cat"] * 12)
    assert open_data(tmp_path / "only").signature.classes == ("cat",)


def test_a_class_without_images_is_a_doubt(tmp_path: Path):
    (by_class(tmp_path / "scans") / "kind 9").mkdir()
    found = open_data(tmp_path / "scans")
    assert found.signature.classes == ("kind 0", "kind 1", "kind 2")
    assert "kind 9 holds no image and is no class" in found.notes.doubts


def test_a_list_of_labels_beside_flat_images_is_a_doubt(tmp_path: Path):
    write_images(tmp_path / "faces", figures(20)[0])
    (tmp_path / "faces" / "labels.csv").write_text("file,label\n")
    assert any(
        "labels.csv beside the images is not read" in one
        for one in open_data(tmp_path / "faces").notes.doubts
    )


def test_classes_of_one_image_each_are_refused_with_the_way_out(tmp_path: Path, one_line: Callable):
    write_images(tmp_path / "persons", figures(8)[0], [f"person {number}" for number in range(8)])
    with pytest.raises(ValueError, match=r"no class has two images, .* --label-column none") as refusal:
        open_data(tmp_path / "persons")
    one_line(refusal.value)
    assert len(open_data(tmp_path / "persons", labels="none").train) == 6


def test_a_broken_image_is_named_with_its_folder(tmp_path: Path):
    folder = by_class(tmp_path / "scans")
    (folder / "kind 1" / "000.png").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"^kind 1/000\.png cannot be read"):
        open_data(folder)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array(["a", "b"] * 15, object), "labels holds objects .* labels.astype.str."),
        (np.arange(25) % 2, "labels has 25 rows and there are 30 images"),
    ],
)
def test_labels_that_cannot_be_read_or_do_not_fit_are_not_lost_in_silence(
    labels: np.ndarray, words: str, tmp_path: Path, one_line: Callable
):
    np.savez(tmp_path / "own.npz", images=figures(30)[0], labels=labels)
    with pytest.raises(ValueError, match=words) as refusal:
        open_data(tmp_path / "own.npz")
    one_line(refusal.value)
    assert open_data(tmp_path / "own.npz", labels="none").signature.classes == ()


def test_what_else_cannot_be_read_is_said(tmp_path: Path):
    more = {"when": np.array(["2024-01-01"] * 30, "M8[D]"), "meta": np.zeros(30, [("a", int), ("b", float)])}
    np.savez(tmp_path / "own.npz", images=figures(30)[0], labels=figures(30)[1], **more)
    found = open_data(tmp_path / "own.npz")
    assert {"when holds dates, and is left out", "meta holds records, and is left out"} <= set(
        found.notes.said
    )


def test_labels_that_say_nothing_are_said_in_words():
    found = data_from(figures(30)[0], [-1] * 30)
    assert "no label says anything (-1, NaN or empty), so the images have no classes" in found.notes.said


def test_an_idx_file_of_another_count_is_said_in_numbers(tmp_path: Path, one_line: Callable):
    file = write_idx(tmp_path / "train-images-idx3-ubyte", figures(30)[0].astype(np.uint8)) or (
        tmp_path / "train-images-idx3-ubyte"
    )
    data = bytearray(Path(file).read_bytes())
    data[7] = 31
    Path(file).write_bytes(data)
    with pytest.raises(ValueError, match=r"it holds [\d,]+ values and names [\d,]+") as refusal:
        open_data(tmp_path)
    one_line(refusal.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("book.xlsx", "save it as .csv or .parquet"),
        ("rows.json", "save it as .csv or .parquet"),
        ("cells.loom", "save it as .h5ad"),
    ],
)
def test_formats_that_are_not_read_say_what_to_save_them_as(
    name: str, words: str, tmp_path: Path, one_line: Callable
):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=words) as refusal:
        open_data(tmp_path / name)
    one_line(refusal.value)
