"""IDX files, as MNIST and its relatives are given."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.files import figures, rows, rows_of, said, write_idx
from vae_core.data import open_data


@pytest.mark.parametrize(
    "names",
    [
        ("{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte"),
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
        ("emnist-letters-{}-images-idx3-ubyte.gz", "emnist-letters-{}-labels-idx1-ubyte.gz"),
    ],
)
@pytest.mark.parametrize("test", ["t10k", "test"])
def test_idx_files_are_found_by_whatever_name(names: tuple[str, str], test: str, tmp_path: Path):
    parts = {"train": figures(12), test: figures(6, seed=1)}
    for split, values in parts.items():
        for name, part in zip(names, values, strict=True):
            write_idx(tmp_path / "raw" / name.format(split), part.astype(np.uint8))
    for place in (tmp_path / "raw", tmp_path, tmp_path / "raw" / names[0].format("train")):
        found = open_data(place, turn=True)
        assert (len(found.train), len(found.test), len(found.signature.classes)) == (12, 6, 3)
    assert torch.equal(open_data(tmp_path / "raw").test.images[:, 0], torch.from_numpy(parts[test][0]))


def test_of_several_sets_in_a_folder_one_is_named(tmp_path: Path, one_line: Callable):
    for name, count in (("emnist-digits", 12), ("emnist-letters", 18)):
        for what, values in zip(("images-idx3", "labels-idx1"), figures(count), strict=True):
            write_idx(tmp_path / f"{name}-train-{what}-ubyte", values.astype(np.uint8))
    with pytest.raises(ValueError, match=r"holds 2 data sets: name one of them, \S+/emnist-digits") as caught:
        open_data(tmp_path)
    one_line(caught.value)
    found = open_data(tmp_path / "emnist-letters")
    assert found.name == "emnist-letters"
    assert len(found.train) + len(found.test) == 18


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32", "float64"])
def test_idx_files_hold_numbers_of_every_type(kind: str, tmp_path: Path):
    images, labels = figures(10)
    write_idx(tmp_path / "train-images-idx3-ubyte", images.astype(kind))
    write_idx(tmp_path / "train-labels-idx1-ubyte", labels.astype("int32"))
    assert set(rows(open_data(tmp_path))) == {image.tobytes() for image in images}


def test_letters_say_that_labels_begin_at_one_and_images_lie_on_their_side(tmp_path: Path):
    images, labels = figures(52, classes=26, width=52)
    write_idx(tmp_path / "emnist-letters-train-images-idx3-ubyte", np.swapaxes(images, 1, 2).copy())
    write_idx(tmp_path / "emnist-letters-train-labels-idx1-ubyte", (labels + 1).astype(np.uint8))
    found = open_data(tmp_path)
    assert len(found.signature.classes) == 26
    assert found.signature.classes[0] == "1"
    assert said(found, "labels begin at 1")
    assert said(found, "lie on their side", "--turn")
    turned = open_data(tmp_path, turn=True)
    assert not said(turned, "lie on their side")
    assert rows_of(turned.train) | rows_of(turned.test) == {image.tobytes() for image in images}


@pytest.mark.parametrize(
    "damage", [b"", b"\0\0\x08\x03", b"\0\0\x08\x03" + bytes(40), b"\x1f\x8b\x08", b"<html>404"]
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_damaged_idx_file_is_said_in_a_sentence(
    damage: bytes, ending: str, tmp_path: Path, one_line: Callable
):
    (tmp_path / f"train-images-idx3-ubyte{ending}").write_bytes(damage)
    with pytest.raises(ValueError, match="is no whole IDX file") as caught:
        open_data(tmp_path)
    one_line(caught.value)


def test_no_more_of_a_gzipped_file_is_unpacked_than_it_names(tmp_path: Path, one_line: Callable):
    file = write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((4, 10, 10), np.uint8))
    file.write_bytes(gzip.compress(file.read_bytes() + bytes(10**6)))
    with pytest.raises(ValueError, match="it holds more values than the 400 that it names") as caught:
        open_data(tmp_path)
    one_line(caught.value)


def test_a_gzipped_file_may_have_lost_its_ending_and_others_may_keep_it(tmp_path: Path):
    images, labels = figures(10)
    for name, values in (("images-idx3", images), ("labels-idx1", labels.astype(np.uint8))):
        packed = write_idx(tmp_path / "a" / f"train-{name}-ubyte.gz", values)
        packed.rename(packed.with_suffix(""))
        plain = write_idx(tmp_path / "b" / f"train-{name}-ubyte", values)
        plain.rename(f"{plain}.gz")
    for folder in ("a", "b"):
        found = open_data(tmp_path / folder)
        assert rows_of(found.train) | rows_of(found.test) == {image.tobytes() for image in images}


def test_a_file_may_lie_in_a_folder_of_its_name(tmp_path: Path):
    images, labels = figures(10)
    for name, values in (("images.idx3", images), ("labels.idx1", labels.astype(np.uint8))):
        write_idx(tmp_path / f"train-{name}-ubyte" / f"train-{name}-ubyte", values)
    assert len(open_data(tmp_path).signature.classes) == 3
