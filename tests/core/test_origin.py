"""What a card keeps of its data, and that other data is not taken for it: by folder, by file, by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import principal_components
from tests.files import by_class, figures, write_idx, write_images
from tests.kinds import bars, offered
from vae_core import projections
from vae_core.checkpoints import load, load_card, save_card
from vae_core.checkpoints.card import TrainedOn
from vae_core.cli import main
from vae_core.data import (
    DATA_VARIABLE,
    SOURCES_VARIABLE,
    Dataset,
    data_from,
    data_of,
    load_data,
    local_data,
    open_data,
)
from vae_core.metrics import evaluate, evaluation_of
from vae_core.models import VAE
from vae_core.training import Options, TrainingError, train
from vae_core.training.state import differences

TINY = VAE(latent=2, nets="mlp-256")
QUICK = Options(epochs=1, batch=16, warmup=2, device="cpu")
TRAIN = ("--epochs", "1", "--batch", "16", "--nets", "mlp-256", "--device", "cpu", "--latent", "2")


def run(*words: Any) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def flat_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projections, "umap", principal_components)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of images by class, deep in a home of somebody's."""
    return by_class(tmp_path / "home" / "patients of mine" / "scans", 60)


def trained(folder: Path, found: Dataset, options: Options = QUICK) -> Any:
    return train(TINY, found.train, options, folder)


def test_a_card_keeps_the_fingerprint_and_no_path(
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flat_maps: None,
    capsys: pytest.CaptureFixture[str],
):
    words = [
        "train",
        "vae",
        "--data",
        str(scans),
        "--size",
        "8",
        "--out",
        str(tmp_path / "runs" / "one"),
        *TRAIN,
    ]
    monkeypatch.setattr("sys.argv", ["latent-explorer", *words])
    assert main(words) == 0
    text = (tmp_path / "runs" / "one" / "card.json").read_text()
    assert str(tmp_path) not in text
    assert "patients" not in text
    card = json.loads(text)
    assert card["data"]["name"] == "scans"
    assert card["data"]["opened"] == {"size": [8]}
    assert card["data"]["fingerprint"] == dict(open_data(scans, size=8).origin.fingerprints)
    assert "--data scans" in card["command"]
    assert f"evaluate {tmp_path / 'runs' / 'one'} --data" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("spelt", ["{}", "{}/", "--data={}"])
def test_a_path_that_is_typed_is_not_kept(
    spelt: str, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(scans.parents[1])
    path = spelt.format("./patients of mine/scans")
    data = [path] if "=" in path else ["--data", path]
    words = ["train", "vae", *data, "--out", str(tmp_path / "one"), "--no-atlas", *TRAIN]
    monkeypatch.setattr("sys.argv", ["latent-explorer", *words])
    assert main(words) == 0
    assert "patients" not in (tmp_path / "one" / "card.json").read_text()


def test_the_source_is_named_again_to_measure_and_map(
    scans: Path, tmp_path: Path, flat_maps: None, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "one"
    assert run("train", "vae", "--data", scans, "--size", 8, "--out", folder, "--no-atlas", *TRAIN) == 0
    for command in ("evaluate", "atlas"):
        assert run(command, folder) == 2
        said = capsys.readouterr().err.strip().split("\n")[-1]
        assert "scans came from a folder or file, and a card keeps no path: say where it is by --data" in said
    assert run("evaluate", folder, "--data", scans, "--metrics", "elbo", "--write") == 0
    assert run("atlas", folder, "--data", scans) == 0
    card = load_card(folder)
    assert card.measurements["elbo"].data == "scans"
    assert "patients" not in json.dumps(card.json)
    assert len(load(folder).atlas) == 12


def test_the_same_folder_under_another_name_is_the_same(scans: Path, tmp_path: Path):
    found = trained(tmp_path / "one", open_data(scans, size=8))
    moved = scans.rename(scans.parent / "scans of spring")
    assert run("evaluate", found.folder, "--data", moved, "--metrics", "elbo", "--write") == 0
    assert load_card(found.folder).measurements["elbo"].data == "scans"


def test_other_images_under_the_name_are_refused(scans: Path, tmp_path: Path, one_line: Callable):
    found = trained(tmp_path / "one", open_data(scans, size=8))
    other = by_class(tmp_path / "elsewhere" / "scans", 60, seed=3)
    for call in (
        lambda: evaluation_of(found, other),
        lambda: evaluate(found, str(other), metrics=["elbo"]),
        lambda: data_of(found.card.data, other),
    ):
        with pytest.raises(
            ValueError, match="the data called scans here is not what the model was trained on"
        ) as caught:
            call()
        one_line(caught.value)
    for command in (("evaluate", "--metrics", "elbo"), ("evaluate", "--write"), ("atlas",)):
        assert run(command[0], found.folder, "--data", other, *command[1:]) == 2
    assert not load_card(found.folder).measurements


@pytest.mark.parametrize(
    "change",
    [
        lambda images, labels: (images, labels[::-1].copy()),
        lambda images, labels: (255 - images, labels),
        lambda images, labels: (images[:-1], labels[:-1]),
        lambda images, labels: (images[::-1].copy(), labels),
    ],
    ids=["labels", "values", "size", "order"],
)
def test_what_is_changed_in_a_file_is_noticed(change: Callable, tmp_path: Path):
    images, labels = figures(60)
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels)
    found = trained(tmp_path / "one", open_data(tmp_path / "own.npz"))
    evaluation_of(found, tmp_path / "own.npz")
    images, labels = change(images, labels)
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels)
    with pytest.raises(
        ValueError, match=r"the data called own\.npz here is not what the model was trained on"
    ):
        evaluation_of(found, tmp_path / "own.npz")


def test_other_data_is_measured_under_its_own_name_and_not_written(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found = trained(tmp_path / "one", open_data(scans, size=8))
    other = by_class(tmp_path / "others", 60, seed=3)
    assert run("evaluate", found.folder, "--data", other, "--metrics", "elbo") == 0
    assert "one on others, test" in " ".join(capsys.readouterr().out.split())
    assert run("evaluate", found.folder, "--data", other, "--metrics", "elbo", "--write") == 2
    assert "a card holds numbers measured on scans, not on others" in capsys.readouterr().err
    assert run("atlas", found.folder, "--data", other) == 2
    assert "others is not what the model was trained on" in capsys.readouterr().err


def test_a_source_is_opened_as_it_was_for_training(scans: Path, tmp_path: Path):
    found = trained(tmp_path / "one", open_data(scans, size=(6, 9), fit="pad", unknown="kind 1"))
    again = data_of(found.card.data, scans)
    assert again.train.images.shape[1:] == (1, 6, 9)
    assert again.signature.classes == ("kind 0", "kind 2")


def test_arrays_are_known_again(tmp_path: Path):
    images, labels = figures(60)
    found = trained(tmp_path / "one", data_from(images, labels, name="mine"))
    assert evaluation_of(found, data_from(images, labels, name="mine")).data.name == "mine"
    with pytest.raises(ValueError, match="mine came from a folder or file"):
        evaluation_of(found)
    with pytest.raises(ValueError, match="the data called mine here is not"):
        evaluation_of(found, data_from(255 - images, labels, name="mine"))


def test_a_training_goes_on_with_its_own_data_only(scans: Path, tmp_path: Path):
    found = open_data(scans, size=8)
    trained(tmp_path / "one", found)
    longer = replace(QUICK, epochs=2)
    other = open_data(by_class(tmp_path / "scans", 60, seed=3), size=8)
    with pytest.raises(TrainingError, match=r"was made with other options \(fingerprint"):
        train(TINY, other.train, longer, tmp_path / "one", resume=True)
    assert train(TINY, found.train, longer, tmp_path / "one", resume=True).card.epochs_done == 2


# Names.


def other_mnist(folder: Path) -> None:
    """Files of other images under MNIST's names, as Fashion-MNIST and KMNIST come."""
    for split, count in (("train", 60), ("t10k", 30)):
        for what, values in zip(("images-idx3", "labels-idx1"), figures(count, 28, 28, 10), strict=True):
            write_idx(folder / "MNIST" / "raw" / f"{split}-{what}-ubyte", values.astype(np.uint8))


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_other_images_in_the_files_of_mnist_are_noticed_before_anything(
    split: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    one_line: Callable,
    capsys: pytest.CaptureFixture[str],
):
    other_mnist(tmp_path)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match="hold other images, not MNIST's") as caught:
        load_data("mnist", split)
    one_line(caught.value)
    checkpoint = load("vae-mnist")
    with pytest.raises(ValueError, match="hold other images, not MNIST's"):
        evaluation_of(checkpoint, "mnist", "test" if split == "all" else split)
    assert local_data(checkpoint.card.data) is None
    assert run("train", "vae", "--data", "mnist", "--out", tmp_path / "one") == 2
    assert "not MNIST's" in capsys.readouterr().err


def test_their_folder_is_opened_under_another_name_than_mnist(tmp_path: Path):
    other_mnist(tmp_path)
    (tmp_path / "MNIST").rename(tmp_path / "mnist")
    found = open_data(tmp_path / "mnist")
    assert found.name == "own-mnist"
    assert any(
        "its name is that of mnist, and these are other images" in sentence for sentence in found.notes.doubts
    )
    with pytest.raises(ValueError, match="fingerprint"):
        data_of(load("vae-mnist").card.data, replace(found, name="mnist"))


def test_bundled_cards_have_the_fingerprints_of_their_data():
    for name in ("vae-mnist", "vae-sprites"):
        card = load(name).card
        assert card.data.fingerprint
        assert set(card.data.fingerprint) == {"train", "test"}


def test_an_older_card_is_given_its_fingerprint_when_it_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = bars("train", 60, 3)
    offered(monkeypatch, "kind", data, bars("test", 30, 3))
    found = train(TINY, open_data("kind").train, QUICK, tmp_path / "one")
    told = {key: value for key, value in found.card.json["data"].items() if key != "fingerprint"}
    save_card(found.folder, found.card.changed(data=told))
    assert not load_card(found.folder).data.fingerprint
    assert run("evaluate", found.folder, "--metrics", "elbo", "--write") == 0
    own = {
        split: bars(split, count, 3).told.fingerprints[split]
        for split, count in (("train", 60), ("test", 30))
    }
    assert load_card(found.folder).data.fingerprint == own


def test_an_older_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = train(TINY, load_data("digits").head(200), QUICK, tmp_path / "one")
    told = {key: value for key, value in found.card.json["data"].items() if key != "fingerprint"}
    assert differences(found.card.changed(data=told), found.card) == ""


def test_a_card_with_a_fingerprint_that_is_none_is_damaged(tmp_path: Path):
    found = train(TINY, bars("train", 60, 3), QUICK, tmp_path / "one")
    with pytest.raises(ValueError, match=r"data\.fingerprint"):
        found.card.changed(data={**found.card.json["data"], "fingerprint": "abc"})


# Where a running app finds them.


def test_what_is_shown_is_the_data_of_the_model(scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told = trained(tmp_path / "one", open_data(scans, size=8)).card.data
    assert local_data(told) is None
    monkeypatch.setenv(SOURCES_VARIABLE, str(scans))
    shown = local_data(told)
    assert shown is not None
    assert torch.equal(shown.images, open_data(scans, size=8).test.images)
    other = by_class(tmp_path / "elsewhere" / "scans", 60, seed=3)
    monkeypatch.setenv(SOURCES_VARIABLE, str(other))
    assert local_data(told) is None
    assert local_data(replace(told, name="digits")) is None


@pytest.mark.parametrize("fingerprint", [{}, {"train": "0" * 16}])
def test_a_card_of_a_name_has_the_images_of_that_name(fingerprint: dict[str, str]):
    told = TrainedOn("digits", (1, 8, 8), tuple("0123456789"), 1350, fingerprint=fingerprint)
    shown = local_data(told)
    assert (shown is None) == bool(fingerprint)
    assert shown is None or len(shown) == 447


def test_a_folder_of_another_likeness_is_told_apart_by_its_labels(tmp_path: Path):
    images, labels = figures(60)
    one = open_data(write_images(tmp_path / "a", images, [f"kind {label}" for label in labels]))
    other = open_data(write_images(tmp_path / "b", images, [f"kind {(label + 1) % 3}" for label in labels]))
    assert one.origin.fingerprints != other.origin.fingerprints
