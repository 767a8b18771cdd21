"""Map as a person explores it: layouts, examples that are found and gone through, the same state as strips."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import by_item, colourings, finding, layouts
from latent_explorer.caches.layouts import PAIR, PRINCIPAL, UMAP, Laid
from latent_explorer.components.map.selection import Selection
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open
from tests.support.flat import NAME, flat
from tests.support.tiers import first
from tests.support.trained import Trained
from vae_core import load
from vae_core.projections import JOINT

MAP, TRAVERSE = "views/map.py", "views/traverse.py"


def sent(at: AppTest) -> dict[str, Any]:
    """What the browser is sent of the maps."""
    assert not at.exception, at.exception[0].stack_trace
    [found] = [
        json.loads(part.proto.json) for part in at.get("bidi_component") if '"panels"' in part.proto.json
    ]
    return found


def said(at: AppTest) -> str:
    assert not at.exception, at.exception[0].stack_trace
    return " ".join(e.value for kind in ("markdown", "caption", "warning", "info") for e in at.get(kind))


def stands_out(of: dict[str, Any], name: str, count: int) -> list[int]:
    bits = np.frombuffer(base64.b64decode(of[name]), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(bits)[:count]).tolist()


# ---- layouts


def test_a_panel_is_named_by_its_block_and_its_layout(trained: Trained):
    found = load(trained["cdvae-digits"])
    for place in (Laid("z_u"), Laid("z_u", PRINCIPAL), Laid("z_u", PAIR, (3, 1)), Laid(JOINT, PRINCIPAL)):
        assert layouts.laid(found, place.name) == place or place.kind != PAIR
        Selection(place.name, ((0, 0), (1, 0), (0, 1)))  # goes into a link
    for name in ("z_q", "z_u.9.1", "z_u.1.1", "z_u.1", f"{JOINT}.0.1", "z_q.axes", "z_u.-1.2"):
        assert layouts.laid(found, name) is None


def test_blocks_of_one_dimension_share_a_map_whose_axes_are_two_of_them(open_page: Open):
    found = load("factored-rooms")
    at = open_page(MAP, model="factored-rooms", item="3")
    (panel,) = sent(at)["panels"]
    assert panel["plane"] == {"axes": [["z_floor", 0], ["z_wall", 0]], "whole": True}
    assert panel["title"] == "z_floor and z_wall, two of 6 latents"
    assert panel["axes"] == ["z_floor[0] · floor", "z_wall[0] · wall"]
    assert [shape["label"] for shape in panel["shapes"] if shape["kind"] == "posterior"] == [
        "q(z_floor, z_wall | x)"
    ]
    place = layouts.laid(found, f"{JOINT}.5.2")
    assert place is not None
    means = np.stack([found.atlas.means["z_turn"][:, 0], found.atlas.means["z_object"][:, 0]], axis=1)
    np.testing.assert_allclose(layouts.places(found, place), means, atol=1e-5)
    assert layouts.laid(found, f"{JOINT}.6.2") is None
    at = open_page(MAP, model="factored-rooms", x_joint="z_turn[0]", y_joint="z_turn[0]")
    (panel,) = sent(at)["panels"]
    assert panel["plane"]["axes"] == [["z_turn", 0], ["z_floor", 0]]
    assert "which is not available" in said(at)  # a plane needs two dimensions


@pytest.mark.parametrize("name", first(["rates-digits", "ladder-digits", "ppca-digits"], 1))
def test_items_lie_where_their_codes_do(trained: Trained, name: str):
    found = load(trained[name])
    found = found.at(dict.fromkeys(found.atlas_grid.betas, 1.0)) if found.atlas_grid.betas else found
    block = found.model.blocks[-1]
    means = found.atlas.means[block]
    pair = layouts.places(found, Laid(block, PAIR, (2, 0)))
    np.testing.assert_allclose(pair, means[:, [2, 0]], atol=1e-5)
    axes = layouts.places(found, Laid(block, PRINCIPAL))
    assert axes.std(0)[0] >= axes.std(0)[1]
    if not found.atlas_grid.betas:
        assert axes.var(0).sum() >= means.var(0)[:2].sum() - 1e-4  # no plane has more of the variance
    for place in (Laid(block, PAIR, (2, 0)), Laid(block, PRINCIPAL)):
        low, high = layouts.frame(found, place).min(0), layouts.frame(found, place).max(0)
        assert (layouts.places(found, place) >= low - 1e-4).all()
        assert (layouts.places(found, place) <= high + 1e-4).all()


def test_an_outline_holds_the_same_items_whatever_layout_is_shown(open_page: Open, trained: Trained):
    found = load(trained["cdvae-digits"])
    place = Laid("z_u", PAIR, (1, 3))
    (left, bottom), (right, top) = (
        layouts.places(found, place)[:40].min(0),
        layouts.places(found, place)[:40].max(0),
    )
    drawn = Selection(
        place.name,
        tuple(
            (round(float(x), 2), round(float(y), 2))
            for x, y in ((left, bottom), (right, bottom), (right, top))
        ),
    )
    items = layouts.rows(found, drawn, (), found.atlas.labels).tolist()
    assert len(items) > 3
    for layout in (UMAP, PRINCIPAL):
        at = open_page(MAP, model="cdvae-digits", layout=layout, selection=drawn.encode())
        assert stands_out(sent(at), "lit", len(found.atlas)) == items
        assert f"Selected {len(items):,} of" in said(at)


@pytest.mark.parametrize(
    "model", first(["rates-digits", "flow-digits", "cvae-digits", "ladder-digits", "embeddings-digits"], 1)
)
@pytest.mark.parametrize("layout", [PRINCIPAL, PAIR])
def test_every_layout_shows_each_block_with_its_prior_and_the_opened_item(
    open_page: Open, model: str, layout: str
):
    at = open_page(MAP, model=model, layout=layout, item="5")
    panels = sent(at)["panels"]
    assert all("UMAP" not in axis for panel in panels for axis in panel["axes"])
    assert any(shape["kind"] == "posterior" for panel in panels for shape in panel["shapes"])
    assert all((panel["plane"] is not None) == (layout == PAIR) for panel in panels)


def test_two_chosen_dimensions_come_back_from_a_link(open_page: Open):
    at = open_page(MAP, model="vae-digits", layout=PAIR, x_z="z[3]", y_z="z[0]")
    [panel] = sent(at)["panels"]
    assert panel["axes"] == ["z[3]", "z[0]"]
    assert panel["plane"] == {"axes": [["z", 3], ["z", 0]], "whole": False}
    assert "the dimension “z\\[9\\]”" in said(open_page(MAP, model="vae-digits", layout=PAIR, x_z="z[9]"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flat(tmp_path_factory.mktemp("flat"))


def test_two_dimensions_are_shown_as_themselves_with_the_whole_plane(
    open_page: Open, plane: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MODELS_VARIABLE, str(plane))
    at = open_page(MAP, model=NAME)
    [panel] = sent(at)["panels"]
    assert panel["plane"] == {"axes": [["z", 0], ["z", 1]], "whole": True}
    assert at.button_group(key="layout").value == PAIR
    assert sent(open_page(MAP, model=NAME, layout=UMAP))["panels"][0]["plane"] is None


# ---- what is found


def test_examples_are_found_by_number_class_and_comparison(trained: Trained):
    found = load(trained["cdvae-digits"])
    labels, prior = found.atlas.labels, by_item.values(found, by_item.PRIOR)
    asked = {
        "#4": [4],
        "17, 3": [3, 17],
        "class 4": np.flatnonzero(labels == 4).tolist(),
        "log prior < -20": np.flatnonzero(prior < -20).tolist(),
        "Class = 7": np.flatnonzero(labels == 7).tolist(),
    }
    for text, items in asked.items():
        got = finding.found(found, text, finding.NUMBER)
        assert got is not None
        assert sorted(got.items.tolist()) == items, text
    both = finding.found(found, "4", finding.NUMBER)
    assert both is not None
    assert both.items[0] == 4
    assert set(both.items[1:]) == set(np.flatnonzero(labels == 4)) - {4}
    assert finding.found(found, " ", finding.NUMBER) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("99999", "Give a number from 0 to"),
        ("zebra", "a class such as 0"),
        ("height > 3", "no number called “height”"),
        ("ELBO < low", "“low” is none"),
        ("#", "No image fits that"),
        ("=", "No image fits that"),
    ],
)
def test_what_cannot_be_found_is_said_in_a_sentence(open_page: Open, trained: Trained, text: str, words: str):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        finding.found(load(trained["cdvae-digits"]), text, finding.NUMBER)


def test_orders_bring_first_what_they_say(trained: Trained):
    found = load(trained["cdvae-digits"])
    assert finding.orders(found) == [finding.NUMBER, finding.WRONG, finding.LEAST, finding.FAR]
    far = finding.found(found, "", finding.FAR)
    assert far is not None
    assert (len(far.items), far.of) == (finding.MOST, len(found.atlas))
    prior = by_item.values(found, by_item.PRIOR)
    assert (np.diff(prior[far.items]) >= 0).all()
    assert prior[far.items].max() <= np.sort(prior)[finding.MOST]
    wrong, read = finding.found(found, "", finding.WRONG), by_item.read(found)
    assert wrong is not None
    assert read is not None
    assert set(wrong.items) == set(read.items[read.classes != found.atlas.labels[read.items]])
    assert all(int(item) in wrong.why for item in wrong.items)
    some = finding.found(found, "class 8", finding.WRONG)
    assert some is not None
    assert set(some.items) == {item for item in wrong.items if found.atlas.labels[item] == 8}


def test_the_terms_of_an_item_add_up_to_its_bound(trained: Trained):
    found = load(trained["cdvae-digits"])
    elbo, distortion, rate, *blocks = (by_item.values(found, name) for name in by_item.offered(found)[:-1])
    np.testing.assert_allclose(elbo, -distortion - rate, atol=1e-3)
    np.testing.assert_allclose(rate, sum(blocks), atol=1e-3)
    groups = colourings.colouring(found, by_item.ELBO).groups
    assert (np.diff(groups[elbo.argsort()]) >= 0).all()


def test_orders_are_those_that_model_and_data_have(trained: Trained):
    assert finding.WRONG not in finding.orders(load(trained["vae-digits"]))
    assert finding.orders(load(trained["ppca-digits"]))[-1] == finding.FAR


def test_one_goes_from_one_example_to_the_next(open_page: Open, trained: Trained):
    found = load(trained["cdvae-digits"])
    wanted = finding.found(found, "class 3", finding.FAR)
    assert wanted is not None
    at = open_page(MAP, model="cdvae-digits", find="class 3", order=finding.FAR)
    assert stands_out(sent(at), "found", len(found.atlas)) == sorted(wanted.items.tolist())
    assert sent(at)["item"] is None
    for number in range(2):
        at.button(key="find-next").click().run()
        assert sent(at)["item"] == wanted.items[number]
        assert f"**{number + 1}** of {len(wanted.items)} found · image {wanted.items[number]}" in said(at)
        assert "log prior" in said(at)
    at.button(key="find-before").click().run()
    assert sent(at)["item"] == wanted.items[0]
    assert at.button(key="find-before").disabled
    at.text_input(key="find").set_value("#12").run()
    assert sent(at)["item"] == 12  # what is newly asked for opens
    at.text_input(key="find").set_value("zebra").run()
    assert "No image fits that" in said(at)
    assert sent(at)["found"] is None


# ---- the same state as strips


def test_all_as_strips_starts_from_the_same_state_and_leads_back(open_page: Open):
    moved = {"at": "z_u.1~0.5~z_l.0~-2", "as": "8", "item": "7"}
    at = open_page(TRAVERSE, model="cdvae-digits", **moved)
    assert "starts from image 7, as 8, with 2 moved coordinates" in said(at)
    at.button(key="as-it-was").click().run()
    assert "starts from image 7" not in said(at)
    assert not {"at", "as"} & set(at.query_params)
    at = open_page(TRAVERSE, model="cdvae-digits", **moved)
    at.number_input(key="item").set_value(9).run()  # another start has other coordinates
    assert "moved coordinate" not in said(at)
    assert "moves cannot be read" in said(open_page(TRAVERSE, model="cdvae-digits", at="z_q.1~0.5"))
    assert "the class “eight”" in said(open_page(TRAVERSE, model="cdvae-digits", **{"as": "eight"}))
