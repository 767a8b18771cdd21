"""Every cache of the app: checkpoints, encodings, priors on the maps, thumbnails.

A cache is keyed by the checkpoint's name and the time its card was written, so that a model trained again is read again.
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from app import MODELS_VARIABLE
from app.components.latent_map import Ellipse
from app.pictures import png, to_bytes
from vae_core import Checkpoint, bundled, load
from vae_core.checkpoints import CARD, found_in, load_card
from vae_core.data import Data, local_data
from vae_core.distributions import Sampler
from vae_core.explore import (
    active_units,
    activity,
    blocks,
    codes_of,
    decode,
    holdable,
    prior_components,
    priors_by_class,
    rate_per_dimension,
    reads_label,
)
from vae_core.models import declare
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot
from vae_core.projections import place

# The bundled checkpoint that a visitor sees first.
OPENS_ON = "cdvae-mnist"

# The route of the server that decodes an item of a map.
DECODE = "/latent-explorer/decode"

# Draws of a prior that are placed on a map to outline it, for each class.
PRIOR_DRAWS = 200

# Up to how many components of a mixture prior get an outline of their own.
FEW_COMPONENTS = 12


def offered() -> dict[str, Path]:
    """The checkpoints to choose from, the one that the app opens on first: the bundled ones, and those of the folder given to
    `latent-explorer app`."""
    folder = os.environ.get(MODELS_VARIABLE)
    found = bundled() | (found_in(Path(folder)) if folder else {})
    return {name: found[name] for name in sorted(found, key=OPENS_ON.__ne__)}


def by_prior(name: str) -> dict[str, str]:
    """The checkpoints that were made as the named one was but for their prior, itself included: their names by prior.

    Where several share a prior, one stands for them; the named one for its own.
    """
    recipes = {other: _recipe(str(folder), _written(folder)) for other, folder in offered().items()}
    own = recipes[name]
    if own is None:
        return {}
    alike = {found[0]: other for other, found in recipes.items() if found and found[1] == own[1]}
    return alike | {own[0]: name}


# The arguments of a declaration that say which prior it has.
PRIOR_ARGUMENTS = ("prior", "components", "separation", "layout")


@st.cache_data(show_spinner=False)
def _recipe(folder: str, written: int) -> tuple[str, dict[str, Any]] | None:
    """A checkpoint's prior and how else it was made; None where a card says neither."""
    try:
        card = load_card(folder)
        arguments = asdict(declare(card["model"]["name"], card["model"]["arguments"]))  # type: ignore[call-overload]
    except (ValueError, KeyError, TypeError):
        return None
    if "prior" not in arguments:
        return None
    rest = {key: value for key, value in arguments.items() if key not in PRIOR_ARGUMENTS}
    made = {part: card.get(part) for part in ("data", "objective", "training")}
    return arguments["prior"], {"model": card["model"]["name"], "arguments": rest, **made}


def _written(folder: Path) -> int:
    """When the card was written: what is cached of a checkpoint is read again when that changes."""
    return (folder / CARD).stat().st_mtime_ns


def checkpoint(name: str) -> Checkpoint:
    """The named checkpoint, one frozen object for all visitors. Raises CheckpointError for a damaged one.

    It is read again when its card has been written since.
    """
    folder = offered()[name]
    return _checkpoint(str(folder), _written(folder))


@st.cache_resource(show_spinner="Opening the model …")
def _checkpoint(folder: str, written: int) -> Checkpoint:
    found = load(folder)
    found.atlas  # noqa: B018  (read now: the pages need it, and a damaged one must be reported here)
    return found


def current() -> Checkpoint:
    """The checkpoint that the sidebar has chosen for this run."""
    return checkpoint(st.session_state["checkpoint"])


# A checkpoint is one object for as long as the server runs, so its identity is the key of what is derived from it.
_by_identity = st.cache_resource(show_spinner=False, hash_funcs={Checkpoint: id})


@_by_identity
def codes(found: Checkpoint) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale of the atlas for each latent, `(N, D)` tensors."""
    atlas = found.atlas
    return {
        block: (torch.from_numpy(atlas.means[block]), torch.from_numpy(atlas.scales[block]))
        for block in found.model.latents
    }


def item_codes(found: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """What decodes some items: their posterior means, `(n, D)` for each latent, and the most probable class of a latent class."""
    return codes_of({block: mean[items] for block, (mean, _) in codes(found).items()})


def variables(found: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """Every variable of some items that can be held: their codes, their class, and what is derived from the image.

    The latter from the original where it is at hand without a download, else from the item's codes.
    """
    values = item_codes(found, items)
    labels = one_hot(torch.from_numpy(found.atlas.labels[items]), len(found.atlas.classes))
    derived = [name for name in holdable(found.model) if name not in values and name != LABEL]
    source = originals(found)
    if derived and source is not None:
        image = source.scored_by(found.model).batch(torch.tensor(items), Sampler.seeded(0))
        values |= found.model.infer({IMAGE: image[IMAGE]}, only=derived).env
    return {**found.model.generate(values, only=derived), LABEL: labels}


@_by_identity
def rates(found: Checkpoint) -> dict[str, tuple[Tensor | None, Tensor, Tensor]]:
    """For each block: KL of each dimension in nats (mean over the atlas) where it divides over them, the variance of its
    posterior mean, and which dimensions are active."""
    labels, classes = torch.from_numpy(found.atlas.labels), len(found.atlas.classes)
    means, scales = ({block: pair[i] for block, pair in codes(found).items()} for i in (0, 1))
    return {
        block: (
            rate_per_dimension(found.model, block, means, scales, labels, classes),
            activity(means[block]),
            active_units(means[block]),
        )
        for block in blocks(found.model)
    }


@_by_identity
def prior_ellipses(found: Checkpoint, block: str) -> list[Ellipse]:
    """Where draws of the block's prior land on its map: an ellipse for each class or each of a few components, else one for all."""
    prior = priors_by_class(found.model, block, len(found.atlas.classes))
    if prior is None:
        return []
    labelled = reads_label(found.model, block)
    parts = prior_components(found.model, block)
    few = parts is not None and len(parts.mean) <= FEW_COMPONENTS
    prior = parts if parts is not None and few else prior
    draws = Sampler.seeded(0)(prior.expand((PRIOR_DRAWS, *prior.batch_shape))).numpy()
    draws = draws.reshape(PRIOR_DRAWS, -1, draws.shape[-1])
    return [
        _ellipse(
            # The nearest item alone: the mean of several would draw every outline towards the middle of the map.
            place(draws[:, number], found.atlas.means[block], found.atlas.coordinates[block], k=1),
            found.atlas.classes[number] if labelled else f"#{number + 1}" if few else f"p({block})",
            number if labelled else None,
            # A component that nobody separated from the others overlaps several clusters: its core says where it is.
            0.5 if few else 0.9,
        )
        for number in range(draws.shape[1])
    ]


def _ellipse(placed: np.ndarray, label: str, number: int | None, share: float) -> Ellipse:
    """Median and covariance of the share of the draws that lies nearest to their median."""
    centre = np.median(placed, axis=0)
    distance = np.linalg.norm(placed - centre, axis=1)
    kept = placed[distance <= np.quantile(distance, share)]
    return Ellipse(centre, np.cov(kept.T), label, number)


@st.cache_resource(show_spinner=False, hash_funcs={Checkpoint: id}, max_entries=4096)
def thumbnail(found: Checkpoint, item: int) -> bytes:
    """The decoded posterior mean of an item of the atlas, as a PNG. Raises IndexError for an item it has not."""
    if not 0 <= item < len(found.atlas):
        raise IndexError(f"{found.name} has items 0 to {len(found.atlas) - 1}")
    return png(to_bytes(decode(found.model, item_codes(found, [item])))[0])


@_by_identity
def originals(found: Checkpoint) -> Data | None:
    """The test images behind the atlas where they are at hand without a download, else None."""
    return local_data(found.card["data"]["name"])
