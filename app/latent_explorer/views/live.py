"""Live: a handle for everything an image is made of; the picture follows while it is dragged."""

import streamlit as st
from latent_explorer.caches import checkpoints, encodings
from latent_explorer.components.controls import State, left, live_controls
from latent_explorer.export import menus, scripts, tables
from latent_explorer.live import controls
from latent_explorer.parts import words
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.parts.panels import nearest_items
from latent_explorer.session import links
from latent_explorer.session.sidebar import scale, slider_key, slider_option
from latent_explorer.text import key
from latent_explorer.user_image.chosen import chosen_image
from latent_explorer.user_image.widgets import image_expander

from vae_core.labels import has_label
from vae_core.multirate import rates_of

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
KEY, KEPT, LEFT = f"controls-{key(checkpoint.name)}", f"live-{checkpoint.name}", "live-address"
ARRIVING = "live-arriving"  # the browser was asked to put what was left into the address
REPORTED = "live-reported"  # this run was asked for by what the user left of this model

st.title("What does each coordinate of a code change?")
needs_a_decoder(checkpoint)
st.caption(
    "Drag a handle, or press ▸ to sweep it, and see what that coordinate means."
    + (" A class button sets what depends on the class and keeps the rest." if has_label(model) else "")
    + (" The Gaussians of the classes were fitted to the encodings." if words.fitted_classes(model) else "")
)


def wanted() -> State:
    """What the user left, or else what the address asks for; at the betas of the sidebar.

    An address that is not the one that was left was asked for: by a link, or by the browser's Back. Only who comes from another page
    to a bare address finds what was left there. A report goes before the address that comes with it: the browser may have sent both before
    it heard of an earlier report's.
    """
    here = st.session_state["page before"] == st.session_state["page"]
    if st.session_state.pop(REPORTED, None) == checkpoint.name and here:
        return at_betas(st.session_state[KEPT])
    asked, stayed = controls.address(), here and not arrived
    if asked != st.session_state.get(LEFT) and (stayed or any(asked.values())):
        st.session_state.pop(KEPT, None)
    return at_betas(st.session_state.get(KEPT) or controls.from_link(checkpoint, image))


def at_betas(state: State) -> State:
    return State(**{**vars(state), "betas": dict(checkpoint.betas)})


def follow() -> None:
    """Take over what the user left; the sliders of the sidebar follow the betas."""
    released = left(KEY)
    if released is None:
        return
    state = st.session_state[KEPT] = controls.fitting(checkpoint, released, chosen_image(checkpoint))
    st.session_state[REPORTED] = checkpoint.name
    for block, beta in state.betas.items():
        st.session_state[slider_key(block)] = slider_option(checkpoint, block, beta)


image, arrived = chosen_image(checkpoint), st.session_state.get(ARRIVING, False)
for name in ("item", "class"):
    links.belonging(name, encodings.items_of(checkpoint))
links.belonging("move", checkpoint.name)  # another model has other dimensions
state = controls.fitting(checkpoint, wanted(), image)
# What the address itself asked for is there already; what was left goes into the entry of history that leads here, by the browser.
said = controls.in_address(checkpoint, state) if KEPT in st.session_state else controls.address()
came = st.session_state["page before"] != st.session_state["page"] and not any(controls.address().values())
st.session_state[LEFT] = {name: None if value is None else str(value) for name, value in said.items()}
st.session_state[ARRIVING] = came and any(st.session_state[LEFT].values())
if not st.session_state[ARRIVING]:
    links.write(**said)
scene = controls.scene(checkpoint, state, image)
st.session_state[controls.SHOWN] = checkpoint.name, state
live_controls(
    checkpoint.name,
    controls.handles(checkpoint),
    state,
    scene,
    latents=model.coded,
    kind=checkpoint.kind,
    fitted=words.fitted_classes(model),
    kept=controls.kept(checkpoint),
    below={block: below for block in model.blocks if (below := model.below(block))},
    labels=atlas.labels,
    classes=atlas.classes if has_label(model) else (),
    user_image=None if image is None else image.values.tobytes(),
    address=links.arriving(**said) if st.session_state[ARRIVING] else None,
    positions={block: scale(rate.exposed) for block, rate in rates_of(model).items()},
    key=KEY,
    on_change=follow,
)
codes = controls.codes(scene)
menus.under(
    KEY,
    "live",
    f"The large {checkpoint.kind.one} is decoded from one code, the small one from where the code started; there is one handle for each coordinate.",
    "Handles with the largest KL come first. The bars are the class of the code by Bayes’ rule over the "
    f"{'Gaussians fitted to the classes' if words.fitted_classes(model) else 'class priors, where there are some'}.",
    codes=lambda: tables.table(codes),
    script=scripts.of_codes(checkpoint, f"One code, decoded by {checkpoint.name}", codes, 1),
    commands=[scripts.measuring(checkpoint, "elbo")],
)
image_expander(checkpoint)
nearest_items(checkpoint, {name: code[0] for name, code in codes.items()}, "this code", "live-neighbours")
