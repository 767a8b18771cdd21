"""The Measure page and the commands that it runs beside the server."""

import gc
import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import latent_explorer.session.jobs
import numpy as np
import pytest
from latent_explorer.caches.measurements import calibrated, factors
from latent_explorer.charts.measures import knowledge
from latent_explorer.sections.measure.disentanglement import place_of
from latent_explorer.session.jobs import Busy, Job
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN, Open
from tests.conftest import principal_components
from tests.support.cards import cards
from tests.support.tiers import covering, first
from vae_core import Checkpoint, bundled, cli, evaluate, load, projections
from vae_core.checkpoints import load_card, save_atlas, save_card
from vae_core.data import load_data


def waited(job: Job, seconds: float = 100) -> Job:
    end = time.monotonic() + seconds
    while job.running and time.monotonic() < end:
        time.sleep(0.05)
    assert not job.running
    return job


# Stands for the command line, without its seconds of starting: says a line, then prints one, fails or goes on for ever.
SCRIPT = """
import sys, time
print("reading", flush=True, file=sys.stderr)
match sys.argv[1]:
    case "print": print("found", *sys.argv[2:])
    case "fail": sys.exit("no model: " + sys.argv[2])
    case "wait": time.sleep(600)
"""


@pytest.fixture
def _script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_explorer.session.jobs, "COMMAND", (sys.executable, "-I", "-S", "-c", SCRIPT))


@pytest.mark.usefixtures("_script")
def test_a_command_that_ends_well_has_its_output():
    job = waited(Job(["print", "12"]))
    assert job.output == "found 12\n"
    assert job.command == "latent-explorer print 12"
    assert job.line == "reading"
    assert not job.failed
    assert job.seconds > 0


@pytest.mark.usefixtures("_script")
def test_a_command_that_fails_says_why():
    job = waited(Job(["fail", "no/such/folder"]))
    assert job.failed
    assert job.output is None
    assert job.line == "no model: no/such/folder"


@pytest.mark.usefixtures("_script")
def test_a_cancelled_command_ends_at_once_and_leaves_no_output():
    job = Job(["wait"])
    assert job.running
    job.cancel()
    assert not job.running
    assert job.output is None
    assert job.cancelled
    assert not job.failed


@pytest.mark.usefixtures("_script")
def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latent_explorer.session.jobs, "MOST_AT_ONCE", 1)
    first = Job(["wait"])
    with pytest.raises(Busy, match="this server runs"):
        Job(["print"])
    first.cancel()
    assert waited(Job(["print"])).output == "found\n"


@pytest.mark.slow
@pytest.mark.usefixtures("_script")
def test_a_command_that_nobody_looks_at_any_more_ends():
    job = Job(["wait"])
    process = job._process
    del job
    gc.collect()
    assert process.wait(10) is not None


@pytest.mark.parametrize(
    ("look", "model"),
    covering(
        ["This model", "All models", "Two numbers", "Calibration", "Factors", "Disentanglement"],
        ["cdvae-mnist", "vae-digits", "rates-digits"],
    ),
)
def test_each_view_opens(open_page: Open, look: str, model: str):
    at = open_page("views/measure.py", model=model, show=look)
    assert not at.exception


@pytest.mark.slow
def test_numbers_are_measured_again_beside_the_cards(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits")
    at.button[0].click().run()
    job = waited(at.session_state["measure-job"])
    assert not job.failed, job.line
    at.run()
    table = at.dataframe[0].value
    assert {"number", "again"} <= set(table.columns)
    assert table.set_index("number")["again"]["−ELBO at β = 1"] > 0
    assert "distortion, −E log p(x | z)" in set(table["number"])  # cells are no markdown: nothing is escaped
    assert any("Measured again" in caption.value for caption in at.caption)


def test_an_unknown_view_in_a_link_gets_a_sentence(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits", show="nothing")
    assert not at.exception
    assert "nothing" in at.warning[0].value


def test_several_unknown_names_in_a_link_get_a_sentence_each(open_page: Open):
    at = open_page("views/measure.py", show="Disentanglement", among="nobody")
    assert not at.exception
    assert "the model “nobody”" in at.warning[0].value


@pytest.fixture
def sprites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """A small model of sprites whose card has not been measured."""
    monkeypatch.setattr(projections, "umap", principal_components)
    options = ["--limit", "128", "--epochs", "1", "--latent", "3", "--nets", "mlp-256"]
    out = tmp_path / "small"
    assert cli.main(["train", "vae", "--data", "sprites", "--no-atlas", "--out", str(out), *options]) == 0
    found = load(out)
    save_atlas(out, projections.make_atlas(found.model, load_data("sprites", "test")))
    return load(out)


@pytest.mark.slow
def test_what_dimensions_tell_of_factors_is_counted_where_no_card_says_it(sprites: Checkpoint):
    found = factors(sprites) or pytest.fail("no factors")
    assert found.information.shape == (3, len(found.names))
    assert found.dimensions == ["z[0]", "z[1]", "z[2]"]
    assert "scale" in found.names
    assert (found.images, found.importance) == (10_000, None)
    assert 0 <= found.information.min() <= found.information.max() <= 1
    figure = knowledge(found.information, found.dimensions, found.names, "title", "%{y}")
    assert figure.data[0].z.shape == found.information.shape


@pytest.mark.slow
def test_what_the_trees_need_is_kept_where_only_the_rest_is_counted(sprites: Checkpoint):
    names = {"dimensions": ["z[0]", "z[1]", "z[2]"], "factors": list("abcde"), "n": 100}
    measured = {**names, "importance": np.full((3, 5), 1 / 3).tolist()}
    save_card(sprites.folder, sprites.card.changed(factors=measured))
    found = factors(load(sprites.folder)) or pytest.fail("no factors")
    assert found.importance is not None
    assert found.importance.shape == found.information.shape


def test_a_model_of_other_data_has_no_factors(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits", show="Factors")
    assert "not known" in at.info[0].value


@pytest.mark.parametrize("model", first(["joint-digits", "cvae-digits", "cdvae-digits"]))
def test_the_page_s_calibration_is_the_measured_one(trained: dict[str, Path], model: str):
    checkpoint = load(trained[model])
    measured = evaluate(checkpoint, metrics=("calibration",))
    name = "classifier_ece" if model == "joint-digits" else "bayes_ece"
    curve, error = calibrated(checkpoint) or pytest.fail("no class")
    assert error.value == pytest.approx(measured[name].value, abs=3 * measured[name].se)
    assert curve.count.sum() == error.n == 447


def test_a_model_without_a_class_has_no_calibration(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits", show="Calibration")
    assert "has no class" in at.info[0].value


SPRITES = [name for name, card in cards().items() if card.data.name == "sprites"]


def test_models_of_known_factors_stand_side_by_side_with_published_scores(open_page: Open):
    at = open_page("views/measure.py", show="Disentanglement", item="5")
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["model"][: len(SPRITES)]) == SPRITES
    ours, published = table[: len(SPRITES)], table[len(SPRITES) :]
    assert all(name.startswith("published") for name in published["model"].tolist())
    assert all(ours["MIG"].tolist())
    assert any("no ranking" in caption.value for caption in at.caption)


@pytest.mark.parametrize("name", SPRITES)
def test_the_card_s_table_is_what_its_mig_was_made_of(name: str):
    card = load_card(bundled()[name])
    assert card.factors is not None
    told = np.sort(np.array(card.factors.information), axis=0)
    assert (told[-1] - told[-2]).mean() == pytest.approx(card.metrics["mig"].value, abs=2e-5)
    assert np.allclose(np.array(card.factors.importance).sum(0), 1, atol=1e-3)


def with_models_of(folder: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page over the bundled models and those of a folder."""
    monkeypatch.setenv("LATENT_EXPLORER_MODELS", str(folder))
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params.update(query)
    return at.switch_page("views/measure.py").run()


@dataclass
class Ended:
    """A measurement that ended well."""

    arguments: list[str]
    output: str
    running: bool = False
    cancelled: bool = False
    failed: bool = False


def test_the_trees_importances_are_drawn_once_they_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    unmeasured = shutil.copytree(bundled()["beta-tcvae-sprites"], tmp_path / "unmeasured")
    card = load_card(unmeasured)
    tables = dict(card.json["factors"])
    matrix = tables.pop("importance")
    save_card(unmeasured, card.changed(factors=tables))
    at = with_models_of(tmp_path, monkeypatch, model="unmeasured", show="Factors")
    assert len(at.get("plotly_chart")) == 1
    assert "latent-explorer evaluate unmeasured --metrics dci" in at.info[0].value
    output = json.dumps({"metrics": {}, "factors": {"importance": matrix}})
    at.session_state["measure-job"] = Ended(["evaluate", str(unmeasured), "--metrics", "dci"], output)
    at.run()
    assert not at.exception
    assert len(at.get("plotly_chart")) == 2


def test_a_damaged_model_gets_a_sentence_and_the_others_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    damaged = shutil.copytree(bundled()["beta-tcvae-sprites"], tmp_path / "damaged")
    (damaged / "atlas.npz").write_bytes(b"nothing of the kind")
    at = with_models_of(tmp_path, monkeypatch, show="Disentanglement")
    assert not at.exception
    assert "damaged cannot be opened" in at.error[0].value
    assert at.dataframe[0].value["model"][0] in SPRITES


def test_a_column_is_a_dimension_of_one_of_the_blocks(trained: dict[str, Path]):
    found = load(trained["cdvae-digits"])
    labelled = found.atlas.means["z_l"].shape[1]
    assert [place_of(found, j) for j in (0, labelled - 1, labelled)] == [
        ("z_l", 0),
        ("z_l", labelled - 1),
        ("z_u", 0),
    ]
    with pytest.raises(IndexError):
        place_of(found, labelled + found.atlas.means["z_u"].shape[1])
