"""What several sections of the page Prior use: a map with the prior's components, their names, codes with the rest of the latents."""

from urllib.parse import quote, urlencode

import torch

from latent_explorer import DECODE
from latent_explorer.caches import colourings, encodings, priors
from latent_explorer.components.map import Decoder, Ellipse, Panel, latent_map
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.explore import prior_codes
from vae_core.explore.components import Parts, Plane
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

# Components of a mixture that are outlined, and that get a row of samples: those that are used most.
OUTLINED = 40


SAMPLES = 9


def block_of(checkpoint: Checkpoint, block: str) -> str:
    """The block of another model that answers to this one: the one of that name, or its first."""
    names = checkpoint.model.blocks
    return block if block in names else names[0]


def outlines(
    checkpoint: Checkpoint, block: str, plane: Plane, of: tuple[int, ...] | None = None
) -> list[Ellipse]:
    """The components of the prior in a plane, exactly: two standard deviations of each marginal; of some classes, or those used most."""
    prior = priors.components(checkpoint, block)
    if prior is None:
        return []
    centres, spreads = plane.marginals(prior)
    if of is not None and block in checkpoint.model.labelled:
        most = torch.isin(prior.classes, torch.tensor(of)).nonzero().flatten()[:OUTLINED].tolist()
    else:
        most = priors.usage(checkpoint, block).argsort(descending=True, stable=True)[:OUTLINED].tolist()
    few = len(prior.weights) <= OUTLINED or of is not None
    return [
        Ellipse(
            centres[k].numpy(),
            spreads[k].numpy(),
            component_name(checkpoint, prior, k) if few else "",
            owner(prior, k),
        )
        for k in most
    ]


def owner(prior: Parts, k: int) -> int | None:
    return None if prior.classes[k] < 0 else int(prior.classes[k])


def component_name(checkpoint: Checkpoint, prior: Parts, k: int) -> str:
    """What a component is called: its class, its number, or both."""
    same = int((prior.classes == prior.classes[k]).sum())
    if owner(prior, k) is None:
        return "prior" if same == 1 else f"#{k + 1}"
    name = checkpoint.atlas.classes[int(prior.classes[k])]
    return name if same == 1 else f"{name} #{k % same + 1}"


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
