"""Lessons: what there is to learn here, step by step, and how far one has come; or the figure of a step that has its own."""

import streamlit as st
from latent_explorer.lessons import figures, strip
from latent_explorer.sections.lessons.shelf import all_lessons

here = strip.current()

if here is not None and here.step.figure:
    figures.FIGURES[here.step.figure]()
else:
    st.title("What would you like to understand?")
    all_lessons()
