"""What a training keeps between epochs: weights and optimiser state as plain tensors, and the card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import objectives
from ..checkpoints import (
    DESCRIBED,
    FORMAT,
    MEASURED,
    TRAINING,
    Active,
    Card,
    CheckpointError,
    load_card,
    read_metadata,
    read_tensors,
    save_card,
    save_model,
    versions,
    wanted,
    wanted_data,
    write_tensors,
)
from ..data import Data
from ..explore import active_units, encode
from ..model import Model
from ..models import Declaration, described
from ..names import LABEL
from .meter import TrainingError
from .options import Options

# Options that change no number of a training that goes on.
FREE = {"epochs", "device", "patience"}

# What older cards do not say.
LATER = {"fingerprint", "wants"}

# Images to count active dimensions on at the end.
COUNTED = 2000


def tensors_of(step: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Weights of model and objective, Adam's moments and step counts by name, as plain tensors."""
    tensors = {f"weight.{name}": value for name, value in step.state_dict().items()}
    for name, parameter in step.named_parameters():
        tensors |= {f"{key}.{name}": value for key, value in optimizer.state.get(parameter, {}).items()}
    return tensors


def restore(step: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `tensors_of` took. Raises KeyError or RuntimeError for tensors of something else."""
    step.load_state_dict(
        {k.removeprefix("weight."): v for k, v in tensors.items() if k.startswith("weight.")}
    )
    for name, parameter in step.named_parameters():
        # One that was never stepped (a later stage, a closed form) has no moments.
        if f"step.{name}" in tensors:
            optimizer.state[parameter] = {
                "step": tensors[f"step.{name}"].to(parameter.device),
                **{
                    key: _laid_out_as(parameter, tensors[f"{key}.{name}"])
                    for key in ("exp_avg", "exp_avg_sq")
                },
            }


def _laid_out_as(parameter: Tensor, moments: Tensor) -> Tensor:
    """Moments on the device of their parameter and in its layout, as Adam's kernels for a GPU want them."""
    return torch.empty_like(parameter, requires_grad=False).copy_(moments)


def keep(folder: Path, step: nn.Module, model: Model, optimizer: torch.optim.Optimizer, card: Card) -> None:
    """Training state, weights and card, each replaced atomically. The state holds a card of its own: a run that was killed between two
    files resumes from this one alone."""
    write_tensors(folder / TRAINING, tensors_of(step, optimizer), {"card": json.dumps(card.json)})
    save_model(folder, model)
    save_card(folder, card)


def take_up(folder: Path, step: nn.Module, optimizer: torch.optim.Optimizer) -> Card:
    """Weights and optimiser as `keep` left them, and their card. Raises CheckpointError where they do not fit."""
    told, tensors = read_metadata(folder / TRAINING), read_tensors(folder / TRAINING)
    try:
        card = Card.of(json.loads(told["card"]))
        restore(step, optimizer, tensors)
    except (KeyError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder / TRAINING} does not fit the model: {error}; delete the folder and train again"
        ) from None
    return card


def differences(old: Card, new: Card) -> str:
    """The entry of the recipe that matters to the numbers and differs, with the names of what differs in it; nothing where all fits."""
    for part in ("model", "data", "objective", "training"):
        before, now = old.json[part], new.json[part]
        before, now = (flat(entry) for entry in (before, now))
        told = {key: value for key, value in now.items() if key in before or key not in LATER}
        if differing := [key for key in told if key not in FREE and before.get(key) != now[key]]:
            return ", ".join(differing)
    return ""


def flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a recipe, what stands under `arguments` beside the rest: "other arguments" tells nobody which."""
    return {
        **{key: value for key, value in entry.items() if key != "arguments"},
        **entry.get("arguments", {}),
    }


def new_card(declaration: Declaration, data: Data, options: Options, trained_on: int, command: str) -> Card:
    """The card of a training that has not begun."""
    blocks: Sequence[str] = [name for name in declaration.build(data.signature).latents if name != LABEL]
    recipe = asdict(replace(options, objective=None))
    del recipe["objective"]
    objective = options.objective_of(declaration)
    wants = wanted(declaration, objective)
    made = {
        "format": FORMAT,
        "model": described(declaration),
        "data": {
            "name": data.name,
            **data.kind.exposed(),
            "classes": list(data.classes),
            "images": trained_on,
            "pixels": data.reading.about,
            **_origin(data),
            **({"wants": of} if (of := wanted_data(data.name)) else {}),
        },
        "objective": objectives.described(objective, blocks),
        "training": recipe,
        "versions": versions(),
        "command": command,
        "epochs_done": 0,
        "history": [],
        "cost": {},
        "found": {},
        "metrics": {},
        **({"wants": wants} if wants else {}),
    }
    return Card.of(made)


def _origin(data: Data) -> dict[str, Any]:
    """What tells the data from others of its name, and how it was opened."""
    fingerprints, opened = data.told
    return ({"fingerprint": dict(fingerprints)} if fingerprints else {}) | (
        {"opened": dict(opened)} if opened else {}
    )


def taken_up(options: Options, folder: Path) -> Options:
    """The options with the length and the warm-up that the training in `folder` was begun with, where none are asked for."""
    made = load_card(folder).training
    if made is None:
        raise TrainingError(
            f"{folder} holds a model that was trained elsewhere, of ONNX graphs, which have no gradients: choose another folder"
        )
    unasked = [name for name in ("epochs", "warmup") if getattr(options, name) is None]
    return replace(options, **{name: getattr(made, name) for name in unasked})


def measured(folder: Path) -> dict[str, Any]:
    """What was written into the card beside a training, which is not its own to lose; it knows the weights that it is of."""
    try:
        card = load_card(folder).json
    except CheckpointError:
        return {}
    return {part: card[part] for part in (*MEASURED, *DESCRIBED) if part in card}


def collapsed(active: Mapping[str, Active]) -> list[str]:
    """A sentence for each block of which fewer than half of the dimensions were active at the end of the training.

    Args:
        active: how many dimensions of each block were active.

    Returns:
        The sentences, with what to do; none where all is well.

    Example:
        >>> collapsed({"z": Active(active=0, dimensions=8, n=100)})[0]
        'z has collapsed: none of its 8 dimensions is active; train longer, or try a smaller --beta or a --beta-warmup'
    """
    remedy = "train longer, or try a smaller --beta or a --beta-warmup"
    return [
        f"{block} has collapsed: none of its {counted.dimensions} dimensions is active; {remedy}"
        if not counted.active
        else f"{block}: {counted.active} of {counted.dimensions} dimensions {'is' if counted.active == 1 else 'are'} active; "
        f"to keep more, {remedy}"
        for block, counted in active.items()
        if 2 * counted.active < counted.dimensions
    ]


def active_dimensions(model: Model, data: Data, seed: int) -> dict[str, Active]:
    """How many dimensions of each block are active on the first 2,000 images of some data."""
    with torch.no_grad():
        parts = [
            {name: q.mean for name, q in encode(model, batch).items()}
            for batch in data.head(COUNTED).batches(500, seed)
        ]
    means = {name: torch.cat([part[name] for part in parts]) for name in model.blocks}
    return {
        name: Active(int(active_units(mean).sum()), mean.shape[1], len(mean)) for name, mean in means.items()
    }


def waited(history: Sequence[Mapping[str, float]]) -> int:
    """Epochs since the best validation loss."""
    losses = [entry["validation_loss"] for entry in history if "validation_loss" in entry]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def settled(history: Sequence[Mapping[str, float]]) -> bool:
    """Whether the last exact step changed nothing any more."""
    losses = [entry["loss"] for entry in history[-2:]]
    return len(losses) == 2 and losses[0] == losses[1]
