"""The image whose bound is weighed."""

from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches import encodings, sources, user_images
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image, not_in_a_link
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import WeighedBound, weigh, with_class
from vae_core.names import LABEL

# Draws of the posteriors that a mean is taken over: its standard error is a few tenths of a nat.
DRAWS = 64


class Example(NamedTuple):
    """One image as the model scores it, what it is called, the class that it goes with, its bound, and the seed of the draws."""

    batch: dict[str, Tensor]
    says: str
    label: str
    found: WeighedBound
    seed: int


def needs_a_bound(checkpoint: Checkpoint) -> None:
    """End the page where there is no bound: it says why."""
    if reason := checkpoint.model.no_bound:
        st.info(f"{plain(checkpoint.name)} has no ELBO: {plain(reason, 500)}.", icon=":material/block:")
        st.stop()


def chosen(checkpoint: Checkpoint) -> Example | None:
    """The controls, and what they choose; a sentence where the images are not at hand."""
    one, image = checkpoint.kind.one, chosen_image(checkpoint)
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    if image is None and st.query_params.get("mine") == "true":
        not_in_a_link()
    reason = sources.missing(checkpoint)
    mine = image is not None and (bool(reason) or left.toggle(f"Your {one}", key="mine", bind="query-params"))
    linked.write(bool(mine))
    seed = links.whole(right, "Seed of the draws", 0, 9999, "seed", "seed")
    if mine and image is not None:
        batch = with_class(checkpoint.model, user_images.observed(checkpoint, image), scored=True)
        return _example(checkpoint, batch, f"your {one}", seed)
    if reason:
        st.info(f"{reason} Or begin with {checkpoint.kind.an} of your own, below.")
        return None
    links.belonging("item", encodings.items_of(checkpoint), 0)
    item = links.whole(middle, words.capital(one), 0, len(checkpoint.atlas) - 1, "item", one)
    source = sources.originals(checkpoint)
    assert source is not None
    batch = source.scored_by(checkpoint.model).batch(torch.tensor([item]), Sampler.seeded(0))
    return _example(checkpoint, batch, f"{one} {item}", seed)


def take_mine() -> None:
    """Weigh what the visitor has just drawn or given."""
    st.session_state["mine"] = True


def _example(checkpoint: Checkpoint, batch: dict[str, Tensor], says: str, seed: int) -> Example:
    model = checkpoint.model.as_trained()
    read = {parent for part in (*model.p.values(), *model.q.values()) for parent in part.given} | set(model.p)
    batch = {name: value for name, value in batch.items() if name in read}
    classes = checkpoint.atlas.classes
    label = classes[int(batch[LABEL].argmax())] if LABEL in batch and classes else ""
    return Example(batch, says, label, weigh(model, batch, DRAWS, Sampler.seeded(seed)), seed)
