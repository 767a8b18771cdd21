"""What a declaration's fields say of themselves: one place for the command line, the pages and the cards.

A declaration is a dataclass whose fields are options; the string below a field is its help, as documentation tools read it.
"""

import ast
import inspect
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from textwrap import dedent
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from .plugins import Registry

T = TypeVar("T")


class OneOf:
    """What a field of text may be, `prior: Annotated[str, OneOf(UNLABELLED)]`: a name of some registries, or other names, but for some.

    The command line and the cards take what is registered at the time.

    >>> OneOf(("axes", "simplex"), but=("simplex",)).names
    ['axes']
    """

    def __init__(self, *of: Collection[str], but: Collection[str] = ()):
        self.of, self.but = of, but

    @property
    def names(self) -> list[str]:
        return [
            name for name in dict.fromkeys(name for part in self.of for name in part) if name not in self.but
        ]

    def __contains__(self, name: str) -> bool:
        return name not in self.but and any(name in part for part in self.of)

    def registries(self, name: str) -> "list[Registry[Any]]":
        """Those that hold a name."""
        return [part for part in self.of if isinstance(part, Registry) and name in part]


# Marks a field, `epochs: Annotated[int | None, FIRST] = None`, that a form shows first although it has no value of its own.
FIRST = "first"


class WhileTraining(NamedTuple):
    """A number that can be changed while a model trains, `beta: Annotated[float, WhileTraining(0.01, 100.0)]`: the range that is usually
    tried, which sliders offer.

    >>> from vae_core.objectives import ELBO
    >>> options(ELBO)["beta"].while_training
    WhileTraining(low=0.01, high=100.0)
    """

    low: float
    high: float


class Option(NamedTuple):
    """A field of a declaration: its name, type and help; `default` is `dataclasses.MISSING` where it must be given."""

    name: str
    kind: Any
    default: Any
    about: str

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def one_of(self) -> OneOf | None:
        """What it may be, where that is the names of registries."""
        return _one_of(self.kind)

    @property
    def bare(self) -> Any:
        """The type without what is said beside it."""
        return get_args(self.kind)[0] if get_origin(self.kind) is Annotated else self.kind

    @property
    def comes_first(self) -> bool:
        """Whether a form shows it first: the name of something registered, numbers with a value of their own, or what is marked by FIRST."""
        is_number = isinstance(self.default, int | float | tuple) and not isinstance(self.default, bool)
        marked = FIRST in get_args(self.kind) if get_origin(self.kind) is Annotated else False
        return marked or is_number or self.one_of is not None or self.required

    @property
    def while_training(self) -> WhileTraining | None:
        """The range that it is changed in while a model trains; None where it cannot be."""
        return _said_by(self.kind, WhileTraining)


@cache
def options(declaration: type) -> dict[str, Option]:
    """The fields of a dataclass in their order, each with its help.

    >>> from vae_core.objectives import ConstrainedVAE
    >>> options(ConstrainedVAE)["delta"].about
    'Greatest mean rate, nats an example.'
    """
    about = {name: text for kind in reversed(declaration.__mro__) for name, text in _texts(kind).items()}
    kinds = _hints(declaration)
    return {
        field.name: Option(field.name, kinds[field.name], _default(field), about.get(field.name, ""))
        for field in fields(declaration)
    }


def choices(declaration: type) -> Mapping[str, OneOf]:
    """The fields of a dataclass that are names of registries."""
    hints = _hints(declaration)
    return {field.name: one_of for field in fields(declaration) if (one_of := _one_of(hints[field.name]))}


def check_choices(declaration: Any) -> None:
    """Raises ValueError, with what is nearest, for a field of a declaration that names nothing which is registered."""
    for field, one_of in choices(type(declaration)).items():
        value = getattr(declaration, field)
        if value is None or (isinstance(value, str) and value in one_of):
            continue
        near = get_close_matches(str(value), one_of.names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"no {field.replace('_', ' ')} {'are' if field.endswith('s') else 'is'} called {value!r}: choose one of {', '.join(one_of.names)}{meant}"
        )


def is_declaration(kind: Any, of: type) -> bool:
    """Whether it is a dataclass made from a class, whose fields say their types."""
    if not (isinstance(kind, type) and issubclass(kind, of) and is_dataclass(kind)):
        return False
    try:
        options(kind)
    except Exception:  # a type that is not there
        return False
    return True


def spelt(option: str) -> str:
    """An option as the command line spells it.

    >>> spelt("beta_warmup")
    'beta-warmup'
    """
    return option.replace("_", "-")


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@cache
def _hints(declaration: type) -> dict[str, Any]:
    return get_type_hints(declaration, include_extras=True)


def _one_of(kind: Any) -> OneOf | None:
    return _said_by(kind, OneOf)


def _said_by(kind: Any, what: type[T]) -> T | None:
    """What an annotation holds of a class."""
    parts = get_args(kind) if get_origin(kind) is Annotated else ()
    return next((part for part in parts if isinstance(part, what)), None)


@cache
def _texts(kind: type) -> dict[str, str]:
    """The strings below the annotated names in the source of one class, without what it inherits; none where it has no source at hand."""
    if kind is object or not hasattr(kind, "__dataclass_fields__"):
        return {}
    try:
        (body,) = ast.parse(dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError):  # a class of exec, or of a prompt
        return {}
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[statement.target.id] = " ".join(inspect.cleandoc(below.value.value).split())  # type: ignore[union-attr]
    return texts
