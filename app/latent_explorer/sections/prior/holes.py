"""Draws of the prior by density ratio: where the decoder has met fewer codes than the prior draws."""

import streamlit as st
import torch

from latent_explorer.caches import priors
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.priors import density_ratios
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.prior.shared import SAMPLES, conditional, with_the_rest
from latent_explorer.text import code_span, key, minus, plain
from vae_core import Checkpoint
from vae_core.explore import decode


def holes(checkpoint: Checkpoint, block: str) -> None:
    prior = priors.prior_of(checkpoint, block)
    if prior is None:
        st.info(conditional(checkpoint, block))
        return
    if reason := checkpoint.model.no_posterior:
        st.info(f"There is no density ratio here: {reason}.")
        return
    empty = priors.prior_holes(checkpoint, block)
    middle = len(empty.codes) // 2 - SAMPLES // 2
    rows = {
        "lowest": slice(0, SAMPLES),
        "middling": slice(middle, middle + SAMPLES),
        "highest": slice(-SAMPLES, None),
    }
    chosen = torch.cat([empty.codes[part] for part in rows.values()])
    owners = prior.classes[priors.closest_component(checkpoint, block, chosen)]
    codes = with_the_rest(checkpoint, block, chosen, owners)
    st.markdown(f"**{words.capital(words.latents(checkpoint.model, block))} of {plain(checkpoint.name)}**")
    image_grid(
        to_bytes(decode(checkpoint.model, codes).unflatten(0, (len(rows), SAMPLES)), checkpoint.kind),
        rows=list(rows),
        row_notes=[minus(f"{empty.log_ratio[part].mean():+.1f} nats") for part in rows.values()],
        title="Draws of the prior by density ratio",
        key=f"holes-{key(checkpoint.name)}",
        headed=True,
    )
    menus.under(
        f"holes-{key(checkpoint.name)}",
        f"{key(checkpoint.name)}-holes-{block}",
        f"Each row decodes draws of the prior ({len(empty.codes):,} in all): those with the lowest, a middling and the highest density ratio "
        "log q(z) − log p(z).",
        f"Where the ratio is low, the decoder has met fewer codes than the prior draws; q is the mean of the posteriors of every other {checkpoint.kind.one}.",
        codes=lambda: {"log_ratio": empty.log_ratio.numpy(), block: empty.codes.numpy()},
        script=scripts.of_codes(
            checkpoint, f"Draws of the prior of {checkpoint.name} by density ratio", codes, SAMPLES
        ),
        commands=[scripts.measuring(checkpoint, "holes")],
    )
    st.plotly_chart(
        density_ratios(empty.log_ratio.numpy(), empty.reference.numpy()),
        key=f"empty-{key(checkpoint.name)}",
        config=CONFIG,
    )
    share = empty.share()
    st.caption(
        f"The histograms are the density ratio at draws of the prior, and at draws from posteriors of {checkpoint.kind.many} that q does not hold. "
        f"**{share.value:.1%} ± {share.se:.1%}** of the prior’s draws lie below 95 % of the latter (dotted); were the two distributions "
        "the same, 5 % would.",
        help=f"n {share.n:,}, seed 0, bootstrap. Near 5 % a hole may go unseen: `coverage` has more power there. "
        f"Measured by {code_span(scripts.measuring(checkpoint, 'holes'))}",
    )
