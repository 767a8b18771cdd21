"""The Measure page and the commands that it runs beside the server."""

import gc
import time
from pathlib import Path

import pytest

import app.jobs
from app.components.measure_charts import knowledge
from app.jobs import Busy, Job
from app.resources import factor_information
from tests.app.conftest import Open
from vae_core import cli, load


def waited(job: Job, seconds: float = 60) -> Job:
    end = time.monotonic() + seconds
    while job.running and time.monotonic() < end:
        time.sleep(0.05)
    assert not job.running
    return job


def test_a_command_that_ends_well_has_its_output():
    job = waited(Job(["models"]))
    assert job.output is not None
    assert "cdvae" in job.output
    assert not job.failed
    assert job.seconds > 0


def test_a_command_that_fails_says_why():
    job = waited(Job(["evaluate", "no/such/folder"]))
    assert job.failed
    assert job.output is None
    assert "no/such/folder" in job.line


def test_a_cancelled_command_ends_at_once_and_leaves_no_output():
    job = Job(["train", "vae", "--data", "digits", "--out", "/nonexistent/never", "--epochs", "100000"])
    job.cancel()
    assert not job.running
    assert job.output is None
    assert job.cancelled
    assert not job.failed


def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(app.jobs, "MOST_AT_ONCE", 1)
    first = Job(["models"])
    with pytest.raises(Busy, match="run on this server already"):
        Job(["models"])
    waited(first)
    time.sleep(0.1)
    waited(Job(["models"]))


def test_a_command_that_nobody_looks_at_any_more_ends():
    job = Job(["models"])
    process = job._process
    del job
    gc.collect()
    assert process.wait(10) is not None


@pytest.mark.parametrize("look", ["This model", "All models", "Two numbers", "Factors"])
@pytest.mark.parametrize("model", ["cdvae-mnist", "vae-digits", "rates-digits"])
def test_each_view_opens(open_page: Open, look: str, model: str):
    at = open_page("views/measure.py", model=model, show=look)
    assert not at.exception


def test_numbers_are_measured_again_beside_the_cards(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits")
    at.button[0].click().run()
    job = waited(at.session_state["measure-job"])
    assert not job.failed, job.line
    at.run()
    table = at.dataframe[0].value
    assert {"number", "again"} <= set(table.columns)
    assert table.set_index("number")["again"]["negative_elbo"] > 0
    assert any("measured again by" in caption.value for caption in at.caption)


def test_an_unknown_view_in_a_link_gets_a_sentence(open_page: Open):
    at = open_page("views/measure.py", model="vae-digits", show="nothing")
    assert not at.exception
    assert "nothing" in at.warning[0].value


def test_the_factors_of_sprites_are_a_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = [
        "--out",
        str(tmp_path / "small"),
        "--limit",
        "128",
        "--epochs",
        "1",
        "--latent",
        "3",
        "--nets",
        "mlp-256",
    ]
    assert cli.main(["train", "vae", "--data", "sprites", "--no-atlas", *options]) == 0
    found = load(tmp_path / "small")
    monkeypatch.setattr("app.resources.FACTOR_IMAGES", 300)
    shares, dimensions, names, images = factor_information(found) or pytest.fail("no factors")
    assert shares.shape == (3, len(names))
    assert dimensions == ["z 0", "z 1", "z 2"]
    assert "scale" in names
    assert images == 300
    assert 0 <= shares.min() <= shares.max() <= 1
    assert knowledge(shares, dimensions, names).data[0].z.shape == shares.shape
