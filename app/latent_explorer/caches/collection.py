"""What the cards of all checkpoints say: which are alike, which were measured, which answer to every beta."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import streamlit as st

from latent_explorer import cards
from latent_explorer.caches import checkpoints, sources
from latent_explorer.caches.kept import Stamps, stamps
from vae_core import Checkpoint
from vae_core.checkpoints import load_card
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
PRIOR_ARGUMENTS = ("prior", "components", "separation", "layout")


@st.cache_data(show_spinner=False, max_entries=256)
def _recipe(folder: str, written: Stamps) -> tuple[str, dict[str, Any]] | None:
    """A checkpoint's prior and how else it was made; None where a card says neither."""
    try:
        card = _card(folder, written)
        arguments = asdict(declare(card["model"]["name"], card["model"]["arguments"]))  # type: ignore[call-overload]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(arguments.get("prior"), str):
        return None
    rest = {key: value for key, value in arguments.items() if key not in PRIOR_ARGUMENTS}
    made = {part: card.get(part) for part in ("data", "objective", "training")}
    return arguments["prior"], {"model": card["model"]["name"], "arguments": rest, **made}


def beside(checkpoint: Checkpoint) -> list[tuple[str, float, float]]:
    """Other checkpoints of the same kind of model and data that were measured: name, rate and distortion, nats."""
    points = []
    for name, card in _cards().items():
        try:
            same = (
                card["model"]["name"] == checkpoint.card["model"]["name"]
                and card["data"] == checkpoint.card["data"]
            )
            if not same or name == checkpoint.name or not card["metrics"]:
                continue
            rates = [number["value"] for key, number in card["metrics"].items() if key.startswith("rate_")]
            points.append((name, sum(rates), card["metrics"]["distortion"]["value"]))
        except (KeyError, TypeError, AttributeError):
            continue
    return points


def multi_rate() -> list[str]:
    """The checkpoints that answer to more than one beta."""
    models = {name: card.get("model") for name, card in _cards().items()}
    return [
        name
        for name, made in models.items()
        if isinstance(made, dict) and (made.get("arguments") or {}).get("rates")
    ]


def _cards() -> dict[str, dict[str, Any]]:
    """The cards of all checkpoints by name; an unreadable one is empty."""
    return {name: _card(str(folder), stamps(folder)) for name, folder in checkpoints.offered().items()}


@st.cache_resource(show_spinner=False, max_entries=256)
def _card(folder: str, written: Stamps) -> dict[str, Any]:
    try:
        return cards.checked(load_card(folder))
    except ValueError:
        return {}


def on_the_same_items(checkpoint: Checkpoint) -> list[str]:
    """The other checkpoints that were trained on the same data and whose atlas holds the same items."""
    made = {name: card.get("data") for name, card in _cards().items()}
    return [
        name for name, data in made.items() if name != checkpoint.name and data == checkpoint.card["data"]
    ]


def measured(like: Checkpoint | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """The numbers of every measured card: value, se and n by name, by checkpoint; only of those with the data and the likelihood of the
    one given."""

    def kind(card: Mapping[str, Any]) -> Any:
        try:
            return card["data"], card["model"]["arguments"].get("likelihood")
        except (KeyError, TypeError, AttributeError):
            return None

    cards = {name: card for name, card in _cards().items() if like is None or kind(card) == kind(like.card)}
    metrics = {name: card.get("metrics") for name, card in cards.items()}
    return {name: numbers for name, numbers in metrics.items() if isinstance(numbers, dict) and numbers}


def of_known_factors() -> list[str]:
    """The checkpoints of such data."""
    made = {name: (card.get("data") or {}).get("name") for name, card in _cards().items()}
    return [name for name, data in made.items() if data in sources.with_known_factors()]
