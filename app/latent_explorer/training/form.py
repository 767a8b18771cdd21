"""What a training is asked for, field by field of the declarations: the groups of a form, the words of the command that does the same, and
one sentence for what does not fit."""

import contextlib
import inspect
import io
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, make_dataclass, replace
from types import MappingProxyType, NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import torch
import tyro

from latent_explorer.text import command
from vae_core.cli.flags import opening_of, prose, source_of
from vae_core.cli.parsing import one_sentence, parse
from vae_core.cli.run import COMMANDS
from vae_core.cli.sources import source_words
from vae_core.data import Opening
from vae_core.fields import Option, options, spelt
from vae_core.model import Model
from vae_core.models import MODELS, Declaration, Signature, check_told, declare
from vae_core.objectives import OBJECTIVES, Declared, Setting
from vae_core.training import Options, options_for
from vae_core.training.building import check_batch

MOST_LINE = 4096  # letters of a command that a link brings
USUAL = "elbo"  # where a model cannot be asked for its own objective

Sort = Literal["choice", "switch", "whole", "number", "text"]
SORTS: dict[Any, Sort] = {bool: "switch", int: "whole", float: "number"}


class Group(NamedTuple):
    """Fields that are shown together, those that come first and the others; `about` says what they are of."""

    name: str
    about: str
    first: tuple[Option, ...]
    more: tuple[Option, ...]


@dataclass(frozen=True)
class Asked:
    """A training as a form asks for it; `values` hold what is other than usual, by group and field.

    >>> Asked("vae", "digits", {"model": {"latent": 2}, "training": {"epochs": 3}}).command("runs/first")
    'latent-explorer train vae --data digits --latent 2 --epochs 3 --out runs/first'
    """

    model: str
    data: str
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objective: str | None = None
    opening: Mapping[str, Any] = field(default_factory=dict)

    def of(self, group: str) -> dict[str, Any]:
        return dict(self.values.get(group, {}))

    def of_source(self, place: str) -> "Asked":
        """The same of the file or folder that lies there, where it is one."""
        return replace(self, data=place or self.data)

    def words(self) -> list[str]:
        """The words of the command but for where it writes."""
        said = ["train", self.model, "--data", self.data, *source_words(source_of(self.opening))]
        said += spoken(self.of("model"))
        said += ["--objective", self.objective] if self.objective else []
        return [*said, *spoken(self.of("objective")), *spoken(self.of("training"))]

    def command(self, out: str) -> str:
        return command("latent-explorer", *self.words(), "--out", out)

    def declaration(self) -> Declaration:
        """Raises ValueError for fields that make no model."""
        return declare(self.model, self.of("model"))

    def options(self) -> Options:
        """Raises ValueError for fields that make no training."""
        given = {**self.of("objective"), **self.of("training")}
        return options_for(
            self.declaration(), given if self.objective is None else {**given, "objective": self.objective}
        )


def groups(asked: Asked, signature: Signature | None = None) -> list[Group]:
    """The fields of the model, the objective and the loop; those come last that mean nothing for this model of data of that signature."""
    objective = objective_of(asked)
    idle = idle_in(asked, signature) if signature else frozenset()
    return [
        _group("model", MODELS[asked.model], f"The model {asked.model}"),
        _group("objective", OBJECTIVES[objective], f"The objective {objective}", idle=idle),
        _group("training", Options, "The training", but=("objective",)),
    ]


def objective_of(asked: Asked) -> str:
    """The objective that is chosen, or the one that is usual for the model and what is said of it."""
    if asked.objective:
        return asked.objective
    for values in (asked.of("model"), {}):  # such as a rate makes no model yet
        with contextlib.suppress(ValueError):
            return declare(asked.model, values).objective()
    return USUAL


def about(kind: Any) -> str:
    """The first sentence of what a declaration says of itself."""
    return prose(kind).partition("\n\n")[0]


def idle_in(asked: Asked, signature: Signature) -> frozenset[str]:
    """The numbers of the objective that nothing in this training would read, as far as it can be built."""
    try:
        declaration = asked.declaration().settled(signature.kind)
        declared = OBJECTIVES[objective_of(asked)](**asked.of("objective"))
        with torch.device("meta"):
            setting = Setting(declaration.build(signature), len(signature.classes), 1, 1)
            idle = declared.idle(declared.build(setting), setting)
    except (ValueError, TypeError, RuntimeError, NotImplementedError):
        return frozenset()  # what does not fit is said below the form
    adversary = {"adversary"} if len(signature.classes) > 1 else frozenset()  # which can be asked for
    return idle - adversary | ({"adversary_hidden"} if not asked.of("objective").get("adversary") else set())


def _group(
    name: str, kind: Any, title: str, but: tuple[str, ...] = (), idle: frozenset[str] = frozenset()
) -> Group:
    own = inspect.get_annotations(kind)
    family: list[Any] = [each for each in kind.__mro__ if is_dataclass(each)]
    found = [option for option in options(kind).values() if option.name not in but]
    if name == "objective":  # what is turned most, and last what all objectives have
        common = inspect.get_annotations(family[-1]) if len(family) > 1 else {}
        found.sort(key=lambda option: (option.name in common, option.while_training is None))
    else:  # what a declaration adds goes before what it inherits
        found.sort(key=lambda option: option.name not in own)
    first = tuple(option for option in found if option.comes_first and option.name not in idle)
    return Group(name, title, first, tuple(option for option in found if option not in first))


# ---- what a field is as a widget


def sort(option: Option) -> Sort:
    """How a value is given: chosen, switched, or typed as a whole number, a number or text.

    >>> from vae_core.models import VAE
    >>> {name: sort(options(VAE)[name]) for name in ("latent", "prior", "rates")}
    {'latent': 'whole', 'prior': 'choice', 'rates': 'text'}
    """
    if choices(option):
        return "choice"
    kinds = [kind for kind in get_args(option.bare) or (option.bare,) if kind is not NoneType]
    return SORTS.get(kinds[0], "text") if len(kinds) == 1 else "text"


def choices(option: Option) -> list[Any]:
    """What may be chosen, None first where nothing need be; empty where a value is typed."""
    names: list[Any] = option.one_of.names if option.one_of else _words_of(option.bare)
    return [None, *names] if names and NoneType in get_args(option.bare) else names


def _words_of(kind: Any) -> list[str]:
    parts = [kind, *get_args(kind)]
    return [word for part in parts if get_origin(part) is Literal for word in get_args(part)]


def label(option: Option) -> str:
    """The name of a field in words.

    >>> label(options(Options)["learning_rate"])
    'learning rate'
    """
    return option.name.replace("_", " ")


def text(value: Any) -> str:
    """A value as it is typed.

    >>> text({"z_l": 1.0, "z_u": 4.0}), text((0.1, 10.0)), text(None)
    ('z_l 1 z_u 4', '0.1 10', '')
    """
    return " ".join(_parts(value))


def typed(option: Option, given: str) -> Any:
    """What was typed, as the command line reads it. Raises ValueError, one sentence.

    >>> from vae_core.objectives import ELBO
    >>> typed(options(ELBO)["beta"], "z_l 1 z_u 4"), typed(options(ELBO)["beta"], "2")
    ({'z_l': 1.0, 'z_u': 4.0}, 2.0)
    """
    line = given.strip()
    if not line:
        return None if option.required else option.default
    if option.bare in (str, str | None):
        return line
    words = line.replace(",", " ").split()
    if any(word.startswith("--") for word in words):
        raise ValueError(f"{label(option)}: give values, no other options")
    kind: Any = make_dataclass("One", [(option.name, option.kind)])
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return getattr(tyro.cli(kind, args=[f"--{spelt(option.name)}", *words]), option.name)
    except SystemExit:
        why = one_sentence(said.getvalue()).removesuffix(" (see --help)")
        raise ValueError(f"{label(option)}: {why}") from None


def spoken(values: Mapping[str, Any]) -> list[str]:
    """Values as words of the command line.

    >>> spoken({"stagewise": True, "beta": {"z": 2.0}, "learning_rate": 0.001})
    ['--stagewise', '--beta', 'z', '2', '--learning-rate', '0.001']
    """
    words = []
    for name, value in values.items():
        if isinstance(value, bool):
            words.append(f"--{spelt(name)}" if value else f"--no-{spelt(name)}")
        elif value is not None:
            words += [f"--{spelt(name)}", *_parts(value)]
    return words


def _parts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [word for pair in value.items() for word in (str(pair[0]), *_parts(pair[1]))]
    if isinstance(value, tuple | list):
        return [word for each in value for word in _parts(each)]
    if isinstance(value, float):
        return [f"{value:g}" if float(f"{value:g}") == value else repr(value)]
    return [] if value is None else [str(value)]


# ---- whether it fits


def refused(
    asked: Asked,
    signature: Signature | None,
    images: int,
    data: str = "the data",
    factors: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> str:
    """Why this makes no training, one sentence; empty where nothing speaks against it.

    The model is built without its numbers, so that a large one costs nothing here; `factors` are the ranges of those that the data knows.
    """
    try:
        declaration, options = asked.declaration(), asked.options()
        if signature is not None:
            model = _check(declaration.settled(signature.kind), options, signature, images)
            check_told(model, data, factors)
    except ValueError as error:
        return str(error)
    except (RuntimeError, NotImplementedError, TypeError):
        return ""  # what cannot be built without its numbers is checked where it trains
    return ""


def _check(declaration: Declaration, options: Options, signature: Signature, images: int) -> Model:
    left = min(images, options.limit or images) - options.validation
    if left < 1:
        raise ValueError(
            f"{options.validation:,} of {min(images, options.limit or images):,} {signature.kind.many} are held out to validate: leave some to train on"
        )
    fitting = options.fitting(left)
    check_batch(fitting.batch or 1, left, signature.kind.many, 1)
    with torch.device("meta"):
        model = declaration.build(signature)
        steps = max(1, left // (fitting.batch or 1))
        settled = fitting.settled(steps)
        objective: Declared = options.objective_of(declaration)
        objective.build(Setting(model, len(signature.classes), steps * (settled.epochs or 1), left))
    return model


# ---- a command as a form


def of_command(line: str) -> Asked:
    """What a command line asks for, to fill a form with. Raises ValueError, one sentence, for what is no such command.

    >>> asked = of_command("latent-explorer train vae --data digits --latent 2 --beta 4")
    >>> asked.model, asked.data, asked.of("model"), asked.of("objective")
    ('vae', 'digits', {'latent': 2}, {'beta': 4.0})
    """
    try:
        words = [word for word in shlex.split(line[:MOST_LINE]) if word != "latent-explorer"]
    except ValueError as error:
        raise ValueError(f"this command cannot be read ({error})") from None
    if words[:1] != ["train"]:
        raise ValueError("a command that fills this form begins with train and the name of a model")
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            command = parse([*words, *([] if "--out" in words else ["--out", "runs/x"])], COMMANDS).what
    except SystemExit:
        raise ValueError("this command asks for what this version does not know") from None
    model = words[1]
    opening = {
        name: value for name, value in opening_of(command.source).items() if value != getattr(Opening(), name)
    }
    asked = Asked(
        model,
        command.data,
        {"model": _changed(command.model, MODELS[model])},
        command.training.objective,
        opening,
    )
    kinds = {"objective": OBJECTIVES[objective_of(asked)], "training": Options}
    values = {name: _changed(command.training, kind) for name, kind in kinds.items()}
    return replace(asked, values={**asked.values, **values})


def _changed(flags: Any, kind: Any) -> dict[str, Any]:
    """The fields of a declaration that were given on a command line."""
    there = {
        name: getattr(flags, name, option.default)
        for name, option in options(kind).items()
        if name != "objective"
    }
    return {
        name: value
        for name, value in there.items()
        if value is not None and value != options(kind)[name].default
    }
