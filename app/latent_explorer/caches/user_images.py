"""A visitor's image, read once, and its code."""

import streamlit as st
import torch
from torch import Tensor

from latent_explorer.user_image.images import Own, read, white_on_black
from vae_core import Checkpoint
from vae_core.data import Data
from vae_core.explore import (
    encode,
)
from vae_core.names import IMAGE
from vae_core.nets import Shape


@st.cache_data(show_spinner=False, max_entries=16)
def upload(name: str, shape: Shape, _data: bytes) -> Own:
    """A file as the model's images are, read once and not at every run; `name` tells uploads apart. Raises ValueError.

    Grey figures are turned bright on dark; colours are left as they are.
    """
    own = read(_data, shape)
    return white_on_black(own) if shape[0] == 1 else own


def own_codes(found: Checkpoint, own: Own) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale `(1, D)` of a visitor's image for each latent, its pixels drawn as those of the test images were."""
    data = Data("own", "test", torch.from_numpy(own.pixels)[None], torch.zeros(1, dtype=torch.long), ())
    image = data.scored_by(found.model).drawn()
    return {name: (q.mean, q.stddev) for name, q in encode(found.model, {IMAGE: image}).items()}
