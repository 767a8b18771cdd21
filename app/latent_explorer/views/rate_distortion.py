"""What beta does: one observation decoded at nine betas, what is kept of it at each, the frontier, and two maps of one scale."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.export import scripts
from latent_explorer.parts.nets import needs_data
from latent_explorer.sections.rate_distortion.frontier import gaps, measured, numbers
from latent_explorer.sections.rate_distortion.single import single_point
from latent_explorer.sections.rate_distortion.strip import strip
from latent_explorer.text import code_span, plain

checkpoint = checkpoints.current()

st.title("What is kept when every bit costs more?")
needs_data(checkpoint)

if checkpoint.betas:
    frontier = measured(checkpoint)
    strip(checkpoint, frontier)
    if frontier is not None:
        numbers(checkpoint, frontier)
        gaps(checkpoint, frontier)
    else:
        st.info(
            f"The frontier of {plain(checkpoint.name)} has not been measured yet. Measure it with {code_span(scripts.run(checkpoint, 'frontier'))}."
        )
else:
    single_point(checkpoint)
