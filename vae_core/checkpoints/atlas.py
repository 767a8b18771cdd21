"""The atlas of a checkpoint: encodings of images and their maps, at one beta or over a grid of them.

Shapes: R points of a grid of betas, N items, D dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .card import load_card, save_card
from .folder import ATLAS, CheckpointError, atomic, located
from .grid import corners

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Atlas:
    """Encodings of N images: posteriors, and the maps of them.

    The first `training` items are training images, the others test images.

    Attributes:
        means: posterior means of each block, `(N, D)`.
        scales: posterior standard deviations of each block, `(N, D)`.
        coordinates: UMAP coordinates of each block, `(N, 2)`; there may be one more entry, "joint", for all
            blocks side by side.
        labels: classes, `(N,)`.
        classes: their names.
        training: how many items are training images.

    Example:
        >>> block = {"z": np.zeros((3, 2), np.float32)}
        >>> atlas = Atlas(block, block, block, np.array([0, 1, 0]), ("zero", "one"), training=2)
        >>> len(atlas), atlas.split, atlas.class_of(1), atlas.splits(np.array([0, 2])).tolist()
        (3, 'all', 'class one', ['train', 'test'])
    """

    means: Arrays
    scales: Arrays
    coordinates: Arrays
    labels: np.ndarray
    classes: tuple[str, ...]
    training: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def split(self) -> str:
        """Which images these are: "test", "train", or "all" for the training images and then the test images."""
        return "test" if not self.training else "train" if self.training == len(self) else "all"

    def class_of(self, item: int) -> str:
        """ "class" and its name for an item; nothing where the data has no classes."""
        return f"class {self.classes[self.labels[item]]}" if self.classes else ""

    def splits(self, items: np.ndarray) -> np.ndarray:
        """ "train" or "test" for each item, `(n,)`."""
        return np.where(np.asarray(items) < self.training, "train", "test")


@dataclass(frozen=True)
class AtlasGrid:
    """The atlases of the same items over a grid of betas; every combination of betas is there.

    The atlas of a model of one beta is a grid of one point without betas.

    Attributes:
        betas: `betas[block][r]` is the beta of the block at point r, `(R,)`.
        atlases: one for each point.

    Example:
        >>> block = {"z": np.ones((3, 2), np.float32)}
        >>> first = Atlas({"z": 0 * block["z"]}, block, block, np.array([0, 1, 0]), ("zero", "one"))
        >>> grid = AtlasGrid({"z": np.array([1.0, 100.0])}, (first, replace(first, means=block)))
        >>> grid.at({"z": 10.0}).means["z"][0].tolist()
        [0.5, 0.5]
    """

    betas: dict[str, np.ndarray]
    atlases: tuple[Atlas, ...]

    def at(self, betas: Mapping[str, float]) -> Atlas:
        """Between points, means and coordinates are interpolated linearly in log beta, and scales by their logarithm.

        Raises ValueError where a block has no beta, or one that the grid does not know.
        """
        if set(betas) != set(self.betas):
            raise ValueError(
                f"the atlas has betas of {', '.join(self.betas) or 'no block'}, and not of {', '.join(betas) or 'none'}"
            )
        corners = self.corners(betas)
        if len(corners) == 1:
            return self.atlases[corners[0][0]]
        near = [(self.atlases[place], share) for place, share in corners]
        first = near[0][0]

        def mixed(part: str) -> Arrays:
            return {
                name: sum(share * getattr(atlas, part)[name] for atlas, share in near).astype(np.float32)  # type: ignore[union-attr]
                for name in getattr(first, part)
            }

        scales = {
            name: np.exp(sum(share * np.log(atlas.scales[name]) for atlas, share in near)).astype(np.float32)
            for name in first.scales
        }
        return replace(first, means=mixed("means"), scales=scales, coordinates=mixed("coordinates"))

    def corners(self, betas: Mapping[str, float]) -> list[tuple[int, float]]:
        return corners(self.betas, betas)

    def means_of(self, name: str, items: np.ndarray, betas: Mapping[str, float]) -> np.ndarray:
        """Posterior means of some items, `(n, D)`, interpolated as in `at`, without doing so for all the others."""
        parts = [share * self.atlases[place].means[name][items] for place, share in self.corners(betas)]
        return np.stack(parts).sum(0).astype(np.float32)

    def arrays(self) -> Arrays:
        """Flat names for an .npz. One atlas: floats in half precision. Several: `(R, N, D)`, means and log scales in 256 levels of each
        dimension, maps in half precision. An encoding is shown, not trained on."""
        first = self.atlases[0]
        # The least integers that number all classes: a byte for up to 256 of them.
        number = np.min_scalar_type(max(len(first.classes) - 1, 0))
        shared = {"labels": first.labels.astype(number), "classes": np.array(first.classes, dtype=str)}
        if first.training:
            shared["training"] = np.array(first.training)
        parts = {"mean": "means", "scale": "scales", "umap": "coordinates"}
        flat: Arrays = {}
        for kind, part in parts.items():
            for name in getattr(first, part):
                stack = np.stack([getattr(atlas, part)[name] for atlas in self.atlases])
                if not self.betas:
                    flat[f"{kind}.{name}"] = stack[0].astype(np.float16)
                elif kind == "umap":
                    flat[f"{kind}.{name}"] = stack.astype(np.float16)
                else:
                    flat |= _levels(f"{kind}.{name}", np.log(stack) if kind == "scale" else stack)
        return {**flat, **{f"beta.{block}": values for block, values in self.betas.items()}, **shared}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "AtlasGrid":
        classes = tuple(str(name) for name in arrays["classes"])
        labels = arrays["labels"].astype(np.int64)
        training = int(arrays.get("training", 0))  # the atlases that say nothing are of test images
        betas = _named(arrays, "beta")
        if not betas:
            means, scales, maps = (
                {name: values.astype(np.float32) for name, values in _named(arrays, kind).items()}
                for kind in ("mean", "scale", "umap")
            )
            return cls({}, (Atlas(means, scales, maps, labels, classes, training),))
        means, scales = (
            {name: _values(arrays, f"{kind}.{name}") for name in _named(arrays, kind)}
            for kind in ("mean", "scale")
        )
        maps = _named(arrays, "umap")
        atlases = [
            Atlas(
                {name: stack[r] for name, stack in means.items()},
                {name: np.exp(stack[r]) for name, stack in scales.items()},
                {name: stack[r].astype(np.float32) for name, stack in maps.items()},
                labels,
                classes,
                training,
            )
            for r in range(len(next(iter(betas.values()))))
        ]
        return cls(betas, tuple(atlases))


def _named(arrays: Mapping[str, np.ndarray], kind: str) -> Arrays:
    """What stands under `kind.<name>`."""
    parts = {key: key.split(".") for key in arrays}
    return {words[1]: arrays[key] for key, words in parts.items() if len(words) == 2 and words[0] == kind}


def _levels(name: str, values: np.ndarray) -> Arrays:
    """Values `(R, N, D)` as one of 256 levels between the least and the greatest of each dimension."""
    low, high = values.min((0, 1)), values.max((0, 1))
    step = np.maximum(high - low, 1e-6) / 255
    return {
        name: np.round((values - low) / step).astype(np.uint8),
        f"{name}.low": low.astype(np.float32),
        f"{name}.step": step.astype(np.float32),
    }


def _values(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return arrays[name].astype(np.float32) * arrays[f"{name}.step"] + arrays[f"{name}.low"]


def load_atlas(folder: Path | str) -> AtlasGrid:
    """The atlas of a checkpoint, by its folder or, of a bundled one, its name.

    Args:
        folder: of the checkpoint, or the name of a bundled one.

    Returns:
        The atlas at each point of its grid of betas.

    Raises:
        CheckpointError: where it is missing or damaged.

    Example:
        >>> load_atlas("ppca-mnist").atlases[0].means["z"].shape
        (10000, 16)
    """
    path = located(folder) / ATLAS
    try:
        # Opened here, because numpy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return AtlasGrid.from_arrays(dict(arrays))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: run `latent-explorer atlas {folder}`") from None
    except Exception as error:  # zipfile, zlib and numpy each raise their own kinds for a damaged file
        raise CheckpointError(f"{path} is damaged ({error}): run `latent-explorer atlas {folder}`") from None


def save_atlas(folder: Path, atlas: AtlasGrid, weights: str = "") -> None:
    """Writes the atlas of a checkpoint, replaced atomically.

    Args:
        folder: of the checkpoint.
        atlas: the atlas.
        weights: fingerprint of the weights that it was made of, for the card; the card stays unless given.

    Raises:
        CheckpointError: where a card is to be changed and there is none, or a damaged one.

    Example:
        >>> import tempfile
        >>> block = {"z": np.zeros((3, 2), np.float32)}
        >>> grid = AtlasGrid({}, (Atlas(block, block, block, np.array([0, 1, 0]), ("zero", "one")),))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_atlas(Path(folder), grid)
        ...     found = load_atlas(folder)
        >>> found.atlases[0].classes
        ('zero', 'one')
    """
    card = load_card(folder).changed(atlas={"weights": weights}) if weights else None
    with atomic(folder / ATLAS) as file:
        np.savez_compressed(file, allow_pickle=False, **atlas.arrays())
    if card:
        save_card(folder, card)
