"""Directions of a model: finding one, seeing what it does, keeping it under a name, and what is kept."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches import colourings, directions
from latent_explorer.components.image_grid import image_grid
from latent_explorer.parts import features, words
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.session.shelf import Shelf
from latent_explorer.text import key, plain, sigmas
from vae_core import Checkpoint
from vae_core.explore import Direction, along_direction, decode
from vae_core.explore.direction import LONGEST_NAME, check_name, unit
from vae_core.explore.directions import MOST_DIMENSIONS
from vae_core.kinds import Table

# How far a strip goes on either side, in standard deviations of the encodings along the direction, and in how many steps.
FAR, STEPS = 2.0, 9


def _wrong(checkpoint: Checkpoint, direction: Direction) -> str:
    sizes = checkpoint.model.sizes
    if direction.block not in checkpoint.model.blocks:
        return f"this model has no latents {direction.block}, but {words.listed(checkpoint.model.blocks)}"
    if len(direction.vector) != sizes[direction.block]:
        return f"it has {len(direction.vector)} numbers, and {direction.block} has {sizes[direction.block]} dimensions"
    known = direction.weights and checkpoint.weights
    if known and direction.weights != checkpoint.weights[: len(direction.weights)]:
        return "it was found for other weights than this model has now, so find it again"
    return ""


SHELF = Shelf("directions", "direction", Direction.decode, Direction.from_json, _wrong)

HERE, CLASS, NUMBER = WAYS = ("what changes most here", "towards a class", "more of a column")


class Found(NamedTuple):
    """A direction that was found and has no name yet: a proposal for one, its vector, how it was found, and a note beside its strip."""

    name: str
    vector: Tensor
    says: str
    note: str


def ways(checkpoint: Checkpoint) -> list[str]:
    """How directions can be found in this model."""
    labelled = len(checkpoint.atlas.classes) > 1
    return [HERE, *([CLASS] if labelled else []), *([NUMBER] if colourings.numbered(checkpoint) else [])]


def finder(checkpoint: Checkpoint, codes: Mapping[str, Tensor], where: str, block: str | None = None) -> None:
    """Find directions of a block and keep one: what they do to the code `(1, D)` of each latent that the page shows, called `where`."""
    if not st.toggle("Find a direction", key="finding", bind="query-params"):
        return
    left, middle, right = st.columns([2.4, 1, 1.2], vertical_alignment="bottom")
    way = links.one_of("By", ways(checkpoint), key="by", what="way to find directions", place=left)
    if block is None:
        blocks = checkpoint.model.blocks
        links.settle("along", blocks, "block")
        block = middle.selectbox("Latents", blocks, key="along", bind="query-params")
    try:
        found = _found(checkpoint, way, block, codes, where, right)
        _strips(checkpoint, block, codes, found, way)
    except ValueError as error:
        st.caption(f"There is no such direction: {plain(error)}.")
        return
    _keeping(checkpoint, block, found)


def _found(
    checkpoint: Checkpoint, way: str, block: str, codes: Mapping[str, Tensor], where: str, place
) -> list[Found]:
    """The directions of one way. Raises ValueError where there are none."""
    if way == CLASS:
        classes = list(checkpoint.atlas.classes)
        links.settle("toward", classes, "class")
        name = place.selectbox("Class", classes, key="toward", bind="query-params")
        vector, score = directions.to_class(checkpoint, block, classes.index(name))
        told = f"to class {name}, AUC {score:.3f}"
        return [Found(_short(f"to {name}"), vector, told, f"AUC {score:.3f}")]
    if way == NUMBER:
        names = colourings.numbered(checkpoint)
        links.settle("more", names, "column")
        name = place.selectbox("Column", names, key="more", bind="query-params")
        vector, score = directions.to_column(checkpoint, block, name)
        told = f"more {name}, correlation {score:.3f}"
        return [Found(_short(f"more {name}"), vector, told, f"correlation {score:.3f}")]
    found = directions.principal(checkpoint, dict(codes), block)
    pairs = enumerate(zip(found.vectors, found.values.tolist(), strict=True), 1)
    return [
        Found(_short(f"principal {k}"), vector, f"principal direction {k} at {where}", f"|J v| {value:.2f}")
        for k, (vector, value) in pairs
        if value > 0
    ]


def _short(name: str) -> str:
    """A name that can be kept."""
    allowed = "".join(sign for sign in name if sign.isprintable() and sign not in "~!")
    return " ".join(allowed.split())[:LONGEST_NAME].strip()


def _strips(
    checkpoint: Checkpoint, block: str, codes: Mapping[str, Tensor], found: Sequence[Found], way: str
) -> None:
    """What each direction does to the code, a strip each."""
    if not found:
        raise ValueError("nothing that this block can do changes the picture here")
    ticks = torch.linspace(-FAR, FAR, STEPS)
    rows = []
    for one in found:
        vector = unit(one.vector)
        size = directions.spread(checkpoint, block, tuple(vector.tolist())) or 1.0
        rows.append(
            along_direction(checkpoint.model, codes, block, vector, codes[block][0] @ vector + size * ticks)
        )
    every = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    decoded = decode(checkpoint.model, every).unflatten(0, (len(found), STEPS))
    image_grid(
        to_bytes(decoded, checkpoint.kind),
        rows=[one.name for one in found],
        row_notes=[one.note for one in found],
        columns=sigmas(ticks.tolist()),
        marks=[(row, STEPS // 2) for row in range(len(found))],
        title=f"Directions of the {words.latents(checkpoint.model, block)}: {way}",
        key="found-directions",
        headed=True,
    )
    if isinstance(checkpoint.kind, Table):
        moves = features.movers(checkpoint.kind, decoded)
        said = "features that move most, in standard deviations"
        st.dataframe(
            [{"direction": one.name, said: move} for one, move in zip(found, moves, strict=True)],
            hide_index=True,
        )
    wide = checkpoint.model.sizes[block] > MOST_DIMENSIONS
    some = (
        f" Looked for among the {MOST_DIMENSIONS} dimensions that are used most."
        if wide and way == HERE
        else ""
    )
    st.caption(_READ[way].format(one=checkpoint.kind.one, many=checkpoint.kind.many) + some, help=_HOW[way])


_READ = {
    HERE: "Each row moves the code along one direction; the outlined {one} is where it starts. The first changes it most, each next one most at right angles "
    "to those before. σ: of the encodings along the direction.",
    CLASS: "The row moves the code along the direction in which the odds of the class grow fastest. AUC: how often {many} of the class lie farther along it "
    "than others do, ½ where it says nothing.",
    NUMBER: "The row moves the code along the direction along which the column grows. Correlation: of the column with the place along it.",
}
_HOW = {
    HERE: "Eigenvectors of JᵀJ, where J is the derivative of the decoded mean by the latents at this code, taken by central differences; |J v| is how fast the "
    "picture moves for each unit of the code (Shao et al., 2018). They hold near this code alone.",
    CLASS: "w / |w| of a logistic regression of membership on the posterior means of the map, with a penalty |w|² / 2; scored on the same items.",
    NUMBER: "w / |w| of a ridge regression (λ = 1) on the posterior means of the map; items without a number are left out; scored on the same items.",
}


def _keeping(checkpoint: Checkpoint, block: str, found: Sequence[Found]) -> None:
    """A name, and the button that keeps the direction under it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names, one = [each.name for each in found], found[0]
        if len(found) > 1:
            links.settle("which", names, "direction")
            chosen = st.selectbox("Direction", names, key="which", bind="query-params", width=160)
            one = found[names.index(chosen)]
        naming(checkpoint, one.name, {block: one.vector}, one.says)


def naming(checkpoint: Checkpoint, proposed: str, vectors: Mapping[str, Tensor], says: str) -> None:
    """An input for a name and a button that keeps vectors of blocks under it; of several blocks each under the name and the block's."""
    of = f"direction-name-{key(f'{proposed} {says}')}"
    st.text_input("Name", proposed, max_chars=LONGEST_NAME, key=of, width=220)

    def keep() -> None:
        name = " ".join(st.session_state[of].split())
        try:
            for block, vector in vectors.items():
                full = name if len(vectors) == 1 else f"{name[: LONGEST_NAME - 1 - len(block)]} {block}"
                check_name(name)
                SHELF.keep(checkpoint, Direction.of(full, block, vector, says, checkpoint.weights))
        except ValueError as error:
            st.session_state["directions-said"] = f"Not kept: {plain(error)}."

    st.button("Keep", icon=":material/bookmark:", key=f"keep-{of}", on_click=keep)


def kept(checkpoint: Checkpoint, entries: Mapping[str, Direction]) -> None:
    """What is kept, each with a button that forgets it."""
    if not entries:
        return
    with st.expander(f"Kept directions · {len(entries)}", icon=":material/bookmark:"):
        st.caption(words.capital(f"{SHELF.where(checkpoint)}."))
        for name, direction in entries.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Delete",
                    icon=":material/delete:",
                    key=f"forget-direction-{key(name)}",
                    on_click=SHELF.forget,
                    args=(checkpoint, name),
                    help=f"Delete {plain(name)}",
                )
                st.markdown(f"**{plain(name)}** · {plain(direction.block)} · {plain(direction.says)}")
