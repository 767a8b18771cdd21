"""The report of a checkpoint: everything that it holds is in it, it needs nothing else, and what others wrote stays text."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latent_explorer import cli
from latent_explorer.documents.charts import frontier, maps, scatter
from latent_explorer.documents.report import report
from PIL import Image

from tests.support.foreign import embeddings
from tests.support.tiers import first
from tests.support.trained import Trained
from vae_core import load
from vae_core.checkpoints import ATLAS, CARD, bundled, load_card
from vae_core.data import load_data
from vae_core.metrics import number

TODAY = date(2026, 11, 27)


def pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(each))) for each in found]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(bundled()["ppca-digits-plane"], folder)
    return folder


@pytest.fixture(scope="module")
def whole() -> str:
    """The report of the bundled model that has most to tell."""
    return report(load("mr-cdvae-mnist"), TODAY)


@pytest.mark.parametrize("name", first(["vae-digits-plane", "mr-cdvae-mnist"]))
def test_every_number_stands_with_its_error_and_its_command(name: str):
    card, page = load_card(name), unescape(report(load(name), TODAY))
    for each, (value, error, n) in card.metrics.items():
        told = number(each).told(value, error if error else None)
        assert f"<td>{number(each).title}</td><td>{told}</td><td>{n:,}</td>" in page, each
    for command in [card.command, *card.commands(card.metrics)]:
        assert f"<pre>{command}</pre>" in page


def test_nothing_is_fetched_and_no_code_runs(whole: str):
    asked = re.findall(r"""(?:src|href)\s*=\s*["']?(.{5})""", whole)
    assert set(asked) == {"data:"}
    assert "url(" not in whole
    assert "<script" not in whole
    assert "default-src 'none'" in whole
    assert len(whole) < 1_000_000


def test_pictures_are_those_of_the_model(whole: str):
    """Original and decoded, ten rows of samples, traversals of both blocks, two maps."""
    found = pictures(whole)
    sizes = {}
    for picture in found:
        sizes.setdefault(picture.size, []).append(np.asarray(picture.convert("L")))
    ten, eleven, maps = (10 * 29 - 1, 28), (11 * 29 - 1, 28), (700, 700)
    assert (
        len(sizes[eleven]) == 8 + 5
    )  # most of the ten of z_l, and of the sixteen of z_u those that are active
    assert len(sizes[maps]) == 2
    assert len(sizes[ten]) in (11, 12)  # the originals where they are at hand
    drawn = sizes[ten][-10:]
    assert all(row.std() > 40 for row in drawn)
    assert len({row.tobytes() for row in drawn}) == 10
    assert (np.asarray(found[-1].convert("L")) < 250).mean() > 0.05


def test_two_dimensions_are_shown_as_themselves():
    page = report(load("vae-digits-plane"), TODAY)
    assert "z[1] over z[0]" in page
    assert "UMAP" not in page
    atlas = load("vae-digits-plane").atlas
    assert scatter(np.asarray(atlas.means["z"]), atlas.labels, 10) == maps(load("vae-digits-plane"))["z"]


@pytest.mark.slow
def test_the_frontier_is_drawn_and_told_point_by_point():
    found = load("mr-cdvae-mnist").frontier
    assert found is not None
    drawn = frontier(found)
    assert (drawn.count("<circle"), drawn.count("<rect")) == (25, 3)
    centres = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    x, y = np.array(centres, float).T
    rates, distortions = (
        [of(p) for p in found.points] for of in (lambda p: p.rate, lambda p: p.distortion.value)
    )
    assert np.corrcoef(x, rates)[0, 1] == pytest.approx(1, abs=1e-4)
    assert np.corrcoef(y, distortions)[0, 1] == pytest.approx(-1, abs=1e-4)  # up is more
    page = report(load("mr-cdvae-mnist"), TODAY)
    for point in found.points:
        assert f"{point.rate:.2f} ± {point.rate_error:.2f}" in page


@pytest.mark.parametrize(
    "name",
    first(["cvae-digits", "rates-digits", "joint-digits", "srvae-digits", "ladder-digits", "vamp-digits"], 2),
)
def test_models_of_every_kind_have_one(name: str, trained: Trained):
    page = report(load(trained[name]), TODAY)
    assert {"Pictures", "Maps", "How it was made"} <= set(re.findall(r"<h2>([^<]+)</h2>", page))


def test_embeddings_have_maps_and_no_decoded_pictures(tmp_path: Path):
    embeddings(tmp_path / "embeddings-digits", load_data("digits", "test"))
    page = report(load(tmp_path / "embeddings-digits"), TODAY)
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert "Maps" in headings
    assert "Pictures" not in headings


def test_what_is_missing_is_said_with_the_command_that_brings_it(copied: Path):
    (copied / ATLAS).unlink()
    card = json.loads((copied / CARD).read_text())
    (copied / CARD).write_text(json.dumps({**card, "metrics": {}, "evaluations": {}}))
    page = report(load(copied), TODAY)
    assert "<code>latent-explorer atlas mine</code> makes them" in page
    assert "<code>latent-explorer evaluate mine --write</code> does" in page
    assert "Traversals of z" in page


def test_what_others_wrote_is_text(copied: Path):
    card = json.loads((copied / CARD).read_text())
    card |= {"title": "<script>alert(1)</script>", "command": "</pre><img src=x onerror=alert(1)>"}
    card["versions"] = {"<b>": "&"}
    (copied / CARD).write_text(json.dumps(card))
    page = report(load(copied), TODAY)
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;b&gt; &amp;" in page


def test_the_command_writes_it_and_replaces_its_own_alone(
    copied: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    one_line: Callable,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert cli.main(["report", str(copied)]) == 0
    assert (tmp_path / "mine-report.html").read_text().startswith("<!doctype html>")
    (tmp_path / "mine.html").write_text("mine")
    for out, words in [
        ("mine.html", "is there and no report"),
        ("x.pdf", "ends in .html"),
        ("mine", "ends in .html"),
    ]:
        capsys.readouterr()
        assert cli.main(["report", str(copied), "--out", out]) == 2
        assert words in one_line(capsys.readouterr().err)
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_one_place_for_all_and_no_classes_still_makes_a_map():
    made = scatter(np.zeros((3, 2), np.float32), np.zeros(3, int), 0)
    assert Image.open(io.BytesIO(made)).size == (700, 700)


@pytest.mark.slow
@pytest.mark.browser
def test_it_fits_a_desk_a_phone_and_paper(browser_page: Any, tmp_path: Path):
    file = tmp_path / "report.html"
    file.write_text(report(load("mr-cdvae-mnist"), TODAY))
    for width, height in ((1280, 720), (390, 844)):
        browser_page.set_viewport_size({"width": width, "height": height})
        browser_page.goto(file.as_uri())
        assert browser_page.evaluate("document.documentElement.scrollWidth") == width
        assert browser_page.evaluate(
            "[...document.images].every(one => one.complete && one.naturalWidth > 0)"
        )
    assert browser_page.pdf(format="A4")[:4] == b"%PDF"


@pytest.fixture
def browser_page() -> Any:
    from tests.browser.conftest import need_a_browser
    from tests.support.driving import chromium

    need_a_browser()
    with chromium() as found:
        yield found.new_page()
