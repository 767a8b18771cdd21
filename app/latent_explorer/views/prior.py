"""Prior: what a block's prior looks like beside the encodings, for one model or for two that differ by it."""

from functools import partial

import streamlit as st
from latent_explorer.caches import checkpoints, collection
from latent_explorer.parts import words
from latent_explorer.parts.nets import needs_data
from latent_explorer.parts.panels import opened
from latent_explorer.sections.prior.classes import classes
from latent_explorer.sections.prior.clusters import clusters
from latent_explorer.sections.prior.components import components
from latent_explorer.sections.prior.densities import densities
from latent_explorer.sections.prior.holes import holes
from latent_explorer.sections.prior.shared import block_of
from latent_explorer.session import links

from vae_core import Checkpoint

checkpoint = checkpoints.current()

NOBODY = "nothing"

CLUSTERS, COMPONENTS, CLASSES, DENSITIES, HOLES = VIEWS = (
    "Clusters",
    "Components",
    "Classes",
    "Densities",
    "Holes",
)

st.title(f"Where does the prior expect {checkpoint.kind.many}?")
needs_data(checkpoint)
if stand_ins := words.standing_in(checkpoint.model):
    st.caption(f"**Fitted or absent:** {' '.join(stand_ins)}")


def chosen() -> tuple[str, str, list[Checkpoint]]:
    """The controls on top: what is looked at, in which block, and beside which other model."""
    left, middle, right = st.columns([2.4, 1, 1.4], vertical_alignment="bottom")
    has_classes = len(checkpoint.atlas.classes) > 1
    shown = links.with_meaning({view: has_classes or view != CLASSES for view in VIEWS}, "look")
    look = links.one_of("Look at", shown, key="look", what="view", place=left)
    names = checkpoint.model.blocks
    links.settle("block", names, "block")
    block = middle.selectbox("Latents", names, key="block", bind="query-params")
    others = [NOBODY, *collection.on_the_same_items(checkpoint)]
    links.settle("beside", others, "model beside it")
    other = right.selectbox("Compare with", others, key="beside", bind="query-params")
    return look, block, [checkpoint, *([] if other == NOBODY else opened([other]))]


look, block, models = chosen()

if look == CLUSTERS:
    clusters(models, block)
elif look == CLASSES:
    if len(checkpoint.atlas.classes) > 1:
        classes(models, block)
    else:
        st.info(f"These {checkpoint.kind.many} have no classes. Choose a model of labelled data.")
else:
    across = partial(densities, columns=4 if len(models) == 1 else 3)
    section = {COMPONENTS: components, DENSITIES: across, HOLES: holes}[look]
    for place, each in zip(st.columns(len(models), gap="large"), models, strict=True):
        with place:
            section(each, block_of(each, block))
