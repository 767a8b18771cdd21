"""Parts of pages that more than one page, or one page twice, shows: an opened item, a selection, what a card warns of."""

import numpy as np
import streamlit as st
import torch

from app import resources
from app.components.bars import bars
from app.components.image_grid import image_grid
from app.components.palette import colours
from app.pictures import to_bytes
from vae_core import Checkpoint
from vae_core.explore import blocks, class_posterior, decode, neighbours, reads_label
from vae_core.labels import has_label
from vae_core.names import LABEL

NEIGHBOURS = 8


def item_panel(found: Checkpoint, item: int) -> None:
    """An item: its picture, what Bayes' rule says of its class, and its nearest neighbours in each block."""
    atlas = found.atlas
    left, middle, right = st.columns([1.1, 1.4, 3])
    with left:
        st.subheader(f"Item {item}")
        st.caption(f"class {atlas.classes[atlas.labels[item]]}")
        _pictures(found, item)
        if st.button("Traverse it", icon=":material/tune:", width="stretch"):
            st.switch_page("views/traverse.py", query_params={"model": found.name, "item": str(item)})
    with middle:
        if has_label(found.model):
            means, scales = _codes(found, item)
            posterior = class_posterior(found.model, means, scales, len(atlas.classes))[0]
            bars(
                atlas.classes, posterior.tolist(), colours(len(atlas.classes)), _class_posterior_title(found)
            )
        else:
            st.caption("This model is not conditioned on the class, so it has no class posterior.")
    with right:
        _neighbours(found, item)


def _class_posterior_title(found: Checkpoint) -> str:
    return "q(class | x), the classifier" if LABEL in found.model.latents else "q(class | x), Bayes’ rule"


def _codes(found: Checkpoint, item: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    codes = resources.codes(found)
    return (
        {block: mean[[item]] for block, (mean, _) in codes.items()},
        {block: scale[[item]] for block, (_, scale) in codes.items()},
    )


def _pictures(found: Checkpoint, item: int) -> None:
    originals = resources.originals(found)
    reconstruction = to_bytes(decode(found.model, resources.item_codes(found, [item])))
    pictures, columns = [reconstruction[0]], ["decoded"]
    if originals is not None:
        pictures.insert(0, to_bytes(originals.images[[item]].float() / 255)[0])
        columns.insert(0, "original")
    image_grid(
        np.stack(pictures)[None], rows=[""], columns=columns, title=f"Item {item}", key="item-pictures"
    )


def _neighbours(found: Checkpoint, item: int) -> None:
    labels, classes = found.atlas.labels, found.atlas.classes
    rows, notes = [], []
    for block in blocks(found.model):
        means, _ = resources.codes(found)[block]
        near = neighbours(means, item, NEIGHBOURS).tolist()
        rows.append(to_bytes(decode(found.model, resources.item_codes(found, near))))
        notes.append(" ".join(classes[labels[n]] for n in near))
    image_grid(
        np.stack(rows),
        rows=[f"near in {block}" for block in blocks(found.model)],
        row_notes=[f"classes {note}" for note in notes],
        columns=[f"{i + 1}." for i in range(NEIGHBOURS)],
        title=f"The nearest neighbours of item {item} in each block, decoded, nearest first",
        key="item-neighbours",
    )


def classes_of_selection(found: Checkpoint, rows: np.ndarray) -> None:
    """How the selected items divide over the classes."""
    atlas = found.atlas
    counts = np.bincount(atlas.labels[rows], minlength=len(atlas.classes))
    total = max(int(counts.sum()), 1)
    parts = [
        f"{atlas.classes[c]}: {counts[c]:,} ({counts[c] / total:.0%})"
        for c in np.argsort(-counts)
        if counts[c]
    ]
    st.caption(f"Selected {counts.sum():,} of {len(atlas):,} items, by class: {' · '.join(parts) or 'none'}")


def leak_note(found: Checkpoint) -> None:
    """What the card's probes read of the class in the unlabelled blocks, and why nothing forbids it."""
    metrics, labels = found.card["metrics"], found.atlas.labels
    for block in blocks(found.model):
        if reads_label(found.model, block) or not has_label(found.model):
            continue
        names = [f"probe_{block}_{kind}_{{}}" for kind in ("logistic", "knn", "mlp")]
        if not all(name.format("sample") in metrics for name in names):
            continue
        sampled, means = (
            " / ".join(f"{metrics[name.format(what)]['value']:.1%}" for name in names)
            for what in ("sample", "mean")
        )
        weight = found.card["objective"].get("adversary")
        against = f"An adversary of weight {weight:g} was trained against it. " if weight else ""
        most_frequent = np.bincount(labels).max() / len(labels)
        st.info(
            f"**How much of the class is left in {block}?** Probes (logistic / kNN / MLP) name the class right for {sampled} "
            f"of the test images from samples of {block}, and for {means} from posterior means, which also show shifts that "
            f"the posterior’s noise hides from the decoder; naming the most frequent class is right for {most_frequent:.1%}. "
            f"Nothing in the bound forbids a leak: it only puts the price KL(q({block}|·) ‖ p({block})) on "
            f"whatever {block} carries. {against}Measured by `{found.card['evaluation']['command']}`",
            icon=":material/info:",
        )
