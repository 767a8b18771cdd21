"""The models as a gallery: a picture, a plain title and a line each, by what they were trained on."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from urllib.parse import quote

import streamlit as st

from latent_explorer import PICTURE
from latent_explorer.caches import gallery
from latent_explorer.caches.gallery import Shown
from latent_explorer.text import guarded, key, plain

ACROSS = 3

STYLE = """<style>
.gallery-model img { display: block; width: 100%; max-height: 110px; object-fit: contain; background: #000; border-radius: 4px;
  image-rendering: pixelated; }
.gallery-model p { margin: 0.4rem 0 0; font-size: 0.85rem; line-height: 1.35; }
.gallery-model code { font-size: 0.7rem; opacity: 0.65; }
</style>"""


def choice(name: str) -> str:
    """What the chosen model is called; a click shows the others. Returns what it is for."""
    shown = gallery.of(name)
    if st.button(f"**{plain(shown.title)}** ▾", icon=":material/apps:", key="gallery", width="stretch"):
        _gallery(name)
    return plain(shown.purpose)


@st.dialog("Which model?", width="large")
def _gallery(here: str) -> None:
    st.html(STYLE)
    for heading, models in grouped(gallery.models()):
        st.subheader(heading)
        for row in range(0, len(models), ACROSS):
            for place, shown in zip(st.columns(ACROSS), models[row : row + ACROSS], strict=False):
                with place.container(border=True, height="stretch"):
                    _model(shown, here)


def grouped(models: Sequence[Shown]) -> list[tuple[str, list[Shown]]]:
    """One's own first, and each by what it was trained on; as markdown, a heading with its models.

    >>> a, b = Shown("a", "A", "", "mnist", False), Shown("b", "B", "", "mnist", True)
    >>> [(heading, [m.name for m in those]) for heading, those in grouped([a, b])]
    [('Yours: mnist', ['b']), ('mnist', ['a'])]
    >>> [heading for heading, _ in grouped([b, b._replace(sweep="grid")])]
    ['Yours: mnist', 'Sweep grid: mnist']
    """
    order = {data: place for place, data in enumerate(dict.fromkeys(model.data for model in models))}

    def place(model: Shown) -> tuple[bool, str, int]:
        return not model.own, model.sweep, order[model.data]

    found = []
    for (others, sweep, _), those in groupby(sorted(models, key=place), place):
        of = list(those)
        data = plain(of[0].data) if of[0].data else "cannot be read"
        found.append((data if others else f"Sweep {plain(sweep)}: {data}" if sweep else f"Yours: {data}", of))
    return found


def _model(shown: Shown, here: str) -> None:
    """A picture that the browser asks for by itself, so that the gallery is there at once."""
    source = escape(f"{PICTURE}/{quote(shown.name, safe='')}".removeprefix("/"))
    st.html(f'<div class="gallery-model"><img src="{source}" alt="" loading="lazy"></div>')

    def choose() -> None:
        st.session_state["model"] = shown.name

    is_here = shown.name == here
    if st.button(
        plain(shown.title),
        key=f"gallery-{key(shown.name)}",
        on_click=choose,
        width="stretch",
        type="primary" if is_here else "secondary",
    ):
        st.rerun()
    st.html(
        f'<div class="gallery-model"><p>{escape(guarded(shown.purpose))}</p><code>{escape(shown.name)}</code></div>'
    )
