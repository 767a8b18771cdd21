"""The commands as one union, and the call that runs one of them."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from ..training import TrainingError
from .console import ERRORS, complain
from .evaluate import Evaluate
from .folders import Export, MakeAtlas, Pack
from .frontier import MeasureFrontier
from .imported import Import
from .models import Models
from .parsing import meant, parse
from .sources import ShowData
from .train import TrainAny

# Set, it shows where a fault of the program is.
TRACEBACK = "LATENT_EXPLORER_TRACEBACK"
Command: Any = (
    Annotated[TrainAny, tyro.conf.subcommand("train")]
    | Annotated[Import, tyro.conf.subcommand("import")]
    | Annotated[ShowData, tyro.conf.subcommand("data")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[MeasureFrontier, tyro.conf.subcommand("frontier")]
    | Annotated[MakeAtlas, tyro.conf.subcommand("atlas")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Pack, tyro.conf.subcommand("pack")]
    | Annotated[Models, tyro.conf.subcommand("models")]
)


def main(arguments: Sequence[str] | None = None, command: Any = Command) -> int:
    """Run one of the commands of a union.

    With the variable LATENT_EXPLORER_TRACEBACK set, a fault of the program is raised.

    Args:
        arguments: the words of the command; those of the process unless given.
        command: the union of commands.

    Returns:
        0; or, after one sentence on what to do, 2 for bad usage and 1 for a fault of the program; 130 when
            interrupted.

    Raises:
        SystemExit: 0 after --help, and 2 after one sentence for words that are no command.

    Example:
        >>> main(["evaluate", "nowhere"])
        2
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return parse(words, command).run()
    except KeyboardInterrupt:
        ERRORS.print("stopped; a training goes on from its last epoch with --resume")
        return 130
    except (ValueError, TrainingError) as error:
        return complain(f"{error}{meant(str(error), words, command)}", 2)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        return complain(*_fault(error))


def _fault(error: Exception) -> tuple[str, int]:
    """What to say of an error that nobody foresaw, and the exit code."""
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, MemoryError) or "memory" in reason:
        return (
            f"there is not enough memory ({reason or 'none is left'}): choose a smaller model, batch or limit",
            2,
        )
    return (
        f"this is a fault of the program ({type(error).__name__}: {reason}): set {TRACEBACK}=1 to see where, and report it",
        1,
    )
