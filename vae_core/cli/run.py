"""The commands as one union, and the call that runs one of them."""

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..checkpoints import versions
from ..plugins import PluginWarning
from ..training import NotRecorded, TrainingError
from ..training.faults import TRACEBACK, fault
from .again import Resume, fork_command
from .console import ERRORS, complain
from .evaluate import Evaluate
from .folders import Describe, Export, MakeAtlas, Pack
from .frontier import MeasureFrontier
from .imported import Import
from .models import Models
from .parsing import meant, parse
from .plugged import with_plugins
from .signals import terminated_as_interrupted
from .sources import ShowData
from .steer import Steer
from .sweep import SweepCommand, Tabulate
from .train import train_command

# The commands by name: each a dataclass, or what makes one when the command line is read.
COMMANDS: dict[str, Any] = {
    "train": train_command,
    "resume": Resume,
    "fork": fork_command,
    "steer": Steer,
    "sweep": SweepCommand,
    "tabulate": Tabulate,
    "import": Import,
    "data": ShowData,
    "evaluate": Evaluate,
    "frontier": MeasureFrontier,
    "atlas": MakeAtlas,
    "describe": Describe,
    "export": Export,
    "pack": Pack,
    "models": Models,
}


def main(arguments: Sequence[str] | None = None, commands: Mapping[str, Any] = COMMANDS) -> int:
    """Run one of the commands, with the plug-ins that it names.

    With the variable LATENT_EXPLORER_TRACEBACK set, a fault of the program is raised.

    Args:
        arguments: the words of the command; those of the process unless given.
        commands: the commands by name.

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
    if words == ["--version"]:
        print(", ".join(f"{name} {version}" for name, version in versions().items()))
        return 0
    with warnings.catch_warnings():
        warnings.showwarning = _told(warnings.showwarning)
        return _run(words, commands)


def _run(words: list[str], commands: Mapping[str, Any]) -> int:
    try:
        words = with_plugins(words)
        with terminated_as_interrupted():
            return parse(words, commands).run()
    except KeyboardInterrupt:
        trains = words[:1] in (["train"], ["resume"], ["fork"])
        ERRORS.print(
            "stopped; the training goes on from its last epoch with --resume" if trains else "stopped"
        )
        return 130
    except (ValueError, TrainingError) as error:
        return complain(f"{error}{meant(str(error), words, commands)}", 2)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return complain(*fault(error))
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        return complain(*fault(error))


def _told(usual: Callable[..., None]) -> Callable[..., None]:
    """What is said of a plug-in that is left out, or of a step that is not recorded: its sentence alone."""

    def show(message: Warning | str, category: type[Warning], *more: Any) -> None:
        if issubclass(category, PluginWarning | NotRecorded):
            ERRORS.print(str(message), markup=False, soft_wrap=True)
        else:
            usual(message, category, *more)

    return show
