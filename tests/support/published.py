"""What a published site answers, by its own worker in node, beside what the app's live route answers."""

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vae_core import Checkpoint
from vae_core.serving import Answer, LiveDecoder, Request

HARNESS = Path(__file__).with_name("answering.mjs")


def answers(site: Path, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """An answer to each request, its pixels as an array."""
    lines = [json.dumps({"id": number, "request": request}) for number, request in enumerate(requests)]
    words = ["node", str(HARNESS), str(site)]
    ended = subprocess.run(words, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300)
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    if failed := [message["failed"] for message in told if "failed" in message]:
        raise AssertionError(failed[0])
    found = {message["id"]: message["answer"] for message in told if "id" in message}
    assert len(found) == len(requests), ended.stderr[-2000:]
    for answer in found.values():
        if "pixels" in answer:
            pixels = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
            answer["pixels"] = pixels.reshape(answer["shape"])
    return [found[number] for number in range(len(requests))]


def of_the_app(checkpoint: Checkpoint, requests: Sequence[Mapping[str, Any]]) -> list[Answer | ValueError]:
    """The same by the live route's decoder."""
    return LiveDecoder(lambda name: checkpoint).answer([Request.of(request) for request in requests])  # type: ignore[arg-type]


def requests_of(checkpoint: Checkpoint) -> Iterator[dict[str, Any]]:
    """Requests of every form that the model understands: items and sums of them, moves, classes, draws, betas."""
    model, name = checkpoint.model, checkpoint.name
    coded = model.coded
    classes = len(checkpoint.atlas.classes) if model.classes else 0
    labelled = "y" in model.p or "y" in model.inputs()
    last = len(checkpoint.atlas) - 1
    base = {"model": name, "back": True, "classes": True}
    yield {**base, "mix": {latent: [[[item, 1]] for item in (0, 1, last)] for latent in coded}}
    yield {**base, "mix": {latent: [[[0, 0.25], [3, 0.5], [last, 0.25]]] for latent in coded}}
    for block in model.blocks:
        yield {**base, "mix": {latent: [[[2, 1]]] for latent in coded}, "move": {block: {"0": 1.25}}}
    draws = [{"seed": seed, "temperature": heat} for seed, heat in ((0, 1.0), (7, 0.5), (9999, 0.0))]
    for draw in draws:
        label = {"label": [c % classes for c in range(12)]} if labelled else {"n": 12}
        yield {**base, "draw": draw, **label}
    if labelled and model.styles:
        yield {
            **base,
            "mix": {block: [[[5, 1]]] * classes for block in model.styles},
            "label": list(range(classes)),
        }
    for beta in (0.3, 1.0, 2.7) if checkpoint.betas else ():
        betas = dict.fromkeys(checkpoint.betas, beta)
        yield {**base, "mix": {latent: [[[4, 1]]] for latent in coded}, "betas": betas}
    pixels = np.random.default_rng(0).integers(0, 256, checkpoint.kind.shape, np.uint8)
    if pixels.ndim == 3 and not model.no_encoder:
        image = {"pixels": base64.b64encode(pixels.tobytes()).decode(), "latents": list(coded)}
        yield {**base, "image": image}
