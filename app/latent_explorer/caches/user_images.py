"""A visitor's image, read once, and its code."""

import streamlit as st
import torch
from torch import Tensor

from latent_explorer.user_image.images import UserImage, read, white_on_black
from vae_core import Checkpoint
from vae_core.data import Data
from vae_core.explore import encode
from vae_core.names import IMAGE
from vae_core.nets import Shape


@st.cache_data(show_spinner=False, max_entries=16)
def upload(name: str, shape: Shape, _data: bytes) -> UserImage:
    """A file as the model's images are, read once and not at every run; `name` tells uploads apart. Raises ValueError.

    Grey figures are turned bright on dark; colours are left as they are.
    """
    image = read(_data, shape)
    return white_on_black(image) if shape[0] == 1 else image


def codes(checkpoint: Checkpoint, image: UserImage) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale `(1, D)` of a visitor's image for each latent, its pixels drawn as those of the test images were."""
    stored, label = torch.from_numpy(image.values)[None], torch.zeros(1, dtype=torch.long)
    data = Data("own", "test", stored, label, (), kind=checkpoint.kind)
    drawn = data.scored_by(checkpoint.model).drawn()
    return {name: (q.mean, q.stddev) for name, q in encode(checkpoint.model, {IMAGE: drawn}).items()}
