"""Map: the projection of each latent block, linked; selections and an opened item."""

import streamlit as st
from latent_explorer.caches import checkpoints
from latent_explorer.parts.nets import needs_data
from latent_explorer.sections.map.maps import choices, linked_maps, own_image

checkpoint = checkpoints.current()

st.title(f"Where do {checkpoint.kind.many} lie?")
needs_data(checkpoint)

linked_maps(checkpoint, choices(checkpoint))
own_image(checkpoint)
