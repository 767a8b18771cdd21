"""Campaigns of changes at random over what visitors send: a sentence or an answer, and nothing else. Seeds are printed."""

import io
import json
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latent_explorer.lessons import shelf
from latent_explorer.lessons.lesson import LessonError, parse
from latent_explorer.live.route import decoder
from latent_explorer.user_image import images
from PIL import Image

from tests.support.mutating import JSON, chances, changed, mutated, often, one_sentence, places
from vae_core.serving import Request, parsed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ASKED = [
    {"id": 1, "model": "vae-mnist", "mix": {"z": [[[0, 1.0]]]}, "move": {"z": {"0": 1.5}}, "back": True},
    {"id": 2, "model": "cdvae-mnist", "label": [3], "draw": {"seed": 4, "temperature": 0.5}, "classes": True},
    {"id": 3, "model": "mr-vae-mnist", "betas": {"z": 2.0}, "codes": {"z": [[0.0] * 16]}},
    {"id": 4, "model": "vae-mnist", "image": {"pixels": "AAAA", "latents": ["z"]}},
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
