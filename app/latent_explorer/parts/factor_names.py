"""Dimensions by the names of the factors that they tell, for data that was made of known ones."""

from typing import NamedTuple

import torch

from latent_explorer.caches import measurements
from latent_explorer.caches.kept import by_identity
from latent_explorer.parts import words
from latent_explorer.text import cleaned
from vae_core import Checkpoint
from vae_core.metrics.disentanglement import clear_factors

MOST = 24  # characters of a name beside a handle

# How a name is come by, where it stands.
RULE = "at least twice as much as of any other factor, and as any other dimension tells of it"


class Told(NamedTuple):
    """The name of a factor, and the share of its entropy that a dimension tells."""

    factor: str
    share: float


@by_identity
def told(checkpoint: Checkpoint) -> dict[str, Told]:
    """What each dimension tells, by its name such as z[0]: those alone of which that is clear."""
    known = measurements.factors(checkpoint)
    if known is None:
        return {}
    clear = clear_factors(torch.from_numpy(known.information))
    return {
        dimension: Told(cleaned(known.names[f], MOST), float(known.information[j, f]))
        for j, (dimension, f) in enumerate(zip(known.dimensions, clear, strict=True))
        if f is not None
    }


def factor(checkpoint: Checkpoint, block: str, number: int) -> Told | None:
    """What a dimension tells, where that is clear."""
    return told(checkpoint).get(f"{block}[{number}]")


def dimension(checkpoint: Checkpoint, block: str, number: int) -> str:
    """A dimension with the factor that it tells.

    >>> import vae_core
    >>> dimension(vae_core.load("factor-vae-sprites"), "z", 0)
    'z[0] · scale'
    """
    name = words.dimension(checkpoint.model, block, number)
    found = factor(checkpoint, block, number)
    return f"{name} · {found.factor}" if found else name


def in_words(found: Told) -> str:
    """What is said of one.

    >>> in_words(Told("scale", 0.25))
    'it tells 25 % of the entropy of scale, at least twice as much as of any other factor, and as any other dimension tells of it'
    """
    return f"it tells {100 * found.share:.0f} % of the entropy of {found.factor}, {RULE}"
