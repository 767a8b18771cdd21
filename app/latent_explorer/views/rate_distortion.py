"""Rate-distortion: what the model pays and what it gets at every beta, measured; and which dimensions die in which order."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.export import scripts
from latent_explorer.parts.nets import needs_data
from latent_explorer.sections.rate_distortion.frontier import measured, shown
from latent_explorer.sections.rate_distortion.single import single_point
from latent_explorer.text import code_span, plain

checkpoint = checkpoints.current()

st.title("What does β do?")
needs_data(checkpoint)

frontier = measured(checkpoint)
if frontier is not None and checkpoint.betas:
    shown(checkpoint, frontier)
elif checkpoint.betas:
    st.info(
        f"The frontier of {plain(checkpoint.name)} has not been measured yet. Measure it with {code_span(scripts.run(checkpoint, 'frontier'))}."
    )
else:
    single_point(checkpoint)
