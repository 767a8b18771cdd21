"""A checkpoint is a folder: `card.json`, `model.safetensors`, `atlas.npz`.

The card says what the model is, how it was made and what was measured; the weights are safetensors; the atlas holds
the encodings of the test set and their projections. Nothing is unpickled, and every file is replaced atomically.
"""

import contextlib
import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from .atlas import Atlas, Ladder
from .evaluations import MEASURED, evaluations
from .fields import options
from .frontier import Frontier
from .kinds import kind_of
from .model import Model
from .models import Signature, declare
from .multirate import at, usual
from .objectives import OBJECTIVES

T = TypeVar("T")

FORMAT = 2
CARD, WEIGHTS, ATLAS, TRAINING = "card.json", "model.safetensors", "atlas.npz", "training.safetensors"


class CheckpointError(ValueError):
    """A folder that cannot be read as a checkpoint; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """A model and its card; the atlas is read when it is first asked for. A multi-rate model is at some beta of each block, `betas`."""

    folder: Path
    card: dict[str, Any]
    model: Model
    betas: dict[str, float] = field(default_factory=dict)
    weights: str = ""
    """The fingerprint of the weights."""
    known_as: str = ""
    """What it is called where its folder's name is taken."""

    @property
    def signature(self) -> Signature:
        return signature_of(self.card)

    @property
    def name(self) -> str:
        return self.known_as or self.folder.resolve().name

    @property
    def stale(self) -> tuple[str, ...]:
        """What was made of other weights than these, of "atlas", "numbers" and "frontier"; what does not say of which is taken to fit."""
        made = {
            "atlas": [self.card.get("atlas")],
            "numbers": evaluations(self.card).values(),
            "frontier": [self.card.get("frontier")],
        }
        return tuple(
            what
            for what, parts in made.items()
            if any(
                part.get("weights", self.weights) != self.weights for part in parts if isinstance(part, dict)
            )
        )

    @property
    def outdated(self) -> str:
        """`stale` as a sentence with what to do; empty where nothing is."""
        if not self.stale:
            return ""
        remedies = " and ".join(f"`{REMEDIES[what].format(spoken(self.folder))}`" for what in self.stale)
        are, make = ("are", "make") if len(self.stale) > 1 or self.stale == ("numbers",) else ("is", "makes")
        return f"The {' and '.join(self.stale)} {are} of other weights than the model’s: {remedies} {make} them anew"

    @cached_property
    def ladder(self) -> Ladder:
        """The atlas at every rung. Raises CheckpointError where there is none, or a damaged one."""
        return load_atlas(self.folder)

    @cached_property
    def atlas(self) -> Atlas:
        """The encodings at the betas of the model. Raises CheckpointError as `ladder` does."""
        ladder = self.ladder
        try:
            return ladder.at(self.betas)
        except ValueError as error:
            raise CheckpointError(
                f"{self.folder / ATLAS} does not fit the model ({error}): `latent-explorer atlas {self.folder}` makes it anew"
            ) from None

    @cached_property
    def frontier(self) -> Frontier | None:
        """What was measured over the betas of a multi-rate model, if it was. Raises CheckpointError for a damaged one."""
        try:
            return Frontier.of(self.card)
        except ValueError as error:
            raise CheckpointError(
                f"{self.folder / CARD}: {error}: `latent-explorer frontier {self.folder}` measures it anew"
            ) from None

    def at(self, betas: Mapping[str, float]) -> "Checkpoint":
        """The same checkpoint at other betas, weights shared. Raises ValueError for a block or a beta that it does not know."""
        other = replace(self, model=at(self.model, betas), betas=dict(betas))
        other.__dict__["ladder"] = self.ladder  # read once for all betas
        return other


REMEDIES = {
    "atlas": "latent-explorer atlas {}",
    "numbers": "latent-explorer evaluate {} --write",
    "frontier": "latent-explorer frontier {}",
}


def signature_of(card: Mapping[str, Any]) -> Signature:
    return Signature(kind_of(card["data"]), tuple(card["data"]["classes"]))


def load(folder: Path | str, device: torch.device | str = "cpu") -> Checkpoint:
    """The checkpoint in `folder`, its model in evaluation mode without gradients, a multi-rate one at its usual betas.

    The name of a bundled checkpoint stands for its folder, where there is no folder of that name. Raises CheckpointError (one sentence)
    for a missing or damaged file, a model this version does not know, or weights that are of another shape or not finite.

    >>> load("vae-mnist").model.latents
    ['z']
    """
    folder = located(folder)
    card = load_card(folder)
    try:
        model = declare(card["model"]["name"], card["model"]["arguments"]).build(signature_of(card))
        betas = usual(model)
    except Exception as error:  # a card may say anything, and every layer stumbles over it in its own way
        raise CheckpointError(f"{folder / CARD} describes no model that can be built: {error}") from None
    tensors = _load_weights(model, folder / WEIGHTS)
    model = model.to(device).eval().requires_grad_(False)
    return Checkpoint(folder, card, at(model, betas), betas, fingerprint(tensors))


def load_card(folder: Path | str) -> dict[str, Any]:
    """The card as a dictionary. Raises CheckpointError where it is missing, damaged or from another version."""
    folder = located(folder)
    path = folder / CARD
    try:
        card = json.loads(path.read_text())
    except FileNotFoundError:
        near = get_close_matches(str(folder), bundled(), 1)
        meant = f", or did you mean {near[0]}?" if near else ""
        raise CheckpointError(
            f"{folder} holds no checkpoint (no {CARD}): give the folder that `latent-explorer train` wrote{meant}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): restore it, or train again") from None
    if not isinstance(card, dict) or not {"model", "data", "format"} <= set(card):
        raise CheckpointError(f"{path} is no model card: it lacks model, data or format")
    if card["format"] not in (1, FORMAT):
        raise CheckpointError(f"{path} has format {card['format']}, this version reads {FORMAT}: update")
    return card if card["format"] == FORMAT else upgraded(card)


def upgraded(card: dict[str, Any]) -> dict[str, Any]:
    """A card of format 1 as one of format 2: there an objective with some labels was an elbo with an option more, the range of betas
    stood in the objective too, and training stage by stage was counted to the objective."""
    made, training = card.get("objective"), card.get("training")
    if not (isinstance(made, dict) and isinstance(training, dict)):
        return {**card, "format": FORMAT}
    old = {key: value for key, value in made.items() if key != "rates"}
    name = "semi-supervised" if old.get("labels") is not None else old.pop("name", "elbo")
    takes = options(OBJECTIVES[name]) if name in OBJECTIVES else {}
    usual = {option.name: option.default for option in takes.values() if not option.required}
    weighed = usual | {key: value for key, value in old.items() if key in takes}
    whole = {"stagewise": bool(old.get("stagewise")), **training}
    return {**card, "format": FORMAT, "objective": {"name": name, **weighed}, "training": whole}


def _load_weights(model: Model, path: Path) -> dict[str, torch.Tensor]:
    """Load them into the model; the tensors as the file has them."""
    tensors = read_tensors(path)
    expected = model.state_dict()
    if missing := sorted(set(expected) ^ set(tensors)):
        raise CheckpointError(
            f"{path} and its card disagree on {len(missing)} tensors, among them {missing[0]}: "
            "the two files belong to different models"
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"{path} holds {name} of shape {tuple(tensor.shape)} where the card asks for "
                f"{tuple(expected[name].shape)}: the two files belong to different models"
            )
        if not tensor.isfinite().all():
            raise CheckpointError(
                f"{path} holds {name} with values that are not finite, so the model can say nothing: train again"
            )
    model.load_state_dict(tensors)
    return tensors


def fingerprint(tensors: Mapping[str, torch.Tensor]) -> str:
    """16 hexadecimal digits that differ for tensors of other names, types, shapes or values.

    >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.zeros(2)})
    True
    >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.ones(2)})
    False
    """
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().cpu().contiguous()
        found.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
        found.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]


def versions() -> dict[str, str]:
    """The versions of what computes, as far as they are installed as packages."""
    names = ("latent-explorer", "torch", "numpy")
    return {name: metadata.version(name) for name in names if _installed(name)}


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file. Raises CheckpointError for a missing or truncated one."""
    return _reading(path, load_file)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file. Raises CheckpointError for a missing or truncated one."""

    def metadata(path: Path) -> dict[str, str]:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}

    return _reading(path, metadata)


def _reading(path: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: restore it, or train again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or cut short ({error}): restore it, or train again"
        ) from None


def load_atlas(folder: Path | str) -> Ladder:
    """The atlas of a checkpoint. Raises CheckpointError where it is missing or damaged."""
    path = located(folder) / ATLAS
    try:
        # Opened here, because numpy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Ladder.from_arrays(dict(arrays))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: `latent-explorer atlas {folder}` makes it") from None
    except Exception as error:  # zipfile, zlib and numpy each raise their own kinds for a damaged file
        raise CheckpointError(
            f"{path} is damaged ({error}): `latent-explorer atlas {folder}` makes it anew"
        ) from None


def save_model(folder: Path, model: Model, half: bool = False) -> None:
    """The weights, in half precision (float16) where asked: `load` makes them whole again."""
    state = model.state_dict()
    write_tensors(
        folder / WEIGHTS,
        {k: v.half() if v.is_floating_point() else v for k, v in state.items()} if half else state,
    )


def pack(source: Path, target: Path, half: bool = True) -> None:
    """A copy of a checkpoint to keep: card and weights, without training state, measurements and atlas, which rounding would falsify.

    Raises CheckpointError where `source` is none, and ValueError where `target` holds one already.
    """
    if (target / CARD).exists():
        raise ValueError(f"{target} already holds a checkpoint: choose another folder")
    found = load(source)
    if half and any(not value.half().isfinite().all() for value in found.model.state_dict().values()):
        raise ValueError(f"{source} has weights that float16 cannot hold: pack it with --no-half")
    save_model(target, found.model, half)
    card = {key: value for key, value in found.card.items() if key not in (*MEASURED, "evaluation")}
    save_card(target, {**card, "weights": "float16" if half else "float32", "metrics": {}})


def save_card(folder: Path, card: Mapping[str, Any]) -> None:
    with atomic(folder / CARD) as file:
        file.write((json.dumps(card, indent=1) + "\n").encode())


def save_atlas(folder: Path, atlas: Ladder, weights: str = "") -> None:
    """The atlas; and in the card, if given, the fingerprint of the weights that it was made of."""
    with atomic(folder / ATLAS) as file:
        np.savez_compressed(file, allow_pickle=False, **atlas.arrays())
    if weights:
        save_card(folder, {**load_card(folder), "atlas": {"weights": weights}})


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Tensors as safetensors, replaced atomically."""
    with atomic(path) as file:
        file.write(save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, metadata))


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Any]:
    """A binary file that takes the place of `path` only when it is whole: a crash or a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def bundled_folder() -> Path:
    """Where the checkpoints that come with the project lie: beside the packages in a clone, inside in a wheel."""
    inside = Path(__file__).parent / "pretrained"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "pretrained"


def bundled() -> dict[str, Path]:
    """The bundled checkpoints by name."""
    return found_in(bundled_folder())


def located(folder: Path | str) -> Path:
    """The folder of that path; or, where there is none, of the bundled checkpoint of that name."""
    folder = Path(folder)
    return folder if folder.exists() else bundled().get(str(folder), folder)


def spoken(folder: Path) -> str:
    """A checkpoint as a command takes it, quoted: a bundled one by its name, one beneath the working directory by its path there; of any
    other only the last name is told.

    >>> spoken(bundled()["vae-mnist"])
    'vae-mnist'
    """
    whole = folder.resolve()
    if (known := bundled().get(whole.name)) and known.resolve() == whole and located(whole.name) == known:
        return shlex.quote(whole.name)
    here = Path.cwd()
    return shlex.quote(whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.name)


def found_in(folder: Path) -> dict[str, Path]:
    """The checkpoints in a folder of checkpoint folders, by name; or the one that `folder` itself is."""
    cards = sorted([*folder.glob(CARD), *folder.glob(f"*/{CARD}")])
    return {card.parent.resolve().name: card.parent for card in cards}
