"""Live: a handle for everything an image is made of; the picture follows while it is dragged."""

import streamlit as st
from latent_explorer import hands, keep, links, resources, snippets
from latent_explorer.components import controls as component
from latent_explorer.components.controls import State
from latent_explorer.own import kept_own, own_expander
from latent_explorer.panels import nearest_items
from latent_explorer.sidebar import scale, slider_key, slider_option
from latent_explorer.text import code_span, key

from vae_core.labels import has_label
from vae_core.multirate import rates_of

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
KEY, KEPT, LEFT = f"hands-{key(checkpoint.name)}", f"live-{checkpoint.name}", "live-address"

st.title("Live")
st.caption(
    "Drag a handle, or press ▸ to sweep it, and see what that coordinate means. A class moves the blocks that read it to the prior of "
    "that class and keeps the others."
)


def wanted() -> State:
    """What the user left, or else what the address asks for; at the betas of the sidebar.

    An address that is not the one that was left was asked for: by a link, or by the browser's Back. Only who comes from another page
    to a bare address finds what was left there.
    """
    asked = hands.address()
    stayed = st.session_state["page before"] == st.session_state["page"]
    if asked != st.session_state.get(LEFT) and (stayed or any(asked.values())):
        st.session_state.pop(KEPT, None)
    state = st.session_state.get(KEPT) or hands.from_link(checkpoint, own)
    return State(**{**vars(state), "betas": dict(checkpoint.betas)})


def follow() -> None:
    """Take over what the user left; the sliders of the sidebar follow the betas."""
    left = component.left(KEY)
    if left is None:
        return
    state = st.session_state[KEPT] = hands.fitting(checkpoint, left, kept_own(checkpoint))
    for block, beta in state.betas.items():
        st.session_state[slider_key(block)] = slider_option(checkpoint, block, beta)


own = kept_own(checkpoint)
for name in ("item", "class"):
    links.belonging(name, resources.items_of(checkpoint))
links.belonging("move", checkpoint.name)  # another model has other dimensions
state = hands.fitting(checkpoint, wanted(), own)
if (
    KEPT in st.session_state
):  # what the address itself asked for is there already, and a second entry would stop the browser's Back
    hands.to_link(checkpoint, state)
st.session_state[LEFT] = hands.address()
links.write(**st.session_state[LEFT])
scene = hands.scene(checkpoint, state, own)
component.hands(
    checkpoint.name,
    hands.handles(checkpoint),
    state,
    scene,
    latents=model.latents,
    kept=hands.kept(checkpoint),
    labels=atlas.labels,
    classes=atlas.classes if has_label(model) else (),
    own=None if own is None else own.pixels.tobytes(),
    positions={block: scale(rate.exposed) for block, rate in rates_of(model).items()},
    key=KEY,
    on_change=follow,
)
codes = hands.codes(scene)
with keep.beside(
    "the image that the decoder makes of one code, beside it where the code started; a handle for each coordinate, those with the "
    "largest KL first (what they add up to: "
    f"{code_span(snippets.measuring(checkpoint, 'elbo'))}); and what the priors say of the code’s class, where they read one."
):
    keep.menu(
        KEY,
        "live",
        codes=lambda: keep.table(codes),
        script=snippets.of_codes(checkpoint, f"One code, decoded by {checkpoint.name}", codes, 1),
    )
own_expander(checkpoint)
nearest_items(checkpoint, {name: code[0] for name, code in codes.items()}, "this code", "live-neighbours")
