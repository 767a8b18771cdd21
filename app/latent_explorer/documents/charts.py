"""The map of a block and the rate-distortion frontier as pictures for paper."""

import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image, ImageDraw

from latent_explorer.palette import CLASSES, colours
from vae_core import Checkpoint
from vae_core.checkpoints import Frontier, Point

SIDE, OVER, RADIUS = 700, 2, 2.0  # pixels of a map, drawn this many times larger first
WIDTH, HEIGHT, LEFT, BOTTOM, AIR = 640, 400, 62, 46, 14


def scatter(places: np.ndarray, labels: np.ndarray, classes: int) -> bytes:
    """Dots `(N, 2)` in the colours of their classes, as a PNG on white."""
    low, high = places.min(0), places.max(0)
    scaled = (places - low) / np.maximum(high - low, 1e-9).max()
    side, margin = SIDE * OVER, 12 * OVER
    at = margin + scaled * (side - 2 * margin)
    paper = Image.new("RGB", (side, side), "white")
    pen, radius = ImageDraw.Draw(paper), RADIUS * OVER
    known = colours(classes) if classes else [CLASSES[0]]
    for i in np.random.default_rng(0).permutation(len(at)):  # no class lies over all others
        x, y = at[i, 0], side - at[i, 1]
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=known[labels[i] if classes else 0])
    small = paper.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()


def maps(checkpoint: Checkpoint) -> dict[str, bytes]:
    """A map of each block that has one; of two dimensions it is those."""
    atlas = checkpoint.atlas
    known = {
        name: np.asarray(atlas.means[name] if is_plane(checkpoint, name) else atlas.coordinates[name])
        for name in checkpoint.model.blocks
        if name in atlas.coordinates
    }
    return {name: scatter(places, atlas.labels, len(atlas.classes)) for name, places in known.items()}


def is_plane(checkpoint: Checkpoint, block: str) -> bool:
    """Whether a block is shown as itself."""
    return checkpoint.model.sizes[block] == 2


def frontier(found: Frontier) -> str:
    """Rate against distortion with standard errors, as SVG: the points of the model in blue, joined where one beta alone changes; models
    trained for one beta as squares."""
    points, anchors = list(found.points), list(found.anchors)
    x, y = (
        _axis([p.rate for p in (*points, *anchors)]),
        _axis([p.distortion.value for p in (*points, *anchors)]),
    )

    def at(rate: float, distortion: float) -> tuple[float, float]:
        return (
            LEFT + (rate - x[0]) / (x[-1] - x[0]) * (WIDTH - LEFT - AIR),
            HEIGHT - BOTTOM - (distortion - y[0]) / (y[-1] - y[0]) * (HEIGHT - BOTTOM - AIR),
        )

    parts = [*_axes(x, y, at)]
    if len(found.blocks) == 1:
        line = sorted(points, key=lambda p: p.rate)
        path = " ".join("{:.1f},{:.1f}".format(*at(p.rate, p.distortion.value)) for p in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{CLASSES[0]}"/>')
    for point in points:
        parts += [
            _bars(point, at),
            '<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="{}"/>'.format(
                *at(point.rate, point.distortion.value), CLASSES[0]
            ),
        ]
    for anchor in anchors:
        cx, cy = at(anchor.rate, anchor.distortion.value)
        parts += [
            _bars(anchor, at),
            f'<rect x="{cx - 3.5:.1f}" y="{cy - 3.5:.1f}" width="7" height="7" fill="{CLASSES[1]}"/>',
        ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Rate against distortion" '
        f'font-family="Arial, Helvetica, sans-serif" font-size="12">{"".join(parts)}</svg>'
    )


def _bars(point: Point, at) -> str:
    """One standard error to each side."""
    rate, (d, error, _) = point.rate, point.distortion
    ends = [
        (at(rate - point.rate_error, d), at(rate + point.rate_error, d)),
        (at(rate, d - error), at(rate, d + error)),
    ]
    return "".join(
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke="#444"/>'
        for a, b in ends
    )


def _axis(values: Sequence[float]) -> list[float]:
    """Round numbers over the range of some values.

    >>> _axis([3.0, 41.0])
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    """
    low, high = min(values), max(values)
    span = max(high - low, abs(high) * 1e-3, 1e-9)
    power = 10.0 ** np.floor(np.log10(span / 4))
    step = next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= span / 6)
    first, last = np.floor(low / step), np.ceil(high / step)
    return [float(k * step) for k in np.arange(first, max(last, first + 1) + 1)]


def _axes(x: list[float], y: list[float], at) -> list[str]:
    parts = []
    for tick in x:
        px, py = at(tick, y[0])
        parts.append(f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{py:.1f}" y2="{AIR}" stroke="#ddd"/>')
        parts.append(f'<text x="{px:.1f}" y="{py + 16:.1f}" text-anchor="middle">{tick:g}</text>')
    for tick in y:
        px, py = at(x[0], tick)
        parts.append(f'<line x1="{px:.1f}" x2="{WIDTH - AIR}" y1="{py:.1f}" y2="{py:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{px - 6:.1f}" y="{py + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">rate, nats</text>')
    middle = (HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape("distortion, nats")}</text>'
    )
    return parts
