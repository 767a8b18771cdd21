"""Start: an image, a few numbers, and the image again; and the three ways on."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.live.standing import standing
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.sections.start import doors, first
from latent_explorer.user_image.chosen import chosen_image

checkpoint = checkpoints.current()
one = checkpoint.kind.an

st.title(f"How does a network describe {one} by a few numbers?")
needs_a_decoder(checkpoint)
image = chosen_image(checkpoint)
state, address = standing(checkpoint, image)
first.sight(checkpoint, state, address, image)
doors.doors(checkpoint)
