"""Every cache of the app: checkpoints, encodings, priors on the maps, thumbnails.

A cache is keyed by the checkpoint's name and the time its card was written, so that a model trained again is read again.
"""

import os
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from app.components.latent_map import Ellipse
from app.pictures import png, to_bytes
from vae_core import Checkpoint, bundled, load
from vae_core.checkpoints import CARD
from vae_core.data import Data, local_data
from vae_core.distributions import Sampler
from vae_core.explore import active_units, decode, priors_by_class, rate_per_dimension, reads_label
from vae_core.projections import place

MODELS_VARIABLE = "LATENT_EXPLORER_MODELS"

# The route of the server that decodes an item of a map.
DECODE = "/latent-explorer/decode"

# Draws of a prior that are placed on a map to outline it, for each class.
PRIOR_DRAWS = 200


def offered() -> dict[str, Path]:
    """The checkpoints to choose from: the bundled ones, and those of the folder given to `latent-explorer app`."""
    found = bundled()
    folder = os.environ.get(MODELS_VARIABLE)
    if folder:
        cards = sorted([*Path(folder).glob(CARD), *Path(folder).glob(f"*/{CARD}")])
        found |= {card.parent.name: card.parent for card in cards}
    return found


def checkpoint(name: str) -> Checkpoint:
    """The named checkpoint, one frozen object for all visitors. Raises CheckpointError for a damaged one."""
    folder = offered()[name]
    return _checkpoint(str(folder), (folder / CARD).stat().st_mtime_ns)


@st.cache_resource(show_spinner=False)
def _checkpoint(folder: str, written: int) -> Checkpoint:
    found = load(folder)
    found.atlas  # noqa: B018  (read now: the pages need it, and a damaged one must be reported here)
    return found


@st.cache_resource(show_spinner=False)
def codes(name: str) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale of the atlas for each block, `(N, D)` tensors."""
    atlas = checkpoint(name).atlas
    return {
        block: (torch.from_numpy(atlas.means[block]), torch.from_numpy(atlas.scales[block]))
        for block in checkpoint(name).model.latents
    }


@st.cache_resource(show_spinner=False)
def rates(name: str) -> dict[str, tuple[Tensor | None, Tensor]]:
    """For each block: KL of each dimension in nats (mean over the atlas), and which dimensions are active."""
    found, model = checkpoint(name), checkpoint(name).model
    labels, classes = torch.from_numpy(found.atlas.labels), len(found.atlas.classes)
    return {
        block: (rate_per_dimension(model, block, mean, scale, labels, classes), active_units(mean))
        for block, (mean, scale) in codes(name).items()
    }


@st.cache_resource(show_spinner=False)
def prior_ellipses(name: str, block: str) -> list[Ellipse]:
    """Where draws of the block's prior land on its map: an ellipse for each class, or one for all."""
    found = checkpoint(name)
    prior = priors_by_class(found.model, block, len(found.atlas.classes))
    if prior is None:
        return []
    labelled = reads_label(found.model, block)
    draws = Sampler.seeded(0)(prior.expand((PRIOR_DRAWS, *prior.batch_shape))).numpy()
    draws = draws.reshape(PRIOR_DRAWS, -1, draws.shape[-1])
    ellipses = []
    for number in range(draws.shape[1]):
        placed = place(draws[:, number], found.atlas.means[block], found.atlas.coordinates[block])
        label = f"p({block} | {found.atlas.classes[number]})" if labelled else f"p({block})"
        ellipses.append(_ellipse(placed, label, number if labelled else None))
    return ellipses


def _ellipse(placed: np.ndarray, label: str, number: int | None) -> Ellipse:
    """Median and covariance of the nine tenths of the draws that lie nearest to their median."""
    centre = np.median(placed, axis=0)
    distance = np.linalg.norm(placed - centre, axis=1)
    kept = placed[distance <= np.quantile(distance, 0.9)]
    return Ellipse(centre, np.cov(kept.T), label, number)


@st.cache_data(show_spinner=False, max_entries=4096)
def thumbnail(name: str, item: int) -> bytes:
    """The decoded posterior mean of an item of the atlas, as a PNG. Raises IndexError for an item it has not."""
    found = checkpoint(name)
    if not 0 <= item < len(found.atlas):
        raise IndexError(f"{name} has items 0 to {len(found.atlas) - 1}")
    return png(to_bytes(decode(found.model, item_codes(name, [item])))[0])


def item_codes(name: str, items: list[int]) -> dict[str, Tensor]:
    """Posterior means of some items, `(n, D)` for each block."""
    return {block: mean[items] for block, (mean, _) in codes(name).items()}


@st.cache_resource(show_spinner=False)
def originals(name: str) -> Data | None:
    """The test images behind the atlas where they are at hand without a download, else None."""
    return local_data(checkpoint(name).card["data"]["name"])
