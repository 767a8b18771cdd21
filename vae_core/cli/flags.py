"""The options of a model, a training and a source as the command line spells them: the fields of their declarations.

They are made when a command is read, of what is registered then. Each objective's fields become options by themselves; which of them go
together is known when the objective is.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields, make_dataclass
from inspect import cleandoc
from typing import Annotated, Any

import tyro

from ..data import Opening
from ..fields import Option, options
from ..models import MODELS, Declaration, declare
from ..objectives import OBJECTIVES
from ..plugins import PluginWarning, Registry, reason_of
from ..training import Options, options_for


def _of_objectives() -> dict[str, tuple[Option, list[str]]]:
    """The options of all objectives, each with the names of those that take it."""
    takers: dict[str, tuple[Option, list[str]]] = {}
    for name, kind in sound(OBJECTIVES, lambda name: _alone(OBJECTIVES[name])).items():
        for option in options(kind).values():
            takers.setdefault(option.name, (option, []))[1].append(name)
    return takers


def sound(registry: Registry[Any], spelt: Callable[[str], Any]) -> dict[str, Any]:
    """What is registered, but for what others have registered that the command line cannot spell: that is left out, with a warning."""
    found = {}
    for name, thing in registry.items():
        if registry.source(name) is not None and (reason := _unspeakable(lambda name=name: spelt(name))):
            warnings.warn(
                f"the {registry.what} {name!r} is left out: its options cannot be given on the command line ({reason})",
                PluginWarning,
                stacklevel=2,
            )
        else:
            found[name] = thing
    return found


def _unspeakable(made: Callable[[], Any]) -> str:
    """Why tyro cannot make options of a dataclass; empty where it can."""
    said = io.StringIO()
    try:
        kind = made()  # which may say what else is left out
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            tyro.cli(kind, args=["--help"])
    except SystemExit as stop:
        return "" if not stop.code else " ".join(re.sub(r"[^ -~]+", " ", said.getvalue()).split())[:200]
    except Exception as error:  # a field of some type, or of a name that another option has
        return " ".join(re.sub(r"[^ -~]+", " ", reason_of(error)).split())[:200]
    return ""


def check_apart(kind: type, *taken: str) -> None:
    """Raises ValueError for an option of a plug-in that has the name of another of the same command."""
    others = {*taken, *options(Options), *(option.name for option in fields(Source)), *OF_TRAIN}
    if clash := sorted(others & set(options(kind))):
        raise ValueError(
            f"--{clash[0].replace('_', '-')} is another option of train: give that field another name"
        )


# Options of train that are of no declaration.
OF_TRAIN = (
    *("out", "data", "resume", "atlas", "watch", "tensorboard", "estimate"),
    *("plugin", "model", "training", "source"),
)


def _alone(kind: type) -> Any:
    """The options of an objective as a command of their own."""
    ours = {
        option for name, model in MODELS.items() if MODELS.source(name) is None for option in options(model)
    }  # type: ignore[arg-type]
    check_apart(kind, *ours)
    return make_dataclass("Alone", [_flag(option, []) for option in options(kind).values()], kw_only=True)


def _flag(option: Option, takers: list[str]) -> tuple[str, Any, Any]:
    whose = "" if len(takers) > 2 or not takers else f" ({' or '.join(takers)})"
    hint = "(needed there)" if option.required else f"(default: {option.default})"
    about = _told(option, whose, help_behavior_hint=hint)
    return option.name, Annotated[option.kind | None, about], field(default=None)


def _own(option: Option) -> tuple[str, Any, Any]:
    about = Annotated[option.kind, _told(option)]
    if option.default is MISSING:
        return option.name, about, field()
    return option.name, about, field(default_factory=lambda: option.default)  # which may be a list


def _told(option: Option, more: str = "", **hints: Any) -> Any:
    """Help of an option, with the names that there are of one that is a name of registries: the declaration refuses others."""
    names = {} if option.one_of is None else {"metavar": f"{{{','.join(option.one_of.names)}}}"}
    return tyro.conf.arg(help=option.about + more, **names, **hints)


def model_flags(name: str) -> Any:
    """The arguments of a model as a flat dataclass, whose `declaration` is the model declared."""

    def declaration(given: Any) -> Declaration:
        return declare(name, vars(given))

    kind: Any = MODELS[name]
    parts = [_own(option) for option in options(kind).values()]
    namespace = {"declaration": declaration, "__doc__": prose(kind)}
    return make_dataclass(kind.__name__, parts, namespace=namespace, frozen=True, kw_only=True)


def prose(kind: Any) -> str:
    """What a docstring says before its sections, which are for those who program."""
    return re.split(r"\n\n(?:Args|Attributes|Raises|Example|Source):\n", cleandoc(kind.__doc__ or ""))[0]


def training_flags() -> Any:
    """A training's options as one flat dataclass."""
    objective = Annotated[
        str | None,
        tyro.conf.arg(
            help=f"What to optimise, of {', '.join(OBJECTIVES)} (`latent-explorer models` says what each is): elbo unless the model or --labels ask for another.",
            help_behavior_hint="",
        ),
    ]
    return make_dataclass(
        "Flags",
        [
            ("objective", objective, field(default=None)),
            *(_flag(*entry) for entry in _of_objectives().values()),
            *(_own(option) for option in options(Options).values() if option.name != "objective"),
        ],
        frozen=True,
        kw_only=True,
    )


def asked_flags() -> Any:
    """The same options, none of which has a value unless it is given."""
    own = [option for option in options(Options).values() if option.name != "objective"]
    flags = [*_of_objectives().values(), *((option, []) for option in own)]
    objective = ("objective", str | None, field(default=None))
    return make_dataclass(
        "Asked", [objective, *(_flag(*entry) for entry in flags)], frozen=True, kw_only=True
    )


# What `Opening` calls otherwise than the command line does, where other options have these names.
OTHERWISE = {"images": "image_column", "labels": "label_column", "fit": "image_fit"}

# How a source is opened as one flat dataclass.
Source: Any = make_dataclass(
    "Source",
    [
        _own(option._replace(name=OTHERWISE.get(option.name, option.name)))
        for option in options(Opening).values()
    ],
    frozen=True,
    kw_only=True,
)


def opening_of(flags: Any) -> dict[str, Any]:
    """How to open a source, as `open_data` takes it."""
    names = {spelt: name for name, spelt in OTHERWISE.items()}
    return {names.get(field.name, field.name): getattr(flags, field.name) for field in fields(flags)}


def source_of(opening: Mapping[str, Any]) -> Any:
    """The options of the command line for what `Opening` takes.

    >>> opening_of(source_of({"labels": "species"}))["labels"]
    'species'
    """
    return Source(**{OTHERWISE.get(name, name): value for name, value in opening.items()})


def options_of(flags: Any, model: Declaration) -> Options:
    """How to train the model. Raises ValueError (one sentence) for an option that the objective does not take, or one that it lacks."""
    untouched = _of_objectives()
    given = {field.name: getattr(flags, field.name) for field in fields(flags)}
    return options_for(model, {k: v for k, v in given.items() if v is not None or k not in untouched})
