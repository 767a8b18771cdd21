"""The command evaluate."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.table import Table

from ..checkpoints import Card, Checkpoint, Measurement, load, load_card, save_card, versions
from ..data import Dataset, data_of, is_own
from ..metrics import (
    DEFAULT,
    METRICS,
    Estimate,
    Evaluation,
    Measured,
    check_groups,
    evaluation_of,
    measure_each,
    number,
)
from ..multirate import rates_of, usual
from ..objectives import Beta
from ..plugins import in_environment
from ..training import pick_device
from .commands import source_name, without_path
from .console import ERRORS, OUT, complain, status
from .memory import keep_freed
from .plugged import Plugged, spoken


def _of_groups() -> str:
    return f"Groups of numbers, of {', '.join(METRICS)}."


@dataclass(frozen=True)
class Evaluate(Plugged):
    """Measure a checkpoint: its evidence, how well it knows classes and factors, its samples, its priors."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    data: str | None = None
    """Name, folder or file; the data it was trained on unless given. A card keeps no path: give its folder or file again."""
    split: Literal["train", "test"] = "test"
    """Measure on training or on test images."""
    limit: int | None = None
    """Measure on this many images, drawn by the seed; on all unless given."""
    seed: int = 0
    """Seed of everything random."""
    metrics: "Annotated[tuple[str, ...], tyro.conf.arg(help=_of_groups())]" = DEFAULT  # read with the command
    beta: Beta | None = None
    """Beta of a multi-rate model, one number or one for each block; 1 unless given."""
    json: bool = False
    """Print JSON in place of a table: "metrics", and "factors" where they are known."""
    write: bool = False
    """Write the numbers into the card, each group with its command; those of other groups stay."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""

    def run(self) -> int:
        """Measure group by group; each is written at once, so that one that fails, or an end by Ctrl-C, costs no other its numbers.

        What is written is of the checkpoint's own test images at its usual betas, since cards are read side by side. A limit may be
        written: n stands beside every number.
        """
        keep_freed()
        return self.on(None)

    def on(self, opened: Dataset | None) -> int:
        """The same on data that is open already."""
        check_groups(self.metrics)
        checkpoint = load(self.folder, pick_device(self.device))
        with status() as report:
            dataset = data_of(checkpoint.card.data, opened or self.data or checkpoint.own_data, report)
        if self.write:
            self._check_write(checkpoint, dataset)
        if checkpoint.outdated:
            ERRORS.print(checkpoint.outdated, markup=False, soft_wrap=True)
        numbers: dict[str, Estimate] = {}
        tables: dict[str, Any] = {}
        failed: list[str] = []
        title = f"{checkpoint.name} on {dataset.name}, {self.split}"
        try:
            with status() as report:
                evaluation = evaluation_of(
                    checkpoint,
                    dataset,
                    self.split,
                    beta=self.beta,
                    limit=self.limit,
                    seed=self.seed,
                    report=report,
                )
                for measured in measure_each(evaluation, self.metrics):
                    failed += _unmeasured(measured)
                    finite = {name: number for name, number in measured.numbers.items() if number.finite}
                    numbers |= finite
                    tables |= measured.tables
                    if self.write and measured.error is None:
                        self._write(checkpoint, measured._replace(numbers=finite), evaluation)
        except BaseException:  # Ctrl-C, a full disk: what was measured until then is shown all the same
            if numbers:
                self._print(title, numbers, tables)
            raise
        self._print(title, numbers, tables)
        if failed:
            kept = "; the other numbers are kept" if numbers else ""
            return complain(f"not measured: {', '.join(failed)}{kept}", 1)
        return 0

    def _check_write(self, checkpoint: Checkpoint, dataset: Dataset) -> None:
        """Raises ValueError for numbers that do not belong into the card."""
        own = checkpoint.card.data.name
        blocks = rates_of(checkpoint.model)
        betas = self.beta if isinstance(self.beta, Mapping) else dict.fromkeys(blocks, self.beta)
        if not is_own(checkpoint.card.data, dataset):
            reason = f"on {own}, not on {dataset.name}"
        elif self.split != "test":
            reason = f"on the test {checkpoint.kind.many}, not on those of the split {self.split}"
        elif self.beta is not None and blocks and betas != usual(checkpoint.model):
            reason = "at beta = 1, or the nearest that the model answers to"
        else:
            return
        raise ValueError(
            f"a card holds numbers measured {reason}: leave out --write, or print them with --json"
        )

    def _write(self, checkpoint: Checkpoint, measured: Measured, evaluation: Evaluation) -> None:
        """Into the card as it is now: another measurement, or a training, may have written since."""
        how = Measurement(
            names=tuple(measured.numbers),
            data=checkpoint.card.data.name,
            split=self.split,
            seed=self.seed,
            limit=self.limit,
            command=_evaluation_command(self),
            versions=versions(),
            weights=checkpoint.weights,
        )
        card = _with_fingerprint(load_card(checkpoint.folder), evaluation)
        save_card(checkpoint.folder, card.measured(measured.group, measured.numbers, how, measured.tables))

    def _print(self, title: str, numbers: dict[str, Estimate], tables: dict[str, Any]) -> None:
        if self.json:
            told = {"metrics": {name: estimate._asdict() for name, estimate in numbers.items()}}
            print(json.dumps({**told, "factors": tables} if tables else told))
        else:
            OUT.print(_table(numbers, title))


def _unmeasured(measured: Measured) -> list[str]:
    """What a group did not give, and why."""
    if measured.error is not None:
        return [f"{measured.group} ({str(measured.error) or type(measured.error).__name__})"]
    odd = sorted(name for name, number in measured.numbers.items() if not number.finite)
    return [f"{measured.group} ({', '.join(odd)} not finite)"] if odd else []


def measure(folder: Path, dataset: Dataset | None, groups: tuple[str, ...], what: str | None) -> int:
    """Measure groups on data that is open already, and write them into the card; `what` is how a command names it."""
    return Evaluate(folder, data=what, metrics=groups, write=True).on(dataset)


def _with_fingerprint(card: Card, evaluation: Evaluation) -> Card:
    """The card with what tells its data from others of the name, which older ones lack."""
    if card.json["data"].get("fingerprint"):
        return card
    told = {**evaluation.train.told.fingerprints, **evaluation.data.told.fingerprints}
    return card.changed(data={**card.json["data"], "fingerprint": told}) if told else card


def _evaluation_command(call: Evaluate) -> str:
    words = ["latent-explorer evaluate", *without_path([str(call.folder)])]
    if call.data:
        words.append(f"--data {shlex.quote(source_name(call.data))}")
    words += [f"--split {call.split}", f"--seed {call.seed}"]
    if call.limit:
        words.append(f"--limit {call.limit}")
    if call.beta is not None:
        given = call.beta.items() if isinstance(call.beta, Mapping) else [("", call.beta)]
        words.append("--beta " + " ".join(f"{block} {beta:g}".strip() for block, beta in given))
    if set(call.metrics) != set(DEFAULT):
        words.append(f"--metrics {' '.join(call.metrics)}")
    words += [f"--plugin {shlex.quote(spoken(plugin))}" for plugin in in_environment()]
    return " ".join(words)


def _table(numbers: dict[str, Estimate], title: str) -> Table:
    table = Table("metric", "in words", title=title)
    for column in ("value", "s.e.", "n"):
        table.add_column(column, justify="right")
    for name, (value, se, n) in numbers.items():
        table.add_row(name, number(name).heading, f"{value:.4f}", f"{se:.4f}", f"{n:,}")
    return table
