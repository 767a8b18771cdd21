"""What a published page shows of one model: its files, and the JSON that its components are given."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from latent_explorer import palette
from latent_explorer.caches import colourings, layouts
from latent_explorer.components.controls import Controlled, Scene, State
from latent_explorer.components.map import Decoder
from latent_explorer.components.map.selection import Grid
from latent_explorer.components.shared import kind_words
from latent_explorer.live import controls
from latent_explorer.live.route import rounded
from latent_explorer.parts import words
from latent_explorer.sections.map.panel import bare
from latent_explorer.sections.start import first
from latent_explorer.session.sidebar import scale
from latent_explorer.site import packed
from latent_explorer.site.card import card
from latent_explorer.site.strips import strips
from latent_explorer.text import cleaned, key
from vae_core import Checkpoint
from vae_core.interchange.answering import Answering, answering
from vae_core.kinds import MOST_BARS, Image, Kind, Table
from vae_core.labels import has_label
from vae_core.multirate import rates_of
from vae_core.names import LABEL
from vae_core.projections import JOINT
from vae_core.serving import Answer, LiveDecoder, Request

# Pictures of the film that moves until the decoder is there: positions of a handle, and the bytes of all of them together.
MOST_FRAMES, FEWEST_FRAMES, FILM = 33, 7, 400_000


# Features of a table that are named below the title of a page.
MOST_NAMES = 30

# Files of a model that a view needs where it stands alone, by how their names begin.
FILES = {
    "map": ("draw", "codes", "places"),
    "live": ("draw", "codes"),
    "samples": ("draw", "codes"),
    "frontier": ("draw", "codes", "strip"),
}


@dataclass
class Shown:
    """Files of a model by their names in its folder, and the JSON of its page."""

    files: dict[str, bytes] = field(default_factory=dict)
    page: dict[str, Any] = field(default_factory=dict)


def shown(checkpoint: Checkpoint, only: str | None = None) -> Shown:
    """All that a page shows of a checkpoint, or what one view alone does.

    Raises ValueError with one sentence for a model that does not export, and for a view that has nothing to show of it.
    """
    found = _everything(checkpoint, only)
    if only:
        kept = ("film", *FILES[only])
        found.files = {name: data for name, data in found.files.items() if name.startswith(kept)}
    return found


def _check(checkpoint: Checkpoint, only: str | None) -> None:
    if only not in (None, "map") and (reason := checkpoint.model.no_decoder):
        raise ValueError(
            f"--only {only} decodes, and {checkpoint.name} cannot: {reason}; publish its map with --only map"
        )
    if only == "frontier" and not checkpoint.betas:
        raise ValueError(
            f"--only frontier is of multi-rate models, and {checkpoint.name} was trained for one beta: choose another page"
        )


def _everything(checkpoint: Checkpoint, only: str | None) -> Shown:
    _check(checkpoint, only)
    found = Shown()
    model = checkpoint.model
    found.page = {
        "name": checkpoint.name,
        "kind": kind_words(checkpoint.kind),
        "items": len(checkpoint.atlas),
        "classes": list(checkpoint.atlas.classes) if has_label(model) else [],
        "names": list(colourings.names_of_classes(checkpoint)),
        "card": card(checkpoint),
        "drawn": drawn_as(checkpoint.kind),
        "noDecoder": model.no_decoder,
        "noEncoder": model.no_encoder,
    }
    _places(checkpoint, found)
    if model.no_decoder:
        return found
    graphs = answering(checkpoint)
    if only:
        graphs.graphs.pop("encode", None)
        graphs.told["inputs"].pop("encode", None)
    _graphs(graphs, found)
    _encodings(checkpoint, found)
    found.page["model"] = graphs.told
    found.page["grid"] = {
        block: [float(beta) for beta in betas] for block, betas in checkpoint.atlas_grid.betas.items()
    }
    found.page["betas"] = {block: scale(rate.exposed) for block, rate in rates_of(model).items()}
    found.page["usual"] = dict(checkpoint.betas)
    _controls(checkpoint, found)
    found.page["styles"] = model.styles
    found.page["blocks"] = [
        {
            "name": block,
            "title": words.capital(words.latents(model, block)),
            "about": words.moved(model, block),
        }
        for block in model.blocks
    ]
    if only in (None, "frontier"):
        strips(checkpoint, found.files, found.page)
    found.page["rows"] = [
        int(np.flatnonzero(checkpoint.atlas.labels == c)[0]) for c in np.unique(checkpoint.atlas.labels)
    ][:10]
    return found


def drawn_as(kind: Kind) -> str:
    """What a picture of a row is: which features its bars or cells are. Images are what they look like."""
    if not isinstance(kind, Table):
        return ""
    names = [cleaned(name, 40) for name in kind.names]
    said = ", ".join(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        said += f" and {len(names) - MOST_NAMES:,} more"
    form = "from left to right" if len(names) <= MOST_BARS else "as cells of a square, row after row"
    part = "bar" if len(names) <= MOST_BARS else "cell"
    return f"A row is drawn as its {kind.numbers} {form}: {said}. A {part} is {'high' if part == 'bar' else 'bright'} where the value is, within the range of its column."


def _graphs(graphs: Answering, found: Shown) -> None:
    """What draws in one file, and what encodes in another, which is loaded when somebody draws."""
    for file, names in (
        ("draw", [name for name in graphs.graphs if name != "encode"]),
        ("encode", ["encode"]),
    ):
        there = {
            name: np.frombuffer(graphs.graphs[name], np.uint8) for name in names if name in graphs.graphs
        }
        tables = graphs.tables if file == "draw" else {}
        if not there:
            continue
        header = {
            "graphs": list(there),
            "tables": {name: list(values.shape) for name, values in tables.items()},
        }
        arrays = [*there.values(), *(packed.singles(values) for values in tables.values())]
        found.files[f"{file}.bin"] = packed.packed(header, *arrays)


def _encodings(checkpoint: Checkpoint, found: Shown) -> None:
    """A file for each point of the grid of betas: the encodings of each latent, and the class of each item."""
    count = len(checkpoint.atlas.classes)
    labels = checkpoint.atlas.labels.astype(np.uint8 if count <= 256 else np.uint16)
    for point, atlas in enumerate(checkpoint.atlas_grid.atlases):
        names = [name for name in checkpoint.model.latents if name in atlas.means]
        told, arrays = {}, []
        for name in names:
            values = np.asarray(atlas.means[name], np.float32)
            form, stored = packed.codes(values)
            told[name] = {"width": values.shape[1], "form": form}
            arrays.append(stored)
        found.files[f"codes-{point}.bin"] = packed.packed({"codes": told}, labels, *arrays)


# ---- the maps


def _places(checkpoint: Checkpoint, found: Shown) -> None:
    """The header of the maps, and a file of places for each point of the grid of betas, in the form of the map's own message."""
    model, kind = checkpoint.model, layouts.default(checkpoint)
    names = colourings.names_of_classes(checkpoint)
    mapped = [JOINT] if layouts.are_lines(checkpoint) else model.blocks
    places = [layouts.of_block(checkpoint, block, kind) for block in mapped]
    labels = checkpoint.atlas.labels.astype(np.uint8 if len(names) <= 256 else np.uint16)
    grid = checkpoint.atlas_grid
    for point in range(len(grid.atlases)):
        betas = {block: float(values[point]) for block, values in grid.betas.items()}
        panels = [bare(checkpoint.at(betas) if betas else checkpoint, place) for place in places]
        cells = [Grid.of(panel.xy, panel.frame) for panel in panels]
        header = {
            "map": "map",
            "digest": str(point),
            "grids": [[*cell.origin.tolist(), *cell.step.tolist()] for cell in cells],
            "priors": [[shape.to_json() for shape in panel.shapes] for panel in panels],
        }
        columns = [np.ascontiguousarray(column) for cell in cells for column in cell.cells.T]
        found.files[f"places-{point}.bin"] = packed.packed(header, labels, *columns)
    told = [bare(checkpoint, place).told(()) for place in places]
    for panel in told:  # the sliders above say where they stand
        panel["title"] = panel["title"].split(" · β")[0]
    decoder = None if model.no_decoder else Decoder.of(checkpoint.name, model, checkpoint.betas).to_json()
    found.page["map"] = {
        "map": "map",
        "frame": "map",
        "panels": told,
        "classes": list(names),
        "colours": palette.colours(len(names)),
        "scale": None,
        "kind": kind_words(checkpoint.kind),
        "decoder": decoder,
        "thumbnails": None,
        "height": None,
        "kept": None,
        "lit": None,
        "found": None,
    }


# ---- the controls, and the film that moves until the decoder is there


def _controls(checkpoint: Checkpoint, found: Shown) -> None:
    decoder, model = LiveDecoder(lambda name: checkpoint), checkpoint.model
    state = State(betas=dict(checkpoint.betas))
    (answer,) = _answers(decoder, [controls.request(checkpoint, state)])
    said = None if answer.classes is None else np.round(answer.classes[0].astype(float), 4).tolist()
    codes = rounded(answer.codes)
    scene = Scene(np.concatenate([answer.pixels] * 2), codes, said, codes)
    told = controls.controlled(checkpoint, state, None, None, shown=scene)
    few = first.few(checkpoint)
    handles = sum(len(block.handles) for block in few)
    found.page["live"] = {
        **_told(told),
        "directions": [],
        "labels": base64.b64encode(checkpoint.atlas.labels.astype("<u2").tobytes()).decode(),
        "positions": found.page["betas"],
        "alone": True,
    }
    paper = "encode" in found.page["model"]["inputs"]
    found.page["first"] = {
        **_told(replace(told, blocks=few)),
        "given": base64.b64encode(answer.pixels.tobytes()).decode(),
        "narrow": False,
        "heading": f"{handles} of its {sum(model.sizes.values())} numbers",
        "count": len(checkpoint.atlas),
        "paper": paper,
        "aspect": checkpoint.kind.shape[1] / checkpoint.kind.shape[2]
        if isinstance(checkpoint.kind, Image)
        else 1.0,
        "centre": True,
        "strokes": [],
        "alone": True,
    }
    _film(checkpoint, decoder, found, answer, few)


def _told(told: Controlled) -> dict[str, Any]:
    return {**told.told(), "reports": 0}


def _answers(decoder: LiveDecoder, requests: Sequence[Request]) -> list[Answer]:
    answers = decoder.answer(requests)
    for answer in answers:
        if isinstance(answer, ValueError):
            raise answer
    return answers  # type: ignore[return-value]


def _film(
    checkpoint: Checkpoint, decoder: LiveDecoder, found: Shown, start: Answer, few: Sequence[Any]
) -> None:
    """The first item under each of the first handles, and in every class, decoded beforehand: what moves while the decoder is loaded, and
    all that there is where a browser cannot run it."""
    codes = {name: rows.astype(np.float32) for name, rows in start.codes.items()}
    handles = [(block.name, handle) for block in few for handle in block.handles]
    size = start.pixels[0].nbytes
    steps = max(FEWEST_FRAMES, min(MOST_FRAMES, FILM // max(1, size * len(handles))))
    frames, told, at = [start.pixels], [], 1
    for block, handle in handles:
        values = np.round(np.linspace(handle.low, handle.high, steps), 3)
        asked = {name: np.repeat(rows, steps, 0) for name, rows in codes.items()}
        asked[block] = asked[block].copy()
        asked[block][:, handle.dimension] = values
        # What hangs below the block is left to the model, as where a handle is moved.
        below = checkpoint.model.below(block)
        given = {name: rows for name, rows in asked.items() if name not in below}
        request = Request(0, checkpoint.name, steps, codes=given, betas=dict(checkpoint.betas))
        (answer,) = _answers(decoder, [request])
        frames.append(answer.pixels)
        told.append(
            {
                "block": block,
                "dimension": handle.dimension,
                "values": values.tolist(),
                "from": at,
                "below": below,
            }
        )
        at += steps
    every = None
    kept, classes = controls.kept(checkpoint), len(found.page["classes"])
    if 1 < classes <= 26 and kept:
        given = {name: np.repeat(codes[name], classes, 0) for name in kept}
        request = Request(
            0,
            checkpoint.name,
            classes,
            codes=given,
            label=tuple(range(classes)),
            betas=dict(checkpoint.betas),
        )
        (answer,) = _answers(decoder, [request])
        frames.append(answer.pixels)
        every = {"from": at, "count": classes, "kept": kept}
    pixels = np.concatenate(frames)
    said = None if start.classes is None else np.round(start.classes[0].astype(float), 4).tolist()
    found.files["film.bin"] = packed.packed(
        {
            "shape": list(pixels.shape),
            "item": 0,
            "codes": rounded(start.codes),
            "betas": dict(checkpoint.betas),
            "said": said,
            "labelled": [*checkpoint.model.labelled, LABEL],
            "handles": told,
            "every": every,
        },
        pixels.ravel(),
    )


def named(checkpoints: Sequence[Checkpoint]) -> Mapping[str, str]:
    """The folder of each model in the site, by its name.

    Raises ValueError for two of one name.
    """
    names = [checkpoint.name for checkpoint in checkpoints]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two of the models are called {twice[0]}: rename the folder of one")
    return {name: key(name) for name in names}
