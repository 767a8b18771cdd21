"""Some variables of a few items held, the rest drawn."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings, sources
from latent_explorer.components.image_grid import Cells, Follow, image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.pictures import enlarged, to_bytes
from latent_explorer.sections.generate.shared import COLUMNS, TEMPERATURES
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import complete, decode, holdable
from vae_core.model import Model
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot

HELD_ITEMS = 5


def takes_every_class(model: Model, name: str) -> bool:
    """Whether nothing is left to draw where a variable is held but a class, which the model has no prior of."""
    return name != LABEL and LABEL in model.inputs(*model.latents) and set(model.latents) <= {name}


@fragment
def held(checkpoint: Checkpoint) -> None:
    """Some variables of a few items stay, everything else is drawn anew: what each of them decides becomes visible."""
    atlas = checkpoint.atlas
    model = checkpoint.model
    options = holdable(model)
    if len(options) < 2:
        return
    st.subheader("Hold one variable, draw the rest")
    links.settle("hold", options, "variable")
    links.belonging("first", encodings.items_of(checkpoint), 0)
    links.amount("held-temperature", *TEMPERATURES, "temperature of the draws")
    controls = st.columns([1, 1, 1, 1.6], vertical_alignment="bottom")
    name = controls[0].selectbox("Hold", options, key="hold", bind="query-params")
    first = links.whole(
        controls[1],
        f"First {checkpoint.kind.one}",
        0,
        len(atlas) - 1,
        "first",
        f"first {checkpoint.kind.one}",
    )
    seed = links.whole(controls[2], "Seed of the draws", 0, 9999, "held-seed", "seed of the draws")
    temperature = controls[3].slider(
        "Temperature of the draws", *TEMPERATURES, 1.0, 0.05, key="held-temperature", bind="query-params"
    )
    items = list(range(first, min(first + HELD_ITEMS, len(atlas))))
    values = encodings.variables(checkpoint, items)
    needed = [name, *model.inputs(name)]
    fixed = {key: values[key].repeat_interleave(COLUMNS - 2, 0) for key in needed}
    if every := takes_every_class(model, name):
        fixed[LABEL] = one_hot(torch.arange(len(fixed[name])) % len(atlas.classes), len(atlas.classes))
    drawn = complete(model, fixed, draw=Sampler.seeded(seed, temperature))
    decoded = decode(model, encodings.item_codes(checkpoint, items))[:, None]
    images = torch.cat([decoded, drawn[IMAGE].unflatten(0, (len(items), -1))], dim=1)
    derived = [
        other for other in model.observed if other != IMAGE and values[other].dim() > 2
    ]  # pictures too
    smaller = [
        to_bytes(enlarged(values[other], images.shape[-2:]), checkpoint.kind)[:, None] for other in derived
    ]
    shown = np.concatenate(
        [to_bytes(images[:, :1], checkpoint.kind), *smaller, to_bytes(images[:, 1:], checkpoint.kind)], axis=1
    )
    columns = ["decoded", *derived]
    image_grid(
        shown,
        rows=[f"{checkpoint.kind.one} {item}" for item in items],
        row_notes=[words.class_of(atlas, item) for item in items],
        columns=columns + ["drawn"] * (shown.shape[1] - len(columns)),
        title=f"The {words.variable(model, name)} of each {checkpoint.kind.one} held, the rest drawn",
        key="held",
        follow=_follow(checkpoint, name, items, fixed, Sampling(seed, temperature)),
    )
    others = [other for other in options if other != name]
    rest, draws = words.listed([words.variable(model, other) for other in others]), COLUMNS - 2
    menus.under(
        "held",
        f"held-{name}",
        f"Each line holds the {words.variable(model, name)} of its {checkpoint.kind.one} and "
        + ("takes the classes in turn." if every else f"draws the {rest} from the model."),
        "What stays the same along a row is decided by what is held.",
        codes=lambda: tables.table(
            {latent: drawn[latent] for latent in model.coded}, image=np.repeat(items, draws)
        ),
        script=scripts.held(
            checkpoint,
            items,
            name,
            draws,
            seed,
            temperature,
            derived=derived,
            originals=sources.originals(checkpoint) is not None,
            every_class=every,
        ),
    )


class Sampling(NamedTuple):
    seed: int
    temperature: float


def _follow(
    checkpoint: Checkpoint, name: str, items: list[int], fixed: Mapping[str, torch.Tensor], draw: Sampling
) -> Follow | None:
    """How the rows follow a handle of beta, where what is held is all that informs the rest, which is then drawn from the prior."""
    if not checkpoint.betas:
        return None
    model, draws = checkpoint.model, COLUMNS - 2
    asks = []
    if name in (*model.latents, LABEL) and not set(model.inferable(fixed)) - set(fixed):
        request: dict[str, Any] = {"draw": draw._asdict(), "n": len(items) * draws}
        if name in model.latents:
            request["mix"] = {name: [[[item, 1]] for item in items for _ in range(draws)]}
        if LABEL in fixed:
            request["label"] = fixed[LABEL].argmax(-1).tolist()
        asks = [
            Cells({"mix": {latent: [[[item, 1]] for item in items] for latent in model.coded}}),
            Cells(request, 0, 1, draws),
        ]
    return Follow(checkpoint.name, checkpoint.betas, asks)
