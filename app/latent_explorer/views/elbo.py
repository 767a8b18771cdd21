"""What the ELBO weighs: its terms with the numbers of one image, and what they are made of."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.parts.nets import needs_a_decoder, needs_data
from latent_explorer.sections.elbo import draws, terms
from latent_explorer.sections.elbo.example import chosen, needs_a_bound, take_mine
from latent_explorer.user_image.widgets import image_expander

checkpoint = checkpoints.current()

st.title("What does the ELBO weigh?")
needs_a_bound(checkpoint)
needs_a_decoder(checkpoint)
needs_data(checkpoint)
example = chosen(checkpoint)
if example:
    terms.terms(checkpoint, example)
    draws.draws(checkpoint, example)
image_expander(checkpoint, given=take_mine, expanded=example is None)
