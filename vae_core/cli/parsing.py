"""The command line as an object, and one sentence for what is wrong with it."""

import contextlib
import io
import os
import re
from collections import abc
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, make_dataclass
from difflib import get_close_matches
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args, get_origin

import tyro

from ..models import MODELS
from . import sweep
from .console import complain
from .flags import Source, model_flags, training_flags
from .plugged import OPTION
from .train import Train


class NoPairsError(Exception):
    """What is not a number for each of some names, in a sentence. No ValueError, which tyro would put among others."""


def pairs(words: list[str]) -> dict[str, float]:
    """A number for each of some names. Raises NoPairsError for other words, and for a name twice.

    >>> pairs(["z_l", "2", "z_u", "1"])
    {'z_l': 2.0, 'z_u': 1.0}
    """
    told, names = " ".join(words), words[::2]
    try:
        numbers = list(map(float, words[1::2]))
    except ValueError:
        numbers = []
    if not words or len(names) != len(numbers):
        what = f"{told!r} is" if words else "nothing is"
        raise NoPairsError(f"{what} neither a number nor one for each of some names: give 2, or z_l 2 z_u 1")
    if more := [name for name in names if names.count(name) > 1]:
        raise NoPairsError(f"{more[0]} has more than one number ({told}): give each name once")
    return dict(zip(names, numbers, strict=True))


PAIRS = tyro.constructors.ConstructorRegistry()


@PAIRS.primitive_rule
def _pairs(
    asked: tyro.constructors.PrimitiveTypeInfo,
) -> tyro.constructors.PrimitiveConstructorSpec[Any] | None:
    """A number for each of some names, as in `--beta z_l 2 z_u 1`, each of them once."""
    if get_origin(asked.type) is not abc.Mapping or get_args(asked.type) != (str, float):
        return None

    return tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="[NAME NUMBER [NAME NUMBER ...]]",
        instance_from_str=pairs,
        is_instance=lambda one: isinstance(one, abc.Mapping),
        str_from_instance=lambda one: [str(part) for pair in one.items() for part in pair],
    )


def parse(arguments: list[str], commands: Mapping[str, Any]) -> Any:
    """The command as an object. Raises SystemExit: 0 after help, 2 after one sentence for bad usage."""
    if arguments[:1] == [sweep.NAME]:
        own, words = sweep.apart(arguments)
        return sweep.given(_parsed(own, commands), words)
    return _parsed(arguments, commands)


def repeated(words: Sequence[str]) -> list[str]:
    """The options that are given more than once and may not be.

    >>> repeated(["app", "--data", "a", "--port=1", "--data", "b"]), repeated(["app", "--plugin", "a", "--plugin", "b"])
    (['--data'], [])
    """
    names = [word.partition("=")[0].replace("_", "-") for word in words if word.startswith("--")]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1 and name != OPTION]


def _check_lists(arguments: list[str], commands: Mapping[str, Any]) -> None:
    """Raises SystemExit for a list that is given in parts, of which tyro would keep the last. Of one value the last counts, as in every shell."""
    for name in repeated(arguments):
        field = name.removeprefix("--").replace("-", "_")
        kinds = [
            part.type for kind in _kinds(arguments, commands) for part in fields(kind) if part.name == field
        ]
        if any("tuple[" in str(kind) or "Mapping[" in str(kind) for kind in kinds):
            complain(f"{name} is given twice: give it once, with all that it is to have", 2)
            raise SystemExit(2)


def _parsed(arguments: list[str], commands: Mapping[str, Any]) -> Any:
    _check_lists(arguments, commands)
    complaint, union = io.StringIO(), _union(arguments, commands)  # which may say what it leaves out
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                union,
                prog="latent-explorer",
                description="See what a VAE has learned: train, measure and explore its latent space.",
                args=arguments,
                registry=PAIRS,
            )
    except NoPairsError as error:
        complain(str(error), 2)
        raise SystemExit(2) from None
    except SystemExit as stop:
        if stop.code:
            sentence = one_sentence(complaint.getvalue())
            if arguments[:1] == ["train"] and "".join(arguments[1:2]).startswith("-"):
                sentence = f"name the model first, one of {', '.join(MODELS)} (see --help)"
            elif arguments[:1] == ["train"] and arguments[1:2] and arguments[1] not in MODELS:
                sentence = f"no model is called {arguments[1]!r}: choose one of {', '.join(MODELS)}, or add {OPTION} for one of a plug-in"
            complain(f"{sentence}{meant(sentence, arguments, commands)}", 2)
        raise


def _union(arguments: list[str], commands: Mapping[str, Any]) -> Any:
    """The commands as tyro takes them; one that is made when the command line is read is made where it is asked for."""

    def made(name: str, kind: Any) -> Any:
        if is_dataclass(kind):
            return kind
        return (
            kind()
            if arguments[:1] == [name]
            else make_dataclass(name, [], namespace={"__doc__": kind.__doc__})
        )

    return reduce(or_, (Annotated[made(*pair), tyro.conf.subcommand(pair[0])] for pair in commands.items()))


def meant(sentence: str, arguments: list[str], commands: Mapping[str, Any]) -> str:
    """The known word that is nearest to the one complained of, as a question; nothing where none is near.

    Near the options of the command, what the sentence says that one can choose, or, in their places, commands and models.
    """
    if "did you mean" in sentence:
        return ""
    complaint, *choices = re.split(r"choose |Expected one of|Available subcommands:", sentence)
    told = set(re.findall(r"[\w-]+", " ".join(choices)))
    for place, word in enumerate(argument.partition("=")[0] for argument in arguments):
        if word.startswith("--"):
            known = _options(arguments, commands)
        else:
            known = told | (
                {*commands} if place == 0 else {*MODELS} if arguments[0] == "train" and place == 1 else set()
            )
        is_file = place > 1 and os.path.lexists(word[:200])  # what is there was not misspelt
        if word in re.findall(r"[\w./-]+", complaint) and word not in known and not is_file:
            near = get_close_matches(
                word.removeprefix("--"), [other.removeprefix("--") for other in known], 1
            )
            return f"; did you mean {'--' * word.startswith('--')}{near[0]}?" if near else ""
    return ""


def _options(arguments: list[str], commands: Mapping[str, Any]) -> set[str]:
    """The options of the command that is asked for, as one types them."""
    names = [part.name.replace("_", "-") for kind in _kinds(arguments, commands) for part in fields(kind)]
    return {f"--{name}" for name in names} | {"--help"}


def _kinds(arguments: list[str], commands: Mapping[str, Any]) -> list[Any]:
    """The dataclasses whose fields are the options of the command that is asked for."""
    kinds = _dataclasses(commands.get(arguments[0]))
    if arguments[0] == "train":
        kinds = [
            Train,
            training_flags(),
            Source,
            *(model_flags(name) for name in arguments[1:2] if name in MODELS),
        ]
    elif arguments[0] in ("data", "import"):
        kinds.append(Source)
    return kinds


def _dataclasses(kind: Any) -> list[Any]:
    """Those that a command is made of: one, or what makes one, which may hold the flags of others."""
    if kind is None or is_dataclass(kind):
        return [kind] if kind else []
    made = kind()
    return [each for each in (get_origin(made) or made, *get_args(made)) if is_dataclass(each)]


# What tyro and Python say, and what a person would.
PLAINER = {
    r"(Expected one of \(.*?)'None', ": r"\1",
    r"invalid choice '(.*?)' for argument '(?:--)?([\w-]+)'\. Expected one of \((.*?)\)\.": r"'\1' is no \2: choose one of \3",
    r"Expected one of \{(.*?)\}\.": r"choose one of \1",
    r" \(applied to [^)]*\)": "",
    r"Unrecognized(?: or misplaced)? options: ([^\s,]+)((?!Available).)*": r"nothing here is called \1; ",
    r"invalid literal for int\(\) with base 10: (.*)": r"\1 is not a whole number",
    r"could not convert string to float: (.*)": r"\1 is not a number",
    r"no type matching (?:\{None\} )?(.*) could be instantiated from (\[.*?\])\. Got errors.*": r"expected \1, got \2",
    r";$": "",
}


def one_sentence(panel: str) -> str:
    """The complaint of tyro's boxed page: its body up to the suggestions, without frame, colour or internal names.

    >>> one_sentence("+ Value error +\\n| Error parsing --epochs: not a number |\\n| For full helptext, see x --help |")
    'Error parsing --epochs: not a number (see --help)'
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", panel)
    _, _, body = plain[max(0, plain.find("╭")) :].partition("\n")  # what was said before it is none of it
    words = " ".join(re.sub(r"[\u2500-\u257f|]+|-{4,}", " ", body).split())
    words = re.split(r"Perhaps you meant|Arguments are applied|Argument helptext|For full helptext", words)[0]
    words = re.sub(r"Error parsing \S*__\S*: ", "", words)
    for said, told in PLAINER.items():
        words = re.sub(said, told, words.strip())
    return f"{words.strip()} (see --help)"
