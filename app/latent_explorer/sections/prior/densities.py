"""The densities of prior and aggregate posterior, dimension by dimension."""

import streamlit as st

from latent_explorer.caches import encodings, priors
from latent_explorer.charts import priors as prior_charts
from latent_explorer.charts.layout import CONFIG
from latent_explorer.export import menus, scripts
from latent_explorer.parts import factor_names, words
from latent_explorer.parts.inactive import in_use
from latent_explorer.sections.prior.shared import conditional, most_used
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.explore import active_units
from vae_core.explore.components import MARGINAL_DRAWS, Sampled

SHOWN = 12


def densities(checkpoint: Checkpoint, block: str, columns: int) -> None:
    prior = priors.prior_of(checkpoint, block)
    if prior is None:
        st.info(conditional(checkpoint, block))
        return
    if reason := checkpoint.model.no_posterior:
        st.info(f"There is no aggregate posterior here: {reason}.")
        return
    active = active_units(encodings.codes(checkpoint)[block][0])
    st.markdown(f"**{words.capital(words.latents(checkpoint.model, block))} of {plain(checkpoint.name)}**")
    mine = (
        checkpoint.name == st.session_state["checkpoint"]
    )  # beside it another's may stand, whose line no link says
    asked = ("inactive", "query-params") if mine else (f"inactive-{key(checkpoint.name)}", None)
    order = in_use(most_used(checkpoint, block), active, *asked)[:SHOWN]
    rate, _, _ = encodings.rates(checkpoint)[block]
    curves = {
        factor_names.dimension(checkpoint, block, d)
        + ("" if rate is None else f", KL {rate[d]:.2f} nats"): tuple(
            part.numpy() for part in priors.densities(checkpoint, block, d)
        )
        for d in order
    }
    place = f"densities-{key(checkpoint.name)}"
    st.plotly_chart(prior_charts.densities(curves, columns), key=place, config=CONFIG)
    estimated = (
        f" The prior’s is estimated from {MARGINAL_DRAWS:,} seeded draws, since it is no mixture of Gaussians, whose dimensions have a closed form."
        if isinstance(prior, Sampled)
        else ""
    )
    menus.under(
        place,
        f"{key(checkpoint.name)}-densities-{block}",
        f"Each panel shows the density of the prior and of the aggregate posterior (the mean of the {len(checkpoint.atlas):,} posteriors) in one of "
        f"the {len(order)} most used dimensions.{estimated}",
        f"Where they differ, draws of the prior are codes of no {checkpoint.kind.one}. {int(active.sum())} of {checkpoint.atlas.means[block].shape[1]} dimensions are active.",
        codes=lambda: {
            f"{name}.{what}": values
            for name, curve in curves.items()
            for what, values in zip(("at", "prior", "aggregate"), curve, strict=True)
        },
        commands=[scripts.measuring(checkpoint, "elbo", "active"), scripts.measuring(checkpoint, "rate")],
    )
