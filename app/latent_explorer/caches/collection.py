"""What the cards of all checkpoints say: which are alike, which were measured, which answer to every beta."""

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from latent_explorer.caches import checkpoints, sources
from latent_explorer.caches.kept import Stamps, stamps
from vae_core import Checkpoint
from vae_core.checkpoints import Card, CheckpointError, load_card
from vae_core.estimates import Estimate
from vae_core.models import declare


def by_prior(name: str) -> dict[str, str]:
    """The checkpoints that were made as the named one was but for their prior, itself included: their names by prior.

    Where several share a prior, one stands for them; the named one for its own.
    """
    recipes = {other: _recipe(str(folder), stamps(folder)) for other, folder in checkpoints.offered().items()}
    own = recipes[name]
    if own is None:
        return {}
    alike = {made[0]: other for other, made in recipes.items() if made and made[1] == own[1]}
    return alike | {own[0]: name}


# The arguments of a declaration that say which prior it has.
PRIOR_ARGUMENTS = ("prior", "components", "separation", "layout", "flow_transforms", "flow_width")


# Of every model, at every run of a page: Streamlit's cache would hash the key for longer than it takes to look it up.
@lru_cache(256)
def _recipe(folder: str, written: Stamps) -> tuple[str, Any] | None:
    """A checkpoint's prior and how else it was made; None where a card says neither."""
    card = _card(folder, written)
    try:
        arguments = asdict(declare(card.model.name, card.model.arguments)) if card else {}  # type: ignore[call-overload]
    except (ValueError, TypeError):
        return None
    if card is None or not isinstance(arguments.get("prior"), str):
        return None
    rest = {key: value for key, value in arguments.items() if key not in PRIOR_ARGUMENTS}
    return arguments["prior"], (card.model.name, rest, card.data, card.objective, card.training)


def beside(checkpoint: Checkpoint) -> list[tuple[str, float, float]]:
    """Other checkpoints of the same kind of model and data that were measured: name, rate and distortion, nats."""
    points = []
    for name, card in _cards().items():
        same = card.model.name == checkpoint.card.model.name and card.data == checkpoint.card.data
        if same and name != checkpoint.name and "distortion" in card.metrics:
            rates = [number.value for key, number in card.metrics.items() if key.startswith("rate_")]
            points.append((name, sum(rates), card.metrics["distortion"].value))
    return points


def card_of(name: str) -> Card | None:
    """The card of a checkpoint that is offered; None where it cannot be read."""
    folder = checkpoints.offered().get(name)
    return None if folder is None else _card(str(folder), stamps(folder))


def multi_rate() -> list[str]:
    """The checkpoints that answer to more than one beta."""
    return [name for name, card in _cards().items() if card.rates]


def has_betas(name: str | None) -> bool:
    """Whether the checkpoint of that name answers to more than one beta."""
    card = card_of(name or "")
    return bool(card and card.rates)


def _cards() -> dict[str, Card]:
    """The cards of all checkpoints by name, but for those that cannot be read."""
    cards = {name: _card(str(folder), stamps(folder)) for name, folder in checkpoints.offered().items()}
    return {name: card for name, card in cards.items() if card is not None}


@lru_cache(256)
def _card(folder: str, written: Stamps) -> Card | None:
    try:
        return load_card(folder)
    except CheckpointError:
        return None


def on_the_same_items(checkpoint: Checkpoint) -> list[str]:
    """The other checkpoints that were trained on the same data and whose atlas holds the same items."""
    return [
        name
        for name, card in _cards().items()
        if name != checkpoint.name and card.data == checkpoint.card.data
    ]


def measured(like: Checkpoint | None = None) -> dict[str, dict[str, Estimate]]:
    """The numbers of every measured card by name, by checkpoint; only of those with the data and the likelihood of the one given."""

    def kind(card: Card) -> Any:
        return card.data, card.model.arguments.get("likelihood")

    alike = {name: card for name, card in _cards().items() if like is None or kind(card) == kind(like.card)}
    return {name: card.metrics for name, card in alike.items() if card.metrics}


def of_known_factors() -> dict[str, str]:
    """The checkpoints of such data, and of which each is."""
    known = sources.with_known_factors()
    return {name: card.data.name for name, card in _cards().items() if card.data.name in known}
