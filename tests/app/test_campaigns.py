"""Campaigns of changes at random over what visitors send: a sentence or an answer, and nothing else. Seeds are printed."""

import io
import json
import random
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latent_explorer import DECODE, PICTURE, PLACES
from latent_explorer.lessons import shelf
from latent_explorer.lessons.lesson import LessonError, parse
from latent_explorer.live.route import decoder, rounded
from latent_explorer.server import decode, picture
from latent_explorer.server import places as places_route
from latent_explorer.user_image import images
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.support.mutating import JSON, chances, changed, mutated, often, one_sentence, places
from vae_core.checkpoints import SUCCESSORS, bundled_folder
from vae_core.serving import Request, parsed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ASKED = [
    {"id": 1, "model": "vae-mnist", "mix": {"z": [[[0, 1.0]]]}, "move": {"z": {"0": 1.5}}, "back": True},
    {"id": 2, "model": "cdvae-mnist", "label": [3], "draw": {"seed": 4, "temperature": 0.5}, "classes": True},
    {"id": 3, "model": "mr-vae-mnist", "betas": {"z": 2.0}, "codes": {"z": [[0.0] * 16]}},
    {"id": 4, "model": "vae-mnist", "image": {"pixels": "AAAA", "latents": ["z"]}},
    {
        "id": 5,
        "model": "srvae-mnist",
        "draw": {"seed": 4},
        "traverse": {"block": "z", "dimensions": [0, 3], "span": 3.0, "steps": 5},
        "back": True,
    },
    {
        "id": 6,
        "model": "mr-cdvae-mnist",
        "mix": {"z_l": [[[0, 1.0]]], "z_u": [[[0, 1.0]]]},
        "betas": {"z_u": 2.0},
        "traverse": {
            "block": "z_u",
            "directions": [[0.6, 0.8, *[0.0] * 14]],
            "span": 3.0,
            "steps": 5,
            "label": 3,
        },
        "classes": True,
    },
]


@often(10_000)
@given(data=st.data(), whole=st.sampled_from(ASKED), value=JSON, gone=st.booleans())
def test_a_message_of_anybody_is_answered_or_refused(
    data: Any, whole: dict[str, Any], value: Any, gone: bool
):
    path = data.draw(st.sampled_from(list(places(whole))))
    told = changed(
        whole,
        path,
        (lambda inside, last: inside.pop(last))
        if gone
        else lambda inside, last: inside.__setitem__(last, value),
    )
    try:
        request = Request.of(parsed(json.dumps(told)))
    except ValueError as error:
        one_sentence(error)
        return
    (answer,) = decoder().answer([request])
    if isinstance(answer, ValueError):
        one_sentence(answer)
    else:
        assert len(answer.pixels) == request.n
        json.dumps(rounded(answer.codes), allow_nan=False)  # a browser reads no NaN


# Of an address: what a part or a value in it may be, as it stands there.
ODD = (
    *(
        "inf",
        "-inf",
        "nan",
        "1e309",
        "-1",
        "0",
        "2.5",
        "9" * 5000,
        "true",
        "[]",
        "{}",
        "",
        "..",
        "%2e%2e",
        "1_0",
        "+1",
    ),
    *(
        "%00",
        "%ff%fe",
        "%F0%9F%92%A9",
        "%E2%80%AE",
        "..%2f..%2fetc%2fpasswd",
        "%3Cscript%3E",
        "a" * 3000,
        "%D9%A1",
    ),
    *(
        "z.0.1",
        "z.axes",
        "z.0.0",
        "z.0.1000000",
        "__proto__",
        "[sign%20in](http://evil.example)",
        "1%0d%0aX:%20y",
    ),
)
HELD = ("mr-cdvae-mnist", "mr-vae-mnist", "vae-mnist", "srvae-mnist", "factored-rooms", *SUCCESSORS)
BLOCKS = ("z", "z_l", "z_u", "y", "joint", "z.axes", "z_u.axes", "z.0.1", "z_u.1.2")


def address(chance: random.Random) -> str:
    """Of one of the plain routes, with parts of others and oddities in it."""

    def part(*usual: str) -> str:
        return chance.choice(usual if chance.random() < 0.7 else ODD)

    def beta() -> str:
        return f"{part('beta_z', 'beta_z_u', 'z', 'z_u', 'of')}={part('0.5', '1', '7.25')}"

    model, panels = (
        part(*HELD),
        [f"panel={part(*BLOCKS)}" for _ in range(chance.choice([0, 1, 1, 2, 9, 200]))],
    )
    asked = [*panels, *(beta() for _ in range(chance.choice([0, 0, 1, 3])))]
    chance.shuffle(asked)
    path = chance.choice(
        [
            f"{PLACES}/{model}/{part(*BLOCKS)}",
            f"{DECODE}/{model}/{part('0', '417', '9999')}",
            f"{PICTURE}/{model}",
        ]
    )
    return f"{path}?{'&'.join(asked)}"


def test_an_address_of_anybody_is_answered_or_refused():
    routes = [
        Route(f"{DECODE}/{{model}}/{{item}}", decode),
        Route(f"{PLACES}/{{model}}/{{block}}", places_route),
        Route(f"{PICTURE}/{{model}}", picture),
    ]
    client = TestClient(Starlette(routes=routes))
    for chance in chances(2000):
        asked = address(chance)
        answer = client.get(asked)
        assert answer.status_code in (200, 404), asked
        if answer.status_code == 404:
            assert len(answer.text) <= 500, asked
            assert "\n" not in answer.text, asked
            assert str(bundled_folder()) not in answer.text, asked


def pictures() -> list[bytes]:
    """A small image of each format."""
    rng, found = np.random.default_rng(0), []
    for kind, mode in (
        *(("PNG", mode) for mode in ("L", "RGB", "RGBA", "P", "1", "I;16")),
        *((kind, "RGB") for kind in ("JPEG", "WEBP", "GIF", "BMP", "TIFF")),
    ):
        file = io.BytesIO()
        values = rng.integers(0, 255, (20, 24, 4), dtype=np.uint8)
        image = Image.fromarray(values[..., 0].astype(np.uint16) * 200) if mode == "I;16" else None
        (image or Image.fromarray(values).convert(mode)).save(file, kind)
        found.append(file.getvalue())
    return found


def test_an_image_of_anybody_is_read_or_refused():
    whole = pictures()
    for chance in chances(1000):
        data = mutated(chance.choice(whole), chance)
        try:
            found = images.read(data, chance.choice([(1, 28, 28), (3, 64, 64)]))
            assert found.values.dtype == np.uint8
        except images.Refused as error:
            one_sentence(error)


def test_a_lesson_of_anybody_is_read_or_its_mistakes_are_told():
    texts = [path.read_text(encoding="utf-8") for path in shelf.offered().values()]
    assert len(texts) > 5
    for chance in chances(300):
        text = mutated(chance.choice(texts).encode(), chance).decode("utf-8", "replace")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                parse(text, "theirs")
        except LessonError as error:
            one_sentence(error)
