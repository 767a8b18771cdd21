"""The trials of a sweep on the page Measure and in the gallery."""

import shutil
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import gallery
from latent_explorer.session.gallery import grouped
from latent_explorer.text import GUARD

from tests.app.conftest import opened
from tests.app.test_export import offered_and_there
from vae_core.checkpoints import bundled, load_card, save_card
from vae_core.sweeps import DONE, Sweep, begun
from vae_core.sweeps.folder import SWEEP, TRIAL, write_json

MEASURE = "views/measure.py"


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Two betas and two seeds, −ELBO 90, 91, 92 and 93."""
    found = begun(tmp_path / "grid", ["train", "vae"], {"beta": ["1", "2"], "seed": ["0", "1"]}, ["elbo"])
    card = load_card(bundled()["ppca-digits-plane"])
    for k, trial in enumerate(found.trials):
        shutil.copytree(bundled()["ppca-digits-plane"], found.place(trial))
        metrics = {"negative_elbo": {"value": 90.0 + k, "se": 0.5, "n": 100}}
        save_card(found.place(trial), card.changed(metrics=metrics, evaluations={}))
        write_json(found.place(trial) / TRIAL, {"state": DONE})
    monkeypatch.setenv(MODELS_VARIABLE, str(found.folder))
    return found


def test_a_number_over_an_option_has_mean_and_range_and_the_best_is_named(sweep: Sweep):
    at = opened(MEASURE, model="beta-1_seed-0", show="Sweep")
    assert not at.exception
    [table] = [frame.value for frame in at.dataframe]
    assert table["beta"].tolist() == ["1", "2"]
    assert table["mean"].tolist() == ["90.50 nats", "92.50 nats"]
    assert table["range over seeds"][0] == "90.00 nats to 91.00 nats"
    said = " ".join(each.value for each in (*at.markdown, *at.caption)).replace(GUARD, "").replace("\\", "")
    assert "Best: beta 1, 90.50 ± 0.50 nats" in said
    assert "4 of 4 trials are done" in said
    offered, there = offered_and_there(at)
    assert offered == {"sweep"}
    assert offered <= there


def test_the_view_is_absent_for_others_and_a_link_to_it_says_why(sweep: Sweep):
    at = opened(MEASURE, model="vae-mnist")
    assert (
        "Sweep" not in at.segmented_control(key="show").options if hasattr(at, "segmented_control") else True
    )
    at = opened(MEASURE, model="vae-mnist", show="Sweep")
    assert not at.exception
    assert any("is no trial of a sweep" in each.value for each in at.info)


def test_a_damaged_sweep_hurts_no_page(sweep: Sweep):
    (sweep.folder / SWEEP).write_text("{")
    for show in ("This model", "Sweep"):
        assert not opened(MEASURE, model="beta-1_seed-0", show=show).exception


def test_the_gallery_has_them_together_under_their_options(sweep: Sweep):
    heading, models = grouped(gallery.models())[0]
    assert heading == "Sweep grid: digits"
    assert [model.title for model in models] == [trial.name for trial in sweep.trials]
