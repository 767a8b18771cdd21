"""Sources that people have: names, what is open already, and what is no source."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.files import by_class, figures, rows_of, said
from vae_core.data import DATASETS, Opening, data_from, load_data, open_data


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
