"""The bundled checkpoints by what makes them differ: of each kind one is tried by default."""

from functools import cache

from tests.support.tiers import case
from vae_core import bundled
from vae_core.checkpoints import Card, load_card


@cache
def cards() -> dict[str, Card]:
    """Of every bundled checkpoint, read once for all files of a process."""
    return {name: load_card(folder) for name, folder in bundled().items()}


def kind_of(name: str) -> tuple[str, str, bool]:
    """Model, data, whether it answers to betas."""
    card = cards()[name]
    return card.model.name, card.data.name, bool(card.rates)


# Of each kind the first by name.
KINDS = {kind_of(name): name for name in sorted(bundled(), reverse=True)}
EVERY = [case(name, slow=name not in KINDS.values()) for name in sorted(bundled())]
