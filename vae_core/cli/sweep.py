"""The commands sweep and tabulate: many trainings over a grid of options, and a table of what came of them."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.table import Table

from ..metrics import HEADLINES, check_groups, number
from ..sweeps import (
    DONE,
    FAILED,
    Grid,
    Sweep,
    begun,
    best,
    measured,
    parsed,
    read_sweep,
    run,
    tabulated,
    trials,
    varied,
)
from ..sweeps.engines import Plan
from .commands import check_named
from .console import ERRORS, OUT
from .plugged import Plugged
from .signals import terminated_as_interrupted

NAME = "sweep"


@dataclass(frozen=True)
class SweepCommand(Plugged):
    """Run many trainings: `latent-explorer sweep train vae --data digits --out runs/s --grid beta=0.5,1,2 seed=0..4`. The same command again
    goes on with it, and adds values to the grid."""

    out: Path | None = None
    """Folder of the sweep; each trial is a training in a folder of its own in it."""
    grid: tuple[str, ...] = ()
    """The options that vary, each with its values: beta=0.5,1,2 seed=0..4 nets=conv-32,mlp-400."""
    engine: Literal["auto", "processes", "ray"] = "auto"
    """processes of this machine, or ray; auto is ray where --address names a cluster."""
    address: str = ""
    """Of a Ray cluster, or auto for the one of this machine; every machine has to see the folder. One joins by `ray start --address=HOST:6379`."""
    jobs: int = 0
    """Trials at once on this machine; as many as there are cores unless given."""
    cpus: float = 1
    """Cores of each trial."""
    gpus: float = 0
    """GPUs of each trial, or a fraction of one (ray)."""
    tries: int = 3
    """How often a trial is tried in all, from its last epoch on."""
    measure: tuple[str, ...] = ("elbo",)
    """Groups of numbers that each trial is measured for; --measure none for no measurement."""
    number: str = ""
    """The number of the table at the end; the first headline that was measured unless given."""
    words: tyro.conf.Suppress[tuple[str, ...]] = ()

    def run(self) -> int:
        if self.out is None:
            raise ValueError("the folder of the sweep has no name: add --out runs/sweep")
        check_named(self.out)
        if self.words[:1] != ("train",):
            raise ValueError(
                "say what to train: latent-explorer sweep train vae --data digits --out runs/s --grid seed=0..4"
            )
        if self.tries < 1 or self.jobs < 0 or self.cpus <= 0 or self.gpus < 0:
            raise ValueError("--tries is at least 1, --jobs at least 0, --cpus above 0 and --gpus at least 0")
        measures = () if self.measure == ("none",) else self.measure
        check_groups(measures)
        grid = parsed(self.grid)
        check_trials(self.words, grid)
        sweep = begun(self.out, self.words, grid, measures)
        engine = ("ray" if self.address else "processes") if self.engine == "auto" else self.engine
        plan = Plan(self.jobs, self.tries, self.cpus, self.gpus, self.address)
        with terminated_as_interrupted():
            states = run(
                sweep, engine, plan, lambda name, state: ERRORS.print(f"{name}: {state}", markup=False)
            )
        for trial in sweep.trials:
            state, said = sweep.state(trial)
            if state == FAILED:
                ERRORS.print(
                    f"{trial.name} failed: {said} ({sweep.place(trial)}/log.txt)",
                    markup=False,
                    soft_wrap=True,
                )
        if measures and states.get(DONE):
            show(sweep, self.number)
        return 0 if set(states) == {DONE} else 1


def apart(words: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The words of `sweep` itself, and those of the training.

    >>> apart(["sweep", "train", "vae", "--latent", "4", "--grid", "seed=0..1", "beta=1", "--epochs", "2", "--out", "s"])
    (['sweep', '--grid', 'seed=0..1', 'beta=1', '--out', 's'], ('train', 'vae', '--latent', '4', '--epochs', '2'))
    """
    own_names = {f"--{name}" for name in SweepCommand.__dataclass_fields__ if name != "words"} | {
        "--help",
        "-h",
    }
    own, rest, into = [words[0]], [], None
    for word in words[1:]:
        if word.startswith("--") or word == "-h":
            into = own if word.partition("=")[0] in own_names else rest
        (rest if into is None else into).append(word)
    return own, tuple(rest)


def given(made: Any, words: tuple[str, ...]) -> Any:
    """The command with the words of the training."""
    return replace(made, words=words)


def check_trials(words: Sequence[str], grid: Grid) -> None:
    """Raises ValueError, one sentence, for a training or a value of the grid that cannot be: before any begins. Each value is looked at
    beside the first of the others."""
    from .parsing import parse
    from .run import COMMANDS

    for option in grid:
        if any(
            word.partition("=")[0].removeprefix("--") == option for word in words if word.startswith("--")
        ):
            raise ValueError(f"--{option} is given and in the grid: leave it out of one of them")
    for name in ("out", "resume"):
        if name in grid or f"--{name}" in words:
            raise ValueError(f"--{name} of a trial is the sweep's own: leave it out")
    first = {option: values[0] for option, values in grid.items()}
    seen = [{**first, option: value} for option, values in grid.items() for value in values]
    for options in {repr(each): each for each in seen}.values():
        [trial] = trials({option: (value,) for option, value in options.items()})
        parsed_ = parse([*words, *trial.words, "--out", "x"], COMMANDS)
        parsed_.what.check()


@dataclass(frozen=True)
class Tabulate(Plugged):
    """Show a number of a sweep for each setting of its options: mean, standard error and range over seeds, and the best."""

    folder: tyro.conf.Positional[Path]
    """Folder of the sweep."""
    number: str = ""
    """The number, as cards have it: negative_elbo, bayes_accuracy, …; the first headline that was measured unless given."""
    json: bool = False
    """Print JSON in place of a table."""

    def run(self) -> int:
        sweep = read_sweep(self.folder)
        if self.json:
            name = self.number or chosen(sweep)
            lines = tabulated(sweep, name)
            found = best(lines, name)
            told = {
                "number": name,
                "lines": [line._asdict() for line in lines],
                "best": found and found.options,
            }
            OUT.print_json(json.dumps(told))
            return 0
        show(sweep, self.number)
        return 0


def chosen(sweep: Sweep) -> str:
    """The first headline that was measured. Raises ValueError where no trial has any number."""
    known = measured(sweep)
    found = next((name for name in (*HEADLINES, *sorted(known)) if name in known), None)
    if found is None:
        raise ValueError(
            f"no trial of {sweep.folder} has been measured: run its command again with --measure elbo"
        )
    return found


def show(sweep: Sweep, name: str) -> None:
    """The table of a number."""
    name = name or chosen(sweep)
    lines, known = tabulated(sweep, name), number(name)
    if not lines:
        raise ValueError(
            f"no trial of {sweep.folder} has the number {name}: measure it with `latent-explorer evaluate`"
        )
    table = Table(title=known.heading, title_justify="left")
    for option in varied(sweep):
        table.add_column(option)
    for heading in ("mean", "s.e.", "range", "trials"):
        table.add_column(heading, justify="right")
    top = best(lines, name)
    for line in lines:
        span = f"{known.told(line.low)} to {known.told(line.high)}" if line.trials > 1 else ""
        cells = [known.told(line.mean), known.told(line.se) if line.se else "", span, str(line.trials)]
        table.add_row(*line.options.values(), *cells, style="bold" if line is top else None)
    OUT.print(table)
    if top is not None and top.options:
        told = shlex.join(
            word for option, value in top.options.items() for word in (f"--{option}", *value.split())
        )
        OUT.print(f"best: {told}, {known.told(top.mean, top.se)}", markup=False, soft_wrap=True)
    states = [sweep.state(trial)[0] for trial in sweep.trials]
    if states.count(DONE) < len(states):
        OUT.print(
            f"{states.count(DONE)} of {len(states)} trials are done; the same command goes on", soft_wrap=True
        )
