"""What a declaration's fields say of themselves: one place for the command line, the pages and the cards.

A declaration is a dataclass whose fields are options; the string below a field is its help, as documentation tools read it.
"""

import ast
import inspect
from dataclasses import MISSING, fields
from functools import cache
from textwrap import dedent
from typing import Any, NamedTuple, get_type_hints


class Option(NamedTuple):
    """A field of a declaration: its name, type and help; `default` is `dataclasses.MISSING` where it must be given."""

    name: str
    kind: Any
    default: Any
    about: str

    @property
    def required(self) -> bool:
        return self.default is MISSING


@cache
def options(declaration: type) -> dict[str, Option]:
    """The fields of a dataclass in their order, each with its help.

    >>> from vae_core.objectives import ConstrainedVAE
    >>> options(ConstrainedVAE)["delta"].about
    'Greatest mean rate, nats an example.'
    """
    about = {name: text for kind in reversed(declaration.__mro__) for name, text in _texts(kind).items()}
    kinds = get_type_hints(declaration, include_extras=True)
    return {
        field.name: Option(field.name, kinds[field.name], _default(field), about.get(field.name, ""))
        for field in fields(declaration)
    }


def spelt(option: str) -> str:
    """An option as the command line spells it.

    >>> spelt("beta_warmup")
    'beta-warmup'
    """
    return option.replace("_", "-")


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@cache
def _texts(kind: type) -> dict[str, str]:
    """The strings below the annotated names in the source of one class, without what it inherits."""
    if kind is object or not hasattr(kind, "__dataclass_fields__"):
        return {}
    (body,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[statement.target.id] = " ".join(inspect.cleandoc(below.value.value).split())  # type: ignore[union-attr]
    return texts
