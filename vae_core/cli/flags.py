"""The options of a training as the command line spells them: those of the loop, of every objective, and of how data is opened.

Each objective's fields become options by themselves; which of them go together is known when the objective is.
"""

from collections.abc import Mapping
from dataclasses import field, fields, make_dataclass
from typing import Annotated, Any

import tyro

from ..data import Opening
from ..fields import Option, options
from ..models import Declaration
from ..objectives import OBJECTIVES
from ..training import Options, options_for


def _of_objectives() -> dict[str, tuple[Option, list[str]]]:
    """The options of all objectives, each with the names of those that take it."""
    takers: dict[str, tuple[Option, list[str]]] = {}
    for name, kind in OBJECTIVES.items():
        for option in options(kind).values():
            takers.setdefault(option.name, (option, []))[1].append(name)
    return takers


def _flag(option: Option, takers: list[str]) -> tuple[str, Any, Any]:
    whose = "" if len(takers) > 2 else f" ({' or '.join(takers)})"
    hint = "(needed there)" if option.required else f"(default: {option.default})"
    about = tyro.conf.arg(help=option.about + whose, help_behavior_hint=hint)
    return option.name, Annotated[option.kind | None, about], field(default=None)


def _own(option: Option) -> tuple[str, Any, Any]:
    return (
        option.name,
        Annotated[option.kind, tyro.conf.arg(help=option.about)],
        field(default=option.default),
    )


OBJECTIVE = Annotated[
    str | None,
    tyro.conf.arg(
        help=f"What to optimise, of {', '.join(OBJECTIVES)} (`latent-explorer models` says what each is): elbo unless the model or --labels ask for another.",
        help_behavior_hint="",
    ),
]

# A training's options as one flat dataclass.
Flags: Any = make_dataclass(
    "Flags",
    [
        ("objective", OBJECTIVE, field(default=None)),
        *(_flag(*entry) for entry in _of_objectives().values()),
        *(_own(option) for option in options(Options).values() if option.name != "objective"),
    ],
    frozen=True,
    kw_only=True,
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
