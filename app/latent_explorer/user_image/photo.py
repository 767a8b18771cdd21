"""A photo of something written, on paper or on a board, made bright on black as the images of a model are: its light is estimated and taken away.

Shapes: H W of the photo made small.
"""

import numpy as np
from PIL import Image, ImageChops, ImageFilter

# The figure is cut out of the photo with a side of so many pixels. Its ground is found with fewer: the median of windows of so many, in
# which less than half is written on.
SIDE, SMALL, WINDOW = 768, 128, 55

# Greys that are black or white already; where this share of the rim is, nothing is to be done.
BLACK, WHITE, CLEAN = 8, 247, 0.9

# What is written differs from its ground by so many greys, and by so many times the grain of the photo; and it covers no more than this share.
LEAST, GRAINS, MOST = 24, 6, 0.4

# In a light of less than this share of the mean, differences are made no greater than in one of just so much.
DARKEST = 0.25

# Below this share of the ink's own darkness is the ground; lines of squared paper too.
FAINT = 0.35

# What is written fills this share of the side, the rest is margin.
FILL = 20 / 28

# Of parts of what is written: a smaller one than this share of the largest is a speck; one inside as large as this is what is meant, and
# what comes in from the rim, such as the edge of a table, is not.
SPECK, MEANT = 0.05, 0.1


def levelled(photo: Image.Image) -> Image.Image | None:
    """The figure of a grey photo, bright on black and cut out in a square; None where the ground is black or white already, or no even
    ground is found.

    With g the photo, b its ground, m the mean of b and s = ±1 for bright or dark ink, a = s m (g / b - 1) is free of the light, which
    multiplies both; the figure is (a - low) / (high - low), where high is the darkness of the ink and low the larger of a share of it and
    the grain of the photo.
    """
    if _is_clean(np.asarray(photo)):
        return None
    photo = _of_side(photo, SIDE)
    small = _of_side(photo, SMALL)
    ground = _ground(small)
    away = _away(small, ground)
    grain = 1.4826 * float(np.median(np.abs(away)))
    enough = max(LEAST, GRAINS * grain)
    written = np.abs(away) > enough
    if not 0 < written.mean() <= MOST:
        return None
    sign = 1 if away[written].sum() > 0 else -1
    figure = _figure(sign * away > enough)
    high = float(np.percentile(sign * away[figure], 75))
    low = max(FAINT * high, 3 * grain)
    shown = (255 * (sign * _away(photo, ground) - low) / max(high - low, 1.0)).clip(0, 255)
    return _cut(Image.fromarray(shown.round().astype(np.uint8)), figure)


def _is_clean(grey: np.ndarray) -> bool:
    """Whether the rim is black or white already."""
    rim = np.concatenate([grey[[0, -1], :].ravel(), grey[:, [0, -1]].ravel()])
    return max((rim <= BLACK).mean(), (rim >= WHITE).mean()) >= CLEAN


def _of_side(photo: Image.Image, side: int) -> Image.Image:
    smaller = photo.copy()
    smaller.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    return smaller


def _ground(small: Image.Image) -> np.ndarray:
    """The median of a window round each pixel, `(H, W)`; beyond the rim the light goes on as it changes within."""
    from scipy.ndimage import median_filter  # scikit-learn brings it along; it takes a moment to import

    half = small.resize((max(1, small.width // 2), max(1, small.height // 2)), Image.Resampling.BOX)
    size = WINDOW // 2
    wide = np.pad(np.asarray(half, np.float32), size // 2, "reflect", reflect_type="odd")
    return median_filter(wide, size)[size // 2 : -(size // 2), size // 2 : -(size // 2)]


def _away(photo: Image.Image, ground: np.ndarray) -> np.ndarray:
    """m (g / b - 1) of each pixel, in greys."""
    b = np.asarray(Image.fromarray(ground).resize(photo.size, Image.Resampling.BILINEAR))
    m = max(float(ground.mean()), 1.0)
    return m * (np.asarray(photo, np.float32) - b) / np.maximum(b, m * DARKEST)


def _figure(written: np.ndarray) -> np.ndarray:
    """What is written, `(H, W)`, without specks, and without what comes in from the rim where there is something else."""
    from scipy.ndimage import label

    parts, count = label(written, np.ones((3, 3)))
    size = np.bincount(parts.ravel(), minlength=count + 1)
    at_rim = np.concatenate([parts[[0, -1], :].ravel(), parts[:, [0, -1]].ravel()])
    all_parts = np.arange(1, count + 1)
    inner = np.setdiff1d(all_parts, at_rim)
    is_meant = size[inner].max(initial=0) >= MEANT * size[1:].max()
    kept = inner if is_meant else all_parts
    return np.isin(parts, kept[size[kept] >= SPECK * size[kept].max()])


def _cut(shown: Image.Image, figure: np.ndarray) -> Image.Image:
    """A square round the figure with its margin, black beyond the photo and where the figure is not."""
    grown = Image.fromarray(255 * figure.astype(np.uint8)).filter(ImageFilter.MaxFilter(5))
    shown = ImageChops.multiply(shown, grown.resize(shown.size, Image.Resampling.BILINEAR))
    scale = shown.width / figure.shape[1]
    rows, columns = (np.flatnonzero(figure.any(axis)) for axis in (1, 0))
    half = max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) / FILL / 2 * scale
    x, y = (round((line[0] + line[-1] + 1) / 2 * scale - half) for line in (columns, rows))
    return shown.crop((x, y, x + round(2 * half), y + round(2 * half)))
