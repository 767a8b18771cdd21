"""Colours of the classes, the same in every map and chart."""

import colorsys
from collections.abc import Iterable
from functools import cache

# Ten colours around the familiar ones of Okabe and Ito and of Tol, moved apart numerically: any two stay at
# least 0.09 apart in OKLab for normal vision and for simulated protanopia and deuteranopia, and each has a
# contrast of at least 3:1 (WCAG 2.2, 1.4.11) on both of Streamlit's backgrounds, white and the dark one.
CLASSES = (
    "#1d9ed9",  # blue
    "#bd4f09",  # brown
    "#32a767",  # green
    "#c51260",  # crimson
    "#8746be",  # purple
    "#dc7201",  # orange
    "#5b81fe",  # cornflower
    "#406d85",  # slate
    "#3649ff",  # indigo
    "#5e8e9a",  # grey
)


# Six for what goes from little to much, lighter step by step from purple to yellow; found numerically, under the same conditions but that
# any two stay at least 0.07 apart, and that a contrast of 2.3:1 has to be enough for the lightest on white: a ladder of lightness needs room.
ORDERED = ("#7d5795", "#556ecb", "#328eb2", "#29a39a", "#72ad76", "#b7ad30")


def colours(count: int) -> list[str]:
    """Return one colour per class, as ``#rrggbb``.

    Nobody can tell more than about ten colours apart; beyond that the hues go round the circle, so that at
    least neighbouring classes differ.
    """
    if count <= len(CLASSES):
        return list(CLASSES[:count])
    turn = 0.618034  # the golden ratio spreads any number of hues evenly
    return [_of_luminance(i * turn % 1, LUMINANCES[i % 2]) for i in range(count)]


# Relative luminances (WCAG 2.2) with a contrast of more than 3:1 on both grounds: a dark and a bright one for neighbours.
LUMINANCES = (0.15, 0.28)


@cache
def _of_luminance(hue: float, wanted: float) -> str:
    """A hue as bright as that, as ``#rrggbb``: luminance grows with the lightness of HLS."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        is_brighter = _luminance(colorsys.hls_to_rgb(hue, middle, SATURATION)) > wanted
        low, high = (low, middle) if is_brighter else (middle, high)
    return "#" + "".join(
        f"{round(255 * channel):02x}" for channel in colorsys.hls_to_rgb(hue, low, SATURATION)
    )


SATURATION = 0.62


def _luminance(rgb: Iterable[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ordered(count: int) -> list[str]:
    """Colours from little to much, as ``#rrggbb``: those of `ORDERED`, and between them where there are more.

    >>> ordered(2), ordered(11)[1]
    (['#7d5795', '#b7ad30'], '#6962b0')
    """
    known = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ORDERED]
    places = [step * (len(known) - 1) / max(1, count - 1) for step in range(count)]
    rows = [(known[int(at)], known[min(int(at) + 1, len(known) - 1)], at % 1) for at in places]
    return [
        "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
        for *ends, share in rows
    ]
