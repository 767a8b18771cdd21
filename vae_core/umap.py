"""UMAP in torch: a map of encodings in seconds, in a process that compiles nothing first.

The neighbours are exact, and many edges of their graph pull at once, where umap-learn searches neighbours approximately and moves one
pair of points after the other. Beside umap-learn, by trustworthiness and by time: `python -m benchmarks.umap`.
Shapes: N items, D dimensions, k neighbours, E edges.

Source:
    McInnes, Healy & Melville (2018), arXiv 1802.03426.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from scipy.optimize import curve_fit
from scipy.sparse import coo_array
from torch import Tensor

SPREAD = 1.0  # how far apart points lie on the map
NEGATIVES = 5  # points that push at each pull of an edge
LIMIT = 4.0  # of one pull or push along an axis
WIDTH = 10.0  # of the map that the points begin on

# A quarter of the items, and so many at least, is how many edges pull at once: of more the places are less trustworthy, fewer take longer.
LEAST = 256

# Entries of distances that are held at a time: 64 MB.
AT_ONCE = 2**24


@torch.no_grad()
def umap(
    codes: np.ndarray,
    neighbours: int = 15,
    min_dist: float = 0.1,
    *,
    seed: int = 0,
    epochs: int = 300,
    rate: float = 1.0,
    start: np.ndarray | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Places on which near codes lie near each other: the layout of least cross-entropy between their fuzzy graphs, by stochastic descent.

    An edge of weight w (`fuzzy_graph`) pulls in a share w of the epochs, and each pull is answered by five pushes from points at random.

    Args:
        codes: `(N, D)`, at least three.
        neighbours: k, of each item with itself; at most N.
        min_dist: how near points may come to each other on the map.
        seed: of the pushes and of the order of the pulls; the same one gives the same map.
        epochs: how often the heaviest edge pulls.
        rate: the first step's share of a pull; it falls to zero.
        start: `(N, 2)`, where to begin; the principal axes unless given.
        report: told the share that is done.

    Returns:
        `(N, 2)`, float32.

    Example:
        >>> points = np.concatenate([np.zeros((5, 3)), np.ones((5, 3))]) + 0.01 * np.random.default_rng(0).normal(size=(10, 3))
        >>> places = umap(points, neighbours=4)
        >>> float(np.ptp(places[:5], 0).max()) < float(np.linalg.norm(places[:5].mean(0) - places[5:].mean(0)))
        True

    Source:
        McInnes et al. (2018), algorithms 1 to 5.
    """
    points = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.float32))
    draw = torch.Generator().manual_seed(seed)
    heads, tails, weights = fuzzy_graph(points, neighbours)
    weights = weights / weights.max()
    drawn = weights * epochs >= 1  # of the rest none would ever pull
    heads, tails, weights = heads[drawn], tails[drawn], weights[drawn]
    places = _principal(points, draw) if start is None else torch.from_numpy(start.astype(np.float32).copy())
    with _one_thread():
        for share in _descent(
            places, (heads, tails, weights), similarity_curve(min_dist), epochs, rate, draw
        ):
            report(share)
    return places.numpy()


def _descent(
    places: Tensor,
    edges: tuple[Tensor, Tensor, Tensor],
    curve: tuple[float, float],
    epochs: int,
    rate: float,
    draw: torch.Generator,
) -> Iterator[float]:
    """Moves `places`; the share that is done, after each epoch."""
    heads, tails, weights = edges
    phase = torch.rand(len(weights), generator=draw)
    for epoch in range(epochs):
        pulling = ((epoch + 1) * weights + phase).floor() > (epoch * weights + phase).floor()
        chosen = pulling.nonzero()[:, 0]
        order = chosen[torch.randperm(len(chosen), generator=draw)]
        for some in order.split(max(min(len(places), LEAST), len(places) // 4)):
            _move(places, heads[some], tails[some], rate * (1 - epoch / epochs), curve, draw)
        yield (epoch + 1) / epochs


@contextmanager
def _one_thread() -> Iterator[None]:
    """Operations this small gain little by a second thread, and on busy cores they wait for it ten times as long as they take."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _move(
    places: Tensor,
    heads: Tensor,
    tails: Tensor,
    step: float,
    curve: tuple[float, float],
    draw: torch.Generator,
) -> None:
    """A step of descent along edges: both ends are pulled, and the first is pushed from points at random. Changes `places`.

    With phi(d) = 1 / (1 + a d^2b): d/dy of -log phi is 2ab d^(2b-2) phi(d) (y - y'), and of -log(1 - phi), -2b / (d^2 (1 + a d^2b)) (y - y').
    """
    a, b = curve
    here = places[heads]
    apart = here - places[tails]
    squares = apart.square().sum(1, keepdim=True).clamp_(min=1e-12)
    powers = squares**b
    pull = apart.mul_(-2 * a * b * powers / (squares * (1 + a * powers))).clamp_(-LIMIT, LIMIT)
    others = torch.randint(len(places), (len(heads), NEGATIVES), generator=draw)
    apart = here[:, None] - places[others]
    squares = apart.square().sum(2, keepdim=True)
    powers = (squares**b).mul_(a).add_(1)
    push = apart.mul_(2 * b / powers.mul_(squares.add_(0.001))).clamp_(-LIMIT, LIMIT).sum(1)
    places.index_add_(0, heads, step * (pull + push))
    places.index_add_(0, tails, -step * pull)


def fuzzy_graph(points: Tensor, neighbours: int) -> tuple[Tensor, Tensor, Tensor]:
    """Which points are each other's neighbours, and how much.

    From i, w(j|i) = exp(-max(0, d_ij - rho_i) / sigma_i), where rho_i is the distance of the nearest other place and sigma_i such that the
    weights of the k neighbours sum to log2 k. Of both ways w = w(j|i) + w(i|j) - w(j|i) w(i|j).

    Args:
        points: `(N, D)`.
        neighbours: k, with the point itself.

    Returns:
        Of each edge, in both directions, where it begins, where it ends, and its weight in (0, 1], `(E,)` each.

    Example:
        >>> heads, tails, weights = fuzzy_graph(torch.tensor([[0.0], [1.0], [3.0]]), 2)
        >>> sorted(zip(heads.tolist(), tails.tolist(), weights.tolist()))
        [(0, 1, 1.0), (1, 0, 1.0), (1, 2, 1.0), (2, 1, 1.0)]
    """
    distances, found = nearest(points, min(neighbours, len(points)) - 1)
    weights = _memberships(distances, math.log2(min(neighbours, len(points))))
    rows = torch.arange(len(points))[:, None].expand_as(found)
    way = coo_array(
        (weights.flatten().numpy(), (rows.flatten().numpy(), found.flatten().numpy())), (len(points),) * 2
    )
    way = way.tocsr()
    both = (way + way.T - way * way.T).tocoo()
    kept = both.data > 0
    heads, tails = (torch.from_numpy(part[kept].astype(np.int64)) for part in (both.row, both.col))
    return heads, tails, torch.from_numpy(both.data[kept])


def nearest(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest other points: their distances in increasing order, and which they are, `(N, k)` each. Exact, by products of matrices.

    >>> distances, found = nearest(torch.tensor([[0.0], [1.0], [3.0]]), 1)
    >>> distances.flatten().tolist(), found.flatten().tolist()
    ([1.0, 1.0, 2.0], [1, 0, 1])
    """
    squares, number = points.square().sum(1), torch.arange(len(points))
    found = []
    for rows in number.split(max(1, AT_ONCE // len(points))):
        order = torch.addmm(
            squares, points[rows], points.T, alpha=-2
        )  # |b|^2 - 2 a b, ordered as distances are
        order[torch.arange(len(rows)), rows] = math.inf
        found.append(order.topk(k, largest=False).indices)
    which = torch.cat(found)
    distances, order = (points[:, None] - points[which]).norm(dim=-1).sort(1)
    return distances, which.gather(1, order)


def _memberships(distances: Tensor, total: float) -> Tensor:
    """w(j|i) `(N, k)` of distances in increasing order; sigma by bisection."""
    apart = torch.where(distances > 0, distances, math.inf).amin(1, keepdim=True)
    beyond = (distances - torch.where(apart.isinf(), 0, apart)).clamp(min=0)
    low, high = torch.zeros_like(apart), torch.full_like(apart, math.inf)
    sigma = torch.ones_like(apart)
    for _ in range(64):
        many = torch.exp(-beyond / sigma).sum(1, keepdim=True) > total
        low, high = torch.where(many, low, sigma), torch.where(many, sigma, high)
        sigma = torch.where(high.isinf(), 2 * sigma, (low + high) / 2).clamp(min=1e-30)
    least = 1e-3 * distances.mean(1, keepdim=True)  # as umap-learn has it, where many lie at one place
    return torch.exp(-beyond / torch.maximum(sigma, least).clamp(min=1e-12))


@cache
def similarity_curve(min_dist: float, spread: float = SPREAD) -> tuple[float, float]:
    """a and b of 1 / (1 + a d^2b), fitted to 1 up to `min_dist` and exp(-(d - min_dist) / spread) beyond.

    >>> [round(each, 3) for each in similarity_curve(0.1)]
    [1.577, 0.895]
    """
    distance = np.linspace(0, 3 * spread, 300)
    wanted = np.exp(-np.maximum(0, distance - min_dist) / spread)
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), distance, wanted)
    return float(a), float(b)


def _principal(points: Tensor, draw: torch.Generator) -> Tensor:
    """The points in the plane of their two principal axes, each of which is as wide as a map begins."""
    centred = points - points.mean(0)
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -2:].flip(1)
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    places = centred @ axes
    places = places / places.abs().amax().clamp(min=1e-12)
    places = places + 1e-5 * torch.randn(places.shape, generator=draw)  # two of one code are not at one place
    low, high = places.amin(0), places.amax(0)
    return WIDTH * (places - low) / (high - low)
