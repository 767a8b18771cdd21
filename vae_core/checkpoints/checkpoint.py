"""A checkpoint that is read: the model, its card, and the atlas when it is first asked for."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import Dataset, check_same
from ..data.at_hand import numbers_of, stored_as
from ..data.embedded import embedded_in
from ..distributions import Sampler
from ..explore import codes_of, decode, encode, likelihood_of, sample
from ..graphs import GraphError
from ..kinds import Kind
from ..labels import has_label
from ..model import Model
from ..models import MODELS, Signature, declare
from ..models.foreign import graph_nets
from ..multirate import at, usual
from ..names import IMAGE, LABEL
from ..priors import one_hot
from .atlas import Atlas, AtlasGrid, load_atlas
from .card import Card, MadeOf, load_card
from .folder import ATLAS, CARD, WEIGHTS, CheckpointError, located, spoken
from .frontier import Frontier
from .weights import Room, fingerprint, load_into, read_shapes

Arrays = dict[str, np.ndarray]
"""Arrays by latent."""


@dataclass(frozen=True)
class Checkpoint:
    """A model and its card; the atlas is read when it is first asked for. A multi-rate model is at some beta of each block.

    Attributes:
        folder: where it lies.
        card: what it is, how it was made and what was measured.
        model: the model.
        betas: where a multi-rate model stands, by block.

    Example:
        >>> checkpoint = load("mr-vae-mnist")
        >>> checkpoint.name, checkpoint.betas, checkpoint.kind.shape
        ('mr-vae-mnist', {'z': 1.0}, (1, 28, 28))
    """

    folder: Path
    card: Card
    model: Model
    betas: dict[str, float] = field(default_factory=dict)
    weights: str = ""
    """The fingerprint of the weights."""
    known_as: str = ""
    """What it is called where its folder's name is taken."""

    def __repr__(self) -> str:
        blocks = ", ".join(f"{name} of {size}" for name, size in self.model.sizes.items())
        return f"<{spoken(self.folder)}: {self.card.model.name} of {self.card.data.name}, latents {blocks}>"

    @property
    def signature(self) -> Signature:
        return self.card.data.signature

    @property
    def kind(self) -> Kind:
        """What an observation is."""
        return self.signature.kind

    @property
    def name(self) -> str:
        return self.known_as or self.folder.resolve().name

    @property
    def stale(self) -> tuple[str, ...]:
        """What was made of other weights than these, of "card", "atlas", "numbers" and "frontier"; what does not say of which is taken to
        fit. The atlas itself is asked once it is read."""
        held: AtlasGrid | None = self.__dict__.get("atlas_grid")
        made = {
            "card": [self.card.made],
            "atlas": [self.card.atlas, *([MadeOf(held.weights)] if held else [])],
            "numbers": self.card.measurements.values(),
            "frontier": [self.card.frontier_made_of],
        }
        return tuple(
            what
            for what, parts in made.items()
            if any(part is not None and part.weights not in ("", self.weights) for part in parts)
        )

    @property
    def outdated(self) -> str:
        """`stale` as a sentence with what to do; empty where nothing is."""
        if not self.stale:
            return ""
        remedies = " and ".join(f"`{REMEDIES[what].format(spoken(self.folder))}`" for what in self.stale)
        belong = "belong" if len(self.stale) > 1 or "numbers" in self.stale else "belongs"
        return f"The {' and '.join(self.stale)} {belong} to other weights than the model’s: run {remedies}"

    @property
    def no_data(self) -> str:
        """Why nothing can be said of data, as a sentence; empty where some came with the model."""
        return "" if self.card.data.images else NO_DATA

    @cached_property
    def own_data(self) -> Dataset | None:
        """The data that lie in the folder itself, as embeddings do; None of other models. Raises CheckpointError for damaged or other ones."""
        told = self.card.data
        try:
            found = embedded_in(self.folder, told.name, self.signature)
            if found is not None:
                check_same(told, found.origin.fingerprints)
            return found
        except ValueError as error:
            raise CheckpointError(f"{self.folder}: {error}") from None

    @cached_property
    def atlas_grid(self) -> AtlasGrid:
        """The atlas at every point of its grid of betas. Raises CheckpointError where there is none, or one that is damaged or does not fit
        the model."""
        grid = load_atlas(self.folder)
        try:
            grid.check_fits(self.signature.classes, self.model.blocks, self.model.sizes)
        except ValueError as error:
            raise self._of_another(error) from None
        return grid

    @cached_property
    def atlas(self) -> Atlas:
        """The encodings at the betas of the model. Raises CheckpointError as `atlas_grid` does."""
        grid = self.atlas_grid
        try:
            return grid.at(self.betas)
        except ValueError as error:
            raise self._of_another(error) from None

    def _of_another(self, error: ValueError) -> CheckpointError:
        return CheckpointError(
            f"{self.folder / ATLAS} does not fit the model ({error}): run `latent-explorer atlas {self.folder}`"
        )

    @cached_property
    def frontier(self) -> Frontier | None:
        """What was measured over the betas of a multi-rate model, if it was. Raises CheckpointError for a damaged one."""
        try:
            frontier = self.card.frontier
            if frontier and set(frontier.blocks) != set(self.betas):
                raise ValueError(
                    f"its frontier is damaged (it is over the betas of {', '.join(frontier.blocks)})"
                )
            return frontier
        except ValueError as error:
            raise CheckpointError(
                f"{self.folder / CARD}: {error}: run `latent-explorer frontier {self.folder}`"
            ) from None

    # ---- of observations that are at hand

    def encode(self, x: Any, y: Any = None, seed: int = 0) -> Arrays:
        """The posterior means of observations.

        Args:
            x: images `(N, H, W)`, `(N, C, H, W)` or `(N, H, W, C)`, one of them, or rows `(N, F)`: an array, a tensor, a DataFrame. What
                their numbers mean is found as for training.
            y: the class of each, by name or number, where the encoder reads one.
            seed: of the noise of pixels that are binarised.

        Returns:
            Means `(N, D)` by latent; of a latent class its probabilities `(N, K)`.

        Raises:
            ValueError: one sentence, for what the model does not read.

        Example:
            >>> import numpy as np
            >>> {name: z.shape for name, z in load("cdvae-mnist").encode(np.zeros((5, 28, 28))).items()}
            {'z_l': (5, 10), 'z_u': (5, 16)}
        """
        return {name: mean.cpu().numpy() for name, mean in self._means(x, y, seed).items()}

    def decode(self, codes: Any, y: Any = None) -> np.ndarray:
        """E[x | codes].

        Args:
            codes: `(N, D)` by latent, as `encode` gives them, or one array for a model of one latent.
            y: the class of each, by name or number, where the decoder reads one.

        Returns:
            Images `(N, C, H, W)` within [0, 1], or rows `(N, F)`.

        Raises:
            ValueError: one sentence, for a latent that is missing or of another size.

        Example:
            >>> import numpy as np
            >>> load("vae-mnist").decode(np.zeros((3, 20))).shape
            (3, 1, 28, 28)
        """
        return decode(self.model, self._codes(codes, y)).cpu().numpy()

    def reconstruct(self, x: Any, y: Any = None, seed: int = 0) -> np.ndarray:
        """Observations decoded from their posterior means.

        Args:
            x: as `encode` takes them.
            y: likewise.
            seed: likewise.

        Returns:
            Images `(N, C, H, W)` within [0, 1], or rows `(N, F)`.

        Raises:
            ValueError: as `encode` does.

        Example:
            >>> import numpy as np
            >>> load("vae-mnist").reconstruct(np.zeros((3, 28, 28))).shape
            (3, 1, 28, 28)
        """
        return self.decode(codes_of(self._means(x, y, seed)), y)

    def sample(self, n: int = 1, y: Any = None, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """Mean observations of draws from the prior.

        Args:
            n: how many.
            y: of which class, by name or number: one, or one for each; the classes in turn unless given.
            seed: of the draws.
            temperature: factor on the standard deviations of the prior; of a flow, on the noise of its draws.

        Returns:
            Images `(N, C, H, W)` within [0, 1], or rows `(N, F)`.

        Raises:
            ValueError: one sentence, for a class that is not there.

        Example:
            >>> load("cdvae-mnist").sample(4, y="7").shape
            (4, 1, 28, 28)
        """
        classes = self.signature.classes
        if y is None and has_label(self.model):
            y = np.arange(n) % len(classes)
        given = self._labels(y, n) if has_label(self.model) else {}
        draw = Sampler.seeded(seed, temperature)
        return sample(self.model, given, n, draw).cpu().numpy()

    def save(self, out: Path | str) -> "Checkpoint":
        """A copy of the folder, to keep.

        Args:
            out: where to; it must not hold a checkpoint.

        Returns:
            The checkpoint there.

        Raises:
            ValueError: where `out` is taken.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     load("ppca-mnist").save(Path(folder) / "mine").name
            'mine'
        """
        out = Path(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"{out} is there already: choose another folder")
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
            shutil.copytree(self.folder, whole := Path(scratch) / "whole")
            if out.exists():
                out.rmdir()
            whole.rename(out)
        return load(out, self.model.device)

    def _means(self, x: Any, y: Any, seed: int) -> dict[str, Tensor]:
        if self.model.no_encoder:
            raise ValueError(self.model.no_encoder)
        stored = stored_as(x, self.kind, self.card.data.opened)
        values = likelihood_of(self.model).reading.of(stored, Sampler.seeded(seed))
        batch = {IMAGE: values.to(self.model.device), **self._labels(y, len(stored))}
        return {name: q.mean for name, q in encode(self.model, batch).items()}

    def _codes(self, codes: Any, y: Any) -> dict[str, Tensor]:
        model = self.model
        given = codes if isinstance(codes, Mapping) else dict.fromkeys(model.latents[:1], codes)
        if set(given) != set(model.latents):
            raise ValueError(f"{self.name} has the latents {', '.join(model.latents)}: give a code of each")
        found = {name: torch.as_tensor(code, dtype=torch.float32) for name, code in given.items()}
        for name, code in found.items():
            size = model.sizes.get(name, model.classes)
            if code.dim() != 2 or code.shape[1] != size:
                shape = " x ".join(map(str, code.shape))
                raise ValueError(f"codes of {name} are N x {size} numbers, and these are {shape}")
        count = {len(code) for code in found.values()}
        if len(count) > 1:
            raise ValueError(
                f"the latents have {' and '.join(map(str, sorted(count)))} codes: give as many of each"
            )
        codes = {name: code.to(model.device) for name, code in found.items()}
        return {**self._labels(y, *count), **codes}

    def _labels(self, y: Any, count: int) -> dict[str, Tensor]:
        if y is None:
            return {}
        classes = self.signature.classes
        return {LABEL: one_hot(numbers_of(y, classes, count), len(classes)).to(self.model.device)}

    # ---- betas

    def at(self, betas: Mapping[str, float]) -> "Checkpoint":
        """The same checkpoint at other betas, weights shared. Raises ValueError for a block or a beta that it does not know."""
        other = replace(self, model=at(self.model, betas), betas=dict(betas))
        other.__dict__["atlas_grid"] = self.atlas_grid  # read once for all betas
        return other


NO_DATA = "no data came with the model, and its items are decoded draws of its prior"

REMEDIES = {
    "card": "latent-explorer resume {}",
    "atlas": "latent-explorer atlas {}",
    "numbers": "latent-explorer evaluate {} --write",
    "frontier": "latent-explorer frontier {}",
}


def load(folder: Path | str, device: torch.device | str = "cpu") -> Checkpoint:
    """The checkpoint in `folder`, its model in evaluation mode without gradients, a multi-rate one at its usual betas.

    The name of a bundled checkpoint stands for its folder, where there is no folder of that name. A model
    takes no more memory than the file of its weights says that it needs (`Room`).

    Args:
        folder: its folder, or the name of a bundled one.
        device: where the model is to be.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError: (one sentence) for a missing or damaged file, a model this version does not know,
            or weights that are of another shape or not finite.

    Example:
        >>> load("vae-mnist").model.latents
        ['z']
    """
    folder = located(folder)
    card = load_card(folder)
    shapes = read_shapes(folder / WEIGHTS)
    with Room(shapes):  # a card may ask for more than any machine has
        model = _built(card, folder)
    tensors = load_into(model, folder / WEIGHTS)
    _check_graphs(model, folder)
    betas = usual(model)
    model = model.to(device).eval().requires_grad_(False)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth to a third less for a decode by convolutions
    return Checkpoint(folder, card, at(model, betas), betas, fingerprint(tensors))


def _built(card: Card, folder: Path) -> Model:
    """The model of a card. Raises CheckpointError where there is none."""
    try:
        model = declare(card.model.name, card.model.arguments).beside(folder).build(card.data.signature)
        usual(model)
        return model
    except GraphError as error:
        raise CheckpointError(f"{folder} cannot be opened: {error}") from None
    except Exception as error:  # a card may say anything, and every layer stumbles over it in its own way
        whose = f" (its model is of {of.spoken})" if (of := MODELS.source(card.model.name)) else ""
        raise CheckpointError(
            f"{folder / CARD} describes no model that can be built: {error or type(error).__name__}{whose}"
        ) from None


def _check_graphs(model: Model, folder: Path) -> None:
    """Raises CheckpointError where a graph in the folder is another than its weights are of."""
    for net in graph_nets(model):
        try:
            net.check()
        except ValueError as error:
            raise CheckpointError(f"{folder}: {error}") from None


def opened(checkpoint: Checkpoint | Path | str) -> Checkpoint:
    """A checkpoint that is open already, or the one of a folder or of a bundled name (`load`).

    Args:
        checkpoint: the checkpoint, its folder, or the name of a bundled one.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError: as `load` does.

    Example:
        >>> opened("vae-mnist")
        <vae-mnist: vae of mnist, latents z of 20>
    """
    return checkpoint if isinstance(checkpoint, Checkpoint) else load(checkpoint)
