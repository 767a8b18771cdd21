"""Which components of a prior are used, and samples of each."""

import numpy as np
import streamlit as st
import torch

from latent_explorer import palette
from latent_explorer.caches import colourings, priors
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.prior.shared import SAMPLES, conditional, owner, part_name, with_the_rest
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint
from vae_core.explore import (
    decode,
)
from vae_core.explore.components import (
    Parts,
    draws_of_each,
    effective,
    pseudo_inputs,
)

ROWS = 10


def components(found: Checkpoint, block: str) -> None:
    prior = priors.parts(found, block)
    if prior is None:
        st.info(conditional(found, block))
        return
    shares = priors.usage(found, block)
    order = shares.argsort(descending=True, stable=True)[:ROWS]
    names = [part_name(found, prior, k) for k in order.tolist()]
    st.markdown(f"**{block} of {plain(found.name)}**")
    colours = palette.colours(len(colourings.names_of_classes(found)))
    bars(
        names,
        shares[order].tolist(),
        [colours[owner(prior, k) or 0] for k in order.tolist()],
        f"Share of the {len(found.atlas):,} items that each part is responsible for",
        key=f"usage-{key(found.name)}",
    )
    few = f"the {ROWS} most used of {len(shares)}" if len(shares) > ROWS else f"all {len(shares)}"
    st.caption(
        f"What you see: the mean responsibility r_k(z) = w_k N(z; m_k, s_k) / p(z) at the posterior means, {few}. In effect "
        f"{effective(shares):.1f} of {len(shares)} parts are used (exp of the entropy of the shares); at draws of the posteriors: "
        f"{code_span(scripts.measuring(found, 'components'))}."
    )
    samples_of_parts(found, block, prior, order, names)


def samples_of_parts(
    found: Checkpoint, block: str, prior: Parts, order: torch.Tensor, names: list[str]
) -> None:
    """Draws of each part, decoded, behind its pseudo-input where there is one."""
    drawn = draws_of_each(prior, order, SAMPLES, seed=0)
    codes = with_the_rest(found, block, drawn.flatten(0, 1), prior.classes[order].repeat_interleave(SAMPLES))
    images = to_bytes(decode(found.model, codes).unflatten(0, (len(order), SAMPLES)), found.kind)
    columns = [""] * SAMPLES
    inputs = pseudo_inputs(found.model, block)
    if inputs is not None:
        images = np.concatenate([to_bytes(inputs[order], found.kind)[:, None], images], axis=1)
        columns = ["pseudo-input", *columns]
    image_grid(
        images,
        rows=names,
        row_notes=[f"{share:.1%}" for share in priors.usage(found, block)[order].tolist()],
        columns=columns if any(columns) else [],
        title="Samples of each part of the prior, decoded",
        key=f"parts-{key(found.name)}",
        headed=True,
    )
    title = f"Samples of each part of the prior of {found.name}"
    script = (
        scripts.of_codes(found, title, codes, SAMPLES)
        if inputs is None
        else scripts.of_parts(found, title, codes, SAMPLES, block, order.tolist())
    )
    first = " First the image whose posterior the part is (VampPrior)." if inputs is not None else ""
    with menus.beside(
        f"draws of {block} from each part, the other latents at their prior’s mean, decoded.{first}"
    ):
        menus.menu(
            f"parts-{key(found.name)}",
            f"{key(found.name)}-parts-{block}",
            codes=lambda: tables.table(codes, part=np.repeat(order.numpy(), SAMPLES)),
            script=script,
        )
