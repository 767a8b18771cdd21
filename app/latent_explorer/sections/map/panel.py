"""The map of one block: its dots, outlines, and the place of the visitor's image."""

from dataclasses import replace

from latent_explorer.caches import colourings, maps, user_images
from latent_explorer.components.map import Panel, Shape
from latent_explorer.parts import words
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint
from vae_core.projections import JOINT


def panel(checkpoint: Checkpoint, block: str, by: str) -> Panel:
    """The map of one block, or of all of them together, coloured by class or by a factor."""
    atlas = checkpoint.atlas
    image = chosen_image(checkpoint)
    guest = None
    outlines: list[Shape] = [] if block == JOINT else [*maps.prior_shapes(checkpoint, block)]
    if image is not None:
        codes = user_images.codes(checkpoint, image)
        guest = maps.place_on_map(checkpoint, block, {name: mean for name, (mean, _) in codes.items()})[0]
        if not checkpoint.model.no_posterior:
            own = maps.posterior_ellipse(checkpoint, block, codes, f"your {checkpoint.kind.one}")
            outlines = [*outlines, own]

    def coloured(outline: Shape) -> Shape:
        """Where colours are not those of classes, an outline has none of them."""
        return outline if by == colourings.CLASS else replace(outline, class_index=None)

    return Panel(
        block,
        title(checkpoint, block),
        atlas.coordinates[block],
        [coloured(outline) for outline in outlines],
        guest=guest,
        frame=maps.frame(checkpoint, block),
        blocks=tuple(maps.mapped(checkpoint, block)),
        of_item=lambda item: [coloured(outline) for outline in _of_item(checkpoint, block, item)],
    )


def _of_item(checkpoint: Checkpoint, block: str, item: int) -> list[Shape]:
    """Its posterior, where it has one; and the prior of its class where classes are too many to outline all."""
    own: list[Shape] = [] if checkpoint.model.no_posterior else [maps.item_posterior(checkpoint, block, item)]
    if block in checkpoint.model.labelled and len(checkpoint.atlas.classes) > maps.MOST_CLASSES:
        own += maps.prior_shapes(checkpoint, block, (int(checkpoint.atlas.labels[item]),))
    return own


def title(checkpoint: Checkpoint, block: str) -> str:
    model = checkpoint.model
    if block == JOINT:
        return "All latents together"
    name = words.capital(words.latents(model, block))
    whole = f"{name} · {model.sizes[block]} dimensions"
    return f"{whole} · β = {checkpoint.betas[block]:g}" if block in checkpoint.betas else whole
