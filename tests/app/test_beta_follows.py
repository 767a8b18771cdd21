"""What follows a handle of beta while it moves: what the browser asks for then is what the page shows at those betas afterwards."""

import json
from typing import Any

import numpy as np
import pytest
from latent_explorer.caches import along_grid, layouts
from latent_explorer.caches.layouts import Laid
from latent_explorer.components.map.selection import Grid
from latent_explorer.live.route import decoder
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open
from tests.support.trained import Trained
from vae_core.checkpoints import load
from vae_core.serving import Answer, Request

FIRST, THEN = "0.1", "0.178"  # a beta of the grid, and one between two


def opened(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    end = 4 + int.from_bytes(data[:4], "little")
    header, arrays = json.loads(data[4:end]), []
    for kind, size in header["arrays"]:
        arrays.append(np.frombuffer(data, kind, size, end))
        end += -(-arrays[-1].nbytes // 8) * 8
    return header, arrays


def grids(at: AppTest) -> dict[str, tuple[dict[str, Any], np.ndarray]]:
    """The grids of a page that follow, by their title, with their pictures."""
    assert not at.exception, [error.message for error in at.exception]
    found = [opened(part.proto.bytes) for part in at.get("bidi_component") if b'"follow"' in part.proto.bytes]
    return {
        header["title"]: (header, pixels.reshape(-1, *header["shape"][2:])) for header, (pixels, *_) in found
    }


def followed(header: dict[str, Any], pictures: np.ndarray, betas: dict[str, float]) -> np.ndarray:
    """The pictures as the browser has them after a move to these betas."""
    shown, follow = pictures.copy(), header["follow"]
    columns = header["shape"][1]
    for cells in follow["asks"]:
        asked = {"model": follow["model"], **cells["request"], "betas": betas}
        [answer] = decoder().answer([Request.read(json.dumps(asked))])
        assert isinstance(answer, Answer), answer
        for k, picture in enumerate(answer.pixels):
            row, column = divmod(k, cells["columns"])
            shown[(cells["row"] + row) * columns + cells["column"] + column] = picture
    return shown


def alike(first: np.ndarray, second: np.ndarray) -> bool:
    return int(np.abs(first.astype(int) - second.astype(int)).max()) <= 1


@pytest.mark.parametrize(
    ("page", "query", "count"),
    [
        ("generate", {"model": "rates-digits"}, 3),
        pytest.param(
            "generate", {"model": "rates-digits", "class": "3", "hold": "y"}, 3, marks=pytest.mark.slow
        ),
        pytest.param("generate", {"model": "rate-digits"}, 1, marks=pytest.mark.slow),
    ],
)
def test_the_grids_of_generate_are_asked_for_as_the_page_makes_them(
    open_page: Open, page: str, query: dict[str, str], count: int
):
    blocks = ["z_l", "z_u"] if query["model"] == "rates-digits" else ["z"]
    before = grids(open_page(f"views/{page}.py", **query, **{f"beta_{block}": FIRST for block in blocks}))
    after = grids(open_page(f"views/{page}.py", **query, **{f"beta_{block}": THEN for block in blocks}))
    assert len(before) == count
    betas = dict.fromkeys(blocks, float(THEN))
    for title, (header, pictures) in before.items():
        assert header["follow"]["asks"], title
        assert not alike(pictures, after[title][1]), title
        assert alike(followed(header, pictures, betas), after[title][1]), title


@pytest.mark.parametrize(
    "query",
    [
        {"block": "z_u"},
        *(
            pytest.param(query, marks=pytest.mark.slow)
            for query in [
                {"block": "z_l", "item": "7", "at": "z_u.1~2", "as": "4"},
                {"block": "z_l", "start": "prior draw", "seed": "3", "class": "2"},
                {"block": "z_u", "start": "prior mean", "class": "2"},
            ]
        ),
    ],
)
def test_strips_are_asked_for_as_the_page_makes_them(open_page: Open, query: dict[str, str]):
    def strips(beta: str) -> tuple[dict[str, Any], np.ndarray]:
        at = open_page("views/traverse.py", model="rates-digits", beta_z_l=beta, beta_z_u=beta, **query)
        [found] = grids(at).values()
        return found

    (header, pictures), (later, expected) = strips(FIRST), strips(THEN)
    assert header["follow"]["ofBetas"]
    moved = followed(header, pictures, dict.fromkeys(["z_l", "z_u"], float(THEN)))
    rows = {name: row for row, name in enumerate(later["rows"])}
    both = [(row, name) for row, name in enumerate(header["rows"]) if name in rows]
    assert len(both) > 1
    for row, name in both:  # in order of their rate, which is another one
        steps = header["shape"][1]
        mine, theirs = (
            each[place * steps : (place + 1) * steps]
            for each, place in ((moved, row), (expected, rows[name]))
        )
        assert alike(mine, theirs), name


def test_a_grid_of_a_model_of_one_beta_follows_nothing(open_page: Open):
    assert not grids(open_page("views/traverse.py", model="vae-digits"))


# ---- the sliders, and the maps


def test_the_sliders_are_streamlits_and_their_grid_is_marked(open_page: Open, trained: Trained):
    at = open_page("views/elbo.py", model="rates-digits", beta_z_u="1.78")
    [told] = [
        json.loads(part.proto.json)
        for part in at.get("bidi_component")
        if '"blocks"' in part.proto.json and '"grid"' in part.proto.json
    ]
    assert told["model"] == "rates-digits"
    assert list(told["blocks"]) == ["z_l", "z_u"]
    grid = load(trained["rates-digits"]).atlas_grid.betas
    for block, slider in told["blocks"].items():
        assert slider["key"] == f"beta_{block}"
        assert slider["range"] == [0.1, 10.0]
        assert slider["grid"] == pytest.approx(np.unique(grid[block]), rel=5e-3)
    assert at.session_state["beta_z_u"] == "1.78"
    assert at.session_state["betas"] == {"z_l": 1.0, "z_u": 1.78}
    at.select_slider(key="beta_z_u").set_value("10").run()
    assert at.session_state["betas"] == {"z_l": 1.0, "z_u": 10.0}


def test_a_model_of_one_beta_has_nothing_to_listen_to(open_page: Open):
    at = open_page("views/elbo.py", model="vae-digits")
    assert not [part for part in at.get("bidi_component") if '"grid"' in part.proto.json]


@pytest.mark.parametrize(
    ("block", "layout"), [*(("z_u", layout) for layout in layouts.LAYOUTS), ("joint", layouts.PRINCIPAL)]
)
def test_places_between_the_betas_of_a_grid_are_those_of_the_page(trained: Trained, block: str, layout: str):
    opened_once = load(trained["rates-digits"])
    place = Laid(block, layout)
    header, [cells] = opened(
        along_grid.answer(opened_once.at({"z_l": 0.6, "z_u": 10.0}), "z_u", [place.name])
    )
    betas = header["betas"]
    assert betas == sorted(betas)
    known = cells.reshape(len(betas), 2, -1)
    for beta in (betas[0], 0.178, 3.0):
        at = opened_once.at({"z_l": 0.6, "z_u": beta})
        shown = Grid.of(layouts.places(at, place), layouts.frame(at, place)).cells.T
        share = np.interp(np.log(beta), np.log(betas), np.arange(len(betas)))
        low = min(int(share), len(betas) - 2)
        mixed = (1 - share + low) * known[low] + (share - low) * known[low + 1]
        assert np.abs(mixed - shown).max() < 1.01


def test_places_that_there_are_not_are_refused_in_a_sentence(trained: Trained):
    checkpoint = load(trained["rates-digits"])
    with pytest.raises(ValueError, match="has no beta of z_q"):
        along_grid.answer(checkpoint, "z_q", ["z_u"])
    for names in ([], ["z_q"], ["z_u", "z_q"], ["z_u"] * 9):
        with pytest.raises(ValueError, match="has no map"):
            along_grid.answer(checkpoint, "z_u", names)
    assert along_grid.address(load(trained["vae-digits"])) is None
