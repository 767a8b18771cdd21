"""The model behind the live route: what it answers is what `explore` computes, and nothing that a visitor sends ends it."""

import asyncio
import base64
import json
import math
import os
import sys
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from tests.support.cards import EVERY
from vae_core import Checkpoint, bundled, load
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.explore import (
    along_direction,
    class_of_codes,
    codes_of,
    decode,
    encode,
    ruler,
    sample,
    settled,
    swap,
    traversal,
)
from vae_core.labels import has_label
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot
from vae_core.serving import (
    MOST_CHARACTERS,
    MOST_ROWS,
    Answer,
    Batcher,
    Frozen,
    LiveDecoder,
    Request,
    batcher,
)

T = TypeVar("T")

CHECKPOINTS: dict[str, Checkpoint] = {}


def find(name: str) -> Checkpoint:
    if name not in bundled():
        raise ValueError(f"no model is called {name}")
    return CHECKPOINTS.setdefault(name, load(bundled()[name]))


def request(model: str, **asked: Any) -> Request:
    return Request.read(json.dumps({"model": model, **asked}))


@pytest.fixture(scope="module")
def decoder() -> LiveDecoder:
    return LiveDecoder(find)


def answered(decoder: LiveDecoder, *requests: Request) -> list[Answer]:
    found = decoder.answer(requests)
    assert not [error for error in found if isinstance(error, ValueError)]
    return found  # type: ignore[return-value]


def shown(images: torch.Tensor) -> np.ndarray:
    return (images * 255).round().byte().movedim(1, -1).numpy()


def close(pixels: np.ndarray, others: np.ndarray) -> bool:
    """Equal to a grey level: sums of floats in another order may round to the other side."""
    return pixels.shape == others.shape and int(np.abs(pixels.astype(int) - others.astype(int)).max()) <= 1


def item_codes(found: Checkpoint, items: list[int]) -> dict[str, torch.Tensor]:
    return codes_of({name: torch.from_numpy(found.atlas.means[name][items]) for name in found.model.latents})


@pytest.mark.parametrize("name", EVERY)
def test_an_item_asked_for_is_its_decoded_posterior_mean(decoder: LiveDecoder, name: str):
    found = find(name)
    mix = {latent: [[[3, 1.0]], [[8, 1.0]]] for latent in found.model.latents}
    (answer,) = answered(decoder, request(name, mix=mix, back=True))
    codes = item_codes(found, [3, 8])
    assert close(answer.pixels, shown(decode(found.model, codes)))
    assert all(np.allclose(answer.codes[latent], codes[latent], atol=1e-5) for latent in codes)


@pytest.mark.parametrize("name", EVERY)
def test_codes_asked_for_are_decoded(decoder: LiveDecoder, name: str):
    found = find(name)
    codes = item_codes(found, [5])
    (answer,) = answered(
        decoder, request(name, codes={latent: code.tolist() for latent, code in codes.items()})
    )
    assert close(answer.pixels, shown(decode(found.model, codes)))
    assert answer.codes == {}


@pytest.mark.parametrize("name", EVERY)
def test_a_draw_is_the_sample_of_its_seed_and_temperature(decoder: LiveDecoder, name: str):
    found = find(name)
    inputs = {LABEL: one_hot(torch.tensor([4]), found.model.classes)} if has_label(found.model) else {}
    asked = {"label": [4]} if inputs else {}
    (answer,) = answered(decoder, request(name, draw={"seed": 2, "temperature": 0.7}, **asked))
    assert close(answer.pixels, shown(sample(found.model, inputs, draw=Sampler.seeded(2, 0.7))))


def test_draws_are_as_many_as_are_asked_for(decoder: LiveDecoder):
    several = request("vae-mnist", draw={"seed": 5}, n=4)
    (answer,) = answered(decoder, several)
    assert answer.pixels.shape[0] == several.n == 4
    assert request("vae-mnist", codes={"z": [[0.0] * 20]}, n=9).n == 1  # codes say how many themselves
    with pytest.raises(ValueError, match="asks for 1 to"):
        request("vae-mnist", n=MOST_ROWS + 1)


@pytest.mark.parametrize("name", ["cdvae-mnist", "mr-cdvae-mnist"])
def test_another_class_is_a_swap(decoder: LiveDecoder, name: str):
    found = find(name)
    (kept,) = [block for block in found.model.blocks if block not in found.model.labelled]
    (answer,) = answered(decoder, request(name, mix={kept: [[[3, 1.0]]] * 10}, label=list(range(10))))
    codes = {kept: item_codes(found, [3])[kept]}
    assert close(answer.pixels, shown(swap(found.model, codes)[0]))


@pytest.mark.parametrize("name", EVERY)
def test_an_image_of_ones_own_is_encoded(decoder: LiveDecoder, name: str):
    found = find(name)
    shape = found.signature.shape
    pixels = (torch.arange(math.prod(shape)).view(1, *shape) % 256).byte()
    data = Data("own", "test", pixels, torch.zeros(1, dtype=torch.long), ()).scored_by(found.model)
    latents = found.model.latents
    image = {"pixels": base64.b64encode(pixels.numpy().tobytes()).decode(), "latents": latents}
    (answer,) = answered(decoder, request(name, image=image, back=True))
    codes = codes_of({n: q.mean for n, q in encode(found.model, {IMAGE: data.drawn()}).items()})
    assert all(np.allclose(answer.codes[latent], codes[latent], atol=1e-4) for latent in latents)
    assert close(answer.pixels, shown(decode(found.model, codes)))


def test_what_the_priors_say_of_a_code_comes_with_it(decoder: LiveDecoder):
    found, mix = find("cdvae-mnist"), {name: [[[3, 1.0]], [[4, 1.0]]] for name in ("z_l", "z_u")}
    first, second, other = answered(
        decoder,
        request("cdvae-mnist", mix=mix, classes=True),
        request("cdvae-mnist", mix=mix),
        request("vae-mnist", mix={"z": [[[3, 1.0]]]}, classes=True),
    )
    said = class_of_codes(found.model, item_codes(found, [3, 4]))
    assert said is not None
    assert np.allclose(first.classes, said, atol=1e-5)
    assert second.classes is None
    assert other.classes is None


def test_a_sum_of_items_is_the_sum_of_their_codes(decoder: LiveDecoder):
    found, row = find("vae-mnist"), [[1, 1.0], [2, -1.0], [3, 1.0]]
    (answer,) = answered(decoder, request("vae-mnist", mix={"z": [row, [[9, 1.0]]]}, back=True))
    means = found.atlas.means["z"]
    assert np.allclose(answer.codes["z"], [means[1] - means[2] + means[3], means[9]], atol=1e-5)


def test_a_class_of_a_sum_is_the_most_probable_one(decoder: LiveDecoder):
    found = find("joint-mnist")
    mix = {name: [[[1, 0.4], [2, 0.6]]] for name in found.model.latents}
    (answer,) = answered(decoder, request("joint-mnist", mix=mix, back=True))
    assert sorted(answer.codes[LABEL][0].tolist()) == [0.0] * 9 + [1.0]
    assert answer.codes[LABEL][0].argmax() == found.atlas.means[LABEL][2].argmax()


def test_a_moved_coordinate_is_put_after_everything_else(decoder: LiveDecoder):
    first, second = answered(
        decoder,
        request("vae-mnist", mix={"z": [[[0, 1.0]]]}, move={"z": {"2": 1.5}}, back=True),
        request("vae-mnist", mix={"z": [[[0, 1.0]]]}, back=True),
    )
    difference = np.flatnonzero(first.codes["z"][0] != second.codes["z"][0])
    assert difference.tolist() == [2]
    assert first.codes["z"][0][2] == 1.5


@pytest.mark.parametrize(
    "betas", [{"z_l": 0.25, "z_u": 4.0}, {"z_l": 1.0, "z_u": 2.0}, {"z_l": 0.6, "z_u": 1.3}]
)
def test_a_multi_rate_model_answers_at_the_betas_asked_for(decoder: LiveDecoder, betas: dict[str, float]):
    at = find("mr-cdvae-mnist").at(betas)
    mix = {name: [[[3, 1.0]]] for name in at.model.latents}
    (answer,) = answered(decoder, request("mr-cdvae-mnist", mix=mix, betas=betas))
    assert close(answer.pixels, shown(decode(at.model, item_codes(at, [3]))))


@pytest.mark.parametrize(
    ("name", "block", "betas"),
    [
        ("cdvae-mnist", "z_l", {}),
        ("mr-cdvae-mnist", "z_u", {"z_l": 0.6, "z_u": 1.3}),
        ("srvae-mnist", "u", {}),
    ],
)
def test_a_traversal_is_that_of_a_page(decoder: LiveDecoder, name: str, block: str, betas: dict[str, float]):
    at = find(name).at(betas) if betas else find(name)
    start, label = item_codes(at, [3]), int(at.atlas.labels[3])
    start[block] = start[block].clone()
    start[block][0, 0] = 0.7
    given = {LABEL: one_hot(torch.tensor([label]), 10), **start}
    said = {"label": label} if has_label(at.model) else {}
    scale = ruler(at.model, block, given, 2.0, 5)
    unit = torch.nn.functional.normalize(torch.arange(1.0, 1 + at.model.sizes[block]), dim=0)
    along = along_direction(at.model, start, block, unit, scale.along(unit))
    moved = traversal({part: code[0] for part, code in start.items()}, block, [2, 1], scale.values[[2, 1]])
    expected = {part: torch.cat([along[part], settled(at.model, moved, [block])[part]]) for part in start}
    ask = {"block": block, "dimensions": [2, 1], "directions": [unit.tolist()], "span": 2.0, "steps": 5}
    mix = {part: [[[3, 1.0]]] for part in at.model.coded}
    (answer,) = answered(
        decoder,
        request(name, mix=mix, betas=betas, move={block: {"0": 0.7}}, traverse={**ask, **said}, back=True),
    )
    assert close(answer.pixels, shown(decode(at.model, expected)))
    for part in at.model.latents:
        assert np.allclose(answer.codes[part], expected[part].numpy(), atol=1e-5)


def test_a_traversal_starts_from_a_draw_too_and_shares_a_batch(decoder: LiveDecoder):
    ask = {"block": "z", "dimensions": [0], "span": 1.0, "steps": 3}
    drawn = request("vae-mnist", draw={"seed": 5}, traverse=ask, back=True)
    plain = request("vae-mnist", draw={"seed": 5}, back=True)
    of_item = request("vae-mnist", mix={"z": [[[0, 1.0]]]}, traverse=ask)
    other = request("vae-mnist", mix={"z": [[[1, 1.0]]]}, move={"z": {"0": 9.0}}, back=True)
    first, second, _, moved = answered(decoder, drawn, plain, of_item, other)
    assert first.codes["z"][:, 0].tolist() == [-1.0, 0.0, 1.0]
    assert np.array_equal(first.codes["z"][1, 1:], second.codes["z"][0, 1:])
    assert moved.codes["z"][0, 0] == 9.0  # of a request beside a traversal


def test_requests_together_are_answered_as_each_alone(decoder: LiveDecoder):
    requests = [
        request(
            "mr-vae-mnist", mix={"z": [[[i, 1.0]]]}, betas={"z": beta}, move={"z": {"0": i / 4}}, back=True
        )
        for i, beta in enumerate([0.1, 1.0, 3.0, 10.0])
    ]
    requests += [request("vae-mnist", draw={"seed": 1}), request("cdvae-mnist", label=[1, 2, 3])]
    together = answered(decoder, *requests)
    for asked, answer in zip(requests, together, strict=True):
        (alone,) = answered(decoder, asked)
        assert close(alone.pixels, answer.pixels)
        assert all(np.allclose(alone.codes[name], answer.codes[name]) for name in answer.codes)


MALFORMED = [
    ("", "no JSON"),
    ("[" * 50_000, "no JSON"),
    ("null", "names its model"),
    ("[1, 2]", "names its model"),
    ('{"model": 3}', "names its model"),
    ('{"model": "a", "codes": [1]}', "object"),
    ('{"model": "a", "codes": {"z": [1]}}', "rows of finite numbers"),
    ('{"model": "a", "codes": {"z": [[1], [1, 2]]}}', "rows of finite numbers"),
    ('{"model": "a", "codes": {"z": [["x"]]}}', "rows of finite numbers"),
    ('{"model": "a", "codes": {"z": [[NaN]]}}', "rows of finite numbers"),
    ('{"model": "a", "codes": {"z": [[1e39]]}}', "rows of finite numbers"),
    ('{"model": "a", "codes": {"z": [[]]}}', "rows of finite numbers"),
    ('{"model": "a", "mix": {"z": [3]}}', "pairs"),
    ('{"model": "a", "mix": {"z": [[[1]]]}}', "pairs"),
    ('{"model": "a", "mix": {"z": [[[-1, 1]]]}}', "pairs"),
    ('{"model": "a", "mix": {"z": [[[1, Infinity]]]}}', "pairs"),
    ('{"model": "a", "mix": {"z": [[]]}}', "pairs"),
    ('{"model": "a", "mix": {"z": []}}', "pairs"),
    ('{"model": "a", "mix": {"z": 7}}', "pairs"),
    ('{"model": "a", "label": 3}', "list of class numbers"),
    ('{"model": "a", "label": [0.5]}', "whole number"),
    ('{"model": "a", "label": [true]}', "whole number"),
    ('{"model": "a", "label": [1, 2], "codes": {"z": [[1]]}}', "equally many rows"),
    ('{"model": "a", "betas": {"z": "1"}}', "number"),
    ('{"model": "a", "draw": {"seed": -1}}', "whole number"),
    ('{"model": "a", "draw": {"seed": 1, "temperature": null}}', "number"),
    ('{"model": "a", "move": {"z": {"-1": 0}}}', "dimensions and values"),
    ('{"model": "a", "move": {"z": {"1": "x"}}}', "number"),
    ('{"model": "a", "id": "one"}', "whole number"),
    ('{"model": "a", "n": "two"}', "whole number"),
    ('{"model": "a", "n": 0}', "1 to 128 images"),
    ('{"model": "a", "image": "x"}', "base64"),
    ('{"model": "a", "image": {"pixels": "###", "latents": []}}', "base64"),
    ('{"model": "a", "image": {"pixels": "AAAA", "latents": 3}}', "base64"),
    ('{"model": "a", "image": {"pixels": "AAAA", "latents": [3]}}', "names"),
    ('{"model": "a", "label": [1, 2], "image": {"pixels": "AAAA", "latents": []}}', "one row"),
    ('{"model": "a", "traverse": {"dimensions": [1]}}', "names its block"),
    ('{"model": "a", "traverse": {"block": "z", "dimensions": 1}}', "names its block"),
    ('{"model": "a", "traverse": {"block": "z", "dimensions": [-1], "span": 1, "steps": 3}}', "whole number"),
    ('{"model": "a", "traverse": {"block": "z", "dimensions": [1], "span": 0, "steps": 3}}', "span above 0"),
    (
        '{"model": "a", "traverse": {"block": "z", "dimensions": [1], "span": 1, "steps": 1}}',
        "2 to 128 steps",
    ),
    ('{"model": "a", "traverse": {"block": "z", "dimensions": [1], "steps": 3}}', "must be a number"),
    ('{"model": "a", "traverse": {"block": "z", "span": 1, "steps": 3}}', "1 to 128 images"),
    (
        '{"model": "a", "traverse": {"block": "z", "directions": [[1], [2, 3]], "span": 1, "steps": 3}}',
        "finite",
    ),
    (
        '{"model": "a", "label": [1, 2], "traverse": {"block": "z", "dimensions": [1], "span": 1, "steps": 3}}',
        "one code",
    ),
    (
        json.dumps(
            {"model": "a", "traverse": {"block": "z", "dimensions": [0] * 12, "span": 1, "steps": 11}}
        ),
        "1 to 128 images",
    ),
    (json.dumps({"model": "a", "label": [0] * (MOST_ROWS + 1)}), f"1 to {MOST_ROWS} images"),
    (json.dumps({"model": "a" * MOST_CHARACTERS}), "characters"),
]


@pytest.mark.parametrize(("text", "part"), MALFORMED, ids=[text[:40] for text, _ in MALFORMED])
def test_a_malformed_request_is_refused_with_a_sentence(text: str, part: str):
    with pytest.raises(ValueError, match=part):
        Request.read(text)


TRAVERSE = {"block": "z", "dimensions": [0], "span": 1.0, "steps": 3}

UNFITTING = [
    ({"model": "nowhere"}, "no model is called"),
    ({"model": "vae-mnist", "codes": {"u": [[1.0]]}}, "no latent 'u'"),
    ({"model": "vae-mnist", "codes": {"z": [[1.0]]}}, "dimensions"),
    ({"model": "vae-mnist", "mix": {"u": [[[1, 1.0]]]}}, "no latent 'u'"),
    ({"model": "vae-mnist", "mix": {"z": [[[10_000, 1.0]]]}}, "items 0 to 9,999"),
    ({"model": "vae-mnist", "label": [1]}, "not conditioned"),
    ({"model": "vae-mnist", "image": {"pixels": "AAAA", "latents": ["z"]}}, "1 x 28 x 28 bytes, not 3"),
    ({"model": "vae-mnist", "image": {"pixels": "A" * 1048, "latents": ["z"]}}, "bytes, not"),
    ({"model": "vae-mnist", "betas": {"z": 1.0}}, "no beta"),
    ({"model": "vae-mnist", "move": {"z": {"500": 1.0}}}, "no dimension 500"),
    ({"model": "joint-mnist", "label": [1], "move": {"y": {"0": 1.0}}}, "to move"),
    ({"model": "vae-mnist", "traverse": {**TRAVERSE, "dimensions": [500]}}, "no dimension 500"),
    ({"model": "vae-mnist", "traverse": {**TRAVERSE, "block": "u"}}, "no latent 'u'"),
    ({"model": "joint-mnist", "label": [1], "traverse": {**TRAVERSE, "block": "y"}}, "to traverse"),
    ({"model": "vae-mnist", "traverse": {**TRAVERSE, "directions": [[1.0]]}}, "a direction in z"),
    ({"model": "cdvae-mnist"}, "give a label"),
    ({"model": "cdvae-mnist", "label": [10]}, "classes 0 to 9"),
    ({"model": "mr-vae-mnist", "betas": {"z": 1e-3}}, "beta of z is between"),
    ({"model": "mr-vae-mnist", "betas": {"z": -1.0}}, "beta of z is between"),
]


@pytest.mark.parametrize(("asked", "part"), UNFITTING, ids=[str(asked)[:60] for asked, _ in UNFITTING])
def test_a_request_that_does_not_fit_leaves_the_others_answered(decoder: LiveDecoder, asked: dict, part: str):
    good = request("vae-mnist", mix={"z": [[[0, 1.0]]]})
    wrong, right = decoder.answer([Request.read(json.dumps(asked)), good])
    assert isinstance(wrong, ValueError)
    assert part in str(wrong)
    assert isinstance(right, Answer)


def test_a_checkpoint_that_was_replaced_is_read_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vae_core.serving.decoder.LOOK_AGAIN", 0.0)
    current = [find("vae-mnist")]
    decoder = LiveDecoder(lambda name: current[0])
    asked = request("m", mix={"z": [[[0, 1.0]]]})
    (before,) = answered(decoder, asked)
    current[0] = find("vae-mnist-vamp")
    (after,) = answered(decoder, asked)
    assert not close(before.pixels, after.pixels)


def run(visit: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, run in a thread of its own: the browser tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, visit).result()


class Slow:
    """Answers after the gate opens, and notes how many came at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()

    def __call__(self, requests: Any) -> list[Any]:
        self.batches.append(len(requests))
        self.gate.wait(10)
        if any(request.model == "broken" for request in requests):
            raise KeyError("a defect")
        return [Answer(np.full((1, 1, 1, 1), request.number % 256, np.uint8), {}) for request in requests]


def test_what_arrives_during_a_batch_makes_the_next_one():
    slow = Slow()

    async def visit() -> list[int]:
        batch = Batcher(slow)
        tasks = [asyncio.create_task(batch(request("a", id=0)))]
        await asyncio.sleep(0.05)
        tasks += [asyncio.create_task(batch(request("a", id=i))) for i in range(1, 30)]
        await asyncio.sleep(0.05)
        slow.gate.set()
        return [int(answer.pixels[0, 0, 0, 0]) for answer in await asyncio.gather(*tasks)]

    assert run(visit()) == list(range(30))
    assert slow.batches[0] == 1
    assert sum(slow.batches) == 30
    assert len(slow.batches) < 10


class Taking:
    """Takes so many seconds a row, and notes whose rows were answered, in order: an id says whose."""

    def __init__(self, **seconds: float):
        self.seconds, self.order = seconds, []

    def __call__(self, requests: Any) -> list[Any]:
        end = time.thread_time() + sum(self.seconds[request.model] * request.n for request in requests)
        while time.thread_time() < end:
            time.sleep(0)  # busy, as decoding is, and others have their turns
        self.order += [request.number for request in requests]
        return [Answer(np.zeros((request.n, 1, 1, 1), np.uint8), {}) for request in requests]


def test_who_has_had_least_comes_first():
    """One visitor asks over and over, from several connections; another asks now and then."""
    taking = Taking(a=0.004)

    async def visit() -> None:
        batch = Batcher(taking)
        await batch(request("a", id=1), ("flood", 0))
        flood = [asyncio.create_task(batch(request("a", id=1), ("flood", i % 5))) for i in range(40)]
        await asyncio.sleep(0.02)
        await batch(request("a", id=2), ("other", 0))
        await asyncio.gather(*flood)

    run(visit())
    assert taking.order.index(2) < 20


def test_a_large_request_is_decoded_beside_the_small_ones():
    taking = Taking(heavy=0.004, light=0.001)

    async def visit() -> float:
        batch = Batcher(taking)
        for model in ("heavy", "light"):
            await batch(request(model, id=0))
        large = asyncio.create_task(batch(request("heavy", id=1, label=[0] * 128)))
        await asyncio.sleep(0.01)
        start = time.monotonic()
        await batch(request("light", id=2))
        waited = time.monotonic() - start
        await large
        return waited

    assert run(visit()) < 0.2
    assert taking.order[-2:] == [2, 1]


def test_who_had_something_long_ago_is_forgotten():
    had = batcher._Had()
    for number in range(1500):
        had.add(number, 1e-6)
    assert len(had._seconds) < 1001
    had.add("one", 1.0)
    assert 0.4 < had.of("one") <= 1.0
    assert had.of("nobody") == 0


def test_a_batch_is_bounded_but_a_large_request_is_answered():
    slow = Slow()
    slow.gate.set()

    async def visit() -> None:
        batch = Batcher(slow)
        await asyncio.gather(*(batch(request("a", id=i, label=[0] * MOST_ROWS)) for i in range(5)))

    run(visit())
    assert slow.batches == [2, 2, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads priorities of their own")
def test_what_takes_long_gives_way_to_what_does_not():
    seen = {}

    def answer(requests: Sequence[Request]) -> list[Answer]:
        for each in requests:
            seen[each.number] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        return [Answer(np.zeros((each.n, 1, 1, 1)), {}) for each in requests]

    async def visit() -> None:
        batch = Batcher(answer)
        for number in range(2):  # whose model nobody has asked for yet is taken to be long
            await batch(request("a", id=number))

    run(visit())
    assert seen[0] > seen[1]


def test_a_defect_is_told_to_those_it_hit_and_the_next_are_answered():
    slow = Slow()
    slow.gate.set()

    async def visit() -> Answer:
        batch = Batcher(slow)
        with pytest.raises(RuntimeError, match="KeyError"):
            await batch(request("broken"))
        return await batch(request("a", id=5))

    assert run(visit()).pixels.item() == 5


def test_a_defect_is_told_to_those_alone_whose_request_met_it():
    slow = Slow()

    async def visit() -> list[Any]:
        batch = Batcher(slow)
        first = asyncio.create_task(batch(request("a", id=1)))
        await asyncio.sleep(0.05)  # the others wait together
        others = [batch(request("a", id=2)), batch(request("broken")), batch(request("a", id=3))]
        together = asyncio.gather(first, *others, return_exceptions=True)
        await asyncio.sleep(0.05)
        slow.gate.set()
        return await together

    first, second, broken, third = run(visit())
    assert [each.pixels.item() for each in (first, second, third)] == [1, 2, 3]
    assert isinstance(broken, RuntimeError)


def test_a_visitor_that_leaves_does_not_hold_up_the_others():
    slow = Slow()

    async def visit() -> Answer:
        batch = Batcher(slow)
        gone = asyncio.create_task(batch(request("a", id=1)))
        await asyncio.sleep(0.05)
        gone.cancel()
        stays = asyncio.create_task(batch(request("a", id=2)))
        slow.gate.set()
        return await stays

    assert run(visit()).pixels.item() == 2


def test_the_event_loop_goes_on_while_images_are_decoded():
    slow = Slow()

    async def visit() -> float:
        batch = Batcher(slow)
        task = asyncio.create_task(batch(request("a")))
        await asyncio.sleep(0)
        start = time.monotonic()
        await asyncio.sleep(0.02)
        waited = time.monotonic() - start
        slow.gate.set()
        await task
        return waited

    assert run(visit()) < 1.0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", EVERY)
def test_the_gpu_answers_as_the_cpu_does(decoder: LiveDecoder, name: str):
    asked = request(name, mix={latent: [[[3, 1.0]]] for latent in find(name).model.latents}, back=True)
    (there,) = answered(LiveDecoder(find, "cuda"), asked)
    (here,) = answered(decoder, asked)
    assert close(there.pixels, here.pixels)


def test_a_frozen_model_on_the_cpu_shares_the_weights_of_the_pages():
    assert Frozen(find("vae-mnist")).model is find("vae-mnist").model
