"""A visitor's image, read once, and its code."""

import streamlit as st
import torch
from torch import Tensor

from latent_explorer.user_image import apart
from latent_explorer.user_image.images import UserImage, white_on_black
from vae_core import Checkpoint
from vae_core.data import Data
from vae_core.explore import class_of, encode, with_class
from vae_core.labels import has_label
from vae_core.names import IMAGE
from vae_core.nets import Shape


@st.cache_data(show_spinner=False, max_entries=16)
def upload(name: str, shape: Shape, _data: bytes) -> UserImage:
    """A file as the model's images are, read once and not at every run; `name` tells uploads apart. Raises ValueError.

    Grey figures are turned bright on dark; colours are left as they are.
    """
    image = apart.read(_data, shape)
    return white_on_black(image) if shape[0] == 1 else image


def codes(checkpoint: Checkpoint, image: UserImage) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale `(1, D)` of a visitor's image for each part of a code, its pixels drawn as those of the test images were.

    Where encoder or decoder reads the class, which nobody says, it is the likeliest by the bound.
    """
    model = checkpoint.model
    batch = with_class(model, observed(checkpoint, image))
    found = {name: (q.mean, q.stddev) for name, q in encode(model, batch).items()}
    given = {name: batch[name] for name in model.coded if name not in found}
    return found | {name: (value, torch.zeros_like(value)) for name, value in given.items()}


def classes(checkpoint: Checkpoint, image: UserImage) -> Tensor | None:
    """p(class | image) by the model, `(1, K)`; None for one that does not read the class."""
    model = checkpoint.model
    return class_of(model, observed(checkpoint, image)) if has_label(model) else None


def observed(checkpoint: Checkpoint, image: UserImage) -> dict[str, Tensor]:
    """A visitor's image as the model's encoder reads it."""
    stored, label = torch.from_numpy(image.values)[None], torch.zeros(1, dtype=torch.long)
    data = Data("own", "test", stored, label, (), kind=checkpoint.kind)
    return {IMAGE: data.scored_by(checkpoint.model).drawn()}
