"""What the first visitor would otherwise wait for, made ready behind the server's start: modules that are imported where they are used,
the cards, the model that the app opens on, and its first answer."""

import importlib
import logging
import pkgutil
import threading

import latent_explorer

# What Streamlit imports at its first component or chart, and we at the first page of a kind.
FIRST = ("pandas", "latent_explorer.sections.start.first", "latent_explorer.lessons.strip")
# Scripts, which only run in a page, and commands.
SCRIPTS = ("latent_explorer.main", "latent_explorer.views", "latent_explorer.__main__")


def begin() -> threading.Thread:
    """Start it; a page that comes meanwhile finds what is there and makes the rest itself."""
    thread = threading.Thread(target=_warm, name="warm", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    try:
        for name in FIRST:
            importlib.import_module(name)
        _first_model()
        for module in _modules():
            importlib.import_module(module)
    except Exception:  # it is the page that says what is wrong
        logging.getLogger(__name__).debug("nothing was made ready", exc_info=True)


def _first_model() -> None:
    """The answers that the first page asks for."""
    from latent_explorer.caches import checkpoints, collection
    from latent_explorer.components.controls import State
    from latent_explorer.live import controls
    from latent_explorer.sections.start import first

    name = next(iter(checkpoints.offered()))
    collection.by_prior(name)
    found = checkpoints.checkpoint(name)
    if not found.model.no_decoder:
        controls.scene(found, State())
        first.few(found)


def _modules() -> list[str]:
    """All of ours, so that no page waits for an import."""
    found = pkgutil.walk_packages(latent_explorer.__path__, f"{latent_explorer.__name__}.")
    return [module.name for module in found if not module.name.startswith(SCRIPTS)]
