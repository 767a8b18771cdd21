"""What is seen of a model at a moment of its training: where fixed items lie, the KL of each dimension, pictures.

The items, the noise and the classes stay the same, so that two portraits differ by the weights alone. Nothing of the training is changed:
noise comes from generators of its own. Shapes: N items, D dimensions of a block, H W C a picture.
"""

import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..data import Data
from ..distributions import Draw, Sampler
from ..explore import codes_of, decode, dimension_shares, encode, prior_codes
from ..labels import has_label
from ..model import Model
from ..multirate import at, usual
from ..names import LABEL
from ..priors import StandardNormal, one_hot
from ..runs import Header
from .warm_map import WarmMap, mapped

# Fixed items at most, and how many numbers of observations they may hold together: 32 MB.
ITEMS, NUMBERS = 2000, 2**23

# Items that are always looked at, where there are so many; and how many the time is taken of.
FEWEST, PROBES = 200, (100, 400)

# Pictures: how many of each, and their longest side.
RECONSTRUCTIONS, SAMPLES, CLASSES, SIDE = 8, 8, 10, 64

# Items that are encoded at once: what nets make of more falls out of a CPU's caches.
AT_ONCE = 250

SEED = 20_240

# Dimensions up to which principal axes are computed exactly.
MOST_EXACT = 256


class Portrait:
    """Fixed items of some data, as a model sees them.

    Args:
        model: the model, whose weights may change between portraits.
        data: what it was told of the images; the first of them, in their shuffled order, are the items.

    Example:
        >>> from vae_core.data import load_data
        >>> from vae_core.models import VAE
        >>> data = load_data("digits").head(50)
        >>> model = VAE(latent=3, nets="mlp-256").build(data.signature)
        >>> found = Portrait(model, data.scored_by(model)).take()
        >>> sorted(found), found["positions"].shape, found["samples"].shape
        (['extent', 'kl', 'of_classes', 'positions', 'reach', 'reconstructions', 'samples', 'umap', 'umap_extent'], (1, 50, 2), (8, 8, 8, 1))
    """

    def __init__(self, model: Model, data: Data):
        self.model, self.blocks = at(model, usual(model)), model.blocks
        self.data = data.head(min(ITEMS, max(1, NUMBERS // data.kind.size)))
        self.batch = self.data.batch(slice(0, len(self.data)), Sampler.seeded(SEED))
        if LABEL in model.latents:
            del self.batch[LABEL]  # which some images may not tell
        self.draws = not model.no_decoder
        shown = self.data.kind.shown(self.data.images[: RECONSTRUCTIONS if self.draws else 0])
        self.originals = self.pictures(shown)
        labelled = has_label(model) and self.draws
        self.classes = tuple(range(min(CLASSES, model.classes))) if labelled else ()
        self.items = len(self.data)
        self.axes: dict[str, np.ndarray] = {}
        self.map_anew()

    def map_anew(self, items: int | None = None) -> None:
        """Begin the maps by UMAP, of so many items, as many as there may be unless given."""
        sizes = {name: self.model.sizes[name] for name in self.blocks}
        self.mapped = min(mapped(self.items, sizes), self.items if items is None else items)
        self.maps = {name: WarmMap() for name, size in sizes.items() if size > 2 and self.mapped}
        self.map_seconds = 0.0

    def header(self, **told: Any) -> Header:
        """What its frames hold."""
        sizes = {name: self.model.sizes[name] for name in self.blocks}
        labels = self.data.labels.cpu()
        if self.data.known is not None:
            labels = torch.where(self.data.known.cpu(), labels, -1)
        labels = labels[: self.items]
        return Header(
            blocks=sizes,
            axes={name: "dimensions" if size <= 2 else "principal axes" for name, size in sizes.items()},
            standard=tuple(name for name in sizes if isinstance(self.model.p[name], StandardNormal)),
            items=self.items,
            umap=self.mapped,
            labels=tuple(labels.tolist()) if self.data.classes else (),
            classes=tuple(self.data.classes),
            picture=self.originals.shape[1:],
            reconstructions=len(self.originals),
            samples=SAMPLES if self.draws else 0,
            of_classes=self.classes,
            an=self.data.kind.an,
            many=self.data.kind.many,
            **told,
        )

    def fit(self, seconds: float, before: int = 0) -> None:
        """Look at as many items as can be had in so many seconds, and no fewer than `FEWEST` where there are so many; or at as many as
        `before`, so that frames go on."""
        if 0 < before <= len(self.data):
            self.items = before
            return
        few, many = (min(part, len(self.data)) for part in PROBES)
        least, most = self._timed(few), self._timed(many)
        each = max(1e-9, (most - least) / max(1, many - few))
        fitting = (seconds - (least - few * each)) / each
        self.items = int(min(len(self.data), max(FEWEST, fitting)))
        self.axes = {}
        self.map_anew()

    def _timed(self, items: int) -> float:
        """The shortest of some times, since others may be at work."""
        self.items, times = items, []
        for _ in range(3):
            began = time.perf_counter()
            self.take()
            times.append(time.perf_counter() - began)
        return min(times)

    @torch.no_grad()
    def take(self, moves: bool = False) -> dict[str, np.ndarray]:
        """The fields of a frame that are of the model itself; `moves` says whether the maps by UMAP go on, which takes `map_seconds`."""
        means, kl = self.encoded()
        if moves:
            began = time.perf_counter()
            for name, map_ in self.maps.items():
                map_.step(means[name][: self.mapped])
            self.map_seconds = time.perf_counter() - began
        places = [self._placed(name, means[name]) for name in self.blocks]
        reach = [np.quantile(np.abs(place).max(-1), 0.995) for place in places]
        extent, positions = _whole(places)
        found = {"kl": kl, "extent": extent, "reach": np.array(reach), "positions": positions}
        extent, positions = _whole([self._mapped(name) for name in self.blocks] if self.maps else [])
        found |= {"umap_extent": extent, "umap": positions}
        return {**found, **(self._drawn() if self.draws else {})}

    def encoded(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Posterior means of each block `(N, D)`, and the mean KL of each dimension of all blocks, NaN where it does not divide over them."""
        parts = [dict(zip(self.batch, rows, strict=True)) for rows in zip(*self._split(), strict=True)]
        sampler = Sampler.seeded(SEED)
        means: dict[str, list[Tensor]] = {name: [] for name in self.blocks}
        sums: dict[str, Any] = dict.fromkeys(self.blocks, 0.0)
        for part in parts:
            inferred = self.model.infer(part, sampler)
            for name in self.blocks:
                q = inferred.posteriors[name]
                means[name].append(q.mean)
                share = dimension_shares(self.model, name, q, inferred.env)
                sums[name] = sums[name] + (torch.nan if share is None else share.sum(0))
        found = {name: torch.cat(each).float().cpu().numpy() for name, each in means.items()}
        kl = [np.broadcast_to(_numpy(sums[name]) / self.items, found[name].shape[1]) for name in self.blocks]
        return found, np.concatenate(kl)

    def _split(self) -> list[tuple[Tensor, ...]]:
        return [value[: self.items].split(AT_ONCE) for value in self.batch.values()]

    def _placed(self, name: str, means: np.ndarray) -> np.ndarray:
        """Where the items of a block lie, `(N, 2)`: by its dimensions, or by principal axes near those of the portrait before."""
        if means.shape[1] <= 2:
            return np.pad(means, ((0, 0), (0, 2 - means.shape[1])))
        centred = means - means.mean(0)
        axes = principal_axes(centred)
        if name in self.axes:
            axes = axes @ turn(axes, self.axes[name])
        self.axes[name] = axes
        return centred @ axes

    def _mapped(self, name: str) -> np.ndarray:
        """Where the map by UMAP has a block's items since it last moved, `(n, 2)`; all at 0 before, and of a block that is seen whole."""
        map_ = self.maps.get(name)
        return np.zeros((self.mapped, 2)) if map_ is None or map_.places is None else map_.places

    def _drawn(self) -> dict[str, np.ndarray]:
        """Pictures of reconstructions, samples and classes, decoded at once."""
        parts = {"reconstructions": self._reconstructed(), "samples": self._sampled(SAMPLES, SEED + 1)}
        if self.classes:
            label = one_hot(torch.tensor(self.classes, device=self.model.device), self.model.classes)
            parts["of_classes"] = prior_codes(self.model, {LABEL: label}, draw=one_noise(SEED + 2))
        names = list(parts["reconstructions"])
        codes = {name: torch.cat([part[name] for part in parts.values()]) for name in names}
        pictures = self.pictures(decode(self.model, codes))
        counts = [len(part[names[0]]) for part in parts.values()]
        found = dict(zip(parts, np.split(pictures, np.cumsum(counts)[:-1]), strict=True))
        return {"of_classes": pictures[:0], **found}

    def _reconstructed(self) -> dict[str, Tensor]:
        """The codes of the first items."""
        first = {name: value[: len(self.originals)] for name, value in self.batch.items()}
        means = {name: q.mean for name, q in encode(self.model, first).items()}
        given = {name: first[name] for name in self.model.coded if name not in means and name in first}
        return codes_of({**means, **given})

    def _sampled(self, n: int, seed: int) -> dict[str, Tensor]:
        """Draws of the prior; where it reads a class that is given, of all classes in turn."""
        given = {}
        if LABEL in self.model.inputs():
            label = torch.arange(n, device=self.model.device) % self.model.classes
            given = {LABEL: one_hot(label, self.model.classes)}
        return prior_codes(self.model, given, n, Sampler.seeded(seed))

    def pictures(self, shown: Tensor) -> np.ndarray:
        """`(n, H, W, C)` uint8, no side longer than `SIDE`."""
        pictures = self.data.kind.picture(shown)
        height, width = pictures.shape[-2:]
        times = -(-max(height, width) // SIDE)
        if times > 1 and len(pictures):
            pictures = F.adaptive_avg_pool2d(
                pictures.float(), (-(-height // times), -(-width // times))
            ).byte()
        return pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _whole(places: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Places `(N, 2)` of each block as a frame holds them: the largest coordinate, and whole parts of it `(B, N, 2)`."""
    extent = np.array([max(np.abs(place).max(), 1e-6) for place in places], np.float32)
    parts = [np.nan_to_num(place / size * 32767).round() for place, size in zip(places, extent, strict=True)]
    return extent, np.array(parts, np.int16) if parts else np.empty((0, 0, 2), np.int16)


def one_noise(seed: int) -> Draw:
    """A draw of which all rows of a batch have the noise of the first.

    >>> d = torch.distributions.Normal(torch.tensor([[0.0], [5.0]]), 1.0)
    >>> drawn = one_noise(0)(d)
    >>> (drawn[1] - drawn[0]).round(decimals=4).tolist()
    [5.0]
    """

    class OneRow(Sampler):
        def _rows(self, make: Any, shape: tuple[int, ...], device: torch.device) -> Tensor:
            return super()._rows(make, (1, *shape[1:]), device).expand(shape)

    return OneRow(torch.Generator().manual_seed(seed))


def principal_axes(centred: np.ndarray) -> np.ndarray:
    """The two axes `(D, 2)` along which centred rows `(N, D)` vary most, orthonormal.

    >>> np.abs(principal_axes(np.array([[0.0, 3.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, -2.0]]))).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]

    Of many dimensions, by a randomised decomposition (Halko et al., 2011) that never holds a `(D, D)`.
    """
    if centred.shape[1] > MOST_EXACT:
        from sklearn.utils.extmath import randomized_svd

        _, _, rows = randomized_svd(np.nan_to_num(centred), 2, n_oversamples=8, random_state=0)
        return np.ascontiguousarray(rows.T)
    _, axes = np.linalg.eigh(np.nan_to_num(centred.T @ centred))
    return np.ascontiguousarray(axes[:, :-3:-1])


def turn(axes: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The rotation or reflection R `(2, 2)` that brings axes `(D, 2)` nearest to earlier ones: argmin |axes R - before|, orthogonal
    Procrustes (Schönemann, 1966).

    >>> turn(np.eye(3)[:, :2], np.eye(3)[:, [1, 0]]).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    left, _, right = np.linalg.svd(axes.T @ before)
    return left @ right


def _numpy(values: Any) -> np.ndarray:
    return values.float().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values, np.float32)
