"""The two ends of a path: items, or the visitor's image first."""

from typing import NamedTuple

import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.export import scripts
from latent_explorer.parts.anchors import choose
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image, codes_and_class, not_in_a_link
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.explore import Codes


def user_image_end(checkpoint: Checkpoint) -> UserImage | None:
    """The visitor's image where it is to be the first end."""
    guest = chosen_image(checkpoint)
    if guest is None:
        if st.query_params.get("own", "").lower() == "true":
            not_in_a_link()
        return None
    uses = st.toggle(f"Start from your {checkpoint.kind.one}", key="own", bind="query-params")
    linked.write(uses)
    return guest if uses else None


def start_from_own(checkpoint: Checkpoint) -> None:
    """The visitor's image, just drawn or given on this page, is the first end."""
    if chosen_image(checkpoint) is not None:  # and not where a drawing was wiped away
        st.session_state["own"] = True


class Ends(NamedTuple):
    """The codes `(2, D)` of two ends in each latent, their classes where both are known, and the lines of a script that make `codes`."""

    codes: Codes
    labels: list[int]
    lines: list[str]


def chosen_ends(checkpoint: Checkpoint) -> Ends:
    atlas = checkpoint.atlas
    image = user_image_end(checkpoint)
    names = {"from": f"From {checkpoint.kind.one}", "to": f"To {checkpoint.kind.one}"}
    items = choose(checkpoint, names, (0, 1), "Another pair", image)
    codes, labels = encodings.item_codes(checkpoint, items), [int(atlas.labels[item]) for item in items]
    if image is None:
        return Ends(codes, labels, scripts.codes_of_items(checkpoint, items))
    code, label = codes_and_class(checkpoint, image)
    codes = {name: torch.cat([code[name], both[1:]]) for name, both in codes.items()}
    return Ends(codes, [] if label is None else [label, labels[1]], scripts.codes_written(codes))
