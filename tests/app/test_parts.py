"""The app's parts that need no page: links, selections, pictures, colours, the decode route."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from latent_explorer import MODELS_VARIABLE
from latent_explorer.components.map.selection import Selection, inside, selected_items
from latent_explorer.palette import colours
from latent_explorer.pictures import png, to_bytes
from latent_explorer.session import links
from starlette.requests import Request
from starlette.responses import Response

from tests.support.trained import Trained
from vae_core import load
from vae_core.explore import decode
from vae_core.kinds import Image

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def test_a_selection_comes_back_from_a_link():
    selection = Selection("z_l", ((0.25, -1.5), (3.0, 2.0), (1.0, 4.75)))
    assert Selection.decode(selection.encode()) == selection


@pytest.mark.parametrize(
    "text", ["", "z_l", "z_l~1~2~3", "z_l~1~2~x~4~5~6", "z_l~nan~0~1~0~1~1", "a b~0~0~1~0~1~1"]
)
def test_a_selection_that_cannot_be_read_is_refused_with_a_sentence(text: str):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        Selection.decode(text)


def test_inside_is_the_even_odd_rule():
    points = np.array([[0.5, 0.5], [1.5, 0.5], [-0.1, 0.2], [0.99, 0.01]])
    assert inside(SQUARE, points).tolist() == [True, False, False, True]


def test_hidden_classes_are_not_selected():
    xy = {"z": np.array([[0.2, 0.2], [0.8, 0.8], [3.0, 3.0]])}
    found = selected_items(Selection("z", SQUARE), xy, np.array([0, 1, 0]), hidden=[1])
    assert list(found) == [0]


@pytest.mark.parametrize("text", ["", "1 two", "-1", "100", "1.5"])
def test_item_numbers_out_of_range_are_refused(text: str):
    with pytest.raises(ValueError, match="from 0 to 99"):
        links.numbers(text, 99)


def test_pictures_are_bytes_of_the_right_shape():
    assert to_bytes(torch.rand(2, 3, 1, 4, 5), Image(1, 4, 5)).shape == (2, 3, 4, 5)
    assert to_bytes(torch.rand(2, 3, 4, 5), Image(3, 4, 5)).shape == (2, 4, 5, 3)
    assert to_bytes(torch.tensor([[[2.0, -1.0]]])[None], Image(1, 1, 2)).tolist() == [[[255, 0]]]


def test_every_class_has_a_colour_of_its_own():
    assert len(set(colours(30))) == 30


Ask = Callable[[str, int], Response]


@pytest.fixture
def ask(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What the decode route answers for a model and an item."""
    from latent_explorer import server

    monkeypatch.setenv(MODELS_VARIABLE, str(trained.everything()))
    return lambda model, item, query="": asyncio.run(
        server.decode(
            Request(
                {
                    "type": "http",
                    "path_params": {"model": model, "item": str(item)},
                    "headers": [],
                    "query_string": query.encode(),
                }
            )
        )
    )


def test_the_route_decodes_an_item_as_the_model_does(ask: Ask, trained: dict[str, Path]):
    found = load(trained["vae-digits"])
    codes = {block: torch.from_numpy(found.atlas.means[block][[3]]) for block in found.model.latents}
    answer = ask("vae-digits", 3)
    assert answer.media_type == "image/png"
    assert answer.body == png(to_bytes(decode(found.model, codes), found.kind)[0])


def test_the_route_decodes_at_the_betas_of_its_query(ask: Ask, trained: dict[str, Path]):
    found = load(trained["rate-digits"]).at({"z": 4.0})
    codes = {"z": torch.from_numpy(found.atlas.means["z"][[3]])}
    assert ask("rate-digits", 3, "z=4.0").body == png(to_bytes(decode(found.model, codes), found.kind)[0])
    assert ask("rate-digits", 3, "z=4.0").body != ask("rate-digits", 3).body


@pytest.mark.parametrize("query", ["z=99", "z=nan", "z=high", "z_u=1"])
def test_the_route_answers_404_for_betas_that_it_does_not_know(ask: Ask, query: str):
    assert ask("rate-digits", 3, query).status_code == 404


@pytest.mark.parametrize(("model", "item"), [("nonesuch", 3), ("vae-digits", 99_999_999), ("../../etc", 3)])
def test_the_route_answers_404_with_a_sentence_for_what_is_not_there(ask: Ask, model: str, item: int):
    answer = ask(model, item)
    assert answer.status_code == 404
    assert len(bytes(answer.body).splitlines()) == 1
