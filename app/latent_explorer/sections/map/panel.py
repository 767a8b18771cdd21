"""The map of one block: its dots, outlines, and the place of the visitor's image."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import colourings, encodings, layouts, maps, user_images
from latent_explorer.caches.kept import by_identity
from latent_explorer.caches.layouts import Laid
from latent_explorer.components.map import Ellipse, Panel, PlaneOfCodes, Shape
from latent_explorer.parts import factor_names, words
from latent_explorer.sections.prior.shared import outlines
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint
from vae_core.projections import JOINT


def panel(checkpoint: Checkpoint, place: Laid, by: str) -> Panel:
    """The map of one block, or of all of them together, coloured by class or by a factor, with the place of the visitor's image."""
    image, plain = chosen_image(checkpoint), bare(checkpoint, place)
    guest, shapes = None, list(plain.shapes)
    if image is not None:
        codes = user_images.codes(checkpoint, image)
        guest = layouts.project(checkpoint, place, {name: mean for name, (mean, _) in codes.items()})[0]
        if not checkpoint.model.no_posterior:
            shapes.append(_posterior(checkpoint, place, codes, f"your {checkpoint.kind.one}"))

    def coloured(outline: Shape) -> Shape:
        """Where colours are not those of classes, an outline has none of them."""
        return outline if by == colourings.CLASS else replace(outline, class_index=None)

    return replace(
        plain,
        shapes=[coloured(outline) for outline in shapes],
        guest=guest,
        of_item=lambda item: [coloured(outline) for outline in _of_item(checkpoint, place, item)],
    )


def bare(checkpoint: Checkpoint, place: Laid) -> Panel:
    """The map of one block, or of all of them together, as it is for everybody: items and priors."""
    return Panel(
        place.name,
        _title(checkpoint, place),
        layouts.places(checkpoint, place),
        _priors(checkpoint, place),
        axes=_axes(checkpoint, place),
        frame=layouts.frame(checkpoint, place),
        blocks=tuple(maps.mapped(checkpoint, place.block)),
        plane=_codes(checkpoint, place),
    )


def _codes(checkpoint: Checkpoint, place: Laid) -> PlaneOfCodes | None:
    """Of two dimensions a place is a code: of all of their blocks, or with the rest of an item."""
    if place.kind != layouts.PAIR:
        return None
    sizes = checkpoint.model.sizes
    return PlaneOfCodes(
        layouts.pair_of(checkpoint, place), sum(sizes[block] for block in _seen(checkpoint, place)) == 2
    )


def _axes(checkpoint: Checkpoint, place: Laid) -> tuple[str, str]:
    flat = layouts.plane(checkpoint, place)
    if flat is None:
        return "UMAP 1", "UMAP 2"
    if place.kind != layouts.PAIR:
        return flat.names
    across, up = layouts.pair_of(checkpoint, place)
    return factor_names.dimension(checkpoint, *across), factor_names.dimension(checkpoint, *up)


def _priors(checkpoint: Checkpoint, place: Laid, of: tuple[int, ...] | None = None) -> Sequence[Shape]:
    """Where draws of the prior fall on the map: of all classes unless some are given, and of none where they are many."""
    if place.block == JOINT:
        return []
    if place.kind == layouts.UMAP:
        return maps.prior_shapes(checkpoint, place.block, of)
    many = len(checkpoint.atlas.classes) > maps.MOST_CLASSES
    if of is None and many and place.block in checkpoint.model.labelled:
        return []
    return _priors_in_plane(checkpoint, place, of)


@by_identity
def _priors_in_plane(checkpoint: Checkpoint, place: Laid, of: tuple[int, ...] | None) -> Sequence[Shape]:
    flat = layouts.plane(checkpoint, place)
    assert flat is not None
    return outlines(checkpoint, place.block, flat, of)


def _of_item(checkpoint: Checkpoint, place: Laid, item: int) -> list[Shape]:
    """Its posterior, where it has one; and the prior of its class where classes are too many to outline all."""
    own: list[Shape] = [] if checkpoint.model.no_posterior else [_posterior_of_item(checkpoint, place, item)]
    if place.block in checkpoint.model.labelled and len(checkpoint.atlas.classes) > maps.MOST_CLASSES:
        own += _priors(checkpoint, place, (int(checkpoint.atlas.labels[item]),))
    return own


def _posterior_of_item(checkpoint: Checkpoint, place: Laid, item: int) -> Ellipse:
    if place.kind == layouts.UMAP:
        return maps.item_posterior(checkpoint, place.block, item)
    pair = {
        name: (mean[[item]], scale[[item]]) for name, (mean, scale) in encodings.codes(checkpoint).items()
    }
    return _posterior(checkpoint, place, pair, number=int(checkpoint.atlas.labels[item]))


def _posterior(
    checkpoint: Checkpoint,
    place: Laid,
    codes: Mapping[str, tuple[Tensor, Tensor]],
    image: str = "x",
    number: int | None = None,
) -> Ellipse:
    """Where draws of a posterior, mean and scale `(1, D)` of each latent, fall: in a plane two standard deviations of it, A^T diag(s^2) A."""
    flat = layouts.plane(checkpoint, place)
    if flat is None:
        return maps.posterior_ellipse(checkpoint, place.block, codes, image, number)
    parts = maps.mapped(checkpoint, place.block)
    mean, scale = (torch.cat([codes[part][i] for part in parts], 1)[0] for i in (0, 1))
    covariance = flat.axes.T @ (scale.square()[:, None] * flat.axes)
    label = f"q({', '.join(_seen(checkpoint, place))} | {image})"
    centre: np.ndarray = flat.project(mean[None])[0].numpy()
    return Ellipse(centre, covariance.numpy(), label, number, kind="posterior")


def _seen(checkpoint: Checkpoint, place: Laid) -> list[str]:
    """The latents that a place of the map says something of: where its axes are two of those of all together, these."""
    if place.kind != layouts.PAIR:
        return maps.mapped(checkpoint, place.block)
    return list(dict.fromkeys(block for block, _ in layouts.pair_of(checkpoint, place)))


def _title(checkpoint: Checkpoint, place: Laid) -> str:
    if place.block == JOINT and place.kind == layouts.PAIR:
        return f"{' and '.join(_seen(checkpoint, place))}, two of {len(checkpoint.model.blocks)} latents"
    return title(checkpoint, place.block)


def title(checkpoint: Checkpoint, block: str) -> str:
    model = checkpoint.model
    if block == JOINT:
        return "All latents together"
    name = words.capital(words.latents(model, block))
    whole = f"{name} · {words.dimensions(model.sizes[block])}"
    return f"{whole} · β = {checkpoint.betas[block]:g}" if block in checkpoint.betas else whole
