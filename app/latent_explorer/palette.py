"""Colours of the classes, the same in every map and chart."""

import colorsys

# Ten colours around the familiar ones of Okabe and Ito and of Tol, moved apart numerically: any two stay at
# least 0.11 apart in OKLab for normal vision and for simulated protanopia and deuteranopia, and each has a
# contrast of at least 2:1 on white and 2.9:1 on Streamlit's dark background.
CLASSES = (
    "#418fd6",  # blue
    "#d46518",  # orange
    "#28c8a6",  # teal
    "#bf1832",  # red
    "#8d39b5",  # purple
    "#d0ad19",  # ochre
    "#9faefa",  # lavender
    "#426870",  # slate
    "#6353ff",  # indigo
    "#808d7d",  # grey
)


# Six for what goes from little to much, lighter step by step from purple to yellow; found numerically, under the same conditions but that
# any two stay at least 0.07 apart.
ORDERED = ("#7d5795", "#556ecb", "#328eb2", "#29a39a", "#72ad76", "#b7ad30")


def colours(count: int) -> list[str]:
    """Return one colour per class, as ``#rrggbb``.

    Nobody can tell more than about ten colours apart; beyond that the hues go round the circle, so that at
    least neighbouring classes differ.
    """
    if count <= len(CLASSES):
        return list(CLASSES[:count])
    turn = 0.618034  # the golden ratio spreads any number of hues evenly
    rgb = (colorsys.hls_to_rgb(i * turn % 1, (0.48, 0.60)[i % 2], 0.62) for i in range(count))
    return ["#" + "".join(f"{round(255 * channel):02x}" for channel in colour) for colour in rgb]


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
