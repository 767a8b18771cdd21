"""The format of a card, what older ones become, and the versions of what computed."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from ..fields import options
from ..objectives import OBJECTIVES

FORMAT = 2


def upgraded(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card of format 1 as one of format 2: there an objective with some labels was an elbo with an option more, the range of betas
    stood in the objective too, and training stage by stage was counted to the objective."""
    made, training = card.get("objective"), card.get("training")
    if card.get("format") == FORMAT or not (isinstance(made, dict) and isinstance(training, dict)):
        return {**card, "format": FORMAT}
    old = {key: value for key, value in made.items() if key != "rates"}
    name = "semi-supervised" if old.get("labels") is not None else old.pop("name", "elbo")
    takes = options(OBJECTIVES[name]) if isinstance(name, str) and name in OBJECTIVES else {}
    usual = {option.name: option.default for option in takes.values() if not option.required}
    weighed = usual | {key: value for key, value in old.items() if key in takes}
    whole = {"stagewise": bool(old.get("stagewise")), **training}
    return {**card, "format": FORMAT, "objective": {"name": name, **weighed}, "training": whole}


def versions() -> dict[str, str]:
    """The versions of what computes, as far as they are installed as packages.

    Example:
        >>> sorted(versions())
        ['latent-explorer', 'numpy', 'torch']
    """
    names = ("latent-explorer", "torch", "numpy")
    return {name: metadata.version(name) for name in names if _installed(name)}


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
