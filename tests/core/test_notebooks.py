"""What a notebook asks for: arrays in any layout go in, arrays come out, and what is wrong is said in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vae_core
from tests.conftest import principal_components
from tests.support.trained import Trained
from vae_core import notebooks, projections
from vae_core.checkpoints import Checkpoint, load, save_card
from vae_core.data import Data, data_from, load_data
from vae_core.explore import encode, reconstruct
from vae_core.models import CDVAE
from vae_core.training import Progress


@pytest.fixture(scope="module")
def mine(trained: Trained) -> Checkpoint:
    return load(trained["cdvae-digits"])


@pytest.fixture(scope="module")
def tested() -> Data:
    return load_data("digits", "test", 30)


def test_codes_are_those_of_the_atlas(mine: Checkpoint, tested: Data):
    found = mine.encode(tested.images)
    assert set(found) == {"z_l", "z_u"}
    batch = {"x": tested.scored_by(mine.model).drawn()}
    for name, q in encode(mine.model, batch).items():
        assert np.allclose(found[name], q.mean.numpy(), atol=1e-5)
    assert np.allclose(mine.reconstruct(tested.images), reconstruct(mine.model, batch).numpy(), atol=1e-5)


LAYOUTS: dict[str, Callable[[np.ndarray], Any]] = {
    "without channels": lambda x: x[:, 0],
    "channels last": lambda x: x[:, 0, :, :, None],
    "flat": lambda x: x.reshape(len(x), -1),
    "from 0 to 1": lambda x: x / 255,
    "float32": lambda x: (x / 255).astype(np.float32),
    "of torch": torch.from_numpy,
    "a list": lambda x: x.tolist(),
    "wide integers": lambda x: x.astype(np.int64),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_images_gives_the_same_codes(mine: Checkpoint, tested: Data, layout: str):
    images = tested.images[:].numpy()
    wanted, found = mine.encode(images), mine.encode(LAYOUTS[layout](images))
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_one_image_is_a_batch_of_one(mine: Checkpoint, tested: Data):
    image = tested.images[:1].numpy()
    for one in (image[0], image[0, 0], image[0, 0, :, :, None]):
        assert np.array_equal(mine.encode(one)["z_u"], mine.encode(image)["z_u"])


def test_codes_come_back_as_pictures(mine: Checkpoint, tested: Data):
    codes = mine.encode(tested.images)
    assert np.allclose(mine.decode(codes), mine.reconstruct(tested.images), atol=1e-6)


def test_a_model_of_one_latent_takes_its_codes_as_they_are(trained: Trained):
    found = load(trained["vae-digits"])
    codes = np.zeros((2, 4))
    assert np.array_equal(found.decode(codes), found.decode({"z": codes}))


def test_samples_are_of_the_class_that_is_asked_for(mine: Checkpoint):
    assert mine.sample(3).shape == (3, 1, 8, 8)
    by_name, by_number = mine.sample(4, y="7", seed=1), mine.sample(4, y=[7] * 4, seed=1)
    assert np.array_equal(by_name, by_number)
    assert not np.array_equal(by_name, mine.sample(4, y="3", seed=1))
    assert np.allclose(*mine.sample(2, y="7", temperature=0))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda m: m.encode(np.zeros((2, 9, 9))), "images of 1 x 9 x 9, and the model reads 1 x 8 x 8"),
        (lambda m: m.encode(np.zeros((2, 3, 8, 8)) + np.arange(3)[:, None, None] / 3), "reads 1 x 8 x 8"),
        (lambda m: m.encode(np.full((2, 8, 8), np.nan)), "NaN or infinite"),
        (lambda m: m.encode(np.zeros(5)), "5 numbers, and the model reads images of 1 x 8 x 8"),
        (lambda m: m.encode(["a", "b"]), "no numbers"),
        (lambda m: m.decode(np.zeros((2, 10))), "has the latents z_l, z_u: give a code of each"),
        (lambda m: m.decode({"z_l": np.zeros((2, 3)), "z_u": np.zeros((2, 4))}), "z_l are N x 10 numbers"),
        (lambda m: m.decode({"z_l": np.zeros((2, 10)), "z_u": np.zeros((3, 4))}), "have 2 and 3 codes"),
        (lambda m: m.sample(2, y="11"), "no class is called '11'"),
        (lambda m: m.sample(2, y=11), "no class is called '11'"),
        (lambda m: m.sample(2, y=[1, 2, 3]), "one for each of the 2 examples"),
        (lambda m: vae_core.evaluate(m, np.zeros((4, 8, 8))), "give y, the class of each"),
    ],
)
def test_what_the_model_does_not_read_is_said(
    mine: Checkpoint, ask: Callable, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        ask(mine)
    one_line(caught.value)


def test_observations_at_hand_are_measured(mine: Checkpoint, tested: Data):
    names = [tested.classes[label] for label in tested.labels]
    found = vae_core.evaluate(mine, tested.images[:].numpy(), y=names, metrics=["elbo", "bayes", "probes"])
    assert found["negative_elbo"].n == 30
    assert found["probe_z_l_knn_mean"].n == 15  # fitted to the others
    assert found["bayes_accuracy"].value > 0.5


def test_a_model_is_fitted_to_arrays_saved_and_loaded(tested: Data, tmp_path: Path):
    told: list[Progress] = []
    x, y = tested.images[:].numpy()[:, 0] / 255, tested.labels.numpy()
    made = vae_core.fit(
        "cdvae",
        x,
        y,
        unlabelled=2,
        nets="mlp-256",
        epochs=2,
        class_weight=1.0,
        device="cpu",
        report=told.append,
    )
    assert made.signature.classes == tuple("0123456789")
    assert told[-1].epoch == 2
    kept = made.save(tmp_path / "kept")
    assert np.array_equal(kept.encode(x)["z_u"], made.encode(x)["z_u"])
    assert load(tmp_path / "kept").weights == made.weights
    with pytest.raises(ValueError, match="is there already"):
        made.save(tmp_path / "kept")


def test_a_declaration_and_a_source_are_taken_too(tmp_path: Path):
    made = vae_core.fit(
        CDVAE(unlabelled=2, nets="mlp-256"), "digits", out=tmp_path / "run", epochs=1, limit=64, device="cpu"
    )
    assert (made.folder, made.card.data.name) == (tmp_path / "run", "digits")


def test_rows_and_frames_are_read_by_their_features():
    pandas = pytest.importorskip("pandas")
    generator = np.random.default_rng(0)
    frame = pandas.DataFrame(generator.normal(size=(40, 3)), columns=["a", "b", "c"])
    made = vae_core.fit("ppca", frame, latent=2, device="cpu")
    codes = made.encode(frame[["c", "a", "b"]])["z"]
    assert np.allclose(codes, made.encode(frame.to_numpy())["z"])
    with pytest.raises(ValueError, match="has no column b"):
        made.encode(frame[["a", "c"]])
    with pytest.raises(ValueError, match="rows of 3 features"):
        made.encode(np.zeros((2, 4)))


@pytest.mark.parametrize(
    ("model", "asked", "words"),
    [
        ("gan", {}, "no model is called 'gan'"),
        ("vae", {"latnt": 2}, "has an option 'latnt'"),
        ("vae", {"epochs": 0}, "epochs must be above 0"),
        ("vae", {"tc_beta": 3.0}, "tc_beta|tc-beta"),
    ],
)
def test_what_cannot_be_fitted_is_said(model: str, asked: dict, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        vae_core.fit(model, np.random.default_rng(0).random((20, 8, 8)), **asked)
    one_line(caught.value)


def test_a_checkpoint_without_its_data_says_so_before_the_app_opens(mine: Checkpoint, tmp_path: Path):
    bare = mine.save(tmp_path / "bare")
    (bare.folder / "atlas.npz").unlink()
    card = bare.card.json
    save_card(bare.folder, type(bare.card).of({**card, "data": {**card["data"], "name": "scans"}}))
    with pytest.raises(ValueError, match="came from a folder or file"):
        vae_core.open_app(load(bare.folder))


def test_the_app_opens_on_arrays_once_their_atlas_is_made(
    tested: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    started: list[list[str]] = []
    monkeypatch.setattr(projections, "umap", principal_components)
    monkeypatch.setattr(notebooks.subprocess, "Popen", started.append)
    x, y = tested.images[:].numpy()[:, 0], tested.labels.numpy()
    made = vae_core.fit(
        "cdvae", x, y, out=tmp_path / "run", unlabelled=2, nets="mlp-256", epochs=1, device="cpu"
    )
    with pytest.raises(ValueError, match="is not what the model was trained on"):
        vae_core.open_app(made, x[::-1].copy(), y)
    vae_core.open_app(made, x, y, port=8600, browser=False)
    assert len(load(made.folder).atlas) == len(data_from(x, y).test)
    (words,) = started
    assert words[3:] == ["app", "--models", str(made.folder), "--port", "8600", "--no-browser"]


def test_a_name_or_a_folder_stands_for_a_checkpoint(trained: dict[str, Path], tmp_path: Path):
    x = np.zeros((3, 8, 8), np.uint8)
    folder = trained["vae-digits"]
    assert vae_core.traverse(str(folder), x[0], steps=3).shape[1] == 3
    assert "active_units_z" in vae_core.evaluate(folder, x, y=[0, 1, 2], metrics=["active"])
    with pytest.raises(ValueError, match="holds no checkpoint"):
        vae_core.explore(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no checkpoint"):
        vae_core.open_app(str(tmp_path / "nowhere"))


def test_a_checkpoint_is_shown_in_a_line(trained: dict[str, Path]):
    said = repr(vae_core.load(trained["vae-digits"]))
    assert "\n" not in said
    assert len(said) < 200
    assert "vae of digits, latents z of 4" in said
