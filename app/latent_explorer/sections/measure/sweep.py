"""The trials of a sweep together: a number over any option, mean and range over seeds, and the best."""

import numpy as np
import streamlit as st

from latent_explorer.caches import sweeps
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.sweep import over
from latent_explorer.export import menus
from latent_explorer.sections.measure.models import titled
from latent_explorer.session import links
from latent_explorer.text import cleaned, key, plain
from vae_core import Checkpoint
from vae_core.metrics import HEADLINES, number
from vae_core.sweeps import DONE, best, measured, tabulated, varied

SWEEP = "Sweep"


def trials_together(checkpoint: Checkpoint) -> None:
    """What the trials came to."""
    sweep = sweeps.sweep_of(checkpoint.name)
    if sweep is None:
        st.info(f"{plain(checkpoint.name)} is no trial of a sweep. Run one with `latent-explorer sweep`.")
        return
    known = measured(sweep)
    if not known:
        st.info("No trial has been measured yet. The command of the sweep measures each when it is trained.")
        return
    names = [*(name for name in HEADLINES if name in known), *sorted(known - set(HEADLINES))]
    options = varied(sweep)
    left, right = st.columns(2)
    links.settle("sweep_number", names, "number")
    name = left.selectbox("Number", names, 0, titled, key="sweep_number", bind="query-params")
    lines = tabulated(sweep, name)
    top = best(lines, name)
    if options:
        links.settle("sweep_over", options, "option")
        option = right.selectbox("Over", options, 0, cleaned, key="sweep_over", bind="query-params")
        st.plotly_chart(over(lines, name, option, sweep.grid[option]), key="sweep", config=CONFIG)
    unit = number(name)
    st.dataframe(
        [
            {
                **{option: cleaned(value) for option, value in line.options.items()},
                "mean": unit.told(line.mean),
                "s.e.": unit.told(line.se) if line.se else "",
                "range over seeds": f"{unit.told(line.low)} to {unit.told(line.high)}"
                if line.trials > 1
                else "",
                "trials": line.trials,
            }
            for line in lines
        ],
        hide_index=True,
    )
    done = sum(sweep.state(trial)[0] == DONE for trial in sweep.trials)
    many = f"{done} of {len(sweep.trials)} trials are done."
    if top and top.options:
        told = ", ".join(f"{option} {value}" for option, value in top.options.items())
        many = f"Best: {plain(told)}, {plain(unit.told(top.mean, top.se))}. {many}"
    menus.under(
        "sweep",
        f"{key(sweep.folder.name)}-{key(name)}",
        many,
        "Means are over seeds, bars two standard errors of them; of one seed, of its measurement.",
        picture=bool(options),
        codes=lambda: {
            **{option: np.array([line.options[option] for line in lines]) for option in options},
            "mean": np.array([line.mean for line in lines]),
            "se": np.array([np.nan if line.se is None else line.se for line in lines]),
            "low": np.array([line.low for line in lines]),
            "high": np.array([line.high for line in lines]),
            "trials": np.array([line.trials for line in lines]),
        },
    )
