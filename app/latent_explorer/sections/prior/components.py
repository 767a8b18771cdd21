"""Which components of a prior are used, and samples of each."""

import numpy as np
import streamlit as st
import torch

from latent_explorer import palette
from latent_explorer.caches import colourings, priors
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.parts.nets import absent
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.prior.shared import SAMPLES, component_name, conditional, owner, with_the_rest
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint
from vae_core.explore import decode
from vae_core.explore.components import Parts, Sampled, draws_of_each, effective, pseudo_inputs

ROWS = 10


def components(checkpoint: Checkpoint, block: str) -> None:
    prior = priors.prior_of(checkpoint, block)
    if prior is None:
        st.info(conditional(checkpoint, block))
        return
    if isinstance(prior, Sampled) and len(prior.weights) == 1:
        st.info(
            f"The prior of the {words.latents(checkpoint.model, block)} in {plain(checkpoint.name)} is no mixture of Gaussians, so it has no components. "
            "Clusters shows where its draws lie, Holes what they decode to."
        )
        return
    shares = priors.usage(checkpoint, block)
    order = shares.argsort(descending=True, stable=True)[:ROWS]
    names = [component_name(checkpoint, prior, k) for k in order.tolist()]
    st.markdown(f"**{words.capital(words.latents(checkpoint.model, block))} of {plain(checkpoint.name)}**")
    colours = palette.colours(len(colourings.names_of_classes(checkpoint)))
    bars(
        names,
        shares[order].tolist(),
        [colours[owner(prior, k) or 0] for k in order.tolist()],
        f"Share of the {checkpoint.kind.many}, by component",
        key=f"usage-{key(checkpoint.name)}",
    )
    few = (
        f"the {ROWS} most used of {len(shares)} components"
        if len(shares) > ROWS
        else f"all {len(shares)} components"
    )
    st.caption(
        f"Each bar is the mean responsibility of a component at the posterior means of {len(checkpoint.atlas):,} {checkpoint.kind.many} ({few}). In effect {effective(shares):.1f} of "
        f"{len(shares)} are used: exp of the entropy of the shares.",
        help="The responsibility of component k for a code z is w_k p_k(z) / p(z), its share of the density. At draws of the posteriors: "
        f"{code_span(scripts.measuring(checkpoint, 'components'))}",
    )
    if not absent(checkpoint, "draws of each component, decoded,"):
        samples_of_components(checkpoint, block, prior, order, names)


def samples_of_components(
    checkpoint: Checkpoint, block: str, prior: Parts | Sampled, order: torch.Tensor, names: list[str]
) -> None:
    """Draws of each component, decoded, behind its pseudo-input where there is one."""
    drawn = draws_of_each(prior, order, SAMPLES, seed=0)
    codes = with_the_rest(
        checkpoint, block, drawn.flatten(0, 1), prior.classes[order].repeat_interleave(SAMPLES)
    )
    images = to_bytes(decode(checkpoint.model, codes).unflatten(0, (len(order), SAMPLES)), checkpoint.kind)
    columns = [""] * SAMPLES
    inputs = pseudo_inputs(checkpoint.model, block)
    if inputs is not None:
        images = np.concatenate([to_bytes(inputs[order], checkpoint.kind)[:, None], images], axis=1)
        columns = ["pseudo-input", *columns]
    image_grid(
        images,
        rows=names,
        row_notes=[f"{share:.1%}" for share in priors.usage(checkpoint, block)[order].tolist()],
        columns=columns if any(columns) else [],
        title="Samples of each component of the prior, decoded",
        key=f"components-{key(checkpoint.name)}",
        headed=True,
    )
    title = f"Samples of each component of the prior of {checkpoint.name}"
    script = (
        scripts.of_codes(checkpoint, title, codes, SAMPLES)
        if inputs is None
        else scripts.of_components(checkpoint, title, codes, SAMPLES, block, order.tolist())
    )
    first = (
        f" First comes the {checkpoint.kind.one} whose posterior is the component (VampPrior)."
        if inputs is not None
        else ""
    )
    menus.under(
        f"components-{key(checkpoint.name)}",
        f"{key(checkpoint.name)}-components-{block}",
        f"Each row decodes draws of the {words.latents(checkpoint.model, block)} from one component of their prior.{first}",
        f"All other latents are at the mean of their prior.{words.estimated(checkpoint.model)}",
        codes=lambda: tables.table(codes, component=np.repeat(order.numpy(), SAMPLES)),
        script=script,
    )
