"""Checkpoints of strangers: what is no plain file, unpacks to more than a machine has, or does not fit together is said in one sentence."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core import bundled
from vae_core.checkpoints import ATLAS, CARD, WEIGHTS, CheckpointError, load, schema
from vae_core.files import opened, read_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundled()["ppca-digits-plane"], tmp_path / "theirs"))


def refused(folder: Path) -> str:
    """The sentence with which a checkpoint is refused, on one line."""
    with pytest.raises(CheckpointError) as caught:
        _ = load(folder).atlas
    assert "\n" not in str(caught.value)
    return str(caught.value)


def instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


# ---- what is no plain file


@pytest.mark.parametrize("file", [CARD, WEIGHTS, ATLAS])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "it is no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is no plain file"),
        (lambda path: path.mkdir(), "it is a folder"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["pipe", "device", "folder", "link to itself"],
)
@pytest.mark.timeout(10)
def test_what_is_no_plain_file_is_not_opened(
    file: str, make: Callable[[Path], object], words: str, folder: Path
):
    instead(folder / file, make)
    assert words in refused(folder)


def test_a_card_of_gigabytes_is_not_read(folder: Path):
    os.truncate(folder / CARD, 50 * 10**9)  # no block of the disk holds any of it
    assert "it has 50,000,000,000 bytes" in refused(folder)


def test_a_file_is_read_whole_and_no_more_than_asked(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"12345")
    with opened(tmp_path / "a") as file:
        assert file.read() == b"12345"
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="it has 5 bytes, and at most 4 are read"):
        read_bytes(tmp_path / "a", 4)
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "b")


# ---- cards


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps(card))


def test_a_number_of_a_hundred_thousand_digits_is_not_shown_whole(folder: Path):
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace('"format": ', '"format": ' + "9" * 100_000, 1))
    assert len(refused(folder)) < 500


def test_no_model_has_a_million_classes(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vae_core.checkpoints.card.MOST_CLASSES", 1000)
    changed(folder, lambda card: card["data"].update(classes=[str(c) for c in range(1001)]))
    assert "it has 1,001 classes, and a model at most 1,000" in refused(folder)


# ---- atlases

ODD_ATLASES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray] | None, str]] = {
    "no labels": ("labels", None, "it lacks labels"),
    "labels of no class": ("labels", lambda a: a + 100, "its labels are not numbers of its 10 classes"),
    "labels in a table": ("labels", lambda a: a[:, None], "labels is 447 x 1 instead of a list"),
    "labels that are no numbers": ("labels", lambda a: a.astype(str), "labels is of <U3 instead of whole numbers"),
    "labels with a point": ("labels", lambda a: a.astype(float), "labels is of float64 instead of whole numbers"),
    "no items": ("labels", lambda a: a[:0], "it holds no encodings"),
    "no encodings": ("mean.z", None, "it holds no encodings"),
    "fewer encodings": ("mean.z", lambda a: a[:5], "mean.z is 5 x 2 instead of 447 x any"),
    "encodings of one axis": ("mean.z", lambda a: a[:, 0], "mean.z is a list of 447 instead of 447 x any"),
    "encodings of other width": ("mean.z", lambda a: np.hstack([a, a]), "scale.z is 447 x 2 instead of 447 x 4"),
    "encodings that are not finite": ("mean.z", lambda a: a * np.nan, "mean.z holds values that are not finite"),
    "complex encodings": ("mean.z", lambda a: a.astype(complex), "mean.z is no array of plain numbers"),
    "deviations of no number": ("scale.z.low", lambda a: a * 1e4, "scale.z holds logarithms of no standard deviation"),
    "levels without a step": ("scale.z.step", None, "it lacks scale.z.step"),
    "levels that are floats": ("scale.z", lambda a: a * 1.0, "scale.z is of float64 instead of one of 256 levels"),
    "more levels": ("scale.z", lambda a: a * np.uint16(1), "scale.z is of uint16 instead of one of 256 levels"),
    "no deviations": ("scale.z", None, "it lacks scale.z"),
    "a map of three axes": ("umap.z", lambda a: np.hstack([a, a[:, :1]]), "umap.z is 447 x 3 instead of 447 x 2"),
    "no map": ("umap.z", None, "it has no map of z"),
    "an endless map": ("umap.z", lambda a: a + np.inf, "umap.z holds values that are not finite"),
    "one class": ("classes", lambda a: a[:1], "its labels are not numbers of its 1 classes"),
    "a class more": ("classes", lambda a: np.append(a, "x"), "its classes are others than the model's"),
    "classes that are numbers": ("classes", lambda a: np.arange(10), "classes is of int64 instead of text"),
    "a name of a megabyte": ("classes", lambda a: np.array(["x" * 10**6]), "names of more than 1,000 letters"),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ATLASES)
def test_an_atlas_that_does_not_fit_together_is_told_by_the_array(odd: str, folder: Path):
    name, change, words = ODD_ATLASES[odd]
    with np.load(folder / ATLAS) as file:
        arrays = dict(file)
    array = arrays.pop(name)
    if change is not None:
        arrays[name] = change(array)
    np.savez(folder / ATLAS, allow_pickle=False, **arrays)
    assert words in refused(folder)


def test_negative_deviations_are_told(folder: Path):
    with np.load(folder / ATLAS) as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("scale.z.")}
    np.savez(folder / ATLAS, allow_pickle=False, **{**arrays, "scale.z": -(arrays["mean.z"] ** 2) - 1})
    assert "scale.z holds negative standard deviations" in refused(folder)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mean.z.low", np.zeros(2, np.float32), "mean.z is of float16 instead of one of 256 levels"),
        ("training", np.array(10**9), "1,000,000,000 of its 447 items are training images"),
        ("training", np.array(-4), "-4 of its 447 items"),
        ("training", np.arange(4), "training is a list of 4 instead of one value"),
        ("mapped", np.array([3, 447]), "mapped holds no numbers of items"),
        ("mapped", np.array([3, 2]), "mapped holds no numbers of items"),
        ("mapped", np.array([], dtype=int), "mapped holds no numbers of items"),
        ("umap.other", np.zeros((3, 2)), "umap.other is 3 x 2 instead of 447 x 2"),
        ("beta.z", np.array([1.0, 2.0]), "mean.z is of float16 instead of one of 256 levels"),
        ("beta.z", np.array([]), "its betas are not one list"),
    ],
)
def test_what_an_atlas_has_beside_must_fit_too(name: str, value: np.ndarray, words: str, folder: Path):
    with np.load(folder / ATLAS) as file:
        arrays = dict(file)
    np.savez(folder / ATLAS, allow_pickle=False, **{**arrays, name: value})
    assert words in refused(folder)


def test_betas_of_an_atlas_are_a_grid():
    betas = {"beta.a": np.array([1.0, 1.0, 2.0]), "beta.b": np.array([1.0, 2.0, 1.0])}
    arrays = {"labels": np.zeros(3, int), "classes": np.array(["a"]), **betas}
    with pytest.raises(ValueError, match="no grid of all combinations"):
        schema.check_values(arrays)
    with pytest.raises(ValueError, match="holds what is no beta"):
        schema.check_values({**arrays, "beta.a": np.array([1.0, 1.0, -2.0])})


def packed(path: Path, name: str, shape: tuple[int, ...], millions: int) -> None:
    """An archive with one array that says it has that shape, of so many megabytes of nothing."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{name}.npy", "w", force_zip64=True) as file,
    ):
        head = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, head)
        for _ in range(millions):
            file.write(bytes(10**6))


def test_an_atlas_that_unpacks_to_gigabytes_is_refused_by_its_head(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema, "MOST_UNPACKED", 2 * 10**6)
    packed(folder / ATLAS, "labels", (750_000,), 3)
    assert (folder / ATLAS).stat().st_size < 10_000
    assert "unpacks to" in refused(folder)


def test_an_array_that_says_it_is_longer_than_it_is_takes_no_memory(folder: Path):
    packed(folder / ATLAS, "labels", (10**12, 2), 1)
    assert "labels is not as long as it says" in refused(folder)
