"""An upload that is trained on: a copy beside the runs, for as long as a run is of it."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from latent_explorer import LOCAL_VARIABLE, RUNS_VARIABLE
from latent_explorer.own_data import looking
from latent_explorer.sections.data import state
from latent_explorer.sections.train.form import FIRST
from latent_explorer.training import keeper, runs, uploads
from streamlit.testing.v1 import AppTest

from tests.app.test_open_data import arrays, figures, packed, png

Open = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    monkeypatch.setattr(keeper, "turn", lambda now=None: None)
    return tmp_path


def old(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_a_copy_is_kept_once_and_goes_with_the_last_run_of_it(home: Path):
    first = uploads.keep("../my rows.csv", b"a,b\n1,2\n")
    assert first.read_bytes() == b"a,b\n1,2\n"
    assert first.name == "my rows.csv"
    assert uploads.keep("my rows.csv", b"a,b\n1,2\n") == first
    other = uploads.keep("my rows.csv", b"a,b\n3,4\n")
    runs.write(home / "one", runs.ASKED, {"words": [], "source": str(first), "at": 1.0})
    old(first.parent)
    old(other.parent)
    uploads.sweep()
    assert first.exists()
    assert not other.exists()
    assert not runs.delete(runs.named("one")).refused
    uploads.sweep()
    assert not first.exists()


def test_an_archive_is_kept_as_the_folder_of_its_images(home: Path):
    data = packed({f"photos/{name}/1.png": png() for name in ("cat", "dog")})
    kept = uploads.keep("photos.zip", data)
    assert sorted(path.name for path in kept.iterdir()) == ["cat", "dog"]
    assert uploads.keep("photos.zip", data) == kept


def test_what_cannot_be_kept_is_one_sentence_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match="holds neither images"):
        uploads.keep("photos.zip", packed({"a.txt": b"1"}))
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="delete a training of one first"):
        uploads.keep("rows.csv", b"a,b\n1,2\n3,4\n")
    assert not list((home / uploads.KEPT).iterdir())


def test_what_is_open_is_offered_first(open_page: Open, home: Path):
    images, labels = figures(60)
    data = arrays(images=images, labels=labels)
    at = open_page("views/elbo.py", model="vae-digits")
    at.session_state[state.KEY] = state.Asked(
        "mine.npz", data, {}, looking.look_at_upload("mine.npz", data, {})
    )
    at.switch_page("views/train.py").run()
    assert at.selectbox(key="train-data").value == "your data"


def test_an_upload_is_trained_on(open_page: Open, home: Path):
    images, labels = figures(60)
    data = arrays(images=images, labels=labels)
    found = looking.look_at_upload("mine.npz", data, {})
    at = open_page("views/train.py", model="vae-digits")
    at.session_state[state.KEY], at.session_state[FIRST] = (
        state.Asked("mine.npz", data, {}, found),
        found.train,
    )
    at.run()
    assert at.selectbox(key="train-data").value == "your data"
    assert any("A copy of mine.npz is kept" in each.value for each in at.caption)
    next(each for each in at.button if each.label == "Start").click().run()
    assert not at.exception, at.exception[0].stack_trace
    (run,) = runs.everyone().values()
    kept = Path(str(run.asked["source"]))
    assert str(kept) in run.asked["words"]
    assert home in kept.parents
    assert np.array_equal(np.load(kept)["images"], images)
