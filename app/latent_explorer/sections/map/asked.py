"""What the link asks of the maps."""

import streamlit as st

from latent_explorer.caches import colourings, layouts
from latent_explorer.caches.layouts import Laid
from latent_explorer.components.map.selection import Selection
from latent_explorer.sections.prior.shared import most_used
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint
from vae_core.projections import JOINT


def linked_selection(checkpoint: Checkpoint, name: str) -> Selection | None:
    """The selection that the link asks for under this name."""
    asked = st.query_params.get(name)
    if not asked:
        return None
    try:
        selection = Selection.decode(asked)
    except ValueError as error:
        st.warning(f"This link’s selection cannot be read: {plain(error)}.")
        return None
    if layouts.laid(checkpoint, selection.panel) is None:
        st.warning(
            f"This link selects on the map of “{plain(selection.panel)}”, which this model does not have. Choose one of: {', '.join(checkpoint.atlas.coordinates)}."
        )
        return None
    return selection


WIDTH = 170  # CSS pixels of a choice above the maps


def chosen_colouring(checkpoint: Checkpoint) -> str:
    """What the dots are coloured by; a choice only where more than the class is known of the images."""
    offered = colourings.colourings(checkpoint)
    if len(offered) == 1:
        return colourings.CLASS

    def forget() -> None:
        links.write(hidden=None)

    links.settle("colour", offered, "colouring")
    return st.selectbox(
        "Colour by", offered, key="colour", bind="query-params", on_change=forget, width=WIDTH
    )


def chosen_layout(checkpoint: Checkpoint) -> list[Laid]:
    """How the maps are laid out: a panel for each block, and one of all latents together where that is asked for."""
    blocks, usual = checkpoint.model.blocks, layouts.default(checkpoint)
    links.belonging("layout", usual, usual)
    kinds = sorted(layouts.LAYOUTS, key=usual.__ne__)
    kind = links.one_of("Layout", kinds, key="layout", what="layout")
    lines = layouts.are_lines(checkpoint)
    mapped = [JOINT] if lines else blocks
    shown = [layouts.of_block(checkpoint, block, kind, _pair(checkpoint, block, kind)) for block in mapped]
    several = len(blocks) > 1 and not lines and kind != layouts.PAIR and JOINT in checkpoint.atlas.coordinates
    if several and st.toggle("All latents together", key="joint", bind="query-params"):
        shown.append(layouts.of_block(checkpoint, JOINT, kind))
    return shown


def _pair(checkpoint: Checkpoint, block: str, kind: str) -> tuple[int, int]:
    """The two dimensions of a block that its map shows: those that are used most unless others are chosen."""
    offered = layouts.dimensions(checkpoint, block)
    if kind != layouts.PAIR or len(offered) <= 2:
        return 0, 1
    used = {(part, j): place for part in dict(offered) for place, j in enumerate(most_used(checkpoint, part))}
    names = {f"{part}[{j}]": offered.index((part, j)) for part, j in sorted(offered, key=lambda at: used[at])}
    across = _dimension(checkpoint, "Across", f"x_{block}", list(names))
    up = _dimension(checkpoint, "Up", f"y_{block}", [name for name in names if name != across])
    return names[across], names[up]


def _dimension(checkpoint: Checkpoint, label: str, key: str, names: list[str]) -> str:
    links.belonging(key, checkpoint.name, names[0])
    links.settle(key, names, "dimension")
    return st.selectbox(label, names, key=key, bind="query-params", width=130)


def linked_hidden(groups: int) -> list[int]:
    """The classes, or other groups of a colour, that the link switches off."""
    asked = st.query_params.get("hidden")
    if not asked:
        return []
    try:
        return links.numbers(asked, groups - 1)
    except ValueError:
        st.warning(
            f"This link hides the classes “{plain(asked)}”. Give class numbers from 0 to {groups - 1}."
        )
        return []
