"""Live: a handle for everything an image is made of; the picture follows while it is dragged."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.components.controls import live_controls
from latent_explorer.export import menus, scripts, tables
from latent_explorer.live import controls
from latent_explorer.live.standing import begin_with_own, follow, standing
from latent_explorer.parts import classifiers, directions, words
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.parts.panels import nearest_items
from latent_explorer.session.sidebar import scale
from latent_explorer.text import key
from latent_explorer.user_image.chosen import chosen_image
from latent_explorer.user_image.widgets import image_expander

from vae_core.labels import has_label
from vae_core.multirate import rates_of

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
KEY = f"controls-{key(checkpoint.name)}"

st.title("What does each coordinate of a code change?")
needs_a_decoder(checkpoint)
st.caption(
    "Drag a handle, or press ▸ to sweep it, and see what that coordinate means."
    + (" A class button sets what depends on the class and keeps the rest." if has_label(model) else "")
    + (" The Gaussians of the classes were fitted to the encodings." if words.fitted_classes(model) else "")
)


image = chosen_image(checkpoint)
kept = directions.SHELF.entries(checkpoint)
state, address = standing(checkpoint, image, **directions.SHELF.in_address(checkpoint, kept))
scene = controls.scene(checkpoint, state, image)
live_controls(
    controls.controlled(checkpoint, state, image, address, shown=scene),
    positions={block: scale(rate.exposed) for block, rate in rates_of(model).items()},
    directions=controls.along(checkpoint, kept.values()),
    key=KEY,
    on_change=lambda: follow(checkpoint, KEY),
)
codes = controls.codes(scene)
menus.under(
    KEY,
    "live",
    f"The large {checkpoint.kind.one} is decoded from one code, the small one from where the code started; there is one handle for each coordinate. {checkpoint.kind.legend}".rstrip(),
    "Handles with the largest KL come first. The bars are the class of the code by Bayes’ rule over the "
    f"{'Gaussians fitted to the classes' if words.fitted_classes(model) else 'class priors, where there are some'}.",
    codes=lambda: tables.table(codes),
    script=scripts.of_codes(checkpoint, f"One code, decoded by {checkpoint.name}", codes, 1),
    commands=[scripts.measuring(checkpoint, "elbo")],
)
directions.finder(checkpoint, codes, controls.in_words(checkpoint, state))
directions.kept(checkpoint, kept)
classifiers.asked(checkpoint, codes, controls.in_words(checkpoint, state))
image_expander(checkpoint, given=lambda: begin_with_own(checkpoint))
nearest_items(checkpoint, {name: code[0] for name, code in codes.items()}, "this code", "live-neighbours")
