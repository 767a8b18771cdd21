"""A model of two dimensions, whose latent space is a plane: the closed form of PPCA takes a moment."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core import projections
from vae_core.checkpoints import save_atlas
from vae_core.data import load_data
from vae_core.models import PPCA
from vae_core.projections import make_atlas
from vae_core.training import Options, train

NAME = "flat-digits"


def flat(folder: Path) -> Path:
    """Train it into a folder of models, which is given back."""
    made = train(PPCA(latent=2), load_data("digits"), Options(device="cpu"), folder / NAME)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", _first_two)
        save_atlas(made.folder, make_atlas(made.model, load_data("digits", "test")))
    return folder


def _first_two(codes: np.ndarray, *more: Any, **others: Any) -> np.ndarray:
    return codes[:, :2].astype(np.float32)
