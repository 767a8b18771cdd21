"""Latent Explorer's core: VAE-family models, their training, measurement and exploration.

>>> import vae_core
>>> checkpoint = vae_core.load(vae_core.bundled()["cdvae-mnist"])
>>> checkpoint.model.latents
['z_l', 'z_u']
"""

import sys
from importlib import metadata
from types import ModuleType
from typing import Any

from .checkpoints import Checkpoint, bundled, load
from .data import data_from, open_data
from .interchange import bring, bring_embeddings, export_onnx, import_onnx, wrap
from .metrics import evaluate
from .models import declare
from .notebooks import Shown, fit, open_app, show, traverse
from .plugins import use

__all__ = [
    "Checkpoint",
    "bring",
    "bring_embeddings",
    "bundled",
    "data_from",
    "declare",
    "evaluate",
    "export_onnx",
    "fit",
    "import_onnx",
    "load",
    "open_app",
    "open_data",
    "show",
    "traverse",
    "use",
    "wrap",
]


class _Explore(ModuleType):
    """The package `vae_core.explore`, which can be called: `vae_core.explore(checkpoint)` shows a checkpoint in a notebook (`show`)."""

    def __call__(self, *arguments: Any, **options: Any) -> Shown:
        return show(*arguments, **options)


sys.modules[f"{__name__}.explore"].__class__ = _Explore

try:
    __version__ = metadata.version("latent-explorer")
except metadata.PackageNotFoundError:  # a checkout that is on the path and not installed
    __version__ = "0+checkout"
