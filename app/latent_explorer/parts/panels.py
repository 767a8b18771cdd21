"""Parts of pages that more than one page, or one page twice, shows: an opened item, a selection, what a card warns of."""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import checkpoints, encodings, measurements, sources
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.palette import colours
from latent_explorer.parts import features, words
from latent_explorer.pictures import to_bytes
from latent_explorer.text import cleaned, plain
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError
from vae_core.explore import decode, neighbours
from vae_core.kinds import Table
from vae_core.labels import has_label
from vae_core.names import LABEL

NEIGHBOURS = 8

# Columns of an item that are named beside it.
MOST_TOLD = 12

# Classes that have a bar: of more, the most probable ones; and the colour of all others together.
MOST_BARS, OTHERS = 12, "#808080"


def ground() -> int:
    """The grey of the page itself, for cells of a grid that hold no picture."""
    return 22 if st.context.theme.type == "dark" else 255


def opened(names: Sequence[str]) -> list[Checkpoint]:
    """The named checkpoints that can be read; a sentence for each that cannot."""
    checkpoints_read = []
    for name in names:
        try:
            checkpoints_read.append(checkpoints.checkpoint(name))
        except CheckpointError as error:
            st.error(f"{plain(name)} cannot be opened: {checkpoints.why(name, error)}")
    return checkpoints_read


# Names of classes may be long, and without a space.
CLAMPED = "display:-webkit-box;-webkit-box-orient:vertical;overflow:hidden;overflow-wrap:anywhere;min-width:0"


def small_picture(png: bytes, words: str, lines: int = 8) -> None:
    """A picture beside its words: text in the page, so that it costs no request of its own. lines: that the words take at most."""
    source, said = f"data:image/png;base64,{base64.b64encode(png).decode()}", cleaned(words, 500)
    st.html(
        '<div style="display:flex;align-items:center;gap:8px;min-height:2.5em;font-size:.8rem;line-height:1.25">'
        f'<img src="{source}" alt="" style="width:56px;max-height:90px;object-fit:contain;border-radius:4px;image-rendering:pixelated">'
        f'<span title="{escape(said)}" style="{CLAMPED};-webkit-line-clamp:{lines}">{escape(said)}</span></div>'
    )


def item_panel(checkpoint: Checkpoint, item: int) -> None:
    """An item: its picture, what the model says of its class, and its nearest neighbours in each block."""
    atlas = checkpoint.atlas
    left, middle, right = st.columns([1.1, 1.4, 3])
    with left:
        st.subheader(f"{words.capital(checkpoint.kind.one)} {item}")
        st.caption(plain(atlas.class_of(item)))
        _pictures(checkpoint, item)
    with middle:
        class_bars(checkpoint, measurements.class_of_item(checkpoint, item))
    with right:
        codes = {name: code[0] for name, code in encodings.item_codes(checkpoint, [item]).items()}
        nearest_items(checkpoint, codes, f"{checkpoint.kind.one} {item}", "item-neighbours", item)


def class_bars(checkpoint: Checkpoint, posterior: torch.Tensor | None) -> None:
    """Bars of p(class | x), `(1, K)`; a sentence where there is none."""
    if not has_label(checkpoint.model):
        st.caption("This model does not read the class, so it has no class posterior.")
        return
    classes = checkpoint.atlas.classes
    if len(classes) < 2:
        st.caption("The data has one class only.")
        return
    if posterior is None:
        st.caption(
            f"The class by the bound needs the {checkpoint.kind.one} itself, since encoder and decoder are told the class. "
            + sources.missing(checkpoint)
        )
        return
    coloured, posterior = colours(len(classes)), posterior[0]
    shown = posterior.argsort(descending=True, stable=True)[:MOST_BARS].tolist()
    if len(shown) == len(classes):
        shown = list(range(len(classes)))  # few keep their order
    names, rest = [classes[c] for c in shown], len(classes) - len(shown)
    values, own = posterior[shown].tolist(), [coloured[c] for c in shown]
    if rest:
        names, values, own = (
            [*names, f"{rest:,} others"],
            [*values, max(0.0, 1 - sum(values))],
            [*own, OTHERS],
        )
    bars(names, values, own, _class_posterior_title(checkpoint))


def _class_posterior_title(checkpoint: Checkpoint) -> str:
    if checkpoint.model.no_posterior and words.fitted_classes(checkpoint.model):
        return "p(class | z) by the fitted Gaussians"
    return (
        "q(class | x), the classifier" if LABEL in checkpoint.model.latents else "q(class | x) by the bound"
    )


def _pictures(checkpoint: Checkpoint, item: int) -> None:
    """What it was decoded from; what is decoded stands beside the maps."""
    if checkpoint.model.no_decoder:
        return _given(checkpoint, item)
    originals = sources.originals(checkpoint)
    if originals is not None:
        image_grid(
            to_bytes(checkpoint.kind.shown(originals.images[[item]]), checkpoint.kind)[None],
            rows=[""],
            columns=["original"],
            title=f"{words.capital(checkpoint.kind.one)} {item}",
            key="item-pictures",
        )
    if isinstance(checkpoint.kind, Table):
        with st.expander("Profile", icon=":material/bar_chart:", expanded=True):
            decoded = decode(checkpoint.model, encodings.item_codes(checkpoint, [item]))[0]
            real = {} if originals is None else {"original": originals.images[item]}
            features.profile(checkpoint.kind, {**real, "decoded": decoded}, "item-profile")
    if reason := sources.missing(checkpoint):
        st.caption(reason)


def _given(checkpoint: Checkpoint, item: int) -> None:
    """The picture that lies beside an embedding, and its numbers."""
    image_grid(
        encodings.pictures(checkpoint, [item])[None],
        rows=[""],
        columns=["picture" if sources.has_pictures(checkpoint) else "its numbers"],
        title=f"{words.capital(checkpoint.kind.one)} {item}",
        key="item-pictures",
    )
    source = sources.originals(checkpoint)
    if source is not None and isinstance(checkpoint.kind, Table):
        told = [f"{plain(name)} {plain(str(column[item]))}" for name, column in source.columns.items()]
        if told:
            st.caption(" · ".join(told[:MOST_TOLD]) + (" · …" if len(told) > MOST_TOLD else ""))
        with st.expander("Numbers", icon=":material/bar_chart:"):
            features.profile(checkpoint.kind, {"embedding": source.images[item]}, "item-profile")
    st.caption(f"{words.capital(checkpoint.model.no_decoder)}.")


def nearest_items(
    checkpoint: Checkpoint, codes: dict[str, torch.Tensor], what: str, key: str, item: int | None = None
) -> None:
    """The items nearest to a code `(D,)` in each block; `item` is the one it belongs to, left out."""
    labels, classes = checkpoint.atlas.labels, checkpoint.atlas.classes
    rows, notes = [], []
    for block in checkpoint.model.blocks:
        means, _ = encodings.codes(checkpoint)[block]
        near = neighbours(means, codes[block], NEIGHBOURS, item).tolist()
        rows.append(encodings.pictures(checkpoint, near))
        notes.append(" ".join(classes[labels[n]] for n in near) if classes else "")
    decoded = "" if checkpoint.model.no_decoder else ", decoded"
    image_grid(
        np.stack(rows),
        rows=[f"near in {block}" for block in checkpoint.model.blocks],
        row_notes=[f"classes {note}" if note else "" for note in notes],
        columns=[f"{i + 1}." for i in range(rows[0].shape[0])],
        title=f"The nearest neighbours of {what}{decoded}, nearest first",
        key=key,
    )
