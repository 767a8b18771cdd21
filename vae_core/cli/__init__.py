"""The commands of the core: train, import, evaluate, frontier, atlas, describe, export, pack, models. Exit code 2 and one sentence for bad usage.

`latent-explorer` is these and `app` (`latent_explorer.cli`); `python -m vae_core.cli` is these alone, as torchrun wants it.
"""

from .run import COMMANDS, TRACEBACK, main

__all__ = ["COMMANDS", "TRACEBACK", "main"]
