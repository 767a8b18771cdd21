"""Measure: what the card says, measured again on demand; all bundled models side by side, by any two numbers."""

import streamlit as st
from latent_explorer.caches import checkpoints, measurements, sources, sweeps
from latent_explorer.parts.leak import leak_note
from latent_explorer.parts.nets import needs_data
from latent_explorer.sections.measure.calibration import calibration
from latent_explorer.sections.measure.card import this_model
from latent_explorer.sections.measure.disentanglement import TOGETHER, side_by_side
from latent_explorer.sections.measure.factors import factors
from latent_explorer.sections.measure.models import all_models, two_numbers
from latent_explorer.sections.measure.sweep import SWEEP, trials_together
from latent_explorer.session import links

checkpoint = checkpoints.current()

VIEWS = {
    "This model": this_model,
    "All models": all_models,
    "Two numbers": two_numbers,
    "Calibration": calibration,
    "Factors": factors,
    TOGETHER: side_by_side,
    SWEEP: trials_together,
}

st.title("How good is this model?")
needs_data(checkpoint)

known = sources.may_have_factors(checkpoint)
means = {
    "Calibration": measurements.tells_classes(checkpoint),
    "Factors": known,
    SWEEP: sweeps.home_of(checkpoint.name) is not None,
}
shown = links.with_meaning({name: means.get(name, True) for name in VIEWS}, "show")
look = links.one_of("Look at", shown, key="show", what="view", label_visibility="collapsed")
VIEWS[look](checkpoint)
if VIEWS[look] is this_model:
    leak_note(checkpoint)
