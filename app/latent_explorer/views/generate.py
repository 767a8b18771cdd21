"""Generate: samples of the prior, class by class, and the swap matrix: the style of an item in every class."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.sections.generate.held import held
from latent_explorer.sections.generate.samples import samples
from latent_explorer.sections.generate.swaps import swaps

checkpoint = checkpoints.current()

st.title("What does the model draw by itself?")
needs_a_decoder(checkpoint)

samples(checkpoint)
swaps(checkpoint)
held(checkpoint)
