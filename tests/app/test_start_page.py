"""Start: what the first page shows of a model, and where it leads."""

import json
from typing import Any

import pytest
from latent_explorer.components.controls import Block, Handle
from latent_explorer.sections.start import first as first_sight
from latent_explorer.sections.start.first import HANDLES
from streamlit.testing.v1 import AppTest

from tests.app.conftest import START, Open
from tests.support.tiers import first

MODELS = [
    "rates-digits",
    "vae-digits",
    "ladder-digits",
    "cvae-digits",
    "ppca-digits",
    "srvae-digits",
    "joint-digits",
]


def shown(at: AppTest) -> dict[str, Any]:
    """What the browser is sent of the first sight."""
    assert not at.exception
    found = [json.loads(part.proto.json) for part in at.get("bidi_component") if "paper" in part.proto.json]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("model", first(MODELS, 3))
def test_a_few_handles_are_offered_and_what_they_begin_at_is_shown(open_page: Open, model: str):
    sent = shown(open_page(START, model=model))
    handles = [handle for block in sent["blocks"] for handle in block["handles"]]
    assert 1 <= len(handles) <= HANDLES
    assert sent["paper"]
    assert sent["state"]["item"] == 0
    if sent["kept"]:
        assert {block["name"] for block in sent["blocks"][:1]} <= set(sent["kept"])


def test_of_few_numbers_it_says_that_these_are_all(open_page: Open):
    assert shown(open_page(START, model="vae-digits"))["heading"] == "Its 4 numbers"
    assert shown(open_page(START, model="ladder-digits"))["heading"] == "5 of its 9 numbers"


def test_a_link_restores_what_was_moved(open_page: Open):
    sent = shown(open_page(START, model="rates-digits", item="7", move="z_u.1~0.5", **{"class": "3"}))
    assert sent["state"]["item"] == 7
    assert sent["state"]["label"] == 3
    assert sent["state"]["moved"] == {"z_u": {"1": 0.5}}


def test_a_link_from_when_the_map_was_first_still_leads_there(open_page: Open):
    at = open_page(START, model="rates-digits", hidden="0", item="7")
    assert not at.exception
    assert at.title[0].value == "Where do images lie?"


def test_beside_the_maps_stands_the_opened_item_with_its_handles(open_page: Open):
    sent = shown(open_page("views/map.py", model="rates-digits", item="7"))
    assert sent["narrow"]
    assert sent["state"]["item"] == 7


def test_a_page_that_there_is_not_is_said(open_page: Open):
    at = open_page(START, model="vae-digits")
    at.query_params["page"] = "nowhere"
    at.run()
    assert ["no page “nowhere”" in each.value for each in at.warning] == [True]
    assert "page" not in at.query_params
    assert at.session_state["view"] == "start"


def test_blocks_of_one_dimension_are_handles_among_others(monkeypatch: pytest.MonkeyPatch):
    def few(*sizes: int) -> list[int]:
        handle = Handle(0, -1.0, 1.0, "", True)
        blocks = [Block(f"z{i}", "", "", [handle] * size) for i, size in enumerate(sizes)]
        monkeypatch.setattr(first_sight.controls, "kept", lambda checkpoint: [])
        monkeypatch.setattr(first_sight.controls, "handles", lambda checkpoint: blocks)
        return [len(block.handles) for block in first_sight.few(None)]  # type: ignore[arg-type]

    assert few(1, 1, 1, 1, 1, 1) == [1] * HANDLES
    assert few(4, 10) == [4]
    assert few(2, 10) == [2, 3]
