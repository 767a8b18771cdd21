"""The folder of a sweep: `sweep.json` says what is run, and `trial.json` in the folder of a trial how far that is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..checkpoints import CheckpointError, atomic
from ..checkpoints.typed import entries, read
from .grid import Trial, trials

SWEEP, TRIAL, LOCK, LOG = "sweep.json", "trial.json", "sweep.lock", "log.txt"
FORMAT = 1

WAITING, DONE, FAILED = "waiting", "done", "failed"


@dataclass(frozen=True)
class Sweep:
    """What a sweep runs.

    Attributes:
        folder: of the sweep; the folder of each trial lies in it.
        words: the command of a trial, without its own options: `train vae --data digits`.
        grid: the values of each option.
        measures: groups of numbers that each trial is measured for; none for no measurement.

    Example:
        >>> sweep = Sweep(Path("runs/s"), ("train", "vae"), {"seed": ("0", "1")}, ("elbo",))
        >>> sweep.place(sweep.trials[1]).as_posix()
        'runs/s/seed-1'
    """

    folder: Path
    words: tuple[str, ...]
    grid: dict[str, tuple[str, ...]]
    measures: tuple[str, ...] = field(default=("elbo",))

    @property
    def trials(self) -> list[Trial]:
        """Every trial, in order."""
        return trials(self.grid)

    def place(self, trial: Trial) -> Path:
        """The folder of a trial."""
        return self.folder / trial.name

    def state(self, trial: Trial) -> tuple[str, str]:
        """Where a trial stands, and a sentence where it failed."""
        told = read_json(self.place(trial) / TRIAL)
        state = told.get("state") if isinstance(told, dict) else None
        said = told.get("said", "") if isinstance(told, dict) else ""
        return (state if state in (DONE, FAILED) else WAITING), said if isinstance(said, str) else ""

    def write(self) -> None:
        """Writes what it runs, replaced atomically."""
        told = {"format": FORMAT, "words": self.words, "grid": self.grid, "measures": self.measures}
        write_json(self.folder / SWEEP, told)


def read_json(path: Path) -> Any:
    """What a file holds; None where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, told: Mapping[str, Any]) -> None:
    """Writes a file, replaced atomically."""
    with atomic(path) as file:
        file.write((json.dumps(told, indent=1) + "\n").encode())


def read_sweep(folder: Path) -> Sweep:
    """The sweep of a folder.

    Args:
        folder: that `latent-explorer sweep` wrote.

    Returns:
        What it runs.

    Raises:
        CheckpointError: one sentence, where there is none, or a damaged one.

    Example:
        >>> read_sweep(Path("nowhere"))
        Traceback (most recent call last):
        vae_core.checkpoints.folder.CheckpointError: nowhere holds no sweep (no sweep.json): give a folder that `latent-explorer sweep` wrote
    """
    path = folder / SWEEP
    if not path.exists():
        raise CheckpointError(
            f"{folder} holds no sweep (no {SWEEP}): give a folder that `latent-explorer sweep` wrote"
        )
    try:
        whole = entries(read_json(path), "")
        if whole.get("format") != FORMAT:
            raise ValueError(f"it is not of format {FORMAT}")
        words, measures = (read(tuple[str, ...], whole.get(name), name) for name in ("words", "measures"))
        grid = read(dict[str, tuple[str, ...]], whole.get("grid"), "grid")
    except ValueError as error:
        raise CheckpointError(
            f"{path} is damaged ({error}): restore it, or begin in another folder"
        ) from None
    return Sweep(folder, words, grid, measures)


def begun(
    folder: Path, words: Sequence[str], grid: Mapping[str, Sequence[str]], measures: Sequence[str]
) -> Sweep:
    """A new sweep, or the one of a folder gone on with, which a grid of the same options may widen.

    Args:
        folder: of the sweep.
        words: the command of a trial.
        grid: the values of each option.
        measures: groups of numbers to measure.

    Returns:
        The sweep, written.

    Raises:
        ValueError: one sentence, where the folder holds another sweep, or a checkpoint.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> sweep = begun(folder, ["train", "vae"], {"seed": ["0"]}, ["elbo"])
        >>> [trial.name for trial in begun(folder, ["train", "vae"], {"seed": ["1"]}, ["elbo"]).trials]
        ['seed-0', 'seed-1']
    """
    wanted = Sweep(
        folder, tuple(words), {key: tuple(values) for key, values in grid.items()}, tuple(measures)
    )
    if (folder / "card.json").exists():
        raise ValueError(f"{folder} holds a checkpoint: choose another folder for the sweep")
    if (folder / SWEEP).exists():
        before = read_sweep(folder)
        if before.words != wanted.words or list(before.grid) != list(wanted.grid):
            raise ValueError(
                f"{folder} holds another sweep, of `{' '.join(before.words)}` over {', '.join(before.grid)}: choose another folder"
            )
        merged = {key: tuple(dict.fromkeys((*before.grid[key], *wanted.grid[key]))) for key in wanted.grid}
        wanted = Sweep(folder, wanted.words, merged, wanted.measures)
    folder.mkdir(parents=True, exist_ok=True)
    wanted.write()
    return wanted
