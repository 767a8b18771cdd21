"""A classifier of one's own beside a model: what it says of a code, the least change that alters that, and a plane of its answers."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches import classifiers, encodings
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.plane import plane as plane_chart
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.palette import colours
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.explore import decode, settled
from vae_core.interchange.classifier import Classifier

# Answers that have a bar, and pictures on the way to another answer.
MOST_BARS, WAY = 6, 5


def _found(checkpoint: Checkpoint) -> Classifier | None:
    """The classifier, where there is one; what is wrong with a file that is none is said."""
    found = classifiers.beside(checkpoint)
    if found is not None and found.classifier is None:
        st.warning(f"The classifier cannot be used here: {plain(found.reason, 600)}.")
    return None if found is None else found.classifier


def asked(checkpoint: Checkpoint, codes: Mapping[str, Tensor], where: str) -> None:
    """What the classifier says of the code `(1, D)` that a page shows, and the least change of one block that alters it."""
    classifier = _found(checkpoint)
    if classifier is None or not st.toggle("Ask the classifier", key="asking", bind="query-params"):
        return
    left, right = st.columns([1, 2.2], gap="medium")
    with left:
        probable = classifier.scores(decode(checkpoint.model, dict(codes)))[0].exp()
        order = probable.argsort(descending=True)[:MOST_BARS].tolist()
        ink = colours(len(classifier.classes))
        bars(
            [classifier.classes[c] for c in order],
            probable[order].tolist(),
            [ink[c] for c in order],
            "What the classifier says",
            key="classifier-says",
        )
        st.caption(f"{plain(classifier.told())}; it looks at what is decoded.")
    with right:
        _least(checkpoint, classifier, codes, where)


def _least(checkpoint: Checkpoint, classifier: Classifier, codes: Mapping[str, Tensor], where: str) -> None:
    block = checkpoint.model.blocks[0]
    if len(checkpoint.model.blocks) > 1:
        block = links.one_of("What changes", checkpoint.model.blocks, key="altering", what="block")
    change = classifiers.least(checkpoint, dict(codes), block)
    if change is None:
        st.caption(
            f"No change of the {words.latents(checkpoint.model, block)} towards other {checkpoint.kind.many} alters the answer."
        )
        return
    start = codes[block][0]
    way = start + torch.linspace(0, 1, WAY)[:, None] * (change.code - start)
    every = {name: part.expand(WAY, -1) for name, part in codes.items()}
    moved = settled(checkpoint.model, {**every, block: way}, [block])
    probable = classifier.scores(decode(checkpoint.model, moved)).exp()
    before, after = classifier.classes[change.before], classifier.classes[change.after]
    image_grid(
        to_bytes(decode(checkpoint.model, moved)[None], checkpoint.kind),
        rows=[block],
        columns=[f"{classifier.classes[c]} {p[c]:.0%}" for p in probable for c in (int(p.argmax()),)],
        title=f"The least change found that turns {before} into {after}",
        key="least-change",
        headed=True,
    )
    menus.under(
        "least-change",
        f"least-change-{block}",
        f"Moving the {words.latents(checkpoint.model, block)} of {where} by {change.size:.2f} turns the answer {plain(before)} into {plain(after)}.",
        "This is a local minimum: the search follows the boundary from four other items, and a smaller change may exist elsewhere.",
        codes=lambda: tables.table(moved, share=np.linspace(0, 1, WAY).round(6)),
        script=scripts.of_codes(checkpoint, f"The least change found, by {checkpoint.name}", moved, WAY),
    )


def plane(checkpoint: Checkpoint, item: int | None) -> None:
    """The classifier's answers on a plane of two dimensions through an item."""
    classifier = _found(checkpoint)
    if classifier is None or not st.toggle("Plane of the classifier", key="plane", bind="query-params"):
        return
    blocks = [block for block in checkpoint.model.blocks if checkpoint.model.sizes[block] > 1]
    if not blocks:
        st.caption("A plane needs two dimensions, and every block of this model has one.")
        return
    item = item or 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        block = (
            links.one_of("Plane in", blocks, key="plane_in", what="block") if len(blocks) > 1 else blocks[0]
        )
        rate, variance, _ = encodings.rates(checkpoint)[block]
        order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
        names = [f"{block}[{number}]" for number in order]
        links.settle("plane_x", names, "dimension")
        across = st.selectbox("Across", names, key="plane_x", bind="query-params", width=130)
        others = [name for name in names if name != across]
        links.settle("plane_y", others, "dimension")
        up = st.selectbox("Up", others, key="plane_y", bind="query-params", width=130)
    pair = order[names.index(across)], order[names.index(up)]
    found = classifiers.plane(checkpoint, block, pair, item)
    if found is None:
        return
    mean = checkpoint.atlas.means[block][item]
    here = float(mean[pair[0]]), float(mean[pair[1]])
    one = f"{checkpoint.kind.one} {item}"
    figure = plane_chart(*found, classifier.classes, (across, up), here, one)
    st.plotly_chart(figure, key="classifier-plane", config=CONFIG)
    whole = checkpoint.model.sizes[block] == 2 and len(checkpoint.model.blocks) == 1
    menus.under(
        "classifier-plane",
        f"classifier-plane-{block}",
        f"Each place decodes {one} with {across} and {up} moved there, and has the colour of the classifier’s answer; lines are its boundaries.",
        "Paler is less certain; a dotted line is where it is 90 % certain."
        + (
            ""
            if whole
            else " All other dimensions stay where they are: it is one cut through the latent space."
        ),
        codes=lambda: {
            "across": np.tile(found.across, len(found.up)),
            "up": np.repeat(found.up, len(found.across)),
            "answer": np.array(classifier.classes)[found.answer.ravel()],
            "probability": found.certainty.ravel(),
        },
    )
