"""The atlas of a checkpoint: encodings of images and their maps, at one beta or over a grid of them.

Shapes: R points of a grid of betas, N items, D dimensions.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..data.zipped import mapped_arrays
from ..files import opened, reason
from .card import load_card, save_card
from .folder import ATLAS, CheckpointError, atomic, located
from .grid import corners
from .schema import BLOCK, LARGE, Arrays, check_heads, check_values, heads_of


class Kept(Mapping[str, np.ndarray]):
    """Arrays by name, each made of what the file holds when it is first asked for: `rule(block)` of rows `(n, ...)` as they are stored."""

    def __init__(self, stored: Mapping[str, tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]]):
        self.stored = dict(stored)
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._made:
            array, rule = self.stored[name]
            self._made[name] = rule(array)
        return self._made[name]

    @property
    def most_bytes(self) -> int:
        """The memory that they take once all of them have been asked for."""
        arrays = [array for array, _ in self.stored.values()]
        return sum((0 if isinstance(array, np.memmap) else array.nbytes) + 4 * array.size for array in arrays)

    def __contains__(self, name: object) -> bool:
        return name in self.stored  # a mapping's own would make it

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


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
        mapped: the items `(m,)` that UMAP placed, in increasing order, where the others were placed beside their
            neighbours among those; None where UMAP placed all.

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
    mapped: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def split(self) -> str:
        """Which images these are: "test", "train", or "all" for the training images and then the test images."""
        return "test" if not self.training else "train" if self.training == len(self) else "all"

    @property
    def placed(self) -> np.ndarray | slice:
        """The items beside which others are placed: those that UMAP placed."""
        return slice(None) if self.mapped is None else self.mapped

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
        weights: the fingerprint of the weights that it was made of; empty where the file does not say.

    Example:
        >>> block = {"z": np.ones((3, 2), np.float32)}
        >>> first = Atlas({"z": 0 * block["z"]}, block, block, np.array([0, 1, 0]), ("zero", "one"))
        >>> grid = AtlasGrid({"z": np.array([1.0, 100.0])}, (first, replace(first, means=block)))
        >>> grid.at({"z": 10.0}).means["z"][0].tolist()
        [0.5, 0.5]
    """

    betas: dict[str, np.ndarray]
    atlases: tuple[Atlas, ...]
    weights: str = ""

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

    def check_fits(self, classes: Sequence[str], blocks: Iterable[str], sizes: Mapping[str, int]) -> None:
        """Raises ValueError that names what is of another model: the names of its classes, a map that it lacks, encodings of another
        width."""
        first = self.atlases[0]
        if first.classes != tuple(classes):
            raise ValueError("its classes are others than the model's")
        if lacking := [name for name in blocks if name not in first.coordinates]:
            raise ValueError(f"it has no map of {lacking[0]}")
        for name, width in sizes.items():
            shape = _shape(first.means, name) if name in first.means else (len(first), 0)
            if shape != (len(first), width):
                raise ValueError(
                    f"its encodings of {name} have {shape[1]} dimensions, and the model's {width}"
                )

    def corners(self, betas: Mapping[str, float]) -> list[tuple[int, float]]:
        return corners(self.betas, betas)

    def means_of(self, name: str, items: np.ndarray, betas: Mapping[str, float]) -> np.ndarray:
        """Posterior means of some items, `(n, D)`, interpolated as in `at`, without doing so for all the others."""
        parts = [share * self.atlases[place].means[name][items] for place, share in self.corners(betas)]
        return np.stack(parts).sum(0).astype(np.float32)

    def scales_of(self, name: str, items: np.ndarray, betas: Mapping[str, float]) -> np.ndarray:
        """Posterior standard deviations of some items, `(n, D)`, interpolated by their logarithm as in `at`."""
        corners = self.corners(betas)
        parts = [share * np.log(self.atlases[place].scales[name][items]) for place, share in corners]
        return np.exp(np.stack(parts).sum(0)).astype(np.float32)

    def arrays(self) -> Arrays:
        """Flat names for an .npz. Log scales are kept in 256 levels of each dimension, where those are close enough (`_close`), maps in half precision.
        One atlas: means in half precision, where it holds them (`_halved`). Several: `(R, N, D)`, means in 256 levels. An encoding is shown, not
        trained on."""
        first = self.atlases[0]
        # The least integers that number all classes: a byte for up to 256 of them.
        number = np.min_scalar_type(max(len(first.classes) - 1, 0))
        shared = {"labels": first.labels.astype(number), "classes": np.array(first.classes, dtype=str)}
        if self.weights:
            shared["weights"] = np.array(self.weights)
        if first.training:
            shared["training"] = np.array(first.training)
        if first.mapped is not None:
            shared["mapped"] = first.mapped.astype(np.uint32)
        # Of so many dots some lie closer than half precision tells apart.
        places = np.float16 if first.mapped is None else np.float32
        stacked = {
            (kind, name): np.stack([getattr(atlas, part)[name] for atlas in self.atlases])
            for kind, part in (("mean", "means"), ("scale", "scales"), ("umap", "coordinates"))
            for name in getattr(first, part)
        }
        flat: dict[str, np.ndarray] = {}
        for (kind, name), stack in stacked.items():
            key, rows = f"{kind}.{name}", stack if self.betas else stack[0]
            if kind == "umap":
                flat[key] = rows.astype(places)
            elif kind == "scale" and (self.betas or _close(rows)):
                flat |= _levels(key, np.log(rows), FINEST)
            elif self.betas:
                narrowest = stacked["scale", name].min((0, 1))
                flat |= _levels(key, rows, FINEST * narrowest)
            else:
                flat[key] = _halved(rows)
        return {**flat, **{f"beta.{block}": values for block, values in self.betas.items()}, **shared}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "AtlasGrid":
        classes = tuple(str(name) for name in arrays["classes"])
        labels = arrays["labels"].astype(np.int64)
        training = int(arrays.get("training", 0))  # the atlases that say nothing are of test images
        mapped = arrays["mapped"].astype(np.int64) if "mapped" in arrays else None
        betas = _named(arrays, "beta")
        points = range(len(next(iter(betas.values())))) if betas else [None]
        parts = [[_kept(arrays, kind, point) for kind in ("mean", "scale", "umap")] for point in points]
        atlases = tuple(
            Atlas(means, scales, maps, labels, classes, training, mapped) for means, scales, maps in parts
        )
        return cls(betas, atlases, str(arrays.get("weights", "")))


def _kept(arrays: Arrays, kind: str, point: int | None) -> Kept:
    """The arrays of a kind in single precision, of one point of a grid of betas or of the only one."""
    return Kept(
        {
            name: (
                each if point is None else each[point],
                _rule(arrays, f"{kind}.{name}", kind == "scale"),
            )
            for name, each in _named(arrays, kind).items()
        }
    )


def _shape(arrays: Arrays, name: str) -> tuple[int, ...]:
    """The shape of an array, which is not made for that."""
    return (arrays.stored[name][0] if isinstance(arrays, Kept) else arrays[name]).shape


def _single(block: np.ndarray) -> np.ndarray:
    return np.asarray(block, np.float32)


def _rule(arrays: Arrays, name: str, log: bool) -> Callable[[np.ndarray], np.ndarray]:
    """From levels to values (`_levels`); in single precision what is kept as it is."""
    if f"{name}.low" not in arrays:
        return _single
    low, step = arrays[f"{name}.low"], arrays[f"{name}.step"]

    def values(block: np.ndarray) -> np.ndarray:
        found = block.astype(np.float32) * step + low
        return np.exp(found) if log else found

    return values


# Half precision may lose so much of a dimension's standard deviation, and a level so much of a scale; or half precision so much at all.
LOST, LOST_AT_ALL = 0.01, 1e-3
# Levels of means are no closer than this share of the narrowest posterior's deviation, and those of log scales than this.
FINEST = 0.01


def _close(scales: np.ndarray) -> bool:
    """Whether 256 levels of log scales `(N, D)` are each within `LOST` of what they stand for."""
    low, high = scales.min(0), scales.max(0)
    return bool((low > 0).all()) and float(np.log(high / low).max(initial=0)) / 255 / 2 <= LOST


def _halved(values: np.ndarray) -> np.ndarray:
    """Values `(N, D)` in half precision, but for such as it does not hold: too large ones, and small differences of large ones."""
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    lost = np.abs(values[:BLOCK]).max(0) * 2.0**-11
    exact = lost <= np.maximum(LOST * values[:BLOCK].std(0), LOST_AT_ALL)
    return half if np.isfinite(half).all() and exact.all() else values.astype(np.float32)


def _named(arrays: Arrays, kind: str) -> dict[str, np.ndarray]:
    """What stands under `kind.<name>`. Raises ValueError for what is no array of numbers."""
    parts = {key: key.split(".") for key in arrays}
    found = {words[1]: arrays[key] for key, words in parts.items() if len(words) == 2 and words[0] == kind}
    if any(array.dtype.kind not in "fiu" for array in found.values()):
        raise ValueError(f"{kind} holds no numbers")
    return found


def _levels(name: str, values: np.ndarray, finest: np.ndarray | float) -> Arrays:
    """Values `(..., N, D)` as one of 256 levels between the least and the greatest of each dimension, no closer than is told: what is less in an
    idle dimension is noise."""
    before = tuple(range(values.ndim - 1))
    low, high = values.min(before), values.max(before)
    step = np.maximum((high - low) / 255, np.maximum(finest, 1e-8))
    return {
        name: np.round((values - low) / step).astype(np.uint8),
        f"{name}.low": low.astype(np.float32),
        f"{name}.step": step.astype(np.float32),
    }


def load_atlas(folder: Path | str) -> AtlasGrid:
    """The atlas of a checkpoint, by its folder or, of a bundled one, its name.

    Args:
        folder: of the checkpoint, or the name of a bundled one.

    Returns:
        The atlas at each point of its grid of betas. A large one stays in its file (`Kept`).

    Raises:
        CheckpointError: where it is missing or damaged.

    Example:
        >>> load_atlas("ppca-mnist").atlases[0].means["z"].shape
        (10000, 16)
    """
    path = located(folder) / ATLAS
    try:
        # Opened here, because numpy leaves a damaged file open.
        with opened(path) as file, zipfile.ZipFile(file) as archive:
            size = path.stat().st_size
            check_heads(heads := heads_of(archive, size))
            large = mapped_arrays(path, archive, LARGE // 64) if size > LARGE else {}
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                rest = {name: arrays[name] for name in heads if name not in large}
            check_values(found := {**rest, **large})
            return AtlasGrid.from_arrays(found)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: run `latent-explorer atlas {folder}`") from None
    except Exception as error:  # zipfile, zlib and numpy each raise their own kinds for a damaged file
        raise CheckpointError(
            f"{path} is damaged ({reason(error)}): run `latent-explorer atlas {folder}`"
        ) from None


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
    arrays = replace(atlas, weights=weights).arrays()
    large = sum(array.nbytes for array in arrays.values()) > LARGE
    with atomic(folder / ATLAS) as file:
        (np.savez if large else np.savez_compressed)(file, allow_pickle=False, **arrays)
    if card:
        save_card(folder, card)
