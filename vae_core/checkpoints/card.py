"""The card of a checkpoint, `card.json`: what the model is, how it was made and what was measured."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Any

from ..fields import options
from ..kinds import kind_of
from ..models import Signature
from ..objectives import OBJECTIVES
from .folder import CARD, CheckpointError, atomic, bundled, located

FORMAT = 2


def signature_of(card: Mapping[str, Any]) -> Signature:
    return Signature(kind_of(card["data"]), tuple(card["data"]["classes"]))


def load_card(folder: Path | str) -> dict[str, Any]:
    """The card as a dictionary. Raises CheckpointError where it is missing, damaged or from another version."""
    folder = located(folder)
    path = folder / CARD
    try:
        card = json.loads(path.read_text())
    except FileNotFoundError:
        near = get_close_matches(str(folder), bundled(), 1)
        meant = f", or did you mean {near[0]}?" if near else ""
        raise CheckpointError(
            f"{folder} holds no checkpoint (no {CARD}): give the folder that `latent-explorer train` wrote{meant}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): restore it, or train again") from None
    if not isinstance(card, dict) or not {"model", "data", "format"} <= set(card):
        raise CheckpointError(f"{path} is no model card: it lacks model, data or format")
    if card["format"] not in (1, FORMAT):
        raise CheckpointError(f"{path} has format {card['format']}, this version reads {FORMAT}: update")
    return card if card["format"] == FORMAT else upgraded(card)


def upgraded(card: dict[str, Any]) -> dict[str, Any]:
    """A card of format 1 as one of format 2: there an objective with some labels was an elbo with an option more, the range of betas
    stood in the objective too, and training stage by stage was counted to the objective."""
    made, training = card.get("objective"), card.get("training")
    if not (isinstance(made, dict) and isinstance(training, dict)):
        return {**card, "format": FORMAT}
    old = {key: value for key, value in made.items() if key != "rates"}
    name = "semi-supervised" if old.get("labels") is not None else old.pop("name", "elbo")
    takes = options(OBJECTIVES[name]) if name in OBJECTIVES else {}
    usual = {option.name: option.default for option in takes.values() if not option.required}
    weighed = usual | {key: value for key, value in old.items() if key in takes}
    whole = {"stagewise": bool(old.get("stagewise")), **training}
    return {**card, "format": FORMAT, "objective": {"name": name, **weighed}, "training": whole}


def versions() -> dict[str, str]:
    """The versions of what computes, as far as they are installed as packages."""
    names = ("latent-explorer", "torch", "numpy")
    return {name: metadata.version(name) for name in names if _installed(name)}


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def save_card(folder: Path, card: Mapping[str, Any]) -> None:
    with atomic(folder / CARD) as file:
        file.write((json.dumps(card, indent=1) + "\n").encode())
