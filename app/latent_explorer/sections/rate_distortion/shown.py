"""What the strip of betas is given: one observation decoded at each, what was measured, encodings on one plane."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from latent_explorer import palette
from latent_explorer.caches import betas as along_betas
from latent_explorer.caches import collection, encodings, sources, user_images
from latent_explorer.caches.betas import Kept
from latent_explorer.components.controls import ITEM, USER_IMAGE, State
from latent_explorer.live import controls
from latent_explorer.live.route import decoder
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.text import cleaned
from latent_explorer.user_image.chosen import codes_and_class
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.checkpoints import Frontier, Point
from vae_core.distributions import is_diagonal_normal
from vae_core.explore import prior_given
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot
from vae_core.serving import Answer

LITTLE = 0.02  # nats: a dimension whose KL stays below it, and that is never active, has no lamp
MOST_LAMPS = 48


class Looked(NamedTuple):
    """What is looked at: an item, or the visitor's own."""

    item: int
    image: UserImage | None

    @property
    def state(self) -> State:
        return State(start=ITEM if self.image is None else USER_IMAGE, item=self.item)


def pictures(checkpoint: Checkpoint, looked: Looked, block: str, columns: Sequence[float]) -> np.ndarray:
    """Decoded at each column, at the present betas, and where it is at hand the original, `(n, H, W, C)`. Raises ValueError."""
    asked = [{**checkpoint.betas, block: beta} for beta in columns] + [dict(checkpoint.betas)]
    requests = [
        controls.request(checkpoint, State(**{**vars(looked.state), "betas": betas}), looked.image)
        for betas in asked
    ]
    found: list[np.ndarray] = []
    for answer in decoder().answer(requests):
        if not isinstance(answer, Answer):
            raise answer
        found.append(answer.pixels)
    original = _original(checkpoint, looked)
    return np.concatenate(found + ([] if original is None else [original.reshape(found[0].shape)]))


def _original(checkpoint: Checkpoint, looked: Looked) -> np.ndarray | None:
    if looked.image is not None:
        stored = torch.from_numpy(looked.image.values)[None]
    elif (source := sources.originals(checkpoint)) is not None:
        stored = source.images[[looked.item]]
    else:
        return None
    return to_bytes(checkpoint.kind.shown(stored), checkpoint.kind)


def start(checkpoint: Checkpoint, looked: Looked) -> dict[str, Any]:
    """The part of a request of the live route that says what is decoded."""
    state = State(item=looked.item) if looked.image is None else State(USER_IMAGE)
    return controls.asked(checkpoint, state, looked.image)


def kept(told: Sequence[Kept]) -> dict[str, Any]:
    """What was measured, as the browser reads it: numbers that are not known are null."""

    def known(values: Sequence[float]) -> list[float | None]:
        return [round(value, 4) if np.isfinite(value) else None for value in values]

    totals, distortions = [each.total for each in told], [each.distortion for each in told]
    return {
        "betas": [each.beta for each in told],
        "rate": known([each.rate.value for each in told]),
        "error": known([each.rate.se for each in told]),
        "kl": [known(each.kl) for each in told],
        "active": [each.active for each in told],
        "total": None if None in totals else totals,
        "distortion": None if None in distortions else distortions,
    }


def order(told: Sequence[Kept]) -> list[int]:
    """The dimensions that have a lamp, the most used first: those that are active at some beta, or carry a little."""
    active = np.array([each.active for each in told]).max(0)
    kl = np.nan_to_num(np.array([each.kl for each in told]))
    ranked = np.lexsort((-kl.sum(0), -active))
    return [int(d) for d in ranked if active[d] > 0 or kl[:, d].max() >= LITTLE][:MOST_LAMPS]


def posterior(checkpoint: Checkpoint, looked: Looked, block: str, columns: Sequence[float]) -> dict[str, Any]:
    """Mean `(2,)` and covariance (xx, xy, yy) of the posterior of what is looked at, on the plane of its map, at each column: a diagonal Gaussian
    stays a Gaussian there."""
    cloud = along_betas.cloud(along_betas.along(checkpoint, block), block)
    means, covariances = [], []
    for beta in columns:
        at = checkpoint.at({**checkpoint.betas, block: beta})
        codes, scale = _posterior(at, looked, block)
        centre = along_betas.prior_units(at, block, at.betas, codes)
        # The units are the prior's: one standard deviation further is so many of them.
        further = along_betas.prior_units(at, block, at.betas, {**codes, block: codes[block] + scale})
        spread = cloud.axes.T @ torch.diag((further - centre)[0].square()) @ cloud.axes
        means.append((centre @ cloud.axes)[0].tolist())
        covariances.append([spread[0, 0].item(), spread[0, 1].item(), spread[1, 1].item()])
    return {"betas": list(columns), "mean": means, "covariance": covariances}


def _posterior(
    checkpoint: Checkpoint, looked: Looked, block: str
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Means of all latents `(1, D)` with the class, and the block's standard deviation `(1, D)`."""
    classes = len(checkpoint.atlas.classes)
    if looked.image is not None:
        pairs = user_images.codes(checkpoint, looked.image)
        _, label = codes_and_class(checkpoint, looked.image)
        given = {} if label is None else {LABEL: one_hot(torch.tensor([label]), classes)}
        return {**given, **{name: mean for name, (mean, _) in pairs.items()}}, pairs[block][1]
    items, grid = np.array([looked.item]), checkpoint.atlas_grid
    codes = {
        name: torch.from_numpy(grid.means_of(name, items, checkpoint.betas))
        for name in checkpoint.model.latents
    }
    scales = torch.from_numpy(grid.scales_of(block, items, checkpoint.betas))
    return {**along_betas.labels_of(checkpoint, items), **codes}, scales


def is_gaussian(checkpoint: Checkpoint, block: str) -> bool:
    """Whether the block's prior is a Gaussian, given what it reads: in its own units a circle."""
    codes = {name: mean[:1] for name, (mean, _) in encodings.codes(checkpoint).items()}
    given = along_betas.labels_of(checkpoint, np.array([0])) if has_label(checkpoint.model) else {}
    return is_diagonal_normal(prior_given(checkpoint.model, block, {**codes, **given}))


def plane(checkpoint: Checkpoint, measured: Frontier) -> dict[str, Any]:
    """The frontier, models that were trained for one beta, and others, as the browser draws them."""
    numbers = {id(point): number for number, point in enumerate(measured.points)}
    known = {anchor.name for anchor in measured.anchors}
    blocks, colours = measured.blocks, palette.colours(len(measured.blocks))
    lines = [
        {"block": block, "colour": colours[blocks.index(block)], "points": [numbers[id(p)] for p in line]}
        for block in blocks
        for line in _lines(measured, block)
    ]
    return {
        "an": checkpoint.kind.an,
        "points": [_point(point) for point in measured.points],
        "lines": lines,
        "anchors": [
            {
                "rate": anchor.rate,
                "distortion": anchor.distortion.value,
                "words": f"trained for {_point(anchor)['words']}",
            }
            for anchor in measured.anchors
        ],
        "others": [
            {
                "rate": rate,
                "distortion": distortion,
                "words": f"{cleaned(name)}: R {rate:.2f}, D {distortion:.2f}",
            }
            for name, rate, distortion in collection.beside(checkpoint)
            if name not in known
        ],
    }


def _point(point: Point) -> dict[str, Any]:
    words_of = f"{betas_in_words(point.betas)}: D {point.distortion.value:.2f} ± {point.distortion.se:.2f}, R {point.rate:.2f} ± {point.rate_error:.2f} nats"
    return {
        "rate": point.rate,
        "distortion": point.distortion.value,
        "rateError": point.rate_error,
        "distortionError": point.distortion.se,
        "betas": point.betas,
        "words": cleaned(words_of, 400),
    }


def _lines(measured: Frontier, block: str) -> list[list[Point]]:
    """The points along one block's beta, for each combination of the others'."""
    groups: dict[tuple[float, ...], list[Point]] = {}
    for point in measured.points:
        rest = tuple(beta for name, beta in point.betas.items() if name != block)
        groups.setdefault(rest, []).append(point)
    return list(groups.values())


def betas_in_words(betas: dict[str, float]) -> str:
    return ", ".join(f"β({block}) = {beta:.3g}" for block, beta in betas.items())


def prior_in_words(checkpoint: Checkpoint, block: str) -> str:
    """The prior that gives the units, in words."""
    model = checkpoint.model
    if block in model.labelled:
        return f"the prior of the {checkpoint.kind.one}’s own class"
    above = [name for name in model.p[block].given if name in model.latents]
    return f"the prior given {words.listed(above)}" if above else f"the prior p({block})"
