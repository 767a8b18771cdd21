"""What a selection on the maps gives: its classes, its mean image, its rows to keep, and the way from one selection to another."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings, layouts
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.components.map import MapState
from latent_explorer.components.map.named import NamedSelection
from latent_explorer.components.map.selection import Selection
from latent_explorer.export import menus, scripts, tables
from latent_explorer.palette import colours
from latent_explorer.parts import directions, features, named, words
from latent_explorer.parts.named import KEPT
from latent_explorer.parts.nets import absent
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.explore import Codes, along_attribute, attribute_vector, decode, mean_code
from vae_core.names import LABEL

ALL = "all latents"

# Where the way from A to B begins and ends, as shares of it, and in how many steps.
FROM, TO, STEPS = -0.5, 1.5, 9

# Up to so many classes have a bar, the most frequent ones.
MOST_BARS = 12


def selection_panel(
    checkpoint: Checkpoint, state: MapState, kept: Selection | None, groups: np.ndarray
) -> None:
    """The present selection and the kept one, A, where there are some; A may be one that has a name. groups: `(N,)`, of which some are
    hidden."""
    entries = named.SHELF.entries(checkpoint)
    chosen = named.shown(entries)
    links.write(**named.SHELF.in_address(checkpoint, entries))
    present = state.selection if state.selection != kept else None
    first = _rows(checkpoint, kept, state, groups) if chosen is None else np.array(chosen.items)
    sides = {"A": first, "B" if kept or chosen else "": _rows(checkpoint, present, state, groups)}
    selected = {name: rows for name, rows in sides.items() if len(rows)}
    _what_is_selected(checkpoint, state, kept, present, selected, chosen)
    outlines = {} if state.hidden else {"A": kept if chosen is None else None, "B": present, "": present}
    named.named_panel(
        checkpoint, entries, selected, outlines, lambda drawn: _rows(checkpoint, drawn, state, groups)
    )


def _what_is_selected(
    checkpoint: Checkpoint,
    state: MapState,
    kept: Selection | None,
    present: Selection | None,
    selected: dict[str, np.ndarray],
    chosen: NamedSelection | None,
) -> None:
    if not selected:
        if kept or present:
            st.caption(
                "Nothing is selected: all classes inside the outline are hidden. Show one in the legend."
            )
        return
    st.subheader("Selections" if len(selected) > 1 else f"Selection {next(iter(selected))}")
    if chosen is not None:
        st.caption(f"A is the saved selection {plain(chosen.name)}.")
    *sides, right = st.columns([1.2] * len(selected) + [2.2], gap="medium")
    for side, (name, rows) in zip(sides, selected.items(), strict=True):
        with side:
            _classes(checkpoint, name, rows)
            _actions(checkpoint, name, rows, present)
    with right:
        _means(checkpoint, selected)
    if "A" in selected and "B" in selected:
        if not absent(checkpoint, "the way from A to B, decoded,"):
            _traversal(checkpoint, selected["A"], selected["B"], state.item)
        features.apart(checkpoint, selected["A"], selected["B"])
    elif "A" in selected:
        st.caption(
            f"Select other {checkpoint.kind.many} on a map: they become B, and what differs between A and B is shown."
        )


def _rows(
    checkpoint: Checkpoint, selection: Selection | None, state: MapState, groups: np.ndarray
) -> np.ndarray:
    return layouts.rows(checkpoint, selection, state.hidden, groups)


def _classes(checkpoint: Checkpoint, name: str, rows: np.ndarray) -> None:
    """How the selected items divide over the classes."""
    atlas = checkpoint.atlas
    counts = np.bincount(atlas.labels[rows], minlength=len(atlas.classes))
    shown = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c]][:MOST_BARS]
    palette = colours(len(atlas.classes))
    st.markdown(
        f"{f'**{name}** · ' if name else ''}Selected {len(rows):,} of {len(atlas):,} {checkpoint.kind.many}"
    )
    if not atlas.classes:
        return
    bars(
        [f"{atlas.classes[c]} · {counts[c]:,}" for c in shown],
        [counts[c] / len(rows) for c in shown],
        [palette[c] for c in shown],
        f"Class · {checkpoint.kind.many}, share of the selection",
        key=f"classes-of-{name or 'selection'}",
    )


def _actions(checkpoint: Checkpoint, name: str, rows: np.ndarray, present: Selection | None) -> None:
    """Keep the selection as A, or forget A; and its rows as files."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if name == "A":
            st.button(
                "Forget A",
                icon=":material/close:",
                on_click=links.write,
                kwargs={KEPT: None, named.SHOWN: None},
                key="forget-a",
            )
        elif present:
            st.button(
                "Keep as A",
                icon=":material/bookmark:",
                on_click=links.write,
                kwargs={KEPT: present.encode(), named.SHOWN: None},
                key="keep-as-a",
                help="Then select others, B: the way from the mean of A to that of B is shown.",
            )
        file = f"{key(checkpoint.name)}-selection{f'-{name.lower()}' if name else ''}"
        st.download_button(
            "CSV", lambda: tables.csv(table(checkpoint, rows)), f"{file}.csv", "text/csv", on_click="ignore", key=f"csv-{name}",
            help=f"A row for each {checkpoint.kind.one}: number, split, class, posterior mean and scale, place on each map.",
        )  # fmt: skip
        st.download_button(
            "NPZ", lambda: tables.npz(table(checkpoint, rows)), f"{file}.npz", "application/octet-stream", on_click="ignore",
            key=f"npz-{name}", help="The same as arrays: `numpy.load(file, allow_pickle=False)`.",
        )  # fmt: skip


def table(checkpoint: Checkpoint, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The rows of some items: number, split, class, the betas they were encoded at, posterior mean and scale of each latent
    `(n, D)`, coordinates on each map `(n, 2)`."""
    atlas = checkpoint.atlas
    return {
        checkpoint.kind.one: rows,
        **({} if checkpoint.own_data else {"split": atlas.splits(rows)}),
        **({"class": np.array(atlas.classes)[atlas.labels[rows]]} if atlas.classes else {}),
        **{f"beta.{block}": np.full(len(rows), beta) for block, beta in checkpoint.betas.items()},
        **{f"mean.{name}": atlas.means[name][rows] for name in checkpoint.model.latents},
        **{f"scale.{name}": atlas.scales[name][rows] for name in checkpoint.model.latents},
        **{f"map.{name}": places[rows] for name, places in atlas.coordinates.items()},
    }


def _means(checkpoint: Checkpoint, selected: dict[str, np.ndarray]) -> None:
    """Mean images of each selection, the means of pixels and of codes told apart."""
    pictures = {name: encodings.means_of(checkpoint, rows) for name, rows in selected.items()}
    titles = ["mean", "nearest to the mean code"] if checkpoint.model.no_decoder else []
    titles = titles or [
        checkpoint.kind.many,
        "codes",
        *(f"{block} alone" for block in checkpoint.model.blocks),
    ]
    rests = [list(found_pictures)[-1].partition("rest of ")[2] for found_pictures in pictures.values()]
    if checkpoint.model.no_decoder:
        rests = [list(found_pictures)[-1] for found_pictures in pictures.values()]
    st.markdown("**The selection**" if checkpoint.model.no_decoder else "**Mean over the selection, of …**")
    image_grid(
        np.stack([np.stack(list(row.values())) for row in pictures.values()]),
        rows=list(pictures),
        row_notes=rests if any(rests) else None,
        columns=titles[: len(next(iter(pictures.values())))],
        title=f"Mean {checkpoint.kind.many} of the selection",
        key="means",
    )
    most = max(map(len, selected.values()))
    some = f" (of {encodings.MEAN_OF:,} of them, evenly spread)" if most > encodings.MEAN_OF else ""
    if checkpoint.model.no_decoder:
        st.caption(
            f"The first picture is the mean of the {checkpoint.kind.many}’ pictures{some}, the second that of the {checkpoint.kind.one} whose code is nearest to "
            "their mean."
        )
        return
    each = (
        f" Then one block alone at its mean, with the rest of the {checkpoint.kind.one} (named at the left) whose code is nearest to the mean."
        if any(rests)
        else ""
    )
    st.caption(
        f"The first {checkpoint.kind.one} is the mean of the decoded {checkpoint.kind.many}{some}, blurred where they differ; the second is what the mean of their codes "
        f"decodes to{' (with the class most probable on average)' if LABEL in checkpoint.model.coded else ''}.{each}"
    )


def _traversal(checkpoint: Checkpoint, a: np.ndarray, b: np.ndarray, item: int | None) -> None:
    """From the mean of A to that of B and beyond, and as far from the opened item."""
    model, names = checkpoint.model, checkpoint.model.blocks
    st.markdown("**From A to B**")
    options = [ALL, *names]
    moves = ALL
    if len(options) > 2:
        moves = links.one_of("What moves", options, key="moves", what="latents to move")
    first, second = (_mean(checkpoint, rows) for rows in (a, b))
    vector = attribute_vector(first, second)
    starts: dict[str, Codes] = {"mean of A": first}
    if item is not None:
        starts[f"{checkpoint.kind.one} {item}"] = encodings.item_codes(checkpoint, [item])
    t = torch.linspace(FROM, TO, STEPS)
    moving = None if moves == ALL else [moves]
    ways = [along_attribute(model, start, vector, t, moving) for start in starts.values()]
    codes = {name: torch.cat([way[name] for way in ways]) for name in model.coded}
    zero, one = (int((t - mark).abs().argmin()) for mark in (0.0, 1.0))
    image_grid(
        to_bytes(decode(model, codes).unflatten(0, (len(starts), STEPS)), checkpoint.kind),
        rows=list(starts),
        columns=[f"t = {step:g}" for step in t.tolist()],
        marks=[(row, zero) for row in range(len(starts))] + [(0, one)],
        title="From selection A to selection B",
        key="from-a-to-b",
    )
    stays = "" if moves == ALL else f" Only the {words.latents(model, moves)} move."
    if moves == ALL and LABEL in model.coded:
        stays = " The class switches to that of B at t = ½."
    menus.under(
        "from-a-to-b",
        f"{key(checkpoint.name)}-from-a-to-b",
        f"Each {checkpoint.kind.one} decodes code + t (mean code of B − mean code of A); outlined are t = 0, the start, and t = 1, the mean of B on the way from that of A."
        + stays,
        "Such a difference is an attribute vector (Larsen et al., 2016)."
        + ("" if item is not None else f" Open {checkpoint.kind.an} on a map to send it the same way."),
        codes=lambda: tables.table(
            codes, t=t.repeat(len(starts)).numpy(), start=np.repeat(list(starts), STEPS)
        ),
        frames=lambda: (
            to_bytes(decode(model, codes).unflatten(0, (len(starts), STEPS)), checkpoint.kind),
            list(starts),
        ),
        script=scripts.of_codes(
            checkpoint, f"From one selection to another, by {checkpoint.name}", codes, STEPS
        ),
    )
    _direction(
        checkpoint, {name: vector[name][0] for name in (names if moves == ALL else [moves])}, len(a), len(b)
    )


def _direction(checkpoint: Checkpoint, vectors: dict[str, torch.Tensor], a: int, b: int) -> None:
    """Keep the way from A to B as a direction of each block that moves."""
    kept = directions.SHELF.entries(checkpoint)
    with st.expander("Keep this way as a direction", icon=":material/arrow_outward:"):
        st.caption(
            f"It becomes a handle on Live and a row on Traverse; {directions.SHELF.where(checkpoint)}."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            directions.naming(
                checkpoint, "A to B", vectors, f"from a mean of {a:,} to one of {b:,} {checkpoint.kind.many}"
            )
    directions.kept(checkpoint, kept)
    links.write(**directions.SHELF.in_address(checkpoint, kept))


def _mean(checkpoint: Checkpoint, rows: np.ndarray) -> Codes:
    return mean_code({name: mean[rows] for name, (mean, _) in encodings.codes(checkpoint).items()})
