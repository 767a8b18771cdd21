"""The strip of betas of a multi-rate model, for some of its items: what the app's page computes, once and for all."""

from typing import Any

import numpy as np

from latent_explorer.caches import betas as along_betas
from latent_explorer.components.betas import message
from latent_explorer.live import controls
from latent_explorer.sections.rate_distortion import shown
from latent_explorer.sections.rate_distortion.strip import header, reach
from latent_explorer.session.sidebar import scale
from latent_explorer.site import packed
from vae_core import Checkpoint
from vae_core.multirate import rates_of
from vae_core.serving import Answer, LiveDecoder

# Items that have a strip each: of the first classes, the first of each.
ITEMS = 6


def strips(checkpoint: Checkpoint, files: dict[str, bytes], page: dict[str, Any]) -> None:
    """A file for each block and item, and their names by block; of a model of one beta nothing."""
    labels = checkpoint.atlas.labels
    items = [int(np.flatnonzero(labels == c)[0]) for c in np.unique(labels)][:ITEMS]
    decoder = LiveDecoder(lambda name: checkpoint)
    measured = along_betas.frontier(checkpoint)
    page["strips"], rates = {}, rates_of(checkpoint.model)
    if len(rates) == 1:  # of one block alone its own beta says what it keeps
        page["kept"] = {block: _kept(checkpoint, block) for block in rates}
    for block, rate in rates.items():
        cloud = along_betas.cloud(along_betas.along(checkpoint, block), block)
        names = []
        for item in items:
            looked = shown.Looked(item, None)
            told = header(checkpoint, measured, looked, block, scale(rate.exposed)[0])
            asked = [{**checkpoint.betas, block: beta} for beta in told["columns"]] + [dict(checkpoint.betas)]
            states = [controls.State(item=item, betas=betas) for betas in asked]
            answers = decoder.answer([controls.request(checkpoint, state) for state in states])
            pixels = np.concatenate([answer.pixels for answer in answers if isinstance(answer, Answer)])
            sent = message(told, pixels, cloud.places, labels[cloud.items], reach(cloud.places, told))
            names.append(f"strip-{block}-{item}.bin")
            files[names[-1]] = packed.compressed(sent)
        page["strips"][block] = names


def _kept(checkpoint: Checkpoint, block: str) -> dict[str, list[float]]:
    """At each beta at which something is known: the rate in nats, and how many dimensions are active."""
    found = along_betas.kept_along(checkpoint, block)
    return {
        "betas": [kept.beta for kept in found],
        "rate": [round(kept.rate.value, 4) for kept in found],
        "active": [float(sum(lit == 1 for lit in kept.active)) for kept in found],
    }
