"""Arrays in files and in memory, as images with classes and a split."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.files import figures, rows, said, whole
from vae_core.data import data_from, open_data


@pytest.mark.parametrize(
    "names",
    [
        ("images", "labels"),
        ("x", "y"),
        ("X", "Y"),
        ("data", "target"),
        ("imgs", "targets"),
        ("arr_0", "arr_1"),
    ],
)
def test_arrays_are_found_by_their_usual_names(names: tuple[str, str], tmp_path: Path):
    images, labels = figures(30)
    np.savez(tmp_path / "own.npz", allow_pickle=False, **dict(zip(names, (images, labels), strict=True)))
    found = open_data(tmp_path / "own.npz")
    assert rows(found) == whole(images, [str(label) for label in labels])
    assert found.train.images.shape == (24, 1, 10, 12)


@pytest.mark.parametrize(
    "keys",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_tr", "y_tr", "X_te", "y_te"),
    ],
)
def test_splits_are_found_by_their_usual_names(keys: tuple[str, ...], tmp_path: Path):
    parts = [*figures(12), *figures(6, seed=1)]
    np.savez(tmp_path / "own.npz", allow_pickle=False, **dict(zip(keys, parts, strict=True)))
    found = open_data(tmp_path / "own.npz")
    assert (len(found.train), len(found.test)) == (12, 6)
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(parts[2]))  # numbered as the file has them
    assert found.test.labels.tolist() == parts[3].tolist()


def test_labels_in_a_column_are_labels(tmp_path: Path):
    (images, labels), (more, others), (held, last) = figures(12), figures(6, seed=1), figures(9, seed=2)
    parts = {"train": (images, labels), "val": (more, others), "test": (held, last)}
    arrays = {
        f"{split}_{what}": values if what == "images" else values[:, None]
        for split, pair in parts.items()
        for what, values in zip(("images", "labels"), pair, strict=True)
    }
    np.savez(tmp_path / "med.npz", allow_pickle=False, **arrays)
    found = open_data(tmp_path / "med.npz")
    assert (len(found.train), len(found.test)) == (18, 9)
    assert found.signature.classes == ("0", "1", "2")


def test_other_names_are_given_by_options(tmp_path: Path, one_line: Callable):
    images, labels = figures(30)
    np.savez(tmp_path / "own.npz", allow_pickle=False, pics=images, masks=images, kind=labels)
    with pytest.raises(
        ValueError, match=r"no array has a usual name of images .* pics .30 x 10 x 12"
    ) as caught:
        open_data(tmp_path / "own.npz")
    one_line(caught.value)
    found = open_data(tmp_path / "own.npz", images="pics", labels="kind")
    assert found.signature.classes == ("0", "1", "2")
    with pytest.raises(ValueError, match="no array 'sort' of labels"):
        open_data(tmp_path / "own.npz", images="pics", labels="sort")
    assert open_data(tmp_path / "own.npz", images="pics", labels="none").signature.classes == ()


def test_names_of_classes_and_further_columns_are_kept(tmp_path: Path):
    images, labels = figures(30)
    np.savez(
        tmp_path / "own.npz",
        allow_pickle=False,
        images=images,
        labels=labels,
        classes=np.array(["left", "middle", "right"]),
        font=np.arange(30) // 3,
        number=np.arange(30),
    )
    found = open_data(tmp_path / "own.npz")
    assert found.signature.classes == ("left", "middle", "right")
    assert found.train.factor_names == ("class", "font")  # a number of its own for each image is no factor
    assert found.train.factors is not None
    assert torch.equal(found.train.factors[:, 0], found.train.labels)
    assert said(found, "font is known of each image")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("split", np.array(["train"] * 20 + ["test"] * 10)),
        ("is_train", np.arange(30) < 20),
        ("test_mask", np.arange(30) >= 20),
    ],
)
def test_a_column_may_say_the_split(name: str, column: np.ndarray, tmp_path: Path):
    images, labels = figures(30)
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels, **{name: column})
    found = open_data(tmp_path / "own.npz")
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(images[20:]))


def test_an_array_alone_has_no_classes(tmp_path: Path):
    np.save(tmp_path / "own.npy", figures(10)[0], allow_pickle=False)
    found = open_data(tmp_path / "own.npy")
    assert found.signature.classes == ()
    assert len(found.train) == 8


def test_a_folder_of_arrays_is_read_by_their_names(tmp_path: Path):
    for name, values in zip(
        ("x_train", "y_train", "x_test", "y_test"), [*figures(12), *figures(6)], strict=True
    ):
        np.save(tmp_path / f"{name}.npy", values, allow_pickle=False)
    found = open_data(tmp_path)
    assert (len(found.train), len(found.test), len(found.signature.classes)) == (12, 6, 3)


def test_nothing_is_unpickled(tmp_path: Path, one_line: Callable):
    np.savez(tmp_path / "own.npz", allow_pickle=True, images=np.array([{"a": 1}], dtype=object))
    np.save(tmp_path / "own.npy", np.array([print], dtype=object), allow_pickle=True)
    for name in ("own.npz", "own.npy"):
        with pytest.raises(ValueError, match=r"would have to be unpickled.*numpy\.savez") as caught:
            open_data(tmp_path / name)
        one_line(caught.value)


@pytest.mark.parametrize("shape", [(10**12, 0), (0, 10**12), (5, 0, 8)])
def test_an_array_of_no_width_holds_no_images(shape: tuple[int, ...], tmp_path: Path, one_line: Callable):
    """Its file has a hundred bytes, and as many rows as it likes."""
    np.save(tmp_path / "own.npy", np.empty(shape, np.uint8), allow_pickle=False)
    with pytest.raises(ValueError, match=r"there are no images: .* holds none") as caught:
        open_data(tmp_path / "own.npy")
    one_line(caught.value)


def test_an_array_larger_than_memory_in_a_small_file_is_said(tmp_path: Path, one_line: Callable):
    head = str({"descr": "|u1", "fortran_order": False, "shape": (10**9, 10**9)}).encode() + b"\n"
    (tmp_path / "own.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    with pytest.raises(
        ValueError, match=r"says that it holds more than the memory .* has \d+ bytes"
    ) as caught:
        open_data(tmp_path / "own.npy")
    one_line(caught.value)


@pytest.mark.parametrize("inside", [b"PK\x03\x04 an archive", b"\x89PNG"])
def test_what_is_no_array_in_an_archive_of_arrays_is_named(inside: bytes, tmp_path: Path, one_line: Callable):
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as file:
        file.writestr("images.npy", inside)
    with pytest.raises(ValueError, match=r"own\.npz cannot be read \(images is no array\)") as caught:
        open_data(tmp_path / "own.npz")
    one_line(caught.value)


def test_objects_beside_the_images_are_passed_over(tmp_path: Path):
    images, labels = figures(30)
    np.savez(
        tmp_path / "own.npz",
        allow_pickle=True,
        imgs=images,
        labels=labels,
        metadata=np.array({"a": 1}, dtype=object),
    )
    assert len(open_data(tmp_path / "own.npz").signature.classes) == 3


def test_a_damaged_file_is_said_in_a_sentence(tmp_path: Path, one_line: Callable):
    images, labels = figures(30)
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "own.npz").read_bytes()[:500])
    with pytest.raises(ValueError, match=r"cut\.npz cannot be read") as caught:
        open_data(tmp_path / "cut.npz")
    one_line(caught.value)
    for name in ("page.npz", "page.npy"):
        (tmp_path / name).write_text("<html>not found</html>")
        with pytest.raises(ValueError, match=rf"it does not begin as \{name[4:]} files do") as caught:
            open_data(tmp_path / name)
        one_line(caught.value)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float64(3), "the array is one number: give images x height x width"),
        (np.arange(10.0), "the array is 10: give images x height x width"),
        (np.zeros(9, [("a", "f4"), ("b", "i4")]), "records of a, b: give a table"),
    ],
)
def test_an_array_of_neither_images_nor_rows_is_named(
    array: Any, words: str, tmp_path: Path, one_line: Callable
):
    np.save(tmp_path / "own.npy", array)
    with pytest.raises(ValueError, match=words) as caught:
        open_data(tmp_path / "own.npy")
    one_line(caught.value)


def test_an_archive_of_nothing_is_said(tmp_path: Path, one_line: Callable):
    np.savez(tmp_path / "own.npz")
    with pytest.raises(ValueError, match="there are no arrays in it") as caught:
        open_data(tmp_path / "own.npz")
    one_line(caught.value)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((30, 10, 12), (1, 10, 12)),
        ((30, 1, 10, 12), (1, 10, 12)),
        ((30, 10, 12, 1), (1, 10, 12)),
        ((30, 3, 10, 12), (3, 10, 12)),
        ((30, 10, 12, 3), (3, 10, 12)),
        ((10, 12, 30), (1, 10, 12)),
        ((10, 12, 3, 30), (3, 10, 12)),
    ],
)
def test_images_may_lie_any_way_round(shape: tuple[int, ...], expected: tuple[int, ...]):
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = data_from(x, np.arange(30) % 3)
    assert tuple(found.train.images.shape[1:]) == expected


def test_channels_last_keep_their_colours():
    x = np.zeros((10, 4, 5, 3), np.uint8)
    x[..., 0], x[:, 1, 2, 1] = 200, 100
    image = data_from(x).train.images[0]
    assert image[:, 1, 2].tolist() == [200, 100, 0]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (
            np.zeros((30, 784), np.uint8),
            r"30 vectors of 784 numbers have no height and width: give --shape 28 28",
        ),
        (np.zeros((30, 10, 12, 7)), "of 10 or 7 channels: choose one or three of them"),
        (np.zeros((64, 48, 3)), "64 x 48 x 3 is one image"),
        (np.zeros(30), "the images are 30: give images x height x width"),
        (np.zeros((2, 3, 4, 5, 6)), "the images are 2 x 3 x 4 x 5 x 6"),
        (np.zeros((0, 4, 5)), "there are no images"),
        (np.zeros((30, 4, 5)), "every value of the images is 0, so there is nothing to see"),
        (np.full((2, 4, 5), "a"), "are <U1, which are no grey values"),
    ],
)
def test_arrays_that_are_no_images_are_refused_with_the_way_out(
    x: np.ndarray, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        data_from(x)
    one_line(caught.value)


def test_vectors_are_images_where_their_shape_is_given():
    x = np.random.default_rng(0).integers(0, 256, (10, 3 * 4 * 5), dtype=np.uint8)
    assert data_from(x, shape=(3, 4, 5)).train.images.shape == (8, 3, 4, 5)
    with pytest.raises(ValueError, match="--shape 4 4 is 16 numbers an image, and there are 60"):
        data_from(x, shape=(4, 4))
