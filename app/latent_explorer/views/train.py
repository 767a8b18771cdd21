"""Train: a new training, or one that runs or has run: watched, steered, and taken along."""

import streamlit as st
from latent_explorer.sections.train.choice import chosen_run
from latent_explorer.sections.train.form import new
from latent_explorer.sections.train.watching import watched
from latent_explorer.sections.train.whole import whole
from latent_explorer.text import plain
from latent_explorer.training import runs
from latent_explorer.training.allowed import why_not_here

title, choice = st.columns([2, 1], vertical_alignment="center")
title.title("What happens while a model learns?")
name = chosen_run(choice)
if name is not None:
    run = runs.everyone()[name]
    watched(run)
    whole(run)
elif wrong := why_not_here():
    st.info(f"{plain(wrong[:1].upper() + wrong[1:], 500)}.")
else:
    new()
