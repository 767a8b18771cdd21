"""Labels as people keep them: numbers of any range, text, truth values, one-hot rows, missing ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.files import figures
from vae_core.data import Dataset, data_from

IMAGES, PLAIN = figures(30)
NAMES = np.array(["left", "middle", "right"])[PLAIN]


def said(found: Dataset, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in found.notes)


def told(found: Dataset) -> dict[bytes, str]:
    """The class of each image whose class is known."""
    return {
        image.numpy().tobytes(): data.classes[label]
        for data in (found.train, found.test)
        for image, label, known in zip(
            data.images,
            data.labels.tolist(),
            [True] * len(data) if data.known is None else data.known.tolist(),
            strict=True,
        )
        if known
    }


def by_name(names: Any) -> dict[bytes, str]:
    return {image.tobytes(): str(name) for image, name in zip(IMAGES, names, strict=True)}


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        (PLAIN, PLAIN, ""),
        (PLAIN.astype(np.uint8), PLAIN, ""),
        (PLAIN.astype(float), PLAIN, ""),
        (PLAIN[:, None], PLAIN, ""),
        (PLAIN.tolist(), PLAIN, ""),
        (np.eye(3)[PLAIN], PLAIN, "one-hot rows of 3 classes"),
        (PLAIN + 1, PLAIN + 1, "labels begin at 1"),
        (PLAIN + 5, PLAIN + 5, "labels begin at 5"),
        (PLAIN * 10, PLAIN * 10, "not in one run (0, 10, 20)"),
        (np.array([-1, 1])[PLAIN % 2], np.array([-1, 1])[PLAIN % 2], ""),
        (NAMES, NAMES, ""),
        (NAMES.astype(bytes), NAMES, ""),
        (NAMES.astype(object), NAMES, ""),
        (np.char.add(NAMES, "  "), NAMES, ""),
        (PLAIN == 0, PLAIN == 0, ""),
    ],
)
def test_labels_of_every_kind_are_classes_by_their_names(labels: Any, names: np.ndarray, words: str):
    found = data_from(IMAGES, labels)
    assert told(found) == by_name(names)
    assert found.train.known is None
    assert said(found, words)


@pytest.mark.parametrize(
    "labels",
    [
        np.where(np.arange(30) < 10, -1, PLAIN),
        np.where(np.arange(30) < 10, np.nan, PLAIN),
        np.where(np.arange(30) < 10, "", PLAIN.astype(str)),
        np.where(np.arange(30) < 10, None, PLAIN.astype(object)),
        np.where(np.arange(30) < 10, "NaN", PLAIN.astype(str)),
    ],
)
def test_labels_that_are_missing_are_not_known(labels: np.ndarray):
    found = data_from(IMAGES, labels)
    assert found.signature.classes == ("0", "1", "2")
    assert told(found) == dict([*by_name(PLAIN).items()][10:])
    assert found.test.known is None  # measured on images of known class
    assert said(found, "the class of 10 images is not known, that of 20 is")


@pytest.mark.parametrize("labels", [np.full(30, -1), np.full(30, np.nan), np.full(30, "")])
def test_without_any_label_there_are_no_classes(labels: np.ndarray):
    found = data_from(IMAGES, labels)
    assert found.signature.classes == ()
    assert found.train.labels.tolist() == [0] * 24
    assert said(found, "no label says anything")


@pytest.mark.parametrize(("labels", "unknown"), [(NAMES, "middle"), (PLAIN, "1"), (PLAIN + 7, "8")])
def test_a_label_may_mean_that_the_class_is_not_known(labels: np.ndarray, unknown: str, one_line: Callable):
    found = data_from(IMAGES, labels, unknown=unknown)
    assert told(found) == {pixels: name for pixels, name in by_name(labels).items() if name != unknown}
    with pytest.raises(ValueError, match="no image is labelled 'nobody': labels are") as caught:
        data_from(IMAGES, labels, unknown="nobody")
    one_line(caught.value)


@pytest.mark.parametrize("labels", [PLAIN, PLAIN + 1])
def test_numbers_take_the_names_that_are_given(labels: np.ndarray):
    found = data_from(IMAGES, labels, classes=("left", "middle", "right"))
    assert told(found) == by_name(NAMES)


def test_text_takes_the_order_that_is_given():
    found = data_from(IMAGES, NAMES, classes=("right", "left", "middle"))
    assert found.signature.classes == ("right", "left", "middle")
    assert told(found) == by_name(NAMES)


def test_a_name_without_an_image_is_left_out():
    found = data_from(IMAGES, PLAIN, classes=("left", "middle", "right", "none of these"))
    assert found.signature.classes == ("left", "middle", "right")
    assert said(found, "1 class without an image left out: none of these")


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        (
            np.linspace(0, 1, 30),
            None,
            r"are 30 real numbers from 0 to 1, .*--label-column none leaves labels out",
        ),
        ([f"{n}.png" for n in range(31)], None, "there are 31 labels and 30 images"),
        (np.ones((30, 3)), None, "the labels are 3 columns, and a class is one"),
        (np.zeros((30, 2, 2)), None, "the labels are 30 x 2 x 2: give one for each image"),
        (PLAIN, ("left",), "labels run from 0 to 2 and there are 1 class name"),
        (PLAIN + 4, ("left", "middle", "right"), "labels run from 4 to 6 and there are 3 class names"),
        (NAMES, ("left", "right"), "labels middle are no classes: the classes are left, right"),
        (PLAIN, ("left", "left", "right"), "two classes are called 'left'"),
    ],
)
def test_labels_that_name_no_classes_are_refused_with_the_way_out(
    labels: Any, classes: tuple[str, ...] | None, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        data_from(IMAGES, labels, classes=classes)
    one_line(caught.value)


def test_a_name_for_each_image_is_no_class(one_line: Callable):
    images = figures(60)[0]
    with pytest.raises(
        ValueError, match="60 images have 60 different labels, so these name images and no classes"
    ) as caught:
        data_from(images, [f"{number}.png" for number in range(60)])
    one_line(caught.value)
    assert data_from(images, labels="none").signature.classes == ()


def test_numbers_as_text_are_in_the_order_of_numbers():
    labels = [str(number) for number in np.arange(30) % 12]
    assert data_from(IMAGES, labels).signature.classes == tuple(map(str, range(12)))
    assert told(data_from(IMAGES, labels)) == by_name(labels)


def test_names_that_differ_by_capitals_only_are_doubted():
    found = data_from(IMAGES, np.where(np.arange(30) < 5, "Left", NAMES))
    assert len(found.signature.classes) == 4
    assert said(found, "Left, left differ by small and capital letters only")
    assert not said(data_from(IMAGES, NAMES), "capital")


@pytest.mark.parametrize("classes", [1, 2, 128, 1000])
def test_any_number_of_classes_is_split_by_class(classes: int):
    labels = np.arange(3 * classes + 10) % classes
    x = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4), dtype=np.uint8)
    found = data_from(x, labels)
    assert len(found.signature.classes) == classes
    assert found.train.labels.bincount().min() >= 2
    assert found.test.labels.bincount().min() >= 1


def test_a_class_of_97_in_100_is_split_and_doubted():
    labels = np.zeros(400, int)
    labels[:12] = np.arange(12) % 3 + 1
    x = np.random.default_rng(0).integers(0, 256, (400, 4, 4), dtype=np.uint8)
    found = data_from(x, labels)
    assert found.test.labels.bincount().tolist() == [78, 1, 1, 1]
    assert said(found, "97% of the images are of class '0'", "balanced accuracy")


def test_a_class_of_one_image_is_for_training_and_doubted():
    labels = np.array([0] * 20 + [1])
    x = np.random.default_rng(0).integers(0, 256, (21, 4, 4), dtype=np.uint8)
    found = data_from(x, labels)
    assert found.train.labels.bincount().tolist() == [16, 1]
    assert said(found, "no test image is of 1 class (1)")


def test_one_class_is_said():
    found = data_from(IMAGES, np.zeros(30, int))
    assert found.signature.classes == ("0",)
    assert said(found, "there is one class")


def test_one_image_is_refused(one_line: Callable):
    with pytest.raises(ValueError, match="there is one image") as caught:
        data_from(IMAGES[:1], [0])
    one_line(caught.value)


def test_test_images_of_no_known_class_are_for_training():
    found = data_from(IMAGES, PLAIN, test=(figures(6, seed=1)[0], [0, 1, 2, -1, -1, -1]))
    assert (len(found.train), len(found.test)) == (33, 3)
    assert said(found, "3 test images of no known class counted to the training images")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0.0, 1e300, 1.0] * 20), "run from 0 to 1e.300, and whole numbers are known up to"),
        (np.array([0, 2**63 + 5, 1] * 20, np.uint64), "whole numbers are known up to"),
        (np.array(["1" * 5000, "2", "3"] * 20), "5,000 letters, and at most 1,000"),
    ],
)
def test_labels_that_would_become_others_are_refused(labels: np.ndarray, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as refused:
        data_from(figures(60)[0], labels)
    one_line(refused.value)
