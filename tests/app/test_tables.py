"""A model of a table on every page: everything is pressed, rows are pasted, compared and named by their features."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from latent_explorer import MODELS_VARIABLE
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN, opened
from tests.app.test_current import moved
from tests.app.test_presses import paths, pressed
from tests.conftest import principal_components
from tests.support.tabular import QUICK, of_tables
from tests.support.tiers import first
from vae_core import projections
from vae_core.checkpoints import save_atlas
from vae_core.data import SOURCES_VARIABLE, open_data
from vae_core.models import CDVAE
from vae_core.training import train

NAMES = ("height", "<b>weight</b>", "children")

Opener = Callable[..., AppTest]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("tables")
    return home / "runs", of_tables(home)


@pytest.fixture
def open_table(home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Opener:
    runs, sources = home
    monkeypatch.setenv(MODELS_VARIABLE, str(runs))
    monkeypatch.setenv(SOURCES_VARIABLE, sources)

    def opener(page: str = "views/map.py", **query: str) -> AppTest:
        at = opened(page, **query)
        assert not at.exception, [error.message for error in at.exception]
        return at

    return opener


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cells", "people"])
def test_every_page_of_a_table_is_pressed(open_table: Opener, monkeypatch: pytest.MonkeyPatch, model: str):
    for page in paths(open_table, monkeypatch):
        at, done = open_table(page, model=model), []
        if "measure" in page:  # begins work of minutes
            continue
        for name in pressed(at):
            done.append(name)
            assert not at.exception, (page, done, [error.message for error in at.exception])


def paste(at: AppTest, text: str) -> AppTest:
    at.text_area[0].set_value(text)
    next(button for button in at.button if button.label == "Use it").click()
    return at.run()


@pytest.mark.parametrize(
    "text",
    first(
        [
            "181, 77.5, 2",
            "181 77.5 2",
            "children: 2\nheight: 181\n<b>weight</b>: 77.5",
            "height,<b>weight</b>,children\n181,77.5,2",
        ],
    ),
)
def test_a_row_is_pasted_in_every_form_stays_and_is_taken_back(open_table: Opener, text: str):
    at = paste(open_table(model="people"), text)
    assert not at.exception
    assert not at.warning
    assert any("Your row" in title.value for title in at.subheader)
    at.switch_page("views/traverse.py").run()
    assert not at.exception
    at.switch_page("views/map.py").run()
    at.button(key="user-row-remove").click().run()
    assert not any("Your row" in title.value for title in at.subheader)


@pytest.mark.parametrize(
    ("text", "words"),
    first(
        [
            ("", "no row yet"),
            ("1 2", "a row has 3"),
            ("1 2 x", "children is 'x'"),
            ("1 2 1.5", "children is a count"),
            ("1 nan 2", "give a number"),
            ("height: 1\nchildren: 2", "lacks"),
            ("a,b,c\n1,2", "3 names and 2 values"),
        ],
        3,
    ),
)
def test_a_bad_row_is_one_sentence_and_the_row_before_stays(open_table: Opener, text: str, words: str):
    at = paste(paste(open_table(model="people"), "181 77.5 2"), text)
    (warning,) = at.warning
    assert words in warning.value
    assert "stays in use" in warning.value
    assert any("Your row" in title.value for title in at.subheader)


@pytest.mark.slow
def test_a_row_after_another_is_weighed(open_table: Opener):
    at = open_table("views/elbo.py", model="people")
    for text in ("181 77.5 2", "170 60 1"):
        at = paste(at, text)
        assert not at.exception, [error.message for error in at.exception]
        assert not at.warning
    assert "your row" in " ".join(caption.value for caption in at.caption)


def test_an_opened_row_has_a_profile_by_feature(open_table: Opener):
    at = open_table(model="people", item="3")
    (chart,) = [chart for chart in at.get("plotly_chart") if "children" in chart.proto.spec]
    assert "original" in chart.proto.spec
    assert json.loads(chart.proto.spec)["layout"]["xaxis"]["title"]["text"] == "σ from the mean"  # not cut
    assert any("in standard deviations" in caption.value for caption in at.caption)
    assert "<b>weight" not in chart.proto.spec


def test_the_features_that_tell_two_selections_apart_are_named(open_table: Opener):
    whole = {
        name: f"z_l~-99~-99~99~-99~99~{top}~-99~{top}"
        for name, top in (("selection", 99), ("selection_a", 98))
    }
    at = open_table(model="cells", **whole)
    assert any(title.value == "Features that differ between A and B" for title in at.subheader)
    table = at.dataframe[-1].value
    assert set(table["feature"]) <= {f"GENE{i}" for i in range(120)}
    assert (table["score"] == 0).all()  # both are all


def test_how_the_picture_of_a_row_is_read_is_said(open_table: Opener):
    for page in ("views/start.py", "views/live.py"):
        said = " ".join(caption.value for caption in open_table(page, model="people").caption)
        assert "each bar is a feature" in said


def test_a_row_between_two_is_pasted_and_not_drawn(open_table: Opener):
    said = " ".join(caption.value for caption in open_table("views/interpolate.py", model="people").caption)
    assert "One of yours, pasted below" in said


def test_a_traversal_names_the_features_that_move_most(open_table: Opener):
    at = open_table("views/traverse.py", model="cells")
    said = at.dataframe[0].value.iloc[:, 1]
    assert said.str.contains("GENE").all()


def test_the_map_is_coloured_by_features_and_by_columns_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    generator = np.random.default_rng(0)
    table = {f"gene{i}": generator.normal(size=80) for i in range(6)}
    table |= {
        "age": np.where(np.arange(80) % 9, generator.normal(50, 9, 80), np.nan),
        "site": ["n", "s"] * 40,
    }
    pd.DataFrame(table).assign(group=["x", "y"] * 40).to_csv(tmp_path / "own.csv", index=False)
    found = open_data(tmp_path / "own.csv", labels="group", columns=[f"gene{i}" for i in range(6)])
    made = train(CDVAE(unlabelled=2, nets="mlp-256"), found.train, QUICK, tmp_path / "runs" / "own")
    monkeypatch.setattr(projections, "umap", principal_components)
    save_atlas(made.folder, projections.make_atlas(made.model, found.test))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "runs"))
    monkeypatch.setenv(SOURCES_VARIABLE, str(tmp_path / "own.csv"))
    at = AppTest.from_file(str(MAIN), default_timeout=100)
    at.switch_page("views/map.py")
    at.query_params["model"] = "own"
    at.run()
    assert {"class", "age", "site", "gene0", "gene5"} <= set(at.selectbox(key="colour").options)
    for by in ("age", "gene3", "site"):
        at.selectbox(key="colour").set_value(by).run()
        assert not at.exception
        assert any(f"coloured by {by}" in caption.value for caption in at.caption)


# What stands in a message to the browser and is nobody's text: names of components, keys, addresses, scripts of the export.
NO_TEXT = re.compile(
    r"user-image[\w-]*|image_grid|-images?\b|\"image/\w+|image:|images? ?[=(\[]|images\.|imgs|image-rendering|data:image|images of a folder"
)
IMAGES = re.compile(r"[^\"\\]{0,60}\bimages?\b[^\"\\]{0,40}", re.IGNORECASE)


def texts(at: AppTest) -> str:
    """All that a page sends to the browser, but for what the menus show as code."""
    found = []

    def walk(block: Any) -> None:
        for child in block.children.values():
            if getattr(child, "children", None):
                walk(child)
            if getattr(child, "type", "") != "code" and getattr(child, "proto", None) is not None:
                found.append(str(child.proto))

    walk(at.main)
    walk(at.sidebar)
    return "\n".join(found)


OF_NO_MODEL = ("data", "train", "lessons")  # they are about images, too


@pytest.mark.slow
@pytest.mark.parametrize("model", first(["cells", "people"]))
def test_no_page_of_a_table_speaks_of_images(open_table: Opener, monkeypatch: pytest.MonkeyPatch, model: str):
    whole = {
        name: f"z_l~-99~-99~99~-99~99~{top}~-99~{top}"
        for name, top in (("selection", 99), ("selection_a", 98))
    }
    queries: dict[str, list[dict[str, str]]] = {
        "map": [{"item": "3", **whole}],
        "prior": [{"look": look} for look in ("Clusters", "Components", "Classes", "Densities", "Holes")],
        "measure": [{}, {"show": "Calibration"}],
        "interpolate": [{"measure": "log density"}],
    }
    assert IMAGES.findall(
        NO_TEXT.sub("", texts(open_table(model="vae-mnist", item="3")))
    )  # which is seen where it stands
    for page in paths(open_table, monkeypatch):
        name = Path(page).stem
        for query in [] if name in OF_NO_MODEL else queries.get(name, [{}]):
            at = open_table(page, model=model, **query)
            said = NO_TEXT.sub("", texts(at))
            assert not IMAGES.findall(said), (page, query)
    at = paste(open_table(model="people"), "181 77.5 2")
    assert not IMAGES.findall(NO_TEXT.sub("", texts(at)))


def test_a_row_goes_along_in_a_link_where_it_is_short(open_table: Opener):
    at = open_table("views/start.py", model="people", start="own", row="171.5_60_2")
    assert not at.exception
    assert not at.warning
    assert at.query_params["row"] == "171.5_60_2"
    at = moved(at, "views/traverse.py")
    assert at.selectbox(key="start").value == "your image"
    assert at.run().query_params["row"] == "171.5_60_2"  # the first run leaves it to the browser


@pytest.mark.parametrize("row", ["171.5_60_two", "1_nan_3", "<script>", "1_" * 2000 + "1", "1_" * 70_000])
def test_a_stranger_s_row_that_is_none_is_one_sentence(open_table: Opener, row: str):
    at = open_table("views/start.py", model="people", start="own", row=row)
    assert not at.exception
    assert ["row cannot be read" in warning.value for warning in at.warning] == [True]


def test_a_row_that_was_pasted_is_in_the_address_and_a_long_one_says_that_it_is_not(open_table: Opener):
    at = open_table("views/map.py", model="people")
    pasted(at, "children: 2\nheight: 171.5\n<b>weight</b>: 60.25")
    assert at.query_params["row"] == "171.5_60.25_2"
    at = open_table("views/map.py", model="cells")
    pasted(at, " ".join(["12345678"] * 120))
    assert "row" not in at.query_params
    assert "too long for a link" in " ".join(part.proto.body for part in at.get("html"))


def pasted(at: AppTest, text: str) -> None:
    next(area for area in at.text_area if area.label == "Your own row").set_value(text)
    next(button for button in at.button if button.label == "Use it").click().run()
    assert not at.exception
