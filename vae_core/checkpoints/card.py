"""The card of a checkpoint, `card.json`: what the model is, how it was made and what was measured.

A card is read and checked once, when it is loaded: every field is then of the kind that it is declared to be here. Fields that this
version does not know stay in `Card.json`, which is what is written back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from ..data.fingerprint import KNOWN
from ..estimates import Estimate
from ..files import read_bytes, reason
from ..kinds import Image, kind_of
from ..models import FOREIGN, Signature
from ..names import MOST_CLASSES
from ..objectives import Declared
from ..objectives import kind_of as objective_kind
from .changes import Change, Forked, changed
from .folder import CARD, CheckpointError, atomic, bundled, located
from .formats import FORMAT, upgraded
from .frontier import Anchor, Frontier, Point
from .frontier import merged as with_frontier
from .measurements import Factors, Measurement, merged, recorded
from .typed import entries, read, read_fields, shown
from .wanted import Wanted, lacking

# Bytes of a card: that of a table of 100,000 columns has a third of them.
MOST_BYTES = 32_000_000

# What measuring writes into a card, and training leaves alone.
MEASURED = ("metrics", "evaluations", "evaluation", "factors", "frontier", "atlas")
# And so does it what people say of it.
DESCRIBED = ("title", "purpose")


@dataclass(frozen=True)
class Described:
    """A model by its name in `MODELS`, and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class TrainedOn:
    """The data: their name, what an observation is (`kinds.kind_of`), the names of the classes, and how many were trained on.

    fingerprint: what tells the splits from others of that name; an older card has none, and takes that of the well-known data set of its
    name. opened: how a folder or file was opened, where that is not as usual (`data.Opening`). wants: the plug-in
    that the data set is of. Raises ValueError for a kind that does
    not exist.
    """

    name: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    images: int
    pixels: str = ""
    kind: str = Image.name
    features: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    fingerprint: dict[str, str] = field(default_factory=dict)
    opened: dict[str, Any] = field(default_factory=dict)
    wants: Wanted | None = None

    def __post_init__(self):
        if not self.fingerprint and not self.opened and self.name in KNOWN:
            object.__setattr__(self, "fingerprint", dict(KNOWN[self.name].fingerprints))
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"it has {len(self.classes):,} classes, and a model at most {MOST_CLASSES:,}")
        if self.kind == Image.name and len(self.shape) != 3:
            raise ValueError(f"images of {' x '.join(map(str, self.shape))} do not exist")
        _ = self.signature

    @property
    def signature(self) -> Signature:
        return Signature(kind_of(vars(self)), self.classes)


@dataclass(frozen=True)
class Recipe:
    """The options of the training (`training.Options`). Raises ValueError for a batch of none."""

    batch: int
    learning_rate: float
    seed: int
    epochs: int | None = None
    warmup: int | None = None
    stagewise: bool = False
    clip: float | None = None
    limit: int | None = None
    validation: int = 0
    patience: int | None = None
    device: str = "auto"
    precision: str = "auto"

    def __post_init__(self):
        if self.batch < 1:
            raise ValueError("a batch has at least one image")


@dataclass(frozen=True)
class Cost:
    """What a training took.

    Attributes:
        seconds: its time.
        threads: of torch.
        device: the device's name.
        processes: that trained together.

    Example:
        >>> Cost(seconds=120.0, threads=2, device="x86_64", processes=1).seconds
        120.0
    """

    seconds: float
    threads: int
    device: str
    processes: int


@dataclass(frozen=True)
class Active:
    """How many of a block's dimensions were active at the end of the training.

    Attributes:
        active: the number of those.
        dimensions: the number of all.
        n: images that they were counted on.

    Example:
        >>> Active(active=12, dimensions=16, n=2000).active
        12

    Source:
        Burda et al. (2016), active units.
    """

    active: int
    dimensions: int
    n: int


@dataclass(frozen=True)
class MadeOf:
    """The fingerprint of the weights that something was made of."""

    weights: str = ""


@dataclass(frozen=True)
class Card:
    """What `card.json` says. `Card.of` makes one from it, `changed` another with some parts anew; both check every part.

    Attributes:
        model: the declaration, by name and arguments.
        data: what it was trained on.
        objective: what was optimised, with the numbers of the end where some were changed while training; None of a model that was trained
            elsewhere.
        training: how it was trained; None of a model that was trained elsewhere.
        epochs_done: how many epochs.
        measurements: what measured which of the `metrics`.
        rates: the range of betas of a multi-rate model.
        cost: what the training took.
        json: the whole card as JSON, with what this version does not know.
        command: what made it.
        versions: of what computed.
        history: one entry an epoch, in nats.
        found: what the objective found by itself, such as a multiplier.
        active_dimensions: of each block, at the end of the training.
        metrics: the measured numbers.
        factors: what each dimension has to do with each known factor.
        atlas: the weights that the atlas was made of.
        made: the weights that it was written beside.
        weights: the precision of the file, where it was packed.
        notes: sentences on how a model that was trained elsewhere was brought in.
        changes: what was changed while training, in order.
        forked: the run whose weights the training began with, if it did.
        wants: what it wants of plug-ins, where its model, a part of that or its objective is of one.
        title: what people call it, in a few plain words.
        purpose: one line of what it is for.

    Example:
        >>> card = load_card("vae-mnist")
        >>> card.model.name, card.data.name, card.data.shape
        ('vae', 'mnist', (1, 28, 28))
        >>> card.changed(epochs_done=99).epochs_done
        99
    """

    model: Described
    data: TrainedOn
    objective: Declared | None
    training: Recipe | None
    epochs_done: int
    measurements: dict[str, Measurement]
    rates: tuple[float, float] | None
    cost: Cost | None
    json: dict[str, Any] = field(repr=False, compare=False)
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    history: tuple[dict[str, float], ...] = ()
    found: dict[str, float] = field(default_factory=dict)
    active_dimensions: dict[str, Active] = field(default_factory=dict)
    metrics: dict[str, Estimate] = field(default_factory=dict)
    factors: Factors | None = None
    atlas: MadeOf | None = None
    made: MadeOf | None = None
    weights: str = ""
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    forked: Forked | None = None
    wants: tuple[Wanted, ...] = ()
    title: str = ""
    purpose: str = ""

    @classmethod
    def of(cls, told: Any) -> "Card":
        """The card that an object of JSON is, of format 1 or 2. Raises ValueError that names the field which is of the wrong kind.

        >>> Card.of({"format": 2, "model": {"name": "vae"}})
        Traceback (most recent call last):
        ValueError: model lacks arguments
        """
        whole = upgraded(entries(told, ""))
        parts = read_fields(cls, whole, "", skip={"objective", "measurements", "rates", "cost", "json"})
        elsewhere = parts["model"].name in FOREIGN
        if parts["training"] is None and not elsewhere:
            raise ValueError("training is null instead of an object")
        cost, rates = whole.get("cost"), parts["model"].arguments.get("rates")
        return cls(
            **parts,
            objective=None if elsewhere else changed(_objective(whole), parts.get("changes", ())),
            measurements=read(dict[str, Measurement], recorded(whole), "evaluations"),
            rates=read(tuple[float, float] | None, rates, "model.arguments.rates"),
            cost=read(Cost | None, None if cost == {} else cost, "cost"),
            json=whole,
        )

    @property
    def says(self) -> str:
        """What was optimised, in words, with what was changed while training; empty of a model that was trained elsewhere."""
        if self.objective is None:
            return ""
        told = [self.objective.says(self)]
        if self.changes:
            told.append("changed while training: " + ", ".join(change.says for change in self.changes[-3:]))
        return " · ".join(told)

    def measurement_of(self, number: str) -> Measurement | None:
        """What measured this number; None where the card does not say."""
        return next((how for how in self.measurements.values() if number in how.names), None)

    def commands(self, numbers: Iterable[str]) -> list[str]:
        """The commands that measured these numbers, each once."""
        known = [self.measurement_of(number) for number in numbers]
        return list(dict.fromkeys(how.command for how in known if how and how.command))

    def images(self, numbers: Iterable[str]) -> str:
        """The images that these numbers were measured on, in words."""
        known = [self.measurement_of(number) for number in numbers]
        many = self.data.signature.kind.many
        parts = [f"the {how.split} {many} of {how.data}" for how in known if how and how.split and how.data]
        return " and ".join(dict.fromkeys(parts)) or f"{many} that the card does not name"

    def measured(
        self,
        group: str,
        numbers: Mapping[str, Estimate],
        how: Measurement,
        tables: Mapping[str, Any] | None = None,
    ) -> "Card":
        """The card with a group of numbers measured anew, and its tables of factors; those of every other group stay."""
        return Card.of(merged(self.json, group, numbers, how, tables or {}))

    def with_frontier(
        self, points: Sequence[Point], anchors: Sequence[Anchor], how: Mapping[str, Any], keep: bool
    ) -> "Card":
        """The card with a frontier measured as `how` says; the anchors that it held stay where they are to be kept."""
        return Card.of(with_frontier(self.json, points, anchors, how, keep))

    def changed(self, **parts: Any) -> "Card":
        """The card with some entries of its JSON replaced. Raises ValueError as `of` does."""
        return Card.of({**self.json, **parts})

    @cached_property
    def frontier(self) -> Frontier | None:
        """What was measured over the betas of a multi-rate model, if it was. It is read when it is asked for: a damaged one raises
        ValueError then, and the command that measures it anew can open the card."""
        return Frontier.of(self.json.get("frontier"))

    @property
    def plugins(self) -> tuple[str, ...]:
        """The plug-ins that have to be named for it to be opened: packages with entry points have not."""
        wants = (*self.wants, *([self.data.wants] if self.data.wants else []))
        return tuple(dict.fromkeys(each.plugin for each in wants if each.plugin))

    @property
    def frontier_made_of(self) -> MadeOf | None:
        """The weights that the frontier is of, be it damaged or not."""
        told = self.json.get("frontier")
        weights = told.get("weights") if isinstance(told, dict) else None
        return MadeOf(weights) if isinstance(weights, str) else None


def _objective(card: Mapping[str, Any]) -> Declared:
    """An objective that can be declared, and so be told."""
    if "objective" not in card:
        raise ValueError("it lacks objective")
    given = dict(entries(card["objective"], "objective"))
    name = read(str, given.pop("name", None), "objective.name")
    kind = objective_kind(name, given)
    return kind(**read_fields(kind, given, "objective"))


def load_card(folder: Path | str) -> Card:
    """The card in a folder, or of a bundled checkpoint by its name.

    Args:
        folder: of the checkpoint, or the name of a bundled one.

    Returns:
        The card, every field checked.

    Raises:
        CheckpointError: where it is missing or damaged, from another version, has a field of the wrong
            kind, or wants a plug-in that is not in use.

    Example:
        >>> load_card("cdvae-mnist").model.name
        'cdvae'
    """
    folder = located(folder)
    path = folder / CARD
    try:
        card = json.loads(read_bytes(path, MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        near = get_close_matches(str(folder), bundled(), 1)
        meant = f", or did you mean {near[0]}?" if near else ""
        raise CheckpointError(
            f"{folder} holds no checkpoint (no {CARD}): give the folder that `latent-explorer train` wrote{meant}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({reason(error)}): restore it, or train again"
        ) from None
    if not isinstance(card, dict) or not {"model", "data", "format"} <= set(card):
        raise CheckpointError(f"{path} is not a model card: it lacks model, data or format")
    if card["format"] not in (1, FORMAT):
        raise CheckpointError(
            f"{path} has format {shown(card['format'])}, and this version reads {FORMAT}: update Latent Explorer"
        )
    if lacks := lacking(card.get("wants")):
        raise CheckpointError(f"{folder} {lacks}")
    try:
        return Card.of(card)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): restore it, or train again") from None


def save_card(folder: Path, card: Card) -> None:
    """Writes the card of a checkpoint, replaced atomically.

    Args:
        folder: of the checkpoint; made where it is not there.
        card: the card.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_card(Path(folder), load_card("vae-mnist"))
        ...     load_card(folder).data.name
        'mnist'
    """
    with atomic(folder / CARD) as file:
        file.write((json.dumps(card.json, indent=1) + "\n").encode())
