"""Models of the same data side by side, by the factors that it was made of: scores, published ones, and what moves with a dimension.

Shapes: D dimensions of all blocks, F factors, T positions.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import collection, encodings, measurements
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.parts.panels import opened
from latent_explorer.pictures import to_bytes
from latent_explorer.published import LIKE, PUBLISHED, SCORES
from latent_explorer.session import links
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint
from vae_core.checkpoints import SUCCESSORS
from vae_core.data import DATASETS
from vae_core.explore import decode, ruler, settled, traversal
from vae_core.metrics.disentanglement import PART_IMAGES, PARTS
from vae_core.names import LABEL
from vae_core.priors import one_hot

TOGETHER = "Disentanglement"  # the name of this view
ACROSS, STEPS, SPAN = 2, 9, 2.5


def side_by_side(checkpoint: Checkpoint) -> None:
    offered = collection.of_known_factors()
    if not offered:
        st.info(
            "None of these models was trained on data whose factors are known. Train one: "
            "`latent-explorer train vae --data sprites --nets conv-32-64 --latent 10 --beta 4 --out runs/sprites`"
        )
        return
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    links.check("among", [*offered, *SUCCESSORS], "model")
    own = checkpoint.card.data.name
    data = (
        own if own in offered.values() else LIKE if LIKE in offered.values() else next(iter(offered.values()))
    )
    alike = [name for name, of in offered.items() if of == data]
    chosen = left.multiselect("Models", list(offered), alike, key="among", bind="query-params")
    if not chosen:
        st.info("Choose at least one model.")
    if not (models := opened(chosen)):
        return
    last = min(len(each.atlas) for each in models) - 1
    links.belonging("item", " ".join(sorted({encodings.items_of(each) for each in models})), 0)
    item = links.whole(right, "Image", 0, last, "item", "image")
    for start in range(0, len(models), ACROSS):
        for place, each in zip(st.columns(ACROSS), models[start : start + ACROSS], strict=False):
            with place:
                strips_by_factor(each, item)
    st.caption(
        "Each row moves the dimension whose posterior mean tells most of a factor, from the image’s code (outlined), over "
        f"±{SPAN:g} standard deviations of its prior; the note is the share of the factor’s entropy that it tells, and the next best share. "
        "Where a row changes more than its factor, or two rows share a dimension, the model is not disentangled."
        + next((said for each in models if (said := words.estimated(each.model))), "")
    )
    table(models)


def strips_by_factor(checkpoint: Checkpoint, item: int) -> None:
    told = measurements.factors(checkpoint)
    if told is None:
        st.info(
            f"The images of {plain(checkpoint.name)} are not on this server, so its factors are not known here."
        )
        return
    order = (-told.information).argsort(0, kind="stable")
    best, second = (np.take_along_axis(told.information, order[[i]], 0)[0] for i in (0, 1))
    start = encodings.item_codes(checkpoint, [item])
    given = {
        LABEL: one_hot(torch.tensor([int(checkpoint.atlas.labels[item])]), len(checkpoint.atlas.classes)),
        **start,
    }
    code, parts, marks = {name: rows[0] for name, rows in start.items()}, [], []
    for row, column in enumerate(order[0]):
        block, dimension = place_of(checkpoint, int(column))
        scale = ruler(checkpoint.model, block, given, SPAN, STEPS)
        moved = traversal(code, block, [dimension], scale.values[[dimension]])
        parts.append(settled(checkpoint.model, moved, [block]))
        nearest = int(scale.nearest(code[block])[dimension])
        marks += [(row, nearest)] if nearest >= 0 else []
    codes = {name: torch.cat([part[name] for part in parts]) for name in code}
    image_grid(
        to_bytes(decode(checkpoint.model, codes).unflatten(0, (-1, STEPS)), checkpoint.kind),
        rows=[f"{name} · {told.dimensions[j]}" for name, j in zip(told.names, order[0], strict=True)],
        row_notes=[f"{a:.0%}, next {b:.0%}" for a, b in zip(best, second, strict=True)],
        marks=marks,
        title=checkpoint.name,
        key=f"factors-{key(checkpoint.name)}",
        headed=True,
    )
    menus.under(
        f"factors-{key(checkpoint.name)}",
        f"{key(checkpoint.name)}-by-factor",
        f"{scores_of(checkpoint)}.",
        codes=lambda: tables.table(codes, factor=np.repeat(told.names, STEPS)),
        script=scripts.of_codes(
            checkpoint, f"The dimensions of {checkpoint.name} that tell most of each factor", codes, STEPS
        ),
        commands=[scripts.measuring(checkpoint, "disentanglement", "dci")],
    )


def place_of(checkpoint: Checkpoint, column: int) -> tuple[str, int]:
    """The block and its dimension that a column of all blocks' dimensions, side by side, is."""
    for block in checkpoint.model.blocks:
        width = checkpoint.atlas.means[block].shape[1]
        if column < width:
            return block, column
        column -= width
    raise IndexError(f"{checkpoint.name} has {column} dimensions too few")


def scores_of(checkpoint: Checkpoint) -> str:
    metrics = checkpoint.card.metrics
    shown = [
        f"{title} {metrics[name].value:.3f} ± {metrics[name].se:.3f}"
        for name, title in SCORES.items()
        if name in metrics
    ]
    if shown:
        return f"Scores: {', '.join(shown)}"
    return (
        f"Not measured yet: {code_span(scripts.measuring(checkpoint, 'disentanglement', 'dci') + ' --write')}"
    )


def table(models: Sequence[Checkpoint]) -> None:
    """Our scores and, where there are any of such images, published ones, apart."""
    rows = [ours(checkpoint) for checkpoint in models]
    data = sorted({checkpoint.card.data.name for checkpoint in models})
    beside = PUBLISHED if LIKE in data else ()
    rows += [
        {
            "model": f"published: {published.method}",
            "data": "dSprites",
            **{title: published.range_of(name) for name, title in SCORES.items()},
            "budget": published.about,
            "source": published.source,
        }
        for published in beside
    ]
    scores = {title: st.column_config.TextColumn(width=120) for title in SCORES.values()}
    st.dataframe(rows, hide_index=True, height=38 + 35 * len(rows), column_config=scores)
    menus.under(
        "scores",
        "disentanglement",
        f"Above are the scores of these models, ± one standard error of the measurement; below, what others published on dSprites. {protocol(data)}"
        if beside
        else f"The scores of these models, ± one standard error of the measurement. {ours_are(data)}",
        "Ours are one training each, and the spread over seeds is larger than most differences between methods (Locatello et al., 2019): "
        "this is no ranking.",
        picture=False,
        codes=lambda: {key: np.array([str(row.get(key, "")) for row in rows]) for key in rows[0]},
        commands=[scripts.measuring(checkpoint, "disentanglement", "dci") for checkpoint in models],
    )


def ours(checkpoint: Checkpoint) -> dict[str, str]:
    card = checkpoint.card
    metrics, made = card.metrics, card.training
    numbers = {
        title: f"{metrics[name].value:.3f} ± {metrics[name].se:.3f}" if name in metrics else ""
        for name, title in SCORES.items()
    }
    images = f"{card.data.images:,} images"
    budget = f"{images}, trained elsewhere"
    if made is not None:
        steps = card.epochs_done * (card.data.images // made.batch)
        budget = f"{images}, {steps:,} steps of {made.batch} at {made.learning_rate:g}, seed {made.seed}"
    return {
        "model": checkpoint.name,
        "data": card.data.name,
        **numbers,
        "budget": budget,
        "source": "its card",
    }


def protocol(data: Sequence[str]) -> str:
    """How our measurements and trainings differ from the published ones."""
    return f"They differ: training sees a part of the grid of factors, for as many steps as the table says. {ours_are(data)}"


def ours_are(data: Sequence[str]) -> str:
    """What our scores were measured on."""
    about = " and ".join(f"{name} ({DATASETS[name].about})" for name in data)
    return (
        f"Our images are {about}; scores are on test images that no training saw; SAP and DCI fit {PARTS} times up to {PART_IMAGES:,} images "
        "and test on as many."
    )
