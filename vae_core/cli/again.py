"""The commands resume and fork: a training as its card tells it, gone on with, or begun anew from its weights with other numbers."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from ..checkpoints import Card, changed, load_card
from ..data import data_of, is_own
from ..fields import options
from ..models import Declaration, declare
from ..training import Options, fork_of, options_for
from .commands import check_named, without_path
from .console import status
from .flags import asked_flags
from .plugged import Plugged
from .train import trained

F = TypeVar("F")


@dataclass(frozen=True)
class Resume(Plugged):
    """Go on with a training that was stopped, by the options on its card: `latent-explorer resume RUN`."""

    folder: tyro.conf.Positional[Path]
    """Folder of the training."""
    data: str | None = None
    """The folder or file that it is trained from, where it is."""
    epochs: int | None = None
    """Epochs in all, where that is to be another number."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    atlas: bool = True
    """Make the atlas at the end."""
    watch: bool = True
    """Let pages and `latent-explorer steer` watch and steer it."""

    def run(self) -> int:
        card = load_card(self.folder)
        declaration = declaration_of(card, self.folder)
        given = {"device": self.device} | ({"epochs": self.epochs} if self.epochs else {})
        made = options_of_card(card, declaration, given, begun=True)
        data = opened_for(card, self.data)
        return trained(
            declaration, data, made, self.folder, card.command, self.data, self.atlas, self.watch, resume=True
        )


@dataclass(frozen=True)
class ForkCommand(Plugged, Generic[F]):
    """Begin a training from the weights of another with other numbers: `latent-explorer fork RUN --out NEW --beta 2`. Model and data are
    the same."""

    folder: tyro.conf.Positional[Path]
    """Folder of the training to begin from."""
    out: Path
    """Folder to write the new checkpoint to."""
    changes: Annotated[tyro.conf.OmitArgPrefixes[F], tyro.conf.arg(help="What is to be otherwise.")]
    at: int | None = None
    """The epoch to begin from, of which a snapshot was kept; the last one unless given."""
    data: str | None = None
    """The folder or file that it is trained from, where it is."""
    atlas: bool = True
    """Make the atlas at the end."""
    watch: bool = True
    """Let pages and `latent-explorer steer` watch and steer it."""

    def run(self) -> int:
        check_named(self.out)
        card = load_card(self.folder)
        declaration = declaration_of(card, self.folder)
        told = {name: value for name, value in vars(self.changes).items() if value is not None}
        options, fork = options_of_card(card, declaration, told), fork_of(self.folder, self.at)
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        data = opened_for(card, self.data)
        return trained(
            declaration, data, options, self.out, command, self.data, self.atlas, self.watch, fork=fork
        )


def fork_command() -> Any:
    """Begin a training from the weights of another with other numbers: `latent-explorer fork RUN --out NEW --beta 2`."""
    return ForkCommand[asked_flags()]


def declaration_of(card: Card, folder: Path) -> Declaration:
    """The model of a card. Raises ValueError of one that was trained elsewhere, or that cannot be declared."""
    if card.training is None:
        raise ValueError(
            f"{folder} holds a model that was trained elsewhere: choose one that `latent-explorer train` wrote"
        )
    return declare(card.model.name, card.model.arguments)


def options_of_card(
    card: Card, declaration: Declaration, given: Mapping[str, Any], begun: bool = False
) -> Options:
    """How a card's model was trained, with what is given otherwise.

    Of a training that is gone on with, the numbers are those that it was begun with, which its changes are made to again; one that is
    forked has those of its end. Raises ValueError for an option that the objective does not take.
    """
    assert card.training is not None
    of_training = asdict(card.training)
    objective = dict(card.json["objective"])
    if not begun:
        of_training |= {
            "learning_rate": changed(
                Options(learning_rate=card.training.learning_rate), card.changes
            ).learning_rate
        }
        objective |= {change.name: change.after for change in card.changes if change.name in objective}
    own = {
        option: value
        for option, value in of_training.items()
        if option in options(Options) and value is not None
    }
    if given.get("objective") not in (None, objective["name"]):
        objective = {"name": given["objective"]}
    name = objective.pop("name")
    return options_for(declaration, {**own, **objective, **given, "objective": name})


def opened_for(card: Card, what: str | None) -> Any:
    """The data of a card. Raises ValueError for other data."""
    with status() as report:
        dataset = data_of(card.data, what, report)
    if not is_own(card.data, dataset):
        raise ValueError(
            f"{dataset.name} is not what the model was trained on: give {card.data.name} by --data"
        )
    return dataset
