"""Interpolate: paths between two codes, a grid between three or four, and what tells two codes apart given to a third."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.sections.interpolate.arithmetic import difference
from latent_explorer.sections.interpolate.ends import start_from_own
from latent_explorer.sections.interpolate.grid import grid_between
from latent_explorer.sections.interpolate.paths import between_two
from latent_explorer.user_image.widgets import image_expander

from vae_core.kinds import Table

checkpoint = checkpoints.current()

st.title(f"What lies between two {checkpoint.kind.many}?")
needs_a_decoder(checkpoint)

given = "pasted" if isinstance(checkpoint.kind, Table) else "drawn or uploaded"
st.caption(
    f"Each picture is the decoder’s mean {checkpoint.kind.one} of a code that is made of the codes of {checkpoint.kind.many}. One of yours, {given} below, can be an end too."
)

between_two(checkpoint)
grid_between(checkpoint)
difference(checkpoint)
image_expander(checkpoint, given=lambda: start_from_own(checkpoint))
