"""Sources that people have: folders, arrays, IDX files, as data sets with classes and a split."""

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.files import by_class, figures, write_idx, write_images
from vae_core.data import DATASETS, Dataset, Opening, data_from, load_data, open_data


def said(found: Dataset, *words: str) -> bool:
    """Whether one sentence holds all of these words."""
    return any(all(word in sentence for word in words) for sentence in found.notes)


def rows(found: Dataset) -> dict[bytes, str]:
    """The class of each image, by its pixels."""
    return {
        image.numpy().tobytes(): data.classes[label]
        for data in (found.train, found.test)
        for image, label in zip(data.images, data.labels.tolist(), strict=True)
    }


def whole(images: np.ndarray, names: list[str]) -> dict[bytes, str]:
    return {image.tobytes(): name for image, name in zip(images, names, strict=True)}


# Folders of images.


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


def rows_of(data: Any) -> set[bytes]:
    return {image.numpy().tobytes() for image in data.images}


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


# Arrays.


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


def test_what_a_library_says_of_a_file_is_cut(tmp_path: Path):
    head = b"{'descr': " + b"[" * 5000 + b"\n"
    (tmp_path / "own.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    with pytest.raises(ValueError, match="cannot be read") as caught:
        open_data(tmp_path / "own.npy")
    assert len(str(caught.value)) < 400


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


# IDX.


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


# Names, and what is neither.


def test_a_name_is_the_data_set_of_that_name():
    found = open_data("digits")
    assert torch.equal(found.train.images, load_data("digits").images)
    assert found.name == "digits"
    assert found.origin.fingerprints == found.test.told.fingerprints


def test_a_named_data_set_can_be_opened_in_another_size():
    found = open_data("digits", size=6)
    assert found.train.images.shape == (1350, 1, 6, 6)
    assert torch.equal(found.train.labels, load_data("digits").labels)
    assert found.origin.opened == {"size": [6]}
    assert found.name == "digits"
    assert torch.equal(open_data("digits", size=8).train.images, load_data("digits").images)


def test_what_is_open_is_taken_as_it_is():
    found = open_data("digits")
    assert open_data(found) is found


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: "minst",
            "no data set is called 'minst': choose one of digits, sprites, rooms, glyphs, mnist",
        ),
        (lambda path: path / "gone", "there is no file or folder .*gone"),
        (lambda path: path / "gone.npz", r"there is no file or folder .*gone\.npz"),
        (lambda path: path, "holds neither images nor arrays"),
        (
            lambda path: touched(path / "IMG_1.heic").parent,
            r"holds neither images nor arrays, but 1 \.heic: give",
        ),
        (lambda path: touched(path / "model.pt"), r"model\.pt would have to be unpickled"),
        (lambda path: touched(path / "photos.zip"), r"photos\.zip is an archive: unpack it"),
        (lambda path: touched(path / "scan.mat"), r"scan\.mat is of a format that is not read here"),
        (lambda path: touched(path / "one.png"), r"one\.png is one image"),
        (lambda path: touched(path / "notes.txt"), r"notes\.txt is of no known sort: give .*\.csv"),
    ],
)
def test_what_is_no_source_is_refused_with_the_way_out(
    make: Callable[[Path], Any], words: str, tmp_path: Path, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        open_data(make(tmp_path))
    one_line(caught.value)


def touched(path: Path) -> Path:
    path.write_bytes(b"x")
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (0,)}, "size is 1 or 2 numbers from 1 to 4096, got 0"),
        ({"size": (1, 2, 3)}, "size is 1 or 2 numbers"),
        ({"shape": (5,)}, "shape is 2 or 3 numbers"),
        ({"fit": "squash"}, "fit is crop or pad, got 'squash'"),
        ({"values": "log"}, "values is auto or stretch"),
        ({"ground": "red"}, "ground is black or white"),
        ({"test_share": 1.0}, "the share of test images lies between 0 and 1"),
    ],
)
def test_options_that_open_nothing_are_refused(options: dict, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        Opening(**options)
    one_line(caught.value)


def test_pictures_tensors_and_lists_are_arrays():
    images, labels = figures(10)
    expected = {image.tobytes() for image in images}
    for x in (torch.from_numpy(images), list(images), [Image.fromarray(image) for image in images]):
        found = data_from(x, torch.from_numpy(labels))
        assert rows_of(found.train) | rows_of(found.test) == expected
        assert len(found.signature.classes) == 3


def test_arrays_may_bring_their_own_test_images():
    (images, labels), (held, others) = figures(12), figures(6, seed=1)
    found = data_from(images, labels, test=(held, others))
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(held))
    assert len(data_from(images, test=held).test) == 6
    with pytest.raises(ValueError, match="one of training and test images has classes and the other none"):
        data_from(images, labels, test=held)


def test_parts_of_another_sort_of_number_are_refused(tmp_path: Path, one_line: Callable):
    (images, labels), (held, others) = figures(12), figures(6, seed=1)
    np.savez(
        tmp_path / "own.npz",
        allow_pickle=False,
        x_train=images,
        y_train=labels,
        x_test=held / 255,
        y_test=others,
    )
    for opened in (
        lambda: data_from(images, labels, test=(held / 255, others)),
        lambda: open_data(tmp_path / "own.npz"),
    ):
        with pytest.raises(ValueError, match="training and test images are float64 and uint8") as caught:
            opened()
        one_line(caught.value)


def test_parts_of_another_range_are_doubted():
    (images, labels), (held, others) = figures(12), figures(6, seed=1)
    found = data_from(images, labels, test=(held // 16, others))
    assert said(found, "the test images are much darker than the others")
    assert not said(data_from(images, labels, test=(held, others)), "darker")


def test_a_link_keeps_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = by_class(tmp_path / "of a person" / "private")
    (tmp_path / "scans").symlink_to(folder)
    assert open_data(tmp_path / "scans").name == "scans"
    monkeypatch.chdir(folder)
    assert open_data(".").name == "private"
    assert open_data("../private/").name == "private"


def test_the_class_of_some_may_be_known(tmp_path: Path):
    images, labels = figures(30)
    found = data_from(images, labels, known=np.arange(30) % 2 == 0)
    assert found.signature.classes == ("0", "1", "2")
    assert int(found.train.known.sum()) + len(found.test) == 15  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="known is not one truth value for each image"):
        data_from(images, labels, known=[1, 2])


def test_every_registered_data_set_is_the_one_of_its_fingerprint():
    found = DATASETS["digits"]
    for split in ("train", "test"):
        data = load_data("digits", split)
        own = data._with(origin=None).told.fingerprints
        assert own == {split: found.origin.fingerprints[split]}


def test_a_path_is_not_kept(tmp_path: Path):
    found = open_data(by_class(tmp_path / "private" / "scans"), size=8, fit="pad")
    assert str(tmp_path) not in repr((found.name, found.about, found.origin, found.notes, found.train.name))
    assert found.origin.opened == {"size": [8], "fit": "pad"}
    assert os.sep not in found.name


def test_what_is_measured_of_each_row_stays_beside_the_images_and_is_no_factor(tmp_path: Path):
    images, labels = figures(60)
    age = np.random.default_rng(0).normal(50, 9, 60).astype(np.float32)
    age[3] = np.nan
    ward = np.array(["a", "b"] * 30)
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels, age=age, ward=ward)
    found = open_data(tmp_path / "own.npz")
    both = found.split("all")
    assert both.factor_names == ("class", "ward")
    assert sorted(both.columns) == ["age", "ward"]
    whole = {image.numpy().tobytes(): place for place, image in enumerate(torch.from_numpy(images)[:, None])}
    places = [whole[image.numpy().tobytes()] for image in both.images]
    np.testing.assert_array_equal(both.columns["age"], age[places])
    assert (both.columns["ward"] == ward[places]).all()
    assert len(found.test.head(4).columns["age"]) == 4
    assert any("ward, age are known of each image" in said for said in found.notes.said)
