"""What several sections of the page Prior use: a map with the prior's components, their names, codes with the rest of the latents."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import torch

from latent_explorer import DECODE
from latent_explorer.caches import colourings, encodings, maps, priors
from latent_explorer.components.map import Decoder, Ellipse, Panel, Shape, latent_map
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.explore import prior_codes
from vae_core.explore.components import Parts, Plane, Sampled, draws, log_density
from vae_core.explore.regions import SHARES, regions_of_density, regions_of_draws
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

# Components of a mixture that are outlined, and that get a row of samples: those that are used most.
OUTLINED = 40

# Draws whose region is outlined.
DRAWN = 4000


SAMPLES = 9


def block_of(checkpoint: Checkpoint, block: str) -> str:
    """The block of another model that answers to this one: the one of that name, or its first."""
    names = checkpoint.model.blocks
    return block if block in names else names[0]


def outlines(
    checkpoint: Checkpoint, block: str, plane: Plane, of: tuple[int, ...] | None = None
) -> Sequence[Shape]:
    """The prior in a plane, of some classes or of all.

    A Gaussian, and each of a few components, is its ellipse at two standard deviations: exact. Else the smallest regions that hold shares
    of its mass: of the density itself where the block has two dimensions and the plane is all of it, of draws, seen in the plane, where not.
    """
    prior = priors.prior_of(checkpoint, block)
    if prior is None:
        return []
    wanted = range(len(prior.weights))
    if of is not None and block in checkpoint.model.labelled:
        wanted = torch.isin(prior.classes, torch.tensor(of)).nonzero().flatten().tolist()
    gaussians = isinstance(prior, Parts) and len(prior.classes.unique()) == len(prior.classes)
    flat = len(plane.origin) == 2
    if isinstance(prior, Parts) and (gaussians or (len(prior.weights) <= OUTLINED and not flat)):
        return _ellipses(checkpoint, block, plane, prior, list(wanted))
    classes = sorted({int(prior.classes[k]) for k in wanted})
    shown: list[Shape] = []
    for number in classes[:OUTLINED]:
        own = _of_class(prior, number)
        drawn = draws(own, DRAWN, seed=0)[0]
        whose = None if number < 0 else number
        shares = SHARES if whose is None else SHARES[-1:]
        places = plane.project(drawn)
        found = (
            regions_of_density(lambda at, own=own: log_density(own, plane.place(at)), places, shares)
            if flat
            else regions_of_draws(places, shares)
        )
        shown += maps.contours(found, "prior" if whose is None else checkpoint.atlas.classes[number], whose)
    return shown


def _of_class(prior: Parts | Sampled, number: int) -> Parts | Sampled:
    """What a prior is under one class, by its parts of that class."""
    own = (prior.classes == number).nonzero().flatten()
    weights = prior.weights[own] / prior.weights[own].sum()
    if isinstance(prior, Parts):
        return Parts(weights, prior.means[own], prior.scales[own], prior.classes[own])
    return Sampled(weights, prior.classes[own], [prior.distribution[k] for k in own.tolist()])


def _ellipses(
    checkpoint: Checkpoint, block: str, plane: Plane, prior: Parts, wanted: list[int]
) -> list[Ellipse]:
    """Two standard deviations of the marginals of parts in the plane; of many, those used most."""
    centres, spreads = plane.marginals(prior)
    if len(wanted) > OUTLINED:
        shares = priors.usage(checkpoint, block)[wanted]
        wanted = [wanted[k] for k in shares.argsort(descending=True, stable=True)[:OUTLINED].tolist()]
    return [
        Ellipse(centres[k].numpy(), spreads[k].numpy(), component_name(checkpoint, prior, k), owner(prior, k))
        for k in wanted
    ]


def owner(prior: Parts | Sampled, k: int) -> int | None:
    return None if prior.classes[k] < 0 else int(prior.classes[k])


def component_name(checkpoint: Checkpoint, prior: Parts | Sampled, k: int) -> str:
    """What a component is called: its class, its number, or both."""
    same = int((prior.classes == prior.classes[k]).sum())
    if owner(prior, k) is None:
        return "prior" if same == 1 else f"#{k + 1}"
    name = checkpoint.atlas.classes[int(prior.classes[k])]
    return name if same == 1 else f"{name} #{k % same + 1}"


# Of a map below two rows of choices: all of it is on one screen, on a laptop and on a projector.
HEIGHT = "max(300px, calc(92vh - 385px))"


def map_of(checkpoint: Checkpoint, block: str, panel: Panel, key: str, hidden: list[int] = []) -> None:  # noqa: B006
    """One map of the items of the atlas that opens the item of the address."""
    query = "?" + urlencode(checkpoint.betas) if checkpoint.betas else ""
    state = latent_map(
        [panel],
        checkpoint.atlas.labels,
        colourings.names_of_classes(checkpoint),
        key=key,
        decoder=Decoder.of(checkpoint.name, checkpoint.model, checkpoint.betas),
        thumbnails=f"{DECODE}/{quote(checkpoint.name, safe='')}/{{item}}{query}",
        item=links.number("item", 0, len(checkpoint.atlas) - 1, checkpoint.kind.one),
        hidden=hidden,
        kind=checkpoint.kind,
        height=HEIGHT,
    )
    links.write(item=state.item)


def most_used(checkpoint: Checkpoint, block: str) -> list[int]:
    """The dimensions of a block, the most used first."""
    rate, variance, _ = encodings.rates(checkpoint)[block]
    return (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()


def with_the_rest(
    checkpoint: Checkpoint, block: str, drawn: torch.Tensor, owners: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Codes of a block `(N, D)` with every other latent at its prior's mean, of the class that the component belongs to."""
    given = {block: drawn}
    if has_label(checkpoint.model):
        given[LABEL] = one_hot(owners.clamp(min=0), len(checkpoint.atlas.classes))
    return prior_codes(checkpoint.model, given)


def conditional(checkpoint: Checkpoint, block: str) -> str:
    parents = ", ".join(checkpoint.model.p[block].given)
    return f"The prior of the {words.latents(checkpoint.model, block)} in {plain(checkpoint.name)} is conditioned on {parents}, so it has no shape of its own to draw. Choose other latents."
