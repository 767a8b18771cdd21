"""The numbers of a card as a published page shows them: each measured, with its error and count."""

from typing import Any

from latent_explorer.parts.leak import measured_at
from latent_explorer.text import cleaned, measured_by
from vae_core import Checkpoint
from vae_core.metrics import HEADLINES, number


def card(checkpoint: Checkpoint) -> dict[str, Any]:
    """Title, purpose, how it was made, and all measured numbers, the headlines first."""
    told = checkpoint.card
    names = sorted(
        told.metrics,
        key=lambda name: (name not in HEADLINES, HEADLINES.index(name) if name in HEADLINES else 0),
    )
    made = f"{told.model.name}, trained on {told.data.images:,} {checkpoint.kind.many} of {told.data.name}"
    return {
        "title": cleaned(told.title or checkpoint.name, 200),
        "purpose": cleaned(told.purpose or "", 400),
        "made": [cleaned(made, 400), *([cleaned(told.says, 1000)] if told.objective else [])],
        "on": cleaned(told.images(names), 1000) if names else "",
        "at": measured_at(checkpoint),
        "commands": [cleaned(command, 2000) for command in measured_by(told, names)] if names else [],
        "numbers": [
            {
                "title": cleaned(number(name).title, 200),
                "value": number(name).told(told.metrics[name].value, told.metrics[name].se).replace("-", "−"),
                "n": told.metrics[name].n,
                "main": name in HEADLINES,
            }
            for name in names
        ],
    }
