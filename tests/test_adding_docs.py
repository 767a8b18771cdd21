"""docs/adding.md: its samples, as a package from outside the project, are trained, measured, opened, and asked for where they are missing."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from latent_explorer import MODELS_VARIABLE
from latent_explorer.export import scripts
from latent_explorer.lessons import shelf
from latent_explorer.text import GUARD
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import vae_core
from tests.conftest import principal_components
from tests.support.outside import PACKAGE, SAMPLES, installed, seen
from vae_core import projections
from vae_core.checkpoints import CheckpointError, load_card
from vae_core.cli import main
from vae_core.distributions import Sampler
from vae_core.models import MODELS, Signature, declare

TRAIN = [
    *(
        "train",
        "twin",
        "--data",
        "stripes",
        "--likelihood",
        "laplace",
        "--prior",
        "laplace",
        "--nets",
        "gelu-32",
    ),
    *("--objective", "free-bits", "--free", "0.5", "--epochs", "1", "--device", "cpu"),
]
MAIN = Path(__file__).parents[1] / "app" / "latent_explorer" / "main.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def made(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the package's model, likelihood, prior, nets, objective and data."""
    out = tmp_path_factory.mktemp("models") / "twin"
    with seen(site), pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        assert main([*TRAIN, "--out", str(out)]) == 0
    return out


@pytest.fixture
def there(site: Path) -> Iterator[None]:
    with seen(site):
        yield


def test_the_page_has_a_sample_of_each():
    assert {Path(name).stem for name in SAMPLES} == {
        *(
            "pyproject",
            "model",
            "likelihood",
            "prior",
            "nets",
            "objective",
            "data",
            "reader",
            "metric",
            "page",
            "lesson",
            "far-out",
        ),
    }


@pytest.mark.usefixtures("there")
def test_a_checkpoint_of_a_package_is_measured(made: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", str(made), "--json", "--limit", "50", "--metrics", "elbo", "reach"]) == 0
    found = json.loads(capsys.readouterr().out)["metrics"]
    assert {"distortion", "rate_form", "rate_style", "reach_form", "reach_style"} <= set(found)
    opened = vae_core.load(made)
    assert opened.model.sizes == {"form": 2, "style": 2}
    assert opened.sample(3).shape == (3, 1, 8, 8)


@pytest.mark.usefixtures("there")
def test_a_card_says_which_package_it_wants(made: Path):
    card = load_card(made)
    assert {(each.what, each.package, each.version) for each in card.wants} == {
        (what, "toy-latents", "1.0")
        for what in (
            *("model 'twin'", "likelihood of images 'laplace'", "prior 'laplace'"),
            *("preset of nets 'gelu-32'", "objective 'free-bits'"),
        )
    }
    assert card.data.wants
    assert card.data.wants.package == "toy-latents"


def test_a_checkpoint_whose_package_is_missing_says_what_to_install(
    made: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    with pytest.raises(CheckpointError) as caught:
        vae_core.load(made)
    said = one_line(caught.value)
    assert (
        "wants the model 'twin' of the package toy-latents 1.0, which is not installed: run `pip install toy-latents`"
        in said
    )
    assert main(["evaluate", str(made)]) == 2
    assert "pip install toy-latents" in one_line(capsys.readouterr().err)


def test_the_data_set_of_a_package_that_is_missing_is_named(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    out, options = str(tmp_path / "run"), ["--epochs", "1", "--latent", "2", "--device", "cpu", "--no-atlas"]
    with seen(site):
        assert main(["train", "vae", "--data", "stripes", *options, "--out", out]) == 0
    capsys.readouterr()
    assert vae_core.load(out).model.latents == ["z"]
    assert main(["evaluate", out]) == 2
    assert (
        "it wants the data set 'stripes' of the package toy-latents 1.0, which is not installed"
        in one_line(capsys.readouterr().err)
    )


def test_a_script_and_a_command_name_the_plug_in_of_a_model(there: None, made: Path):
    checkpoint = vae_core.load(made)
    assert scripts.opened(checkpoint) == [
        'checkpoint = vae_core.load("twin")  # the path of the checkpoint\'s folder'
    ]
    wants = [{"group": MODELS.group, "name": "twin", "plugin": "toy.py"}]
    of_file = replace(checkpoint, card=checkpoint.card.changed(wants=wants))
    assert scripts.opened(of_file)[0] == 'vae_core.use("toy.py")  # the path of the plug-in'
    assert (
        scripts.run(of_file, "evaluate", "--write") == "latent-explorer evaluate twin --plugin toy.py --write"
    )


def opened(page: str = "", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=100)
    at.query_params.update(query)
    at._page_hash = calc_hash(page) if page else ""
    return at.run()


@pytest.mark.usefixtures("there")
def test_the_page_of_a_package_opens(made: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(MODELS_VARIABLE, str(made.parent))
    at = opened("reach", model="twin")
    assert not at.exception
    assert [title.value.replace(GUARD, "") for title in at.title] == [
        "How far from the origin do encodings lie?"
    ]
    assert [caption.value for caption in at.caption if "encodings in form" in caption.value]


@pytest.mark.usefixtures("there")
def test_the_lesson_of_a_package_stands_before_ours_and_opens(made: Path, monkeypatch: pytest.MonkeyPatch):
    good, bad = shelf.readable()
    assert (good[0].name, good[0].title, bad) == ("far-out", "Far out", [])
    monkeypatch.setenv(MODELS_VARIABLE, str(made.parent))
    at = opened("map", model="twin", lesson="far-out", step="1")
    assert not at.exception
    assert any("Open an image of the class 1" in each.value for each in at.markdown)


def test_a_lesson_that_is_no_file_of_text_is_refused():
    with pytest.raises(ValueError, match="is not the path of a Markdown file"):
        shelf.LESSONS.register("mine", "mine.md")
    with pytest.raises(ValueError, match="already: choose another name"):
        shelf.LESSONS.register(next(iter(shelf.LESSONS)), Path("mine.md"))


def test_the_app_says_what_a_checkpoint_wants_and_shows_the_others(
    made: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MODELS_VARIABLE, str(made.parent))
    st.cache_resource.clear()  # another test opened it while the package was there
    at = opened(model="twin")
    assert not at.exception
    assert len(at.error) == 1
    assert "pip install toy" in at.error[0].value
    at.selectbox(key="model").set_value("vae-mnist").run()
    assert not at.exception
    assert not at.error


@pytest.mark.usefixtures("there")
def test_a_reader_of_a_package_opens_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "drawn.grid").write_text("\n".join(f"{i:04d}" for i in range(1000, 1020)))
    assert main(["data", str(tmp_path / "drawn.grid")]) == 0
    assert "2 x 2 pixels" in capsys.readouterr().out
    (tmp_path / "odd.grid").write_text("123")
    assert main(["data", str(tmp_path / "odd.grid")]) == 2
    assert "write one a line" in capsys.readouterr().err


@pytest.mark.usefixtures("there")
def test_a_class_prior_of_a_package_is_a_labelled_block():
    data = Signature(vae_core.open_data("stripes").signature.kind, ("rows", "columns"))
    model = declare(
        "cdvae", {"prior": "class-laplace", "labelled": 3, "unlabelled": 2, "nets": "gelu-32"}
    ).build(data)
    batch = vae_core.open_data("stripes").train.head(8).batch(slice(8), Sampler.seeded(0))
    terms = model.terms(batch)
    assert model.labelled == ["z_l"]
    assert all(value.isfinite().all() for value in (*terms.kl.values(), *terms.log_likelihood.values()))


@pytest.mark.usefixtures("there")
def test_what_a_package_registers_is_listed_and_a_slip_is_told_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        main(["train", "twin", "--help"])
    told = capsys.readouterr().out
    for word in ("laplace", "gelu-32", "--free", "free-bits", "Two latent blocks"):
        assert word in told
    assert main(["models"]) == 0
    assert {"twin", "laplace", "class-laplace", "gelu-32", "free-bits", "stripes", "reach"} <= set(
        capsys.readouterr().out.split()
    )
    assert (
        main(["train", "twin", "--data", "stripes", "--prior", "laplac", "--out", str(tmp_path / "new")]) == 2
    )
    assert "did you mean laplace?" in capsys.readouterr().err


def test_nothing_of_a_package_stays_where_it_is_not_installed():
    assert "twin" not in MODELS


@pytest.mark.slow
def test_pip_installs_the_package(site: Path, tmp_path: Path):
    """As its users do, from its pyproject.toml alone."""
    pytest.importorskip("hatchling")
    shutil.copytree(
        site / PACKAGE, tmp_path / "source" / PACKAGE, ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "source" / "pyproject.toml").write_text(SAMPLES["pyproject.toml"])
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    target = tmp_path / "target"
    words = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *offline,
        "--target",
        str(target),
        str(tmp_path / "source"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    paths = os.pathsep.join([str(target), *filter(None, [os.environ.get("PYTHONPATH")]), *sys.path])
    listed = subprocess.run(
        [sys.executable, "-m", "vae_core.cli", "models"],
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
        capture_output=True,
        text=True,
    )
    assert {"twin", "laplace", "gelu-32", "free-bits", "stripes", "reach"} <= set(listed.stdout.split())
