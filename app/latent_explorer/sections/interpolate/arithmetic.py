"""Latent arithmetic: a - b + c, of items or of class means."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.parts.anchors import choose, has_class, held, moving
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.explore import Codes, analogy, decode, neighbours, settled

CELL = 112  # CSS pixels of a picture of which there are few


TERMS = {"a": "a", "b": "b", "c": "c"}


class Terms(NamedTuple):
    """The codes `(3, D)` of a, b and c in each latent, what they are called, and which items they are."""

    codes: Codes
    names: list[str]
    items: list[int]


def chosen_terms(checkpoint: Checkpoint, of_items: bool) -> Terms:
    classes = checkpoint.atlas.classes
    if of_items:
        items = choose(checkpoint, TERMS, (0, 0, 1), f"Other {checkpoint.kind.many}")
        return Terms(
            encodings.item_codes(checkpoint, items),
            [f"{checkpoint.kind.one} {item}" for item in items],
            items,
        )
    chosen = chosen_classes(checkpoint)
    codes = {name: mean[chosen] for name, mean in encodings.means_of_classes(checkpoint).items()}
    return Terms(codes, [f"mean of {classes[c]}" for c in chosen], [])


@fragment
def difference(checkpoint: Checkpoint) -> None:
    atlas = checkpoint.atlas
    model = checkpoint.model
    classes = checkpoint.atlas.classes
    st.subheader("Latent arithmetic: a − b + c")
    options = ["images", *(["class means"] if len(classes) > 1 else [])]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        kind = links.one_of(
            "Of",
            options,
            key="of",
            what="kind",
            format_func=lambda option: checkpoint.kind.many if option == options[0] else option,
        )
        moved = moving(checkpoint, "terms", "Latents that change")
    terms = chosen_terms(checkpoint, kind != "class means")
    result = settled(model, analogy(terms.codes, moved), moved)
    near = nearest(checkpoint, result, terms.items)
    codes = joined(checkpoint, terms.codes, result, encodings.item_codes(checkpoint, [near]))
    pictures = to_bytes(decode(model, codes), checkpoint.kind)
    names = [
        *(f"{term}: {name}" for term, name in zip(TERMS, terms.names, strict=True)),
        "a − b + c",
        f"nearest: {near}",
    ]
    image_grid(
        pictures[None],
        rows=[""],
        columns=names,
        marks=[(0, 3)],
        scale=max(1, round(CELL / pictures.shape[2])),
        title="a − b + c, decoded",
        key="difference",
        headed=True,
    )
    where = plain(", ".join(filter(None, (f"{checkpoint.kind.one} {near}", atlas.class_of(near)))))
    menus.under(
        "difference",
        "difference",
        f"Outlined is a − b + c: what a has and b lacks, added to c; last, the {checkpoint.kind.one} whose code is nearest to it ({where}).",
        "It is a linear attribute vector (Larsen et al., 2016)."
        + held(checkpoint, moved, "as in c")
        + (" The class is a’s where b and c share theirs, else c’s." if has_class(checkpoint, moved) else "")
        + ("" if terms.items else means_words(checkpoint)),
        codes=lambda: tables.table(codes, code=names),
        script=scripts.of_codes(checkpoint, f"a − b + c by {checkpoint.name}", codes, len(names)),
    )


def joined(checkpoint: Checkpoint, *parts: Codes) -> Codes:
    latents = checkpoint.model.coded
    return {name: torch.cat([codes[name] for codes in parts]) for name in latents}


def chosen_classes(checkpoint: Checkpoint) -> list[int]:
    """Three classes, by name."""
    atlas = checkpoint.atlas
    classes = checkpoint.atlas.classes
    there = [classes[c] for c in np.unique(atlas.labels)]
    chosen = []
    for number, (place, term) in enumerate(zip(st.columns([1, 1, 1, 3]), TERMS, strict=False)):
        key = f"class-{term}"
        links.check(key, there, "class")
        name = place.selectbox(f"{term}, class", there, number % len(there), key=key, bind="query-params")
        chosen.append(classes.index(name))
    return chosen


def means_words(checkpoint: Checkpoint) -> str:
    model, labelled = checkpoint.model, checkpoint.model.labelled
    means = [
        f"p({block} | class)"
        if block in labelled
        else f"its {checkpoint.kind.many}’ codes in {words.latents(model, block)}"
        for block in model.blocks
    ]
    return f" The mean of a class is that of {words.listed(means)}."


def nearest(checkpoint: Checkpoint, result: Codes, passed_over: list[int]) -> int:
    """The item nearest to a code `(1, D)` in all latents side by side."""
    atlas = checkpoint.atlas
    latents = checkpoint.model.coded
    everything = encodings.item_codes(checkpoint, list(range(len(atlas))))
    rows = torch.cat([everything[name] for name in latents], -1)
    code = torch.cat([result[name][0] for name in latents])
    return next(n for n in neighbours(rows, code, len(passed_over) + 1).tolist() if n not in passed_over)
