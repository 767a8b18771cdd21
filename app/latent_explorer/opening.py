"""What Start shows while the browser still reads Streamlit, which takes a second or two: one number of the model that the app opens on moves, and its digit
is drawn anew. It stands in the page itself and needs neither a script nor the model. `python -m latent_explorer.opening` draws its strip of pictures again."""

import base64
import os
from functools import cache
from pathlib import Path

import numpy as np

from latent_explorer import OPENS_VARIABLE

STRIP = Path(__file__).with_name("opening.png")
FRAMES, SIDE, SECONDS = 32, 28, 3.2

# It goes as soon as the script has drawn something, or says why not, and in any case after a while. Streamlit's own grey bars wait behind it.
_HIDDEN = "[data-testid=stMain] [data-testid=stHeading],[data-testid=stException],[data-testid=stAlert],[role=dialog]"
_STYLE = f"""
html:not(:has({_HIDDEN})){{color-scheme:light dark}}
#opening{{position:fixed;inset:0;display:grid;place-content:center;justify-items:center;gap:1rem;padding:1rem;text-align:center;pointer-events:none;
z-index:1;font:1rem/1.4 sans-serif;color:#808495;animation:opening-ends 0s 20s forwards}}
#opening i{{width:14rem;aspect-ratio:1;border-radius:6px;image-rendering:pixelated;background:url(data:image/png;base64,STRIP) 0 0/{FRAMES}00% 100%}}
body:has({_HIDDEN}) #opening{{display:none}}
body:not(:has({_HIDDEN})) [data-testid=stAppSkeleton]{{visibility:hidden}}
@keyframes opening-ends{{to{{visibility:hidden}}}}
@keyframes opening-moves{{to{{background-position-x:100%}}}}
#opening i{{animation:opening-moves {SECONDS}s steps({FRAMES},jump-none) infinite}}
@media (prefers-reduced-motion:reduce){{#opening i{{animation:none}}#opening b{{display:none}}}}
#opening b{{font-weight:inherit}}
"""
_TEXT = "A trained network draws this digit from a few numbers<b>, and one of them moves</b>. The page is opening …"


def of(page: str, asked: bytes) -> bytes:
    """What stands in a page of the server; nothing but on Start, and nothing where another model is asked for.

    Args:
        page: the last part of its path.
        asked: its query.

    Returns:
        HTML for the beginning of its body.
    """
    return b"" if page or asked or os.environ.get(OPENS_VARIABLE) else _html()


@cache
def _html() -> bytes:
    strip = base64.b64encode(STRIP.read_bytes()).decode()
    style = _STYLE.replace("STRIP", strip).replace("\n", "")
    return f'<style>{style}</style><div id="opening" role="status"><i></i><span>{_TEXT}</span></div>'.encode()


def drawn() -> np.ndarray:
    """The pictures of the first handle of Start as it goes through its range and back, beside one another: `(SIDE, FRAMES SIDE)`, uint8."""
    from latent_explorer.caches.checkpoints import OPENS_ON, checkpoint
    from latent_explorer.components.controls import State
    from latent_explorer.live import controls
    from latent_explorer.sections.start import first

    opened = checkpoint(OPENS_ON)
    block = first.few(opened)[0]
    handle = block.handles[0]
    begin = controls.scene(opened, State()).codes[block.name][0][handle.dimension]
    middle, reach = (handle.high + handle.low) / 2, (handle.high - handle.low) / 2
    phase = np.arcsin(np.clip((begin - middle) / reach, -1, 1))
    places = middle + reach * np.sin(phase + 2 * np.pi * np.arange(FRAMES) / FRAMES)
    moves = [{block.name: {handle.dimension: float(place)}} for place in places]
    return np.concatenate(
        [controls.scene(opened, State(moved=move)).pixels[0].reshape(SIDE, SIDE) for move in moves], axis=1
    )


if __name__ == "__main__":
    from latent_explorer.pictures import png

    STRIP.write_bytes(png(drawn()))
