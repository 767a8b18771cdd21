"""Traverse: one latent dimension at a time moves through its prior, everything else stays."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.parts.nets import needs_a_decoder
from latent_explorer.sections.traverse.strips import strips

checkpoint = checkpoints.current()

st.title("What does each latent dimension change?")
needs_a_decoder(checkpoint)
strips(checkpoint)
