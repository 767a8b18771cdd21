"""What a model says of each item of its atlas, as a number: terms of the bound, the density of its prior, the class that it reads.

Shapes: N items, K classes. Nats.
"""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches import encodings, measurements, sources
from latent_explorer.caches.kept import by_identity_few
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import prior_log_density
from vae_core.labels import needs_observation
from vae_core.names import LABEL
from vae_core.priors import one_hot

ELBO, DISTORTION, RATE, PRIOR = "ELBO", "distortion", "rate", "log prior"

# Numbers of the observations whose bound is weighed for a page, 25,000 images of 28 x 28: half a minute; and observations that are decoded
# under each class, times classes, where that is how the class is had. Of more, so many are taken, evenly spread.
MOST_WEIGHED, MOST_DECODED = 20_000_000, 20_000
# Observations at once: what nets make of more falls out of a CPU's caches.
AT_ONCE = 128


def offered(checkpoint: Checkpoint) -> list[str]:
    """The numbers that a model has of its items: those of the bound where it has one, and the originals are at hand."""
    return [*(_terms_offered(checkpoint)), PRIOR]


def _terms_offered(checkpoint: Checkpoint) -> list[str]:
    if checkpoint.model.no_bound or sources.originals(checkpoint) is None:
        return []
    blocks = checkpoint.model.latents
    return [ELBO, DISTORTION, RATE, *(f"rate of {block}" for block in blocks if len(blocks) > 1)]


def values(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """One of `offered`, `(N,)` nats; NaN of items that were left out, where they are many."""
    return _log_prior(checkpoint) if name == PRIOR else _terms(checkpoint)[name]


def _spread(checkpoint: Checkpoint, most: int) -> np.ndarray:
    """All items, or so many, evenly spread."""
    count = len(checkpoint.atlas)
    return np.unique(np.linspace(0, count - 1, min(count, max(1, most))).round().astype(int))


@by_identity_few
def _terms(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The terms of the bound of each item at one draw of its code, of a fixed seed."""
    source, model, draw = sources.originals(checkpoint), checkpoint.model.as_trained(), Sampler.seeded(0)
    assert source is not None
    items = _spread(checkpoint, MOST_WEIGHED // int(np.prod(checkpoint.signature.shape)))
    scored, parts = source.scored_by(model), []
    with torch.no_grad(), st.spinner(f"The bound of {len(items):,} {checkpoint.kind.many} is weighed …"):
        for rows in torch.from_numpy(items).split(AT_ONCE):
            terms = model.terms(scored.batch(rows, draw), draw)
            rates = {f"rate of {name}": kl for name, kl in terms.kl.items()}
            parts.append({ELBO: terms.elbo, DISTORTION: terms.distortion, RATE: terms.rate, **rates})
    found = {}
    for name in parts[0]:
        found[name] = np.full(len(checkpoint.atlas), np.nan)
        found[name][items] = torch.cat([part[name] for part in parts]).double().numpy()
    return found


@by_identity_few
def _log_prior(checkpoint: Checkpoint) -> np.ndarray:
    """Log density of each item's posterior means under the priors of all latents: of its own class where they read one."""
    model, atlas = checkpoint.model, checkpoint.atlas
    codes = encodings.item_codes(checkpoint, list(range(len(atlas))))
    if model.labelled:
        codes[LABEL] = one_hot(torch.from_numpy(atlas.labels), len(atlas.classes))
    return sum(_density(checkpoint, block, codes) for block in model.blocks).double().numpy()  # type: ignore[union-attr]


def _density(checkpoint: Checkpoint, block: str, codes: dict[str, Tensor]) -> Tensor:
    parts = [
        prior_log_density(
            checkpoint.model, block, {name: code[start : start + 1000] for name, code in codes.items()}
        )
        for start in range(0, len(checkpoint.atlas), 1000)
    ]
    return torch.cat(parts)


class Read(NamedTuple):
    """Items `(n,)` whose class was read, the class `(n,)` and how probable it is `(n,)`."""

    items: np.ndarray
    classes: np.ndarray
    probable: np.ndarray


def reads_classes(checkpoint: Checkpoint) -> bool:
    """Whether the model reads a class in its items, without asking for originals that are not there."""
    known = not needs_observation(checkpoint.model) or sources.originals(checkpoint) is not None
    return measurements.tells_classes(checkpoint) and known


@by_identity_few
def read(checkpoint: Checkpoint) -> Read | None:
    """The class that the model reads in each item; where each is decoded under every class, in so many of them, evenly spread."""
    if not reads_classes(checkpoint):
        return None
    decoded = MOST_DECODED // len(checkpoint.atlas.classes)
    items = _spread(checkpoint, decoded if needs_observation(checkpoint.model) else len(checkpoint.atlas))
    with st.spinner(f"The class of every {checkpoint.kind.one} is read …"):
        parts = [
            measurements.class_of_items(checkpoint, part)
            for part in np.array_split(items, -(-len(items) // 1000))
        ]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    probable, classes = torch.cat(found).max(1)
    return Read(items, classes.numpy(), probable.double().numpy())
