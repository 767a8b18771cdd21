"""Parts of pages that more than one page, or one page twice, shows: an opened item, a selection, what a card warns of."""

import numpy as np
import streamlit as st
import torch

from app import resources
from app.components.bars import bars
from app.components.image_grid import image_grid
from app.components.palette import colours
from app.pictures import to_bytes
from vae_core.explore import class_posterior, decode, neighbours, reads_label
from vae_core.labels import has_label

NEIGHBOURS = 8


def item_panel(name: str, item: int) -> None:
    """An item: its picture, what Bayes' rule says of its class, and its nearest neighbours in each block."""
    found = resources.checkpoint(name)
    atlas = found.atlas
    left, middle, right = st.columns([1.1, 1.4, 3])
    with left:
        st.subheader(f"Item {item}")
        st.caption(f"class {atlas.classes[atlas.labels[item]]}")
        _pictures(name, item)
        if st.button("Traverse it", icon=":material/tune:", width="stretch"):
            st.switch_page("views/traverse.py", query_params={"model": name, "item": str(item)})
    with middle:
        if has_label(found.model):
            means, scales = _codes(name, item)
            posterior = class_posterior(found.model, means, scales, len(atlas.classes))[0]
            bars(atlas.classes, posterior.tolist(), colours(len(atlas.classes)), "q(class | x), Bayes’ rule")
        else:
            st.caption("This model is not conditioned on the class, so it has no class posterior.")
    with right:
        _neighbours(name, item)


def _codes(name: str, item: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    codes = resources.codes(name)
    return (
        {block: mean[[item]] for block, (mean, _) in codes.items()},
        {block: scale[[item]] for block, (_, scale) in codes.items()},
    )


def _pictures(name: str, item: int) -> None:
    model, originals = resources.checkpoint(name).model, resources.originals(name)
    reconstruction = to_bytes(decode(model, resources.item_codes(name, [item])))
    pictures, columns = [reconstruction[0]], ["reconstruction"]
    if originals is not None:
        pictures.insert(0, to_bytes(originals.images[[item]].float() / 255)[0])
        columns.insert(0, "original")
    image_grid(
        np.stack(pictures)[None], rows=[""], columns=columns, title=f"Item {item}", key="item-pictures"
    )


def _neighbours(name: str, item: int) -> None:
    found = resources.checkpoint(name)
    labels, classes = found.atlas.labels, found.atlas.classes
    rows, notes = [], []
    for means, _ in resources.codes(name).values():
        near = neighbours(means, item, NEIGHBOURS).tolist()
        rows.append(to_bytes(decode(found.model, resources.item_codes(name, near))))
        notes.append(" ".join(classes[labels[n]] for n in near))
    image_grid(
        np.stack(rows),
        rows=[f"near in {block}" for block in resources.codes(name)],
        row_notes=[f"classes {note}" for note in notes],
        columns=[f"{i + 1}." for i in range(NEIGHBOURS)],
        title=f"The nearest neighbours of item {item} in each block, decoded, nearest first",
        key="item-neighbours",
    )


def classes_of_selection(name: str, rows: np.ndarray) -> None:
    """How the selected items divide over the classes."""
    atlas = resources.checkpoint(name).atlas
    counts = np.bincount(atlas.labels[rows], minlength=len(atlas.classes))
    total = max(int(counts.sum()), 1)
    parts = [
        f"{atlas.classes[c]}: {counts[c]:,} ({counts[c] / total:.0%})"
        for c in np.argsort(-counts)
        if counts[c]
    ]
    st.caption(f"Selected {counts.sum():,} of {len(atlas):,} items, by class: {' · '.join(parts) or 'none'}")


def leak_note(name: str) -> None:
    """What the probes of the card say of the class in the unlabelled blocks, and why."""
    found = resources.checkpoint(name)
    metrics = found.card["metrics"]
    for block in found.model.latents:
        probe = {kind: metrics.get(f"probe_{block}_{kind}_sample") for kind in ("logistic", "knn", "mlp")}
        if reads_label(found.model, block) or not has_label(found.model) or not all(probe.values()):
            continue
        read = ", ".join(
            f"{title} {probe[kind]['value']:.1%}"
            for kind, title in (("logistic", "logistic"), ("knn", "kNN"), ("mlp", "MLP"))
        )
        chance = 1 / len(found.signature.classes)
        st.info(
            f"**{block} is not free of the class.** Probes on samples of {block} read it right for {read} of the "
            f"{probe['mlp']['n']:,} test images (chance about {chance:.0%}). The bound only puts a price on what "
            f"{block} carries, KL(q({block}|x) ‖ p({block})), and forbids nothing: style and class are correlated, and "
            f"a hint of the class may cost less than it saves. `{found.card['evaluation']['command']}`",
            icon=":material/info:",
        )
