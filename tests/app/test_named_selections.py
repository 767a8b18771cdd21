"""Named selections: saved, shown again, deleted, refused on other data, exported as columns."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from latent_explorer import LOCAL_VARIABLE, MODELS_VARIABLE
from latent_explorer.components.map.named import NamedSelection
from latent_explorer.components.map.selection import Selection, selected_items
from latent_explorer.export import tables
from latent_explorer.parts import named
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, opened
from tests.app.test_directions import press
from tests.app.test_pages import healthy, said
from vae_core import load
from vae_core.data import open_data

MAP = "views/map.py"


def link(at: AppTest, name: str = named.SHELF.key) -> str:
    asked = at.query_params.get(name, "")
    return asked[0] if isinstance(asked, list) else asked


@pytest.fixture
def outline(trained: dict[str, Path]) -> str:
    """An outline round a quarter of the map of vae-digits."""
    low = load(trained["vae-digits"]).atlas.coordinates["z"].min(0) - 1
    middle = np.median(load(trained["vae-digits"]).atlas.coordinates["z"], 0)
    corners = [(low[0], low[1]), (middle[0], low[1]), (middle[0], middle[1]), (low[0], middle[1])]
    return Selection("z", tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners)).encode()


def saved(at: AppTest, name: str) -> AppTest:
    next(box for box in at.text_input if box.label.startswith("Name for")).set_value(name).run()
    return press(at, "Save")


def test_a_selection_is_saved_shown_on_another_model_of_the_data_and_deleted(
    open_page: Open, outline: str, trained: dict[str, Path]
):
    at = saved(open_page(MAP, model="vae-digits", selection=outline), " low  left ")
    atlas = load(trained["vae-digits"]).atlas
    expected = selected_items(Selection.decode(outline), atlas.coordinates, atlas.labels)
    kept = NamedSelection.decode(link(at))
    assert (kept.name, kept.outline) == ("low left", outline)
    assert list(kept.items) == expected.tolist()
    assert 10 < len(expected) < len(atlas)
    press(at, "Show as A")
    assert link(at, "selection_a") == outline  # the outline itself, where it holds the same
    other = open_page(MAP, model="ppca-digits", selections=link(at), named="low left")
    assert healthy(other)
    assert not said(other)
    assert f"**A** · Selected {len(expected):,} of" in " ".join(line.value for line in other.markdown)
    press(other, "Delete")
    assert link(other) == ""
    assert link(other, "named") in ("", "low left")


def test_data_that_differ_refuse_a_selection_by_its_fingerprint(open_page: Open, outline: str):
    at = saved(open_page(MAP, model="vae-digits", selection=outline), "corner")
    other = open_page(MAP, model="beta-tcvae-sprites", selections=link(at))
    assert healthy(other)
    assert "corner is left out: it was made on other data" in said(other)
    assert "fingerprint" in said(other)
    assert link(other) == ""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"selections": "x"}, "cannot be read"),
        ({"selections": "a~b~!!~"}, "cannot be read"),
        ({"selections": "a~b~AAAA~"}, "cannot be read"),
        ({"named": "gone"}, "“gone”"),
    ],
)
def test_a_link_that_cannot_be_had_is_said(open_page: Open, query: dict[str, str], words: str):
    at = open_page(MAP, model="vae-digits", **query)
    assert healthy(at)
    assert words in said(at)


@pytest.fixture
def own(trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    return shutil.copytree(trained["vae-digits"], tmp_path / "own")


def test_a_file_beside_the_model_keeps_them_for_the_next_session(own: Path, outline: str):
    saved(opened(MAP, model="own", selection=outline), "corner")
    assert [row["name"] for row in json.loads((own / "selections.json").read_text())["selections"]] == [
        "corner"
    ]
    later = opened(MAP, model="own")
    assert healthy(later)
    assert NamedSelection.decode(link(later)).name == "corner"
    press(later, "Delete")
    assert json.loads((own / "selections.json").read_text())["selections"] == []


def test_a_name_that_cannot_be_kept_is_said(open_page: Open, outline: str):
    at = saved(open_page(MAP, model="vae-digits", selection=outline), "a!b")
    assert "Not saved" in said(at)
    assert link(at) == ""


def test_the_columns_stand_in_the_order_of_the_data(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    checkpoint = load(trained["vae-digits"])
    count = len(checkpoint.atlas)
    places = np.random.default_rng(0).permutation(count)
    source = open_data("digits").split("test")
    monkeypatch.setattr(named.sources, "originals", lambda checkpoint: source._with(places=places))
    one = NamedSelection("row", named.mark(checkpoint), (0, 3, count - 1))
    rows = list(csv.DictReader(io.StringIO(tables.csv(named.columns(checkpoint, {"row": one})).decode())))
    assert [int(row["row"]) for row in rows] == sorted(places)
    assert {int(row["index"]) for row in rows if row["selection row"] == "1"} == {0, 3, count - 1}
    at = int(rows[5]["index"])
    assert rows[5]["label"] == checkpoint.atlas.classes[checkpoint.atlas.labels[at]]
    assert int(rows[5]["row"]) == places[at]


def test_a_row_of_a_split_knows_its_place_in_the_file(tmp_path: Path):
    lines = [
        "a,b,kind",
        *(f"{number},{number * 2.5 if number != 7 else ''},{'xy'[number % 2]}" for number in range(60)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data = open_data(tmp_path / "t.csv", labels="kind", skip_broken=True)
    for split in ("train", "test", "all"):
        found = data.split(split)
        assert found.places is not None
        assert found.images[:][:, 0].tolist() == found.places.tolist()
    whole, part = data.split("all").places, data.split("test")
    some = part.rows(torch.tensor([2, 0])).places
    assert whole is not None
    assert 7 not in whole
    assert part.places is not None
    assert some is not None
    assert some.tolist() == part.places[[2, 0]].tolist()


def test_a_named_selection_survives_a_link_and_a_file():
    found = NamedSelection("ä & b", "0a1b.10.ff", (0, 7, 8, 4095), "z_u~0~0~1.5~-2~3~3")
    assert NamedSelection.decode(found.encode()) == found == NamedSelection.from_json(found.to_json())


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"name": "a", "items": [3, 3]},
        {"name": "a", "items": [-1]},
        {"name": "a", "items": ["x"]},
        {"name": "a", "items": []},
    ],
)
def test_json_that_is_no_selection_is_refused(value: object):
    with pytest.raises(ValueError, match="selection"):
        NamedSelection.from_json(value)


def test_a_link_that_unpacks_to_too_much_is_refused():
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"\xff" * 3_000_000, 9)).decode().rstrip("=")
    with pytest.raises(ValueError, match="cannot be read"):
        NamedSelection.decode(f"a~b~{bomb}~")
