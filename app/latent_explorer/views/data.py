"""Open data: what is understood of a folder, a file, a name or an upload, and the command that trains a model of it."""

import streamlit as st
from latent_explorer.sections.data.asked import asked
from latent_explorer.sections.data.begin import begin
from latent_explorer.sections.data.options import again
from latent_explorer.sections.data.shown import refused, shown

st.title("What is in your data?")
st.caption(
    "See how a data set is understood, and what may be wrong with it, before anything trains. Nothing is kept, unless a model is trained on it."
)

asked()
above = st.container()
begin()
again()
with above:
    refused()
shown()
