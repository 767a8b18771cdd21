"""What a notebook asks for: a model fitted to arrays, and the explorer opened on it."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoints import Checkpoint, load, save_atlas
from .checkpoints.folder import ATLAS
from .data import Dataset, data_from, data_of, open_data
from .fields import options
from .models import MODELS, Declaration, declare
from .objectives import OBJECTIVES

if TYPE_CHECKING:
    from .training import Progress


def fit(
    model: str | Declaration,
    x: Any,
    y: Any = None,
    *,
    out: Path | str | None = None,
    atlas: bool = False,
    report: "Callable[[Progress], None]" = lambda progress: None,
    **asked: Any,
) -> Checkpoint:
    """Train a model on arrays, or on any source of data.

    Args:
        model: a name of `latent-explorer models`, or a declaration such as `CDVAE(unlabelled=4)`.
        x: observations, as `data_from` takes them; or a data set, or its name, folder or file.
        y: the class of each, by name or number; None for data without classes, and where `x` is a source.
        out: the folder of the checkpoint, which must not hold one; a temporary one unless given, to be kept by `Checkpoint.save`.
        atlas: whether to make the atlas, which the maps of the explorer show; its UMAP takes a minute.
        report: told of the progress every few steps, a `Progress` whose `parts` are the loss and its terms.
        asked: options of the model, of the training and of its objective, as the command line has them: `latent=8`, `epochs=30`,
            `beta=4.0`.

    Returns:
        The checkpoint.

    Raises:
        ValueError: one sentence, for an option that nothing takes, and for data or options that make no training.

    Example:
        >>> import numpy as np
        >>> images = np.random.default_rng(0).integers(0, 256, (32, 8, 8), np.uint8)
        >>> mine = fit("vae", images, latent=2, nets="mlp-256", epochs=1, device="cpu")
        >>> mine.encode(images)["z"].shape
        (32, 2)
    """
    from .projections import (
        make_atlas,  # no page of the explorer trains: these are imported where it is asked for
    )
    from .training import options_for, train

    own = {name for name in asked if isinstance(model, str) and name in _fields(model)}
    declaration = declare(model, {name: asked[name] for name in own}) if isinstance(model, str) else model
    rest = {name: value for name, value in asked.items() if name not in own}
    _check(rest, model)
    dataset = _dataset(x, y)
    chosen = options_for(declaration, rest)
    folder = Path(tempfile.mkdtemp(prefix="latent-explorer-")) / "fitted" if out is None else Path(out)
    made = train(declaration, dataset.split("train", chosen.limit), chosen, folder, report=report)
    if atlas:
        save_atlas(folder, make_atlas(made.model, dataset.test), made.weights)
    return load(folder, made.model.device)


def _fields(model: str) -> set[str]:
    return {field.name for field in fields(MODELS[model])} if model in MODELS else set()  # type: ignore[arg-type]


def _check(asked: dict[str, Any], model: str | Declaration) -> None:
    from .training import Options

    known = {field.name for field in fields(Options)}.union(*(options(kind) for kind in OBJECTIVES.values()))
    if unknown := sorted(set(asked) - known):
        what = model if isinstance(model, str) else type(model).__name__
        raise ValueError(
            f"neither {what} nor its training has an option {unknown[0]!r}: `latent-explorer train --help` lists them"
        )


def _dataset(x: Any, y: Any) -> Dataset:
    if isinstance(x, str | Path | Dataset):
        if y is not None:
            raise ValueError("a data set has its own classes: leave out y")
        return x if isinstance(x, Dataset) else open_data(x)
    return data_from(x, y)


def open_app(
    checkpoint: Checkpoint, data: Any = None, y: Any = None, *, port: int = 8501, browser: bool = True
) -> subprocess.Popen:
    """Open the explorer on a checkpoint, in a process of its own. Where it has no atlas, one is made first.

    Args:
        checkpoint: the checkpoint.
        data: what it was trained on, where the card's name does not say where that lies: a data set, or its name, folder or file, or the
            arrays that it was fitted to; needed for an atlas only.
        y: the classes of such arrays, as they were given to `fit`.
        port: of this machine, to serve on.
        browser: whether to open a browser window.

    Returns:
        The process: `terminate()` ends it.

    Raises:
        ValueError: one sentence, where an atlas is needed and the data is not at hand.

    Example:
        >>> app = open_app(load("vae-mnist"))  # doctest: +SKIP
        >>> app.terminate()  # doctest: +SKIP
    """
    if not (checkpoint.folder / ATLAS).exists():
        from .projections import make_atlas

        source = None if data is None else _dataset(data, y)
        made = make_atlas(checkpoint.model, data_of(checkpoint.card.data, source).test)
        save_atlas(checkpoint.folder, made, checkpoint.weights)
    words = [sys.executable, "-m", "latent_explorer", "app", "--models", str(checkpoint.folder)]
    return subprocess.Popen([*words, "--port", str(port), *([] if browser else ["--no-browser"])])
