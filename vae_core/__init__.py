"""Latent Explorer's core: VAE-family models, their training, measurement and exploration.

>>> import vae_core
>>> checkpoint = vae_core.load(vae_core.bundled()["cdvae-mnist"])
>>> checkpoint.model.latents
['z_l', 'z_u']
"""

from .checkpoints import Checkpoint, bundled, load
from .metrics import evaluate

__all__ = ["Checkpoint", "bundled", "evaluate", "load"]
