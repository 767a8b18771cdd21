"""A training that begins where another one was: its weights, and what the card says of them."""

from pathlib import Path
from typing import NamedTuple

from ..checkpoints import WEIGHTS, Forked, fingerprint, load_card, read_tensors
from ..runs import snapshots


class Fork(NamedTuple):
    """The weights that a training begins with.

    Attributes:
        path: the file of them.
        told: what the card says of where they are from.

    Example:
        >>> Fork(Path("runs/first/model.safetensors"), Forked("first", "0123456789abcdef", 3)).told.epoch
        3
    """

    path: Path
    told: Forked


def fork_of(folder: Path, epoch: int | None = None) -> Fork:
    """The weights of a run after its last epoch, or of its snapshot of an epoch.

    Args:
        folder: of the run.
        epoch: the last finished one unless given.

    Returns:
        The weights.

    Raises:
        ValueError: where there are none of that epoch, with those that there are; CheckpointError where the run cannot be read.

    Example:
        >>> from vae_core.checkpoints import bundled
        >>> fork_of(bundled()["vae-mnist"]).told.name
        'vae-mnist'
    """
    done = load_card(folder).epochs_done
    paths = {each.epoch: each.path for each in snapshots(folder)} | {done: folder / WEIGHTS}
    wanted = done if epoch is None else epoch
    if wanted not in paths:
        known = ", ".join(map(str, sorted(paths)))
        raise ValueError(f"{folder} keeps no weights of epoch {wanted}: choose one of {known}")
    weights = fingerprint(read_tensors(paths[wanted]))
    return Fork(paths[wanted], Forked(folder.resolve().name, weights, wanted))
