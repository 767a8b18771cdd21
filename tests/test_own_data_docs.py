"""docs/bring-your-own-data.md: every example runs, over sources of the names that stand there, and what it quotes is what is printed."""

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from latent_explorer import cli

from tests.conftest import principal_components
from tests.files import by_class, figures, write_idx, write_images
from vae_core import projections
from vae_core.data import DATA_VARIABLE

PAGE = Path(__file__).parents[1] / "docs" / "bring-your-own-data.md"
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for found, text in FENCE.findall(PAGE.read_text(encoding="utf-8")) if found == kind]


def commands() -> list[str]:
    return [line for text in blocks("sh") for line in text.splitlines() if line]


def photographs(folder: Path) -> None:
    """300 small pictures of three kinds: a bright shape in a colour of its own."""
    grey, labels = figures(300, 32, 32)
    colours = np.array([[1.0, 0.6, 0.3], [0.3, 1.0, 0.6], [0.5, 0.4, 1.0]])
    images = (grey[..., None] * colours[labels][:, None, None]).round().astype(np.uint8)
    write_images(folder, images, [("boat", "car", "train")[label] for label in labels])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the page names."""
    home = tmp_path_factory.mktemp("home")
    images, labels = figures(60, 16, 20)
    photographs(home / "photos")
    by_class(home / "scans" / "train", 30)
    by_class(home / "scans" / "test", 12, seed=1)
    write_images(home / "faces", images)
    write_images(
        home / "sorted", images, ["later" if n % 4 else f"kind {label}" for n, label in enumerate(labels)]
    )
    generator = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "height": generator.normal(170, 10, 60).round(1),
            "weight": generator.normal(70, 8, 60).round(1),
            "smokes": generator.integers(0, 2, 60),
            "group": np.where(np.arange(60) % 3 == 0, "ill", "well"),
        }
    )
    people.to_csv(home / "people.csv", index=False)
    people.mask(generator.random(people.shape) < [0.2, 0.1, 0.1, 0]).to_csv(home / "gaps.csv", index=False)
    np.savez(home / "own.npz", allow_pickle=False, images=images, labels=labels)
    np.savez(home / "odd.npz", allow_pickle=False, pics=images, other=images, kind=labels, ward=labels // 2)
    np.save(home / "images.npy", images, allow_pickle=False)
    np.save(home / "vectors.npy", images.reshape(60, -1), allow_pickle=False)
    np.save(home / "standardised.npy", (images - images.mean()) / images.std(), allow_pickle=False)
    (home / "arrays").mkdir()
    for name, values in zip(("x_train", "y_train", "x_test", "y_test"), (images, labels) * 2, strict=True):
        np.save(home / "arrays" / f"{name}.npy", values, allow_pickle=False)
    for folder, start in (("letters", "emnist-letters-"), ("FashionMNIST/raw", "")):
        for split in ("train", "test" if start else "t10k"):
            for what, values in zip(("images-idx3", "labels-idx1"), figures(40, 28, 28, 10), strict=True):
                write_idx(home / folder / f"{start}{split}-{what}-ubyte", values.astype(np.uint8))
    return home


@pytest.fixture
def there(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    monkeypatch.setenv(DATA_VARIABLE, str(home))
    monkeypatch.setattr(projections, "umap", principal_components)
    monkeypatch.setattr("latent_explorer.cli.serve", lambda *arguments, **named: None)
    return home


def run(command: str) -> int:
    words = shlex.split(command)
    assert words[0] == "latent-explorer"
    if words[1] == "train":  # the whole training is the reader's
        words += ["--epochs", "1", "--batch", "16", "--device", "cpu"]
    if words[1] == "evaluate":
        words += ["--metrics", "elbo", "--device", "cpu"]
    if words[1] == "app":
        words += ["--port", "18766"]
    return cli.main(words[1:])


@pytest.mark.parametrize("command", [line for line in commands() if " data " in line])
def test_every_source_of_the_page_is_understood(
    command: str, there: Path, capsys: pytest.CaptureFixture[str]
):
    if "hf:" in command:
        if not importlib.util.find_spec("datasets"):
            pytest.skip("the package datasets is not installed: pip install 'latent-explorer[datasets]'")
        pytest.skip("the data sets of Hugging Face are downloaded")
    assert run(command) == 0
    assert "classes" in capsys.readouterr().out


@pytest.mark.slow
def test_the_commands_of_the_page_lead_from_images_to_pages(there: Path):
    for command in (line for line in commands() if " data " not in line):
        assert run(command) == 0, command


@pytest.mark.parametrize("text", blocks("python"), ids=lambda text: text.split("\n")[-2][:40])
def test_the_python_of_the_page_runs(text: str, there: Path):
    exec(compile(text, str(PAGE), "exec"), {})


def test_what_the_page_quotes_is_what_is_printed(there: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["data", "photos"]) == 0
    printed = capsys.readouterr().out
    (quoted,) = blocks("text")
    assert quoted == printed


def test_the_page_names_every_kind_of_source(there: Path):
    sections = dict(SECTION.findall(PAGE.read_text(encoding="utf-8")))
    for name in ("Folders of images", "Arrays", "IDX files", "torchvision", "Hugging Face"):
        assert "```sh" in sections[name]


def test_the_readme_names_the_page_on_its_first_screen():
    first = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8").splitlines()[:12]
    assert any("docs/bring-your-own-data.md" in line for line in first)
