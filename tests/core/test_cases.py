"""Small inputs after situations in public issue threads, where they lie beside LATENT_EXPLORER_DATA; elsewhere the made ones of other tests stand for them."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import principal_components
from vae_core import projections
from vae_core.checkpoints import load
from vae_core.cli import main
from vae_core.data import DATA_VARIABLE, Dataset, open_data


def case(name: str) -> Path:
    folder = Path(os.environ.get(DATA_VARIABLE) or "nowhere").parent / "cases"
    if not (folder / name).exists():
        pytest.skip(f"no folder cases/ with {name} beside the one that {DATA_VARIABLE} names")
    return folder / name


# Channels, height, width; classes; training and test images; words that are said of it.
RIGHT: dict[str, tuple[tuple[int, ...], int, tuple[int, int], tuple[tuple[str, ...], ...]]] = {
    "garments-jpeg-folder": ((3, 55, 55), 3, (96, 24), (("118 sizes",), ("20% of each class",))),
    "letters-idx": ((1, 28, 28), 26, (600, 200), (("labels begin at 1",), ("on their side", "--turn"))),
    "garments_64x78.npz": ((1, 64, 78), 10, (958, 242), ()),
    "garments_rgb32.npz": ((3, 32, 32), 10, (958, 242), ()),
    "garments_uint16.npz": ((1, 32, 32), 10, (958, 242), (("51,000 is white",),)),
    "imbalanced.npz": ((1, 28, 28), 10, (959, 241), (("97%", "balanced accuracy"),)),
    "no_labels.npz": ((1, 32, 32), 0, (960, 240), (("no label says anything",),)),
    "one_class.npz": ((1, 32, 32), 1, (99, 25), (("there is one class",),)),
    "tiny30.npz": ((1, 32, 32), 10, (22, 8), (("22 training images", "too few to learn from"),)),
    "glyphs128.npz": ((1, 28, 28), 128, (3071, 769), ()),
    "glyphs_az.npz": ((1, 32, 32), 26, (3666, 910), (("font is known of each image",),)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_every_case_is_understood_as_it_should_be(name: str):
    shape, classes, sizes, words = RIGHT[name]
    found = open_data(case(name))
    assert tuple(found.train.images.shape[1:]) == shape
    assert len(found.signature.classes) == classes
    assert (len(found.train), len(found.test)) == sizes
    for parts in words:
        assert said(found, *parts), (parts, [*found.notes])


def said(found: Dataset, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in found.notes)


def test_standardised_images_are_refused_and_can_be_stretched():
    path = case("garments_standardised_float32.npz")
    with pytest.raises(
        ValueError, match=r"float32 from -0\.5819 to 2\.67, as standardised images do.*--values stretch"
    ):
        open_data(path)
    assert open_data(path, values="stretch").train.images.aminmax() == (0, 255)


# One class has more than twice the training images of another.
UNEVEN = ("imbalanced.npz", "letters-idx", "tiny30.npz", "glyphs128.npz")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RIGHT, "garments_standardised_float32.npz"])
@pytest.mark.parametrize("model", ["vae", "cdvae"])
def test_every_case_trains_is_measured_and_mapped(
    name: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = case(name)
    if name == "no_labels.npz" and model == "cdvae":
        pytest.skip("it has no classes")
    monkeypatch.setattr(projections, "umap", principal_components)
    words: list[Any] = ["train", model, "--data", path, "--nets", "conv-32", "--out", tmp_path / "run"]
    words += ["--values", "stretch"] if "standardised" in name else []
    assert main([str(word) for word in [*words, "--epochs", 1, "--device", "cpu"]]) == 0
    measure = ["evaluate", tmp_path / "run", "--data", path, "--metrics", "elbo", "bayes", "--write"]
    assert main([str(word) for word in measure]) == 0
    found = load(tmp_path / "run")
    assert len(found.atlas) == len(open_data(path, **found.card.data.opened).test)
    assert found.card.metrics["negative_elbo"].n > 1
    assert ("bayes_balanced_accuracy" in found.card.metrics) == (name in UNEVEN and model == "cdvae")
