"""What a notebook asks for: a model fitted to arrays, its latents moved, and the explorer opened on it, or shown in a cell."""

import functools
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .checkpoints import Checkpoint, load, opened, save_atlas
from .checkpoints.folder import ATLAS
from .data import Dataset, data_from, data_of, open_data
from .data.at_hand import numbers_of
from .explore import reach
from .explore import traverse as traversed
from .fields import options
from .models import MODELS, Declaration, declare
from .names import LABEL
from .objectives import OBJECTIVES
from .priors import one_hot

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
        atlas: whether to make the atlas, which the maps of the explorer show.
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


def traverse(
    checkpoint: Checkpoint | Path | str,
    x: Any = None,
    y: Any = None,
    *,
    latent: str | None = None,
    dimensions: Sequence[int] | None = None,
    steps: int = 9,
) -> np.ndarray:
    """What each dimension of a latent changes: one at a time moves over its prior, three standard deviations about its mean.

    Args:
        checkpoint: the checkpoint, its folder, or the name of a bundled one.
        x: one observation to begin at; the mean of the prior unless given.
        y: its class, by name or number, where encoder, decoder or prior read one; the first class unless given.
        latent: which latent; the first block unless given.
        dimensions: which of its dimensions, from 0 on; all unless given.
        steps: positions of each, T.

    Returns:
        Images `(len(dimensions), T, C, H, W)` within [0, 1], or rows `(len(dimensions), T, F)`.

    Raises:
        ValueError: one sentence, for a latent or a dimension that is not there, and as `Checkpoint.encode` does.

    Example:
        >>> traverse(load("vae-mnist"), dimensions=[0, 3], steps=5).shape
        (2, 5, 1, 28, 28)
    """
    checkpoint = opened(checkpoint)
    model = checkpoint.model
    block = model.blocks[0] if latent is None else latent
    if block not in model.blocks:
        raise ValueError(
            f"{checkpoint.name} has no latent {block!r}: choose one of {', '.join(model.blocks)}"
        )
    size = model.sizes[block]
    chosen = list(range(size) if dimensions is None else dimensions)
    if not chosen or not all(0 <= dimension < size for dimension in chosen):
        raise ValueError(
            f"the dimensions of {block} are 0 to {size - 1}, got {', '.join(map(str, chosen)) or 'none'}"
        )
    if steps < 2:
        raise ValueError(f"a traversal has two steps at least, got {steps}")
    start = _start(checkpoint, x, y)
    low, high = (end[chosen] for end in reach(model, block, start[block][None]))
    values = low[:, None] + (high - low)[:, None] * torch.linspace(0, 1, steps, device=model.device)
    return traversed(model, start, block, chosen, values).cpu().numpy()


@torch.no_grad()
def _start(checkpoint: Checkpoint, x: Any, y: Any) -> dict[str, torch.Tensor]:
    """One code `(D,)` of each latent, and the class where the decoder reads one that is given."""
    model, classes = checkpoint.model, checkpoint.signature.classes
    reads = LABEL in (*model.inputs(), *model.encoder_reads, *model.coded)
    number = numbers_of(0 if y is None else y, classes, 1) if reads and LABEL not in model.latents else None
    told = {} if number is None else {LABEL: one_hot(number, len(classes)).to(model.device)}
    if x is None:
        codes = model.generate(told, only=model.latents)
    else:
        found = checkpoint.encode(x, y if number is None else [int(number)])
        codes = {name: torch.from_numpy(code).to(model.device) for name, code in found.items()} | told
    if any(len(code) != 1 for code in codes.values()):
        raise ValueError("a traversal begins at one observation: give one of them")
    return {name: codes[name][0] for name in model.coded}


def open_app(
    checkpoint: Checkpoint | Path | str,
    data: Any = None,
    y: Any = None,
    *,
    port: int = 8501,
    browser: bool = True,
) -> subprocess.Popen:
    """Open the explorer on a checkpoint, in a process of its own. Where it has no atlas, one is made first.

    Args:
        checkpoint: the checkpoint, its folder, or the name of a bundled one.
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
    checkpoint = opened(checkpoint)
    _with_atlas(checkpoint, data, y)
    words = [sys.executable, "-m", "latent_explorer", "app", "--models", str(checkpoint.folder)]
    return subprocess.Popen([*words, "--port", str(port), *([] if browser else ["--no-browser"])])


def _with_atlas(checkpoint: Checkpoint, data: Any, y: Any) -> None:
    """Make the atlas of a checkpoint that has none. Raises ValueError where its data is not at hand."""
    if (checkpoint.folder / ATLAS).exists():
        return
    from .projections import make_atlas

    source = None if data is None else _dataset(data, y)
    made = make_atlas(checkpoint.model, data_of(checkpoint.card.data, source).test)
    save_atlas(checkpoint.folder, made, checkpoint.weights)


@dataclass(frozen=True)
class Shown:
    """A page of the explorer in a cell of a notebook.

    Attributes:
        address: of the page, which this process serves to this machine alone.
        height: of its frame, CSS pixels.

    Example:
        >>> "iframe" in Shown("http://127.0.0.1:1234/index.html", 600)._repr_html_()
        True
    """

    address: str
    height: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{escape(self.address)}" width="100%" height="{self.height}" style="border:0" '
            'title="Latent Explorer" allow="clipboard-write"></iframe>'
            f'<small>This kernel serves the page to a browser on this machine (<a href="{escape(self.address)}" target="_blank">in a tab of its own</a>): '
            "after a restart, run the cell again.</small>"
        )


def show(
    checkpoint: Checkpoint | Path | str,
    only: str | None = None,
    *,
    data: Any = None,
    y: Any = None,
    height: int = 640,
) -> Shown:
    """Show a checkpoint in a cell of a notebook: the page that `latent-explorer publish` writes, decoded in the reader's browser.

    `vae_core.explore(checkpoint)` is the same. The page is served by this process, to a browser on this machine, until the process ends.

    Args:
        checkpoint: the checkpoint, its folder, or the name of a bundled one; where it has no atlas, one is made first.
        only: one view alone: map, live, samples or frontier; all of them unless given.
        data: what it was trained on, as `open_app` takes it; needed for an atlas only.
        y: the classes of such arrays.
        height: of the frame, CSS pixels.

    Returns:
        What a notebook shows as a frame.

    Raises:
        ValueError: one sentence, for a model that does not export, and where an atlas is needed and the data is not at hand.

    Example:
        >>> show(load("vae-mnist"), "map")  # doctest: +SKIP
    """
    checkpoint = opened(checkpoint)
    _with_atlas(checkpoint, data, y)
    home = tempfile.TemporaryDirectory(prefix="latent-explorer-")
    site = Path(home.name) / "site"
    words = [sys.executable, "-m", "latent_explorer", "publish", str(checkpoint.folder), "--out", str(site)]
    made = subprocess.run([*words, *(["--only", only] if only else [])], capture_output=True, text=True)
    if made.returncode:
        home.cleanup()
        said = made.stderr.strip().splitlines() or ["the page could not be made"]
        raise ValueError(said[-1].removeprefix("latent-explorer: "))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    _SERVED.append((home, server))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return Shown(f"http://127.0.0.1:{server.server_port}/index.html", height)


_SERVED: list[tuple[tempfile.TemporaryDirectory[str], ThreadingHTTPServer]] = []  # until the process ends


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and does not print every request into the notebook."""

    def log_message(self, *_: Any) -> None:
        pass
