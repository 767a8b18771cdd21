"""What a model is and how it was made, as pairs of words for a table."""

from vae_core import Checkpoint
from vae_core.checkpoints import ATLAS

# Options that say nothing where nobody chose them.
UNSAID = (None, "", (), [], False)


def model(checkpoint: Checkpoint) -> dict[str, str]:
    """What it is."""
    card = checkpoint.card
    arguments = {key: value for key, value in card.model.arguments.items() if value not in UNSAID}
    told = ", ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in arguments.items())
    parameters = sum(each.numel() for each in checkpoint.model.parameters())
    return {
        "model": f"{card.model.name}{f' ({told})' if told else ''}",
        "latents": ", ".join(
            f"{block}: {checkpoint.model.sizes[block]}" for block in checkpoint.model.blocks
        ),
        "parameters": f"{parameters:,}",
        "objective": card.says,
        "observations": f"{card.data.name}, {checkpoint.kind.name} of {' × '.join(map(str, checkpoint.kind.shape))}",
        "shown at": f"β {shown(checkpoint.betas)}" if checkpoint.betas else "",
        "trained on": f"{card.data.images:,} {checkpoint.kind.many}" if card.data.images else "",
    }


def making(checkpoint: Checkpoint) -> dict[str, str]:
    """How it was made, and what tells it from others."""
    card, cost, recipe = checkpoint.card, checkpoint.card.cost, checkpoint.card.training
    fingerprints = ", ".join(f"{split} {print_}" for split, print_ in card.data.fingerprint.items())
    return {
        "epochs": f"{card.epochs_done:,}" if recipe else "",
        "batch": f"{recipe.batch:,}" if recipe else "",
        "learning rate": f"{recipe.learning_rate:g}" if recipe else "",
        "seed": f"{recipe.seed}" if recipe else "",
        "cost": f"{cost.seconds / 60:,.1f} minutes on {cost.device}, {cost.threads} thread{'s' * (cost.threads != 1)}"
        + (f", {cost.processes} processes" if cost.processes > 1 else "")
        if cost
        else "",
        "made with": ", ".join(f"{name} {version}" for name, version in card.versions.items()),
        "fingerprint of the weights": checkpoint.weights,
        "fingerprints of the data": fingerprints,
        "notes": " ".join(card.notes),
    }


def missing(checkpoint: Checkpoint, name: str) -> list[str]:
    """What the document lacks, and the command that brings it."""
    found = []
    if not (checkpoint.folder / ATLAS).exists():
        found.append(f"There is no map and no reconstruction: `latent-explorer atlas {name}` makes them.")
    if not checkpoint.card.metrics:
        found.append(f"Nothing was measured: `latent-explorer evaluate {name} --write` does.")
    if checkpoint.outdated:
        found.append(f"{checkpoint.outdated}.")
    return found


def shown(value: object) -> str:
    """A value of a card, as people read it.

    >>> shown([0.25, 4.0]), shown({"z_l": 2}), shown(True)
    ('0.25, 4', 'z_l 2', 'yes')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{key} {shown(each)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(map(shown, value))
        case _:
            return str(value)
