"""The option --plugin, which every command takes, and plug-ins as a command line names them."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ..plugins import in_environment, use

OPTION = "--plugin"


@dataclass(frozen=True, kw_only=True)
class Plugged:
    """A command that takes --plugin."""

    plugin: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE")] = ()
    """A Python file, or the name of a module, that registers models, data and the like (docs/adding.md); may be given several times."""


def with_plugins(words: Sequence[str]) -> list[str]:
    """The words of a command without its plug-ins, which are in use from then on: the command itself may be of theirs.

    Raises ValueError, one sentence, for one that is not there or raises.
    """
    rest, named = separated(words)
    with contextlib.redirect_stdout(sys.stderr):  # what a command prints may be read by others
        for plugin in [*in_environment(), *named]:
            use(plugin)
    return rest


def separated(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command without its plug-ins, and these. Raises ValueError for the option without a value.

    >>> separated(["train", "--plugin", "toy.py", "toy", "--plugin=more"])
    (['train', 'toy'], ['toy.py', 'more'])
    """
    rest, named, left = [], [], iter(words)
    for word in left:
        option, equals, value = word.partition("=")
        if option != OPTION:
            rest.append(word)
            continue
        value = value if equals else next(left, "")
        if not value or (not equals and value.startswith("--")):
            raise ValueError("--plugin names no file: give a Python file, or the name of a module")
        named.append(value)
    return rest, named


def spoken(plugin: str) -> str:
    """A plug-in as others can give it: the last name of a file."""
    return Path(plugin).name if "/" in plugin or plugin.endswith(".py") else plugin
