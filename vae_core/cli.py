"""The commands of the core: train, evaluate, frontier, atlas, pack, models. Exit code 2 and one sentence for bad usage.

`latent-explorer` is these and `app` (`latent_explorer.cli`); `python -m vae_core.cli` is these alone, as torchrun wants it.
"""

import contextlib
import io
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import reduce
from inspect import cleandoc
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

import tyro
from rich import progress as bars
from rich.console import Console
from rich.table import Table

from .checkpoints import (
    Checkpoint,
    bundled,
    load,
    load_card,
    pack,
    save_atlas,
    save_card,
    versions,
)
from .data import DATASETS, load_data
from .evaluations import Evaluation, merged
from .flags import Flags, options_of
from .frontier import merged as with_frontier
from .frontier import outdated
from .metrics import (
    DEFAULT,
    HEADLINES,
    METRICS,
    Estimate,
    bench_of,
    check_groups,
    frontier,
    measure_each,
    number,
)
from .models import LIKELIHOODS, MODELS, Declaration
from .multirate import at, ladder, rates_of, usual
from .nets import NETS
from .objectives import OBJECTIVES, Beta
from .priors import LABELLED, UNLABELLED
from .training import Progress, Report, TrainingError, collapsed, pick_device, train

ERRORS = Console(stderr=True, highlight=False)
OUT = Console(highlight=False)

# Set, it shows where a fault of the program is.
TRACEBACK = "LATENT_EXPLORER_TRACEBACK"

# More points than anybody waits for.
MOST_POINTS = 1000

M = TypeVar("M", bound=Declaration)


@dataclass(frozen=True)
class Train(Generic[M]):
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae --separation 8 --beta z_l 1 z_u 1`."""

    out: Path
    """Folder of the checkpoint, kept loadable at every moment."""
    model: tyro.conf.OmitArgPrefixes[M]
    training: Annotated[tyro.conf.OmitArgPrefixes[Flags], tyro.conf.arg(help="How to train.")] = field(  # type: ignore[valid-type]
        default_factory=Flags
    )
    data: str = "mnist"
    """Data set: digits, sprites or mnist."""
    resume: bool = False
    """Go on with the checkpoint in --out."""
    atlas: bool = True
    """Encode and project the test set at the end, for the maps of the app (about two minutes for 10,000 images)."""

    def run(self) -> int:
        _named(self.out)
        options = options_of(self.training, self.model)
        with ERRORS.status(f"loading {self.data}"):
            data = load_data(self.data, "train", options.limit)
        command = "latent-explorer " + shlex.join(_without_path(sys.argv[1:]))
        with _training_progress() as report:
            checkpoint = train(
                self.model,
                data,
                options,
                self.out,
                resume=self.resume,
                command=command,
                report=report,
            )
        if self.atlas and _leads():
            _write_atlas(self.out, options.device)
        if _leads():
            seconds = checkpoint.card["cost"]["seconds"]
            OUT.print(
                f"{checkpoint.card['epochs_done']} epochs in {seconds:.0f} s: {self.out}; "
                f"measure it with `latent-explorer evaluate {shlex.quote(str(self.out))}`",
                soft_wrap=True,
            )
            for sentence in collapsed(checkpoint.card):
                OUT.print(sentence, soft_wrap=True)
        return 0


@dataclass(frozen=True)
class Evaluate:
    """Measure a checkpoint: evidence in nats, class accuracy, probes, samples and swaps judged by a classifier."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    data: str | None = None
    """Data set; the one it was trained on unless given."""
    split: Literal["train", "test"] = "test"
    limit: int | None = None
    """Measure on this many images only, chosen at random by the seed."""
    seed: int = 0
    """Seed of all noise: binarisation, draws, the judge."""
    metrics: Annotated[
        tuple[str, ...], tyro.conf.arg(help=f"Groups to measure, of {', '.join(METRICS)}.")
    ] = DEFAULT
    beta: Beta | None = None
    """Where a multi-rate model is measured, 1 unless given: one beta, or one for each block."""
    json: bool = False
    """Print JSON: {"metrics": {name: {"value", "se", "n"}}}, and of known factors {"factors": {"information": rows, "importance": rows}}."""
    write: bool = False
    """Write the numbers, and for each group the command that measured it, into the checkpoint's card; the numbers of other groups stay."""
    device: str = "auto"

    def run(self) -> int:
        """Measure group by group; each is written at once, so that one that fails, or an end by Ctrl-C, costs no other its numbers.

        What is written is of the checkpoint's own test images at its usual betas, since cards are read side by side. A limit may be
        written: n stands beside every number.
        """
        check_groups(self.metrics)
        checkpoint = load(self.folder, pick_device(self.device))
        if self.write:
            self._check_write(checkpoint)
        if checkpoint.outdated:
            ERRORS.print(checkpoint.outdated, markup=False, soft_wrap=True)
        found: dict[str, Estimate] = {}
        tables: dict[str, Any] = {}
        failed: list[str] = []
        with _status() as report:
            bench = bench_of(
                checkpoint,
                self.data,
                self.split,
                beta=self.beta,
                limit=self.limit,
                seed=self.seed,
                report=report,
            )
            for group, numbers, factors, error in measure_each(bench, self.metrics):
                if error is not None:
                    failed.append(f"{group} ({str(error) or type(error).__name__})")
                    continue
                found |= numbers
                tables |= factors
                if self.write:
                    self._write(checkpoint, group, numbers, factors)
        self._print(checkpoint, found, tables)
        if failed:
            kept = "the others are kept" if found else "there are no others"
            return _complain(f"these groups could not be measured, {kept}: {'; '.join(failed)}", 1)
        return 0

    def _check_write(self, checkpoint: Checkpoint) -> None:
        """Raises ValueError for numbers that do not belong into the card."""
        own = checkpoint.card["data"]["name"]
        blocks = rates_of(checkpoint.model)
        betas = self.beta if isinstance(self.beta, Mapping) else dict.fromkeys(blocks, self.beta)
        if self.data not in (None, own):
            reason = f"on {own}, not on {self.data}"
        elif self.split != "test":
            reason = f"on the test images, not on those of the split {self.split}"
        elif self.beta is not None and blocks and betas != usual(checkpoint.model):
            reason = "at beta = 1, or the nearest that the model answers to"
        else:
            return
        raise ValueError(
            f"a card holds what was measured {reason}: leave out --write, and keep what --json prints"
        )

    def _write(
        self, checkpoint: Checkpoint, group: str, numbers: dict[str, Estimate], tables: dict[str, Any]
    ) -> None:
        """Into the card as it is now: another measurement, or a training, may have written since."""
        how: Evaluation = {
            "names": list(numbers),
            "data": checkpoint.card["data"]["name"],
            "split": self.split,
            "seed": self.seed,
            "limit": self.limit,
            "command": _evaluation_command(self),
            "versions": versions(),
            "weights": checkpoint.weights,
        }
        values = {name: estimate._asdict() for name, estimate in numbers.items()}
        card = load_card(checkpoint.folder)
        save_card(checkpoint.folder, merged(card, group, values, how, tables))

    def _print(self, checkpoint: Checkpoint, found: dict[str, Estimate], tables: dict[str, Any]) -> None:
        if self.json:
            numbers = {"metrics": {name: estimate._asdict() for name, estimate in found.items()}}
            print(json.dumps({**numbers, "factors": tables} if tables else numbers))
        else:
            data = self.data or checkpoint.card["data"]["name"]
            OUT.print(_table(found, f"{checkpoint.name} on {data}, {self.split}"))


@dataclass(frozen=True)
class Frontier:
    """Measure a multi-rate checkpoint over its betas, beside models trained for one beta, and write it into its card."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    anchors: tuple[Path, ...] = ()
    """Folders of checkpoints of the same data and blocks, each trained for one beta, or one a block."""
    rungs: int | None = None
    """Betas for each block, equal steps of log beta; 9 for one block, 5 each for two unless given."""
    limit: int | None = None
    """Measure on this many test images only, chosen at random by the seed."""
    seed: int = 0
    """Seed of all noise."""
    device: str = "auto"

    def run(self) -> int:
        checkpoint = load(self.folder, pick_device(self.device))
        rates = rates_of(checkpoint.model)
        if not rates:
            raise ValueError(f"{self.folder} answers to one beta only: train a model with --rates")
        rungs = (9 if len(rates) == 1 else 5) if self.rungs is None else self.rungs
        if rungs < 2 or rungs ** len(rates) > MOST_POINTS:
            raise ValueError(
                f"a frontier has at least 2 rungs for each block and at most {MOST_POINTS} points, got --rungs {rungs}"
            )
        # All that can be wrong with an anchor is found before hours of measuring, and the card is written once, at the end.
        others = [load(folder, pick_device(self.device)) for folder in self.anchors]
        anchors = [(other.model, _betas_of(other, checkpoint)) for other in others]
        with _status() as report:
            bench = bench_of(checkpoint, limit=self.limit, seed=self.seed, report=report)
            found = frontier(bench, ladder(checkpoint.model, rungs), anchors)
        for other, anchor in zip(others, found["anchors"], strict=True):
            anchor |= {
                "name": other.name,
                "command": other.card.get("command", ""),
                "epochs": other.card.get("epochs_done"),
            }
        words = [
            "latent-explorer",
            "frontier",
            checkpoint.name,
            "--rungs",
            str(rungs),
            "--seed",
            str(self.seed),
        ]
        words += ["--limit", str(self.limit)] if self.limit else []
        words += ["--anchors", *(other.name for other in others)] if others else []
        how = {
            "command": shlex.join(words),
            "split": "test",
            "data": bench.data.name,
            "seed": self.seed,
            "limit": self.limit,
            "versions": versions(),
            "weights": checkpoint.weights,
        }
        card = load_card(checkpoint.folder)
        if (old := card.get("frontier")) and outdated(card, how) and old["anchors"]:
            ERRORS.print(
                "the anchors measured beside older weights are left out, since their gaps are no longer true: name them in --anchors "
                "to measure them again",
                soft_wrap=True,
            )
        save_card(checkpoint.folder, with_frontier(card, found, how))
        for point in [*found["points"], *found["anchors"]]:
            OUT.print(_frontier_line(point), soft_wrap=True)
        return 0


def _betas_of(other: Checkpoint, beside: Checkpoint) -> dict[str, float]:
    """The betas that a checkpoint was trained for. Raises ValueError where it is nothing to be compared with."""
    betas = other.card.get("objective", {}).get("beta")
    if (
        betas is None
        or set(betas) != set(rates_of(beside.model))
        or other.card["data"] != beside.card["data"]
    ):
        raise ValueError(
            f"{other.folder} was not trained for one beta on the same data and blocks: leave it out of --anchors"
        )
    at(beside.model, betas)  # raises where the multi-rate model does not know them
    return betas


def _frontier_line(point: Mapping[str, Any]) -> str:
    betas = ", ".join(f"beta({block}) = {beta:g}" for block, beta in point["betas"].items())
    shown = [
        name
        for name in point
        if name == "distortion" or name.startswith("rate_") or name.endswith("accuracy")
    ]
    numbers = "  ".join(f"{name} {point[name]['value']:.4g}" for name in shown)
    gap = f"  gap {point['gap']['value']:+.2f} ± {point['gap']['se']:.2f}" if "gap" in point else ""
    return f"{betas}: {numbers}{gap}"


@dataclass(frozen=True)
class MakeAtlas:
    """Encode and project the test set of a checkpoint anew, or all its images, for the maps of the app."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    split: Literal["train", "test", "all"] = "test"
    """Which images become items: of all, the training images come first. UMAP of 70,000 takes minutes for each map."""
    device: str = "auto"

    def run(self) -> int:
        _write_atlas(self.folder, self.device, self.split)
        return 0


@dataclass(frozen=True)
class Pack:
    """Copy a checkpoint to keep, its weights in half precision; then make its atlas and measure it anew."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    out: tyro.conf.Positional[Path]
    """Folder of the copy."""
    half: bool = True
    """Round the weights to float16."""

    def run(self) -> int:
        _named(self.out)
        pack(self.folder, self.out, self.half)
        out = shlex.quote(str(self.out))
        OUT.print(
            f"next: `latent-explorer atlas {out}` and `latent-explorer evaluate {out} --write`",
            soft_wrap=True,
        )
        return 0


@dataclass(frozen=True)
class Models:
    """List what can be built and what is bundled, with the measured numbers of the cards."""

    def run(self) -> int:
        for title, about in (
            ("models", _first_lines(MODELS)),
            ("likelihoods of the pixels", {"": "  ".join(LIKELIHOODS)}),
            ("priors of an unlabelled block", _first_lines(UNLABELLED)),
            ("priors of a labelled block", _first_lines(LABELLED)),
            ("objectives", _first_lines(OBJECTIVES)),
            ("data", {name: dataset.about for name, dataset in DATASETS.items()}),
            ("nets", {"": "  ".join(NETS)}),
        ):
            OUT.print(f"[bold]{title}[/bold]")
            for name, line in about.items():
                OUT.print(f"  {name:16} {line}" if name else f"  {line}", markup=False, soft_wrap=True)
        OUT.print("[bold]bundled[/bold]")
        for name, folder in bundled().items():
            metrics = load_card(folder)["metrics"]
            shown = [
                f"{number(k).title} {number(k).told(metrics[k]['value'])}" for k in HEADLINES if k in metrics
            ]
            OUT.print(f"  {name:20}{' · '.join(shown)}", markup=False, soft_wrap=True)
        return 0


def _first_lines(kinds: Mapping[str, Any]) -> dict[str, str]:
    return {name: (kind.__doc__ or "").partition("\n")[0] for name, kind in kinds.items()}


# One subcommand for each model of the registry.
TrainCommand: Any = reduce(
    or_,
    (
        Annotated[Train[kind], tyro.conf.subcommand(name, description=cleandoc(kind.__doc__ or ""))]  # type: ignore[valid-type]
        for name, kind in MODELS.items()
    ),
)


@dataclass(frozen=True)
class TrainAny:
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae`."""

    what: tyro.conf.OmitSubcommandPrefixes[tyro.conf.OmitArgPrefixes[TrainCommand]]  # type: ignore[valid-type]
    """Which model."""

    def run(self) -> int:
        return self.what.run()


Command: Any = (
    Annotated[TrainAny, tyro.conf.subcommand("train")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Frontier, tyro.conf.subcommand("frontier")]
    | Annotated[MakeAtlas, tyro.conf.subcommand("atlas")]
    | Annotated[Pack, tyro.conf.subcommand("pack")]
    | Annotated[Models, tyro.conf.subcommand("models")]
)


def main(arguments: Sequence[str] | None = None, command: Any = Command) -> int:
    """Run one of the commands of a union; 0, or after one sentence on what to do 2, or 1 for a fault of the program, or 130 when interrupted.

    With the variable LATENT_EXPLORER_TRACEBACK set, such a fault is raised.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _parse(words, command).run()
    except KeyboardInterrupt:
        ERRORS.print("stopped; where a training was running, --resume goes on from its last epoch")
        return 130
    except (ValueError, TrainingError) as error:
        return _complain(f"{error}{_meant(str(error), words, command)}", 2)
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        return _complain(*_fault(error))


def _complain(sentence: str, code: int) -> int:
    ERRORS.print(f"latent-explorer: {' '.join(sentence.split())}", markup=False, soft_wrap=True)
    return code


def _fault(error: Exception) -> tuple[str, int]:
    """What to say of an error that nobody foresaw, and the exit code."""
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, MemoryError) or "memory" in reason:
        return (
            f"there is not enough memory ({reason or 'none is left'}): choose a smaller model, batch or limit",
            2,
        )
    return (
        f"this is a fault of the program, {type(error).__name__} ({reason}): with {TRACEBACK}=1 it says where, for a report",
        1,
    )


def _parse(arguments: list[str], command: Any) -> Any:
    """The command as an object. Raises SystemExit: 0 after help, 2 after one sentence for bad usage."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                command,
                prog="latent-explorer",
                description="See what a VAE has learned: train, measure and explore its latent space.",
                args=arguments,
            )
    except SystemExit as stop:
        if stop.code:
            sentence = one_sentence(complaint.getvalue())
            if arguments[:1] == ["train"] and "".join(arguments[1:2]).startswith("-"):
                sentence = f"name the model first, one of {', '.join(MODELS)} (see --help)"
            _complain(f"{sentence}{_meant(sentence, arguments, command)}", 2)
        raise


def _meant(sentence: str, arguments: list[str], command: Any) -> str:
    """The known word that is nearest to the one complained of, as a question; nothing where none is near.

    Near the options of the command, what the sentence says that one can choose, or, in their places, commands and models.
    """
    complaint, *choices = re.split(r"choose |Expected one of|Available subcommands:", sentence)
    told = set(re.findall(r"[\w-]+", " ".join(choices)))
    for place, word in enumerate(argument.partition("=")[0] for argument in arguments):
        if word.startswith("--"):
            known = _options(arguments, command)
        else:
            known = told | (
                {*_subcommands(command)}
                if place == 0
                else {*MODELS}
                if arguments[0] == "train" and place == 1
                else set()
            )
        if word in re.findall(r"[\w./-]+", complaint) and word not in known:
            near = get_close_matches(
                word.removeprefix("--"), [other.removeprefix("--") for other in known], 1
            )
            return f"; did you mean {'--' * word.startswith('--')}{near[0]}?" if near else ""
    return ""


def _subcommands(command: Any) -> dict[str, Any]:
    """The classes of the commands of a union, by name."""
    return {part.__metadata__[0].name: part.__origin__ for part in get_args(command)}


def _options(arguments: list[str], command: Any) -> set[str]:
    """The options of the command that is asked for, as one types them."""
    kinds: list[Any] = [_subcommands(command).get(arguments[0])]
    if arguments[0] == "train":
        kinds = [Train, Flags, *(MODELS[name] for name in arguments[1:2] if name in MODELS)]
    names = [part.name.replace("_", "-") for kind in kinds if kind for part in fields(kind)]
    return {f"--{name}" for name in names} | {"--help"}


# What tyro and Python say, and what a person would.
PLAINER = {
    r" \(applied to [^)]*\)": "",
    r"Unrecognized(?: or misplaced)? options: ([^\s,]+)((?!Available).)*": r"nothing here is called \1; ",
    r"invalid literal for int\(\) with base 10: (.*)": r"\1 is no whole number",
    r"could not convert string to float: (.*)": r"\1 is no number",
    r"no type matching (?:\{None\} )?(.*) could be instantiated from (\[.*?\])\. Got errors.*": r"expected \1, got \2",
    r";$": "",
}


def one_sentence(panel: str) -> str:
    """The complaint of tyro's boxed page: its body up to the suggestions, without frame, colour or internal names.

    >>> one_sentence("+ Value error +\\n| Error parsing --epochs: not a number |\\n| For full helptext, see x --help |")
    'Error parsing --epochs: not a number (see --help)'
    """
    _, _, body = re.sub(r"\x1b\[[0-9;]*m", "", panel).partition("\n")
    words = " ".join(re.sub(r"[\u2500-\u257f|]+|-{4,}", " ", body).split())
    words = re.split(r"Perhaps you meant|Arguments are applied|Argument helptext|For full helptext", words)[0]
    words = re.sub(r"Error parsing \S*__\S*: ", "", words)
    for said, told in PLAINER.items():
        words = re.sub(said, told, words.strip())
    return f"{words.strip()} (see --help)"


def _named(out: Path) -> None:
    """Raises ValueError for a folder without a name."""
    if out == Path():
        raise ValueError("the folder to write to has no name: give one, for example runs/first")


def _leads() -> bool:
    """Whether this is the process that writes and speaks: the only one, or rank 0 under torchrun."""
    return os.environ.get("RANK", "0") == "0"


def _without_path(arguments: Sequence[str]) -> list[str]:
    """The command line as others can repeat it: the name of the output folder instead of a path of this machine."""
    return [Path(word).name if Path(word).is_absolute() else word for word in arguments]


def _evaluation_command(call: Evaluate) -> str:
    words = ["latent-explorer evaluate", *_without_path([str(call.folder)])]
    if call.data:
        words.append(f"--data {call.data}")
    words += [f"--split {call.split}", f"--seed {call.seed}"]
    if call.limit:
        words.append(f"--limit {call.limit}")
    if call.beta is not None:
        given = call.beta.items() if isinstance(call.beta, Mapping) else [("", call.beta)]
        words.append("--beta " + " ".join(f"{block} {beta:g}".strip() for block, beta in given))
    if set(call.metrics) != set(DEFAULT):
        words.append(f"--metrics {' '.join(call.metrics)}")
    return " ".join(words)


def _write_atlas(folder: Path, device: str, split: str = "test") -> None:
    from .projections import make_atlas

    checkpoint = load(folder, pick_device(device))
    with _status() as report:
        name = checkpoint.card["data"]["name"]
        report(f"loading the images of {name}, {split}")
        data = load_data(name, split)
        training = (
            0 if split == "test" else len(data) - (len(load_data(name, "test")) if split == "all" else 0)
        )
        made = make_atlas(checkpoint.model, data, report=report, training=training)
        save_atlas(checkpoint.folder, made, checkpoint.weights)


@contextlib.contextmanager
def _status() -> Iterator[Any]:
    """A spinner with the current line on a terminal; plain lines on standard error elsewhere."""
    if not ERRORS.is_terminal:
        yield lambda line: ERRORS.print(line, markup=False)
        return
    with ERRORS.status("starting") as status:
        yield status.update


@contextlib.contextmanager
def _training_progress() -> Iterator[Report]:
    """A bar with the time left on a terminal, and a line of numbers an epoch everywhere."""
    if not _leads():
        yield lambda progress: None
        return
    columns = (
        bars.TextColumn("epoch {task.fields[epoch]}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("steps"),
        bars.TimeElapsedColumn(),
        bars.TextColumn("left"),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[terms]}"),
    )
    with bars.Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal) as bar:
        task = bar.add_task("", total=None, epoch=1, terms="")

        def report(at: Progress) -> None:
            terms = "  ".join(f"{name} {value:.2f}" for name, value in at.parts.items())
            bar.update(task, completed=at.step, total=at.steps, epoch=at.epoch, terms=terms)
            if at.ends_epoch:
                held_out = "" if at.validation is None else f"  validation {at.validation:.2f}"
                ERRORS.print(f"epoch {at.epoch}: {terms}{held_out}", markup=False, soft_wrap=True)

        yield report


def _table(found: dict[str, Estimate], title: str) -> Table:
    table = Table("metric", "in words", title=title)
    for column in ("value", "s.e.", "n"):
        table.add_column(column, justify="right")
    for name, (value, se, n) in found.items():
        table.add_row(name, number(name).heading, f"{value:.4f}", f"{se:.4f}", f"{n:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
