"""Samples of the prior, decoded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
import torch

from latent_explorer.components.image_grid import Cells, Follow, image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.generate.shared import COLUMNS, TEMPERATURES, judged
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import measured_by
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import decode, prior_codes
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot
from vae_core.serving import MOST_ROWS

# What is drawn from the model's own prior, where the priors of its classes were fitted.
NO_CLASS = "no class: p(z)"


def _title(labelled: bool, fitted: bool) -> str:
    if fitted:
        return "Samples of the prior, and of Gaussians fitted to the classes"
    return "Class-conditional samples" if labelled else "Samples"


@fragment
def samples(checkpoint: Checkpoint) -> None:
    model = checkpoint.model
    classes = checkpoint.atlas.classes
    labelled, fitted = has_label(checkpoint.model), words.fitted_classes(checkpoint.model)
    st.subheader(_title(labelled, fitted))
    options = ["all", *([NO_CLASS] if fitted else []), *classes]
    controls = st.columns(
        [1, 2, 1, 1][: 4 if labelled and len(classes) > links.PAGE else 3], vertical_alignment="bottom"
    )
    shown = "all"
    if labelled:
        links.settle("class", options, "class")
        shown = controls[2].selectbox("Class", options, key="class", bind="query-params")
    links.amount("temperature", *TEMPERATURES, "temperature")
    seed = links.whole(controls[0], "Seed", 0, 9999, "seed", "seed")
    temperature = controls[1].slider(
        "Temperature (factor on the prior’s standard deviation σ)",
        *TEMPERATURES,
        1.0,
        0.05,
        key="temperature",
        bind="query-params",
        help="Of a flow prior: a factor on the noise that its draws are made of."
        if words.estimated(model)
        else None,
    )
    draw = Sampler.seeded(seed, temperature)
    chosen: list[int | None] = [None] * 6
    inputs = {}
    if fitted and shown == NO_CLASS:
        model, labelled = model.as_trained(), False
    if labelled:
        if shown != "all":
            chosen = [classes.index(shown)] * 4
        else:
            chosen = [*links.page(controls[-1], len(classes), "samples-page", "classes")]
        inputs = {LABEL: one_hot(torch.tensor(chosen).repeat_interleave(COLUMNS), len(classes))}
    codes = prior_codes(model, inputs, len(chosen) * COLUMNS, draw)
    rows = ["" if c is None else classes[c] for c in chosen]
    image_grid(
        to_bytes(decode(model, codes).unflatten(0, (len(rows), COLUMNS)), checkpoint.kind),
        rows=rows,
        title=f"Samples of {'fitted class Gaussians' if fitted else 'the prior'}, decoded; one row a class"
        if labelled
        else "Samples of the prior, decoded",
        key="samples",
        follow=_follow(checkpoint, chosen, labelled, fitted and shown == NO_CLASS, seed, temperature),
    )
    about = {"class": np.repeat(rows, COLUMNS)} if labelled else {}
    menus.under(
        "samples",
        "samples",
        f"Each {checkpoint.kind.one} is the decoder’s mean {checkpoint.kind.one} of latents drawn from "
        + ("the Gaussian fitted to the encodings of its class." if labelled and fitted else "the prior."),
        judged(checkpoint, "sample_accuracy", "not how diverse"),
        codes=lambda: tables.table(codes, **about),
        script=scripts.samples(checkpoint, chosen, COLUMNS, seed, temperature),
        commands=measured_by(checkpoint.card, ["sample_accuracy"]),
    )


def _follow(
    checkpoint: Checkpoint,
    chosen: Sequence[int | None],
    labelled: bool,
    as_trained: bool,
    seed: int,
    temperature: float,
) -> Follow | None:
    """How the samples follow a handle of beta: the same draw, where one request may ask for so many of a class that is fitted or told."""
    if not checkpoint.betas:
        return None
    n = len(chosen) * COLUMNS
    request: dict[str, Any] = {"draw": {"seed": seed, "temperature": temperature}, "n": n}
    if labelled:
        request["label"] = [label for label in chosen for _ in range(COLUMNS)]
    asks = [] if as_trained or n > MOST_ROWS else [Cells(request, columns=COLUMNS)]
    return Follow(checkpoint.name, checkpoint.betas, asks)
