"""Data sets of torchvision and of Hugging Face, by name."""

import importlib.util
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from tests.files import figures, write_idx
from vae_core.data import DATA_VARIABLE, open_data, vision


def said(found: Any, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in found.notes)


@pytest.fixture
def garments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files as torchvision keeps Fashion-MNIST."""
    for split, count in (("train", 20), ("t10k", 10)):
        for what, values in zip(("images-idx3", "labels-idx1"), figures(count, 28, 28, 10), strict=True):
            write_idx(tmp_path / "FashionMNIST" / "raw" / f"{split}-{what}-ubyte", values.astype(np.uint8))
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["fashion-mnist", "FashionMNIST", "fashion_mnist"])
def test_a_set_that_torchvision_knows_is_read_from_its_files(name: str, garments: Path):
    found = open_data(name)
    assert found.name == "fashion-mnist"
    assert (len(found.train), len(found.test)) == (20, 10)
    assert found.signature.classes[-1] == "Ankle boot"
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(figures(10, 28, 28, 10)[0]))


def test_a_folder_of_that_name_is_opened_by_its_path(garments: Path, monkeypatch: pytest.MonkeyPatch):
    (garments / "FashionMNIST").rename(garments / "fashion-mnist")
    monkeypatch.chdir(garments)
    found = open_data("./fashion-mnist")
    assert len(found.train) == 20
    assert found.name == "own-fashion-mnist"
    assert said(found, "its name is that of fashion-mnist, and these are other images")


@pytest.mark.parametrize("name", vision.SETS)
def test_every_set_that_is_offered_is_one_of_torchvision(name: str):
    wanted = vision.SETS[name]
    make = getattr(import_module("torchvision.datasets"), wanted.kind)
    names = set(make.__init__.__code__.co_varnames)
    if name.startswith(("emnist", "qmnist")):  # which hand the rest on
        names |= {"train", "download"}
    for options in (wanted.train, wanted.test or {}):
        assert {*options, "root", "download"} <= names
    assert vision.known(name) == name


class Kept:
    """A set that torchvision keeps as an array, with its labels."""

    classes: ClassVar[list[str]] = ["left", "middle", "right"]

    def __init__(self, root: Any, train: bool = True, download: bool = False):
        images, labels = figures(12 if train else 6, seed=int(train))
        self.data, self.targets = np.repeat(images[..., None], 3, -1), labels.tolist()
        self.data[..., 1] //= 2

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, number: int) -> Any:
        return Image.fromarray(self.data[number]), self.targets[number]


class Read:
    """One that it reads file by file."""

    def __init__(self, root: Any, split: str = "train", download: bool = False):
        self.images, self._labels = figures(12 if split == "train" else 6)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> Any:
        return Image.fromarray(self.images[number]), int(self._labels[number])


class Attributes(Read):
    """One with many attributes an image, and no class."""

    def __init__(self, root: Any, split: str = "train", download: bool = False):
        super().__init__(root, split, download)
        self._labels = None

    def __getitem__(self, number: int) -> Any:
        return Image.fromarray(self.images[number]), torch.zeros(40)


def test_arrays_of_torchvision_are_taken_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("torchvision.datasets.CIFAR10", Kept)
    monkeypatch.setattr(vision, "CACHE", tmp_path)
    found = open_data("cifar10")
    assert found.signature.classes == ("left", "middle", "right")
    assert found.train.images.shape == (12, 3, 10, 12)
    assert found.test.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_files_of_torchvision_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("torchvision.datasets.Food101", Read)
    monkeypatch.setattr("torchvision.datasets.CelebA", Attributes)
    monkeypatch.setattr(vision, "CACHE", tmp_path)
    found = open_data("food101", size=8)
    assert found.train.images.shape == (12, 1, 8, 8)
    assert found.signature.classes == ("0", "1", "2")
    found = open_data("celeba")
    assert found.signature.classes == ()
    assert said(found, "no class for each image")


def test_letters_are_turned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Letters(Kept):
        classes: ClassVar[list[str]] = ["N/A", "a", "b", "c"]

        def __init__(self, root: Any, split: str, train: bool = True, download: bool = False):
            images, labels = figures(12 if train else 6)
            self.data, self.targets = torch.from_numpy(images).transpose(1, 2), torch.from_numpy(labels + 1)

    monkeypatch.setattr("torchvision.datasets.EMNIST", Letters)
    monkeypatch.setattr(vision, "CACHE", tmp_path)
    found = open_data("emnist-letters")
    assert found.signature.classes == ("a", "b", "c")
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(figures(6)[0]))
    assert said(found, "lie on their side", "turned")
    assert found.test.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_set_out_of_reach_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_line: Callable
):
    def unreachable(root: Any, **options: Any) -> None:
        raise RuntimeError("Error downloading\ncifar-10-python.tar.gz")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", unreachable)
    monkeypatch.setattr(vision, "CACHE", tmp_path)
    with pytest.raises(
        ValueError, match=r"cifar10 is not available .*: go online, or set LATENT_EXPLORER_DATA"
    ) as caught:
        open_data("cifar10")
    one_line(caught.value)


def test_without_the_package_one_sentence_says_how_to_have_it(
    monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        ValueError,
        match=r"need the package datasets: install it by pip install 'latent-explorer\[datasets\]'",
    ) as caught:
        open_data("hf:ylecun/mnist")
    one_line(caught.value)


@pytest.fixture
def hub() -> Any:
    if not importlib.util.find_spec("datasets"):
        pytest.skip("the package datasets is not installed: pip install 'latent-explorer[datasets]'")
    import datasets

    return datasets


def saved(hub: Any, count: int, seed: int = 0) -> Any:
    images, labels = figures(count, seed=seed)
    features = hub.Features(
        {"picture": hub.Image(), "sort": hub.ClassLabel(names=["left", "middle", "right"])}
    )
    return hub.Dataset.from_dict(
        {"picture": [Image.fromarray(image) for image in images], "sort": labels.tolist()}, features=features
    )


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_a_data_set_of_the_hub_is_read_from_its_folder(hub: Any, tmp_path: Path, one_line: Callable):
    hub.DatasetDict({"train": saved(hub, 12), "validation": saved(hub, 6, 1)}).save_to_disk(tmp_path / "own")
    found = open_data(tmp_path / "own")
    assert (found.name, len(found.train), len(found.test)) == ("own", 12, 6)
    assert found.signature.classes == ("left", "middle", "right")
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(figures(6, seed=1)[0]))
    assert open_data(tmp_path / "own", labels="none").signature.classes == ()
    with pytest.raises(ValueError, match="no column is called 'kind': there are picture, sort") as caught:
        open_data(tmp_path / "own", labels="kind")
    one_line(caught.value)


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_columns_of_arrays_are_images(hub: Any, tmp_path: Path, one_line: Callable):
    images, labels = figures(30)
    features = hub.Features({"grid": hub.Array2D((10, 12), "uint8"), "label": hub.Value("string")})
    table = {"grid": images.tolist(), "label": [f"kind {label}" for label in labels]}
    hub.Dataset.from_dict(table, features=features).save_to_disk(tmp_path / "own")
    found = open_data(tmp_path / "own")
    assert found.signature.classes == ("kind 0", "kind 1", "kind 2")
    assert found.train.images.shape == (24, 1, 10, 12)
    hub.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(tmp_path / "other")
    with pytest.raises(ValueError, match=r"no column holds images or numbers: .* there are text") as caught:
        open_data(tmp_path / "other")
    one_line(caught.value)


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_a_data_set_that_is_not_there_is_said_in_a_sentence(
    hub: Any, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    def nowhere(*names: Any) -> None:
        raise ConnectionError("Couldn't reach 'owner/name' on the Hub")

    monkeypatch.setattr(hub, "load_dataset", nowhere)
    with pytest.raises(
        ValueError, match=r"hf:owner/name is not available .*: go online, or give its folder"
    ) as caught:
        open_data("hf:owner/name")
    one_line(caught.value)


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_a_table_of_the_hub_is_a_table(hub: Any, tmp_path: Path):
    rows = {"height": [1.5, 2.5, 4.0] * 10, "age": [3, 1, 7] * 10, "species": [0, 1, -1] * 10}
    features = hub.Features(
        {
            "height": hub.Value("float32"),
            "age": hub.Value("int8"),
            "species": hub.ClassLabel(names=["oak", "elm"]),
        }
    )
    whole = hub.Dataset.from_dict(rows, features=features)
    hub.DatasetDict({"train": whole, "test": whole.select(range(9))}).save_to_disk(tmp_path / "trees")
    found = open_data(tmp_path / "trees")
    assert found.train.kind.features == ("height", "age")
    assert found.train.classes == ("oak", "elm")
    assert (len(found.train), len(found.test)) == (33, 6)  # those of no known class are for training
    assert found.train.known is not None
    assert int(found.train.known.sum()) == 20


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_vectors_of_the_hub_are_images_or_rows(hub: Any, tmp_path: Path, one_line: Callable):
    images, labels = figures(30, 8, 8)
    table = {"pixels": images.reshape(30, -1).tolist(), "label": labels.tolist()}
    hub.Dataset.from_dict(table).save_to_disk(tmp_path / "own")
    with pytest.raises(ValueError, match="--shape 8 8"):
        open_data(tmp_path / "own")
    found = open_data(tmp_path / "own", shape=(8, 8))
    assert found.train.images.shape[1:] == (1, 8, 8)
    assert found.train.classes == ("0", "1", "2")
    table["pixels"][3] = [1, 2]
    hub.Dataset.from_dict(table).save_to_disk(tmp_path / "ragged")
    with pytest.raises(ValueError, match="pixels holds rows of different lengths") as caught:
        open_data(tmp_path / "ragged")
    one_line(caught.value)


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_a_folder_as_the_hub_has_it_is_read_and_its_path_is_not_kept(
    prefix: str, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "garden" / "data").mkdir(parents=True)
    for split, count in (("train", 12), ("test", 6)):
        part = saved(hub, count).add_column("age", [float(number) for number in range(count)])
        part.to_parquet(tmp_path / "garden" / "data" / f"{split}-00000-of-00001.parquet")
    (tmp_path / "garden" / "garden.py").write_text("raise SystemExit('a script was run')")
    found = open_data(f"{prefix}{tmp_path / 'garden'}")
    assert (found.name, len(found.train), len(found.test)) == ("garden", 12, 6)
    assert found.signature.classes == ("left", "middle", "right")
    assert list(found.train.columns) == ["age"]
    assert str(tmp_path) not in str(found.origin)


@pytest.mark.filterwarnings("ignore")  # of its own pickling, when a test writes one
def test_a_damaged_folder_of_the_hub_is_said_without_its_path(hub: Any, tmp_path: Path, one_line: Callable):
    saved(hub, 12).save_to_disk(tmp_path / "own")
    rows = next((tmp_path / "own").glob("*.arrow"))
    rows.write_bytes(rows.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"^own cannot be read .*: save it anew") as caught:
        open_data(tmp_path / "own")
    one_line(caught.value)
