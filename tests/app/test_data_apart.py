"""What a visitor opens on a server that is not theirs alone is read in a process of its own: in a time and in a memory."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from latent_explorer.own_data import apart, looking
from latent_explorer.own_data.bounds import Bounds

from tests.app.test_open_data import arrays, figures
from tests.support.tiers import case

EVERYTHING = Bounds(Path("/"), everything=True)
NOTHING = Bounds(None)


@pytest.fixture
def table() -> bytes:
    file = io.BytesIO()
    random = np.random.default_rng(0)
    pd.DataFrame({"age": random.normal(40, 9, 60), "seen": random.poisson(3, 60)}).to_parquet(file)
    return file.getvalue()


@pytest.fixture
def images() -> bytes:
    pixels, labels = figures(60)
    return arrays(images=pixels, labels=labels)


@pytest.fixture
def in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small a file is."""
    monkeypatch.setattr(apart, "FEW", -1)


@pytest.mark.usefixtures("in_a_process")
@pytest.mark.parametrize("name", [case("a.npz", slow=False), case("a.parquet", slow=True)])
def test_what_is_read_apart_is_what_is_read_here(name: str, images: bytes, table: bytes):
    data, options = (images, {"size": (20, 20)}) if name == "a.npz" else (table, {})
    found, here = (
        apart.look_at_upload(name, data, NOTHING, options),
        looking.look_at_upload(name, data, options),
    )
    assert found == here
    assert str(found.report) == str(here.report)


@pytest.mark.slow
def test_a_path_is_read_apart_below_its_root(tmp_path: Path, images: bytes):
    (tmp_path / "a.npz").write_bytes(images)
    assert apart.look_at("a.npz", Bounds(tmp_path), {}) == looking.look_at("a.npz", Bounds(tmp_path), {})
    with pytest.raises(ValueError, match="does not lie in the folder"):
        apart.look_at("../a.npz", Bounds(tmp_path), {})


@pytest.mark.slow
@pytest.mark.usefixtures("in_a_process")
def test_a_refusal_is_the_sentence_that_one_reads_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, data in (("a.csv", b"\0\0"), ("a.parquet", b"PAR1"), ("a.exe", b"MZ")):
        with pytest.raises(ValueError, match=r"\w") as here:
            looking.look_at_upload(name, data, {})
        with pytest.raises(ValueError, match=r"\w") as there:
            apart.look_at_upload(name, data, NOTHING, {})
        assert str(there.value) == str(here.value)
    assert not any(tmp_path.iterdir())


@pytest.mark.usefixtures("in_a_process")
@pytest.mark.parametrize(("what", "most"), [("SECONDS", 0.01), ("TIMES", 0.001)])
def test_what_takes_too_long_or_too_much_memory_is_ended_and_leaves_nothing(
    what: str, most: float, images: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(apart, what, most)
    with pytest.raises(ValueError, match=r"^mine\.npz takes more than .* seconds, or more memory"):
        apart.look_at_upload("mine.npz", images, NOTHING, {})
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "data", "is_small"),
    [
        ("a.csv", lambda: b"a,b\n1,2\n", True),
        ("a.csv", lambda: b"1\n" * 10**6, True),
        ("a.csv", lambda: b"11\n" * 10**6, False),
        ("a.npz", lambda: arrays(images=np.zeros((9, 8, 8), np.uint8)), True),
        ("a.npz", lambda: arrays(images=np.zeros((9000, 28, 28), np.uint8)), False),  # packed, of a few bytes
        ("a.npz", lambda: b"no archive", True),
        ("a.parquet", lambda: b"PAR1", False),
        ("a.h5ad", lambda: b"", False),
        ("a.zip", lambda: b"", False),
    ],
)
def test_small_files_that_python_reads_begin_no_process(
    name: str, data: Callable[[], bytes], is_small: bool, monkeypatch: pytest.MonkeyPatch
):
    ran: list[str] = []
    monkeypatch.setattr(looking, "look_at_upload", lambda *_: ran.append("here"))
    monkeypatch.setattr(apart, "_found", lambda *_: ran.append("apart"))
    apart.look_at_upload(name, data(), NOTHING, {})
    assert ran == ["here" if is_small else "apart"]
    apart.look_at_upload(name, b"", EVERYTHING, {})
    assert ran[-1] == "here"  # whoever is alone on their machine is bounded by nothing


def test_names_begin_no_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(apart, "_found", lambda *_: pytest.fail("a process"))
    assert apart.look_at("digits", NOTHING, {}).report.name == "digits"
    with pytest.raises(ValueError, match="opens uploads and no paths"):
        apart.look_at("photos", NOTHING, {})
