"""Named selections: saved, listed, shown again, deleted, and taken along as columns."""

from collections.abc import Callable, Mapping
from zlib import crc32

import numpy as np
import streamlit as st

from latent_explorer.caches import sources
from latent_explorer.caches.kept import by_identity
from latent_explorer.components.map.named import NamedSelection
from latent_explorer.components.map.selection import Selection
from latent_explorer.export import tables
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.session.shelf import Shelf
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.explore.direction import LONGEST_NAME, check_name

SHOWN = "named"  # the name in the address of the selection that stands for A
KEPT = "selection_a"  # and of an outline that does

Rows = Callable[[Selection | None], np.ndarray]


@by_identity
def mark(checkpoint: Checkpoint) -> str:
    """What tells the items of an atlas from those of other data: the fingerprint of their split where the card has one, how many they are, and
    their classes in order."""
    atlas = checkpoint.atlas
    known = checkpoint.card.data.fingerprint
    print_of = known.get(atlas.split) or "-".join(sorted(known.values())) or "unknown"
    return f"{print_of[:33]}.{len(atlas)}.{crc32(np.ascontiguousarray(atlas.labels).astype('<i8').tobytes()):08x}"


def _wrong(checkpoint: Checkpoint, selection: NamedSelection) -> str:
    if selection.data == mark(checkpoint) and selection.items[-1] < len(checkpoint.atlas):
        return ""
    return (
        f"it was made on other data than this model shows, of fingerprint {selection.data[:60]} and not {mark(checkpoint)}: "
        "choose a model of that data"
    )


SHELF = Shelf("selections", "selection", NamedSelection.decode, NamedSelection.from_json, _wrong, mark)


def shown(entries: Mapping[str, NamedSelection]) -> NamedSelection | None:
    """The named selection that the link puts in the place of A."""
    asked = st.query_params.get(SHOWN)
    if asked and asked not in entries:
        there = (
            f"Choose one of: {plain(', '.join(entries), 1000)}."
            if entries
            else "Select items and save them under a name."
        )
        st.warning(f"This link shows the selection “{plain(asked)}”, which is not saved here. {there}")
    return entries.get(asked or "")


def named_panel(
    checkpoint: Checkpoint,
    entries: Mapping[str, NamedSelection],
    selected: Mapping[str, np.ndarray],
    outlines: Mapping[str, Selection | None],
    rows_of: Rows,
) -> None:
    """Save what is selected, and what is saved: shown again, deleted, exported."""
    if not entries and not selected:
        return
    with st.expander(
        f"Named selections · {len(entries)}", icon=":material/bookmarks:", expanded=bool(entries)
    ):
        for group, rows in selected.items():
            _saving(checkpoint, group, rows, outlines.get(group))
        for name, selection in entries.items():
            _line(checkpoint, name, selection, rows_of)
        if entries:
            _exported(checkpoint, entries)
        else:
            st.caption(words.capital(f"a saved selection is {SHELF.where(checkpoint)}."))


def _saving(checkpoint: Checkpoint, group: str, rows: np.ndarray, outline: Selection | None) -> None:
    of = f"selection-name-{group or 'one'}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = f"Name for {group}" if group else "Name for the selection"
        st.text_input(
            title, "", max_chars=LONGEST_NAME, key=of, width=220, placeholder="such as: left cluster"
        )

        def save() -> None:
            name = " ".join(st.session_state[of].split())
            try:
                check_name(name)
                items = tuple(rows.tolist())
                drawn = outline.encode() if outline is not None else ""
                SHELF.keep(checkpoint, NamedSelection(name, mark(checkpoint), items, drawn))
                st.session_state[of] = ""
            except ValueError as error:
                st.session_state["selections-said"] = f"Not saved: {plain(error)}."

        st.button("Save", icon=":material/bookmark_add:", key=f"save-{of}", on_click=save)


def _line(checkpoint: Checkpoint, name: str, selection: NamedSelection, rows_of: Rows) -> None:
    """A saved selection with its buttons."""

    def show() -> None:
        """Its outline where that holds the same items on the present map, else the items alone."""
        drawn = Selection.decode(selection.outline) if selection.outline else None
        same = drawn is not None and tuple(rows_of(drawn).tolist()) == selection.items
        links.write(**{KEPT: selection.outline if same else None, SHOWN: None if same else name})

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Show as A", icon=":material/visibility:", key=f"show-{key(name)}", on_click=show)
        st.button(
            "Delete",
            icon=":material/delete:",
            key=f"delete-{key(name)}",
            on_click=SHELF.forget,
            args=(checkpoint, name),
            help=f"Delete {plain(name)}",
        )
        st.markdown(
            f"**{plain(name)}** · {len(selection.items):,} of {len(checkpoint.atlas):,} {checkpoint.kind.many}"
        )


def _exported(checkpoint: Checkpoint, entries: Mapping[str, NamedSelection]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "All as columns, CSV",
            lambda: tables.csv(columns(checkpoint, entries)),
            f"{key(checkpoint.name)}-selections.csv",
            "text/csv",
            on_click="ignore",
            key="csv-of-named",
            help=f"A line for each {checkpoint.kind.one}: its number on the map, its row in the data where that is known, 1 or 0 for each selection, "
            "and its class. In the order of the data’s rows.",
        )
        beyond = set(entries) - SHELF.held(entries)
        long = f" Too long for a link: {plain(', '.join(beyond))}." if beyond else ""
        st.caption(words.capital(f"{SHELF.where(checkpoint)}.{long}"))


def columns(checkpoint: Checkpoint, entries: Mapping[str, NamedSelection]) -> dict[str, np.ndarray]:
    """A column of 1 and 0 for each selection, behind the number of each item, and its row in the data, in whose order they stand, where it is
    known; the class at the end."""
    atlas, source = checkpoint.atlas, sources.originals(checkpoint)
    places = None if source is None else source.places
    order = np.arange(len(atlas)) if places is None else np.argsort(places, kind="stable")
    table = {"index": np.arange(len(atlas)), **({} if places is None else {"row": places})}
    taken = {*table, "split", "label"}
    if checkpoint.own_data is None:
        table["split"] = atlas.splits(np.arange(len(atlas)))
    for name, selection in entries.items():
        column = np.zeros(len(atlas), dtype=np.int64)
        column[list(selection.items)] = 1
        table[f"selection {name}" if name in taken else name] = column
    if atlas.classes:
        table["label"] = np.array(atlas.classes)[atlas.labels]
    return {name: column[order] for name, column in table.items()}
