"""The state that controls were left in, as a start of Traverse: an address that carries it there, and the code that it says."""

from dataclasses import replace

import streamlit as st

from latent_explorer.components.controls import ITEM, PRIOR, USER_IMAGE, State
from latent_explorer.export import scripts
from latent_explorer.live import controls
from latent_explorer.sections.traverse import start as starts
from latent_explorer.sections.traverse.start import Start
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint
from vae_core.labels import has_label

# In the address: coordinates that were moved, as Live's has them, and the class that a code was put under.
AT, AS = "at", "as"


def address(checkpoint: Checkpoint, state: State) -> dict[str, str]:
    """Where Traverse shows a state, every dimension of it."""
    said = controls.in_address(checkpoint, state)
    begin: dict[str, str | int | None] = {
        ITEM: {"item": state.item},
        USER_IMAGE: {"start": starts.USER_IMAGE},
        PRIOR: {"start": starts.DRAW, "seed": state.seed, "class": said["class"]},
    }[state.start]
    label = None if state.start == PRIOR else said["class"]
    return {
        name: str(value)
        for name, value in {**begin, AT: said["move"], AS: label}.items()
        if value is not None
    }


def moved(checkpoint: Checkpoint, start: Start, state: State) -> Start:
    """The start with the coordinates that the address says, and under its class; a sentence says so, and a button takes both away."""
    for name in (AT, AS):
        links.belonging(name, f"{checkpoint.name} {start.says}")
    links.write(**{name: st.query_params.get(name) for name in (AT, AS)})
    state = replace(
        state, moved=controls.moved_in(checkpoint, st.query_params.get(AT, "")), label=_label(checkpoint)
    )
    if not state.moved and state.label is None:
        return start
    image = chosen_image(checkpoint)
    state = controls.fitting(checkpoint, state, image)
    scene = controls.scene(checkpoint, state, image)
    codes = controls.codes(scene)
    count = sum(len(each) for each in state.moved.values())
    parts = [f"as {checkpoint.atlas.classes[state.label]}"] if state.label is not None else []
    parts += [f"with {count} moved coordinate{'s' * (count > 1)}"] if count else []
    says = f"{start.says}, {', '.join(parts)}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Every strip starts from {plain(says)}.")
        st.button(
            "As it was",
            icon=":material/undo:",
            key="as-it-was",
            on_click=links.write,
            kwargs={AT: None, AS: None},
        )
    label = start.label if state.label is None else state.label
    asked = controls.asked(checkpoint, state, image)
    return Start(codes, label, scripts.codes_written(codes), says, asked)


def _label(checkpoint: Checkpoint) -> int | None:
    classes = checkpoint.atlas.classes if has_label(checkpoint.model) else ()
    links.check(AS, classes, "class")
    asked = st.query_params.get(AS)
    return classes.index(asked) if asked in classes else None


def back_to_the_map(checkpoint: Checkpoint) -> None:
    """The way back to the map as it was left, at what is traversed: every page starts from that by itself."""
    of, asked = st.session_state.get(MAP, ("", {}))
    kept = asked if of == checkpoint.name else {}
    if st.button("Back to the map", icon=":material/scatter_plot:", key="back-to-the-map", type="tertiary"):
        st.switch_page("views/map.py", query_params=kept)


MAP = "map-address"


def remember_the_map(checkpoint: Checkpoint, names: tuple[str, ...]) -> None:
    """What the address of the map says, for the way back."""
    asked = st.query_params.to_dict()
    st.session_state[MAP] = (
        checkpoint.name,
        {name: asked[name] for name in names if name in asked and name != "item"},
    )
