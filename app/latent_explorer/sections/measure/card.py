"""The numbers of a card, measured again on demand."""

import numpy as np
import streamlit as st

from latent_explorer.export import menus, scripts
from latent_explorer.parts.leak import measured_at
from latent_explorer.sections.measure.job import JOB, last_output, start, watch
from latent_explorer.session import links
from latent_explorer.session.jobs import Job
from latent_explorer.text import cleaned, code_span, command, key, measured_by, plain
from vae_core import Checkpoint
from vae_core.metrics import METRICS, Estimate, lacks, number

AMOUNTS = {"1,000 images": 1000, "all images": None}


# Differences beyond so many standard errors are more than chance: 1 in 400 of independent measurements.
FAR = 3


def this_model(checkpoint: Checkpoint) -> None:
    metrics = checkpoint.card.metrics
    controls = st.columns([3, 1.2, 1, 1], vertical_alignment="bottom")
    offered = [group for group in METRICS if not lacks(checkpoint.model, group)]
    usual = next(
        group
        for group in ("elbo", "probes", "active")
        if group in offered and (group != "probes" or len(checkpoint.atlas.classes) > 1)
    )
    links.belonging("groups", " ".join(offered), [usual])
    links.check("groups", offered, "group of numbers")
    groups = controls[0].multiselect(
        "Groups of numbers",
        offered,
        [usual],
        key="groups",
        bind="query-params",
        help="Formulas: `vae_core/metrics`, one function a group.",
    )
    amount = controls[1].selectbox(
        "Measure on",
        list(AMOUNTS),
        key="amount",
        bind="query-params",
        format_func=lambda option: option.replace("images", checkpoint.kind.many),
    )
    seed = links.whole(controls[2], "Seed", 0, 9999, "seed", "seed")
    job = st.session_state.get(JOB)
    if job is None or not job.running:
        if controls[3].button("Measure", icon=":material/play_arrow:", disabled=not groups, width="stretch"):
            start(checkpoint, groups, AMOUNTS[amount], seed)
    elif controls[3].button("Cancel", icon=":material/stop:", width="stretch"):
        job.cancel()
        st.rerun(scope="app")
    watch(checkpoint)
    if reason := checkpoint.model.no_bound:
        st.info(f"There is no bound to measure here: {reason}. The other groups mean what they do elsewhere.")
    numbers(checkpoint, metrics)


def numbers(checkpoint: Checkpoint, metrics: dict[str, Estimate]) -> None:
    told = last_output(checkpoint).get("metrics", {})
    again = {name: Estimate(**number) for name, number in told.items()}
    rows = [row(name, metrics.get(name), again.get(name)) for name in dict.fromkeys([*again, *metrics])]
    if not rows:
        st.info(
            f"{plain(checkpoint.name)} has not been measured yet. Choose groups above, or run {code_span(scripts.run(checkpoint, 'evaluate', '--write'))}."
        )
        return
    st.dataframe(
        [{part: r[part] for part in r if part != "name"} for r in rows],
        hide_index=True,
        height=min(38 + 35 * len(rows), 640),
        column_config=COLUMNS,
    )
    read, commands = "", measured_by(checkpoint.card, metrics)
    if again:
        far = [r["number"] for r in rows if r.get("apart, s.e.") is not None and abs(r["apart, s.e."]) > FAR]
        job: Job = st.session_state[JOB]
        folder, place = str(checkpoint.folder), scripts.named(checkpoint)
        commands.append(
            command("latent-explorer", *(place if word == folder else word for word in job.arguments))
        )
        read = (
            f"Measured again, these are more than {FAR} standard errors apart: {plain(', '.join(far), 1000)}."
            if far
            else f"Measured again, none is more than {FAR} standard errors apart."
        )
    menus.under(
        "numbers",
        f"{key(checkpoint.name)}-metrics",
        f"Each row is a number of the card{measured_at(checkpoint)}, ± its standard error, on n {checkpoint.kind.many} or draws.",
        read,
        picture=False,
        codes=lambda: {name: np.array([str(r.get(name, "")) for r in rows]) for name in rows[0]},
        commands=commands,
    )


COLUMNS = {
    name: st.column_config.NumberColumn(format="%.4g")
    for name in ("card", "± s.e.", "again", "± s.e. again", "apart, s.e.")
}


def row(name: str, card: Estimate | None, again: Estimate | None) -> dict:
    """One number: the card's, the new one, and how many standard errors lie between them."""
    line: dict = {"number": cleaned(number(name).title), "unit": number(name).unit, "name": name}
    if card:
        line |= {"card": card.value, "± s.e.": card.se, "n": card.n}
    if again:
        line |= {"again": again.value, "± s.e. again": again.se, "n again": again.n}
    if card and again:
        line["apart, s.e."] = again.apart(card)
    return line
