"""The sweep that a checkpoint is a trial of."""

from pathlib import Path

from latent_explorer.caches import checkpoints
from vae_core.checkpoints import CheckpointError
from vae_core.sweeps import Sweep, read_sweep
from vae_core.sweeps.folder import SWEEP


def home_of(name: str) -> Path | None:
    """The folder of the sweep that the named checkpoint is a trial of; None of others."""
    folder = checkpoints.offered().get(name)
    home = folder.parent if folder else None
    return home if home and (home / SWEEP).is_file() else None


def sweep_of(name: str) -> Sweep | None:
    """The sweep itself; None where the checkpoint is of none, or that cannot be read."""
    home = home_of(name)
    try:
        return read_sweep(home) if home else None
    except CheckpointError:
        return None
