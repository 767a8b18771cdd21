"""What each dimension has to do with each factor, for data that was made of known ones."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from latent_explorer.caches import measurements, sources
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.measures import knowledge
from latent_explorer.export import menus, scripts, tables
from latent_explorer.sections.measure.disentanglement import TOGETHER
from latent_explorer.sections.measure.job import JOB, last_output, start, watch
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint


def factors(checkpoint: Checkpoint) -> None:
    """What each dimension has to do with each factor, for data that was made of known ones."""
    name = checkpoint.card.data.name
    known = measurements.factors(checkpoint)
    if known is None:
        st.info(
            f"The factors of {plain(name)} are not known. Choose a model of {' or '.join(sources.with_known_factors())}, or look at "
            f"{TOGETHER}."
        )
        return
    left, right = st.columns(2)
    with left:
        st.plotly_chart(
            knowledge(known.information, known.dimensions, known.names, "What each dimension tells of each factor", "%{y} tells %{z:.1%} of %{x}"),
            key="information", config=CONFIG,
        )  # fmt: skip
        menus.under(
            "information",
            f"{key(checkpoint.name)}-information",
            f"Each cell is I(z_j; f) / H(f): how much of a factor’s entropy a dimension’s posterior mean tells, in 20 bins over {known.images:,} {checkpoint.kind.many}.",
            "A disentangled model has one bright cell in each row and column; MIG is the mean gap between the two brightest of a column.",
            codes=columns_of(known, known.information),
            commands=[scripts.measuring(checkpoint, "disentanglement") + " --json"],
        )
    with right:
        importance(checkpoint, known)


def importance(checkpoint: Checkpoint, known: measurements.Factors) -> None:
    """The matrix behind DCI: as the card has it, or as it is measured now."""
    matrix, fitting = known.importance, scripts.measuring(checkpoint, "dci")
    if matrix is None and (tables := last_output(checkpoint).get("factors", {})).get("importance"):
        matrix = np.array(tables["importance"])
    if matrix is None:
        st.info(
            f"How much boosted trees need each dimension to name each factor (DCI) is not measured yet. Fit them here, which takes some minutes, or run {code_span(fitting)}."
        )
        job = st.session_state.get(JOB)
        if job is None or not job.running:
            if st.button("Fit the trees", icon=":material/play_arrow:"):
                start(checkpoint, ["dci"], None, 0)
        elif st.button("Cancel", icon=":material/stop:"):
            job.cancel()
            st.rerun(scope="app")
        watch(checkpoint)
        return
    st.plotly_chart(
        knowledge(matrix, known.dimensions, known.names, "How much trees rely on each dimension for each factor", "%{y} is %{z:.1%} of what trees use for %{x}"),
        key="importance", config=CONFIG,
    )  # fmt: skip
    menus.under(
        "importance",
        f"{key(checkpoint.name)}-importance",
        "Each cell is how much gradient-boosted trees that name a factor rely on a dimension; columns sum to 1.",
        f"DCI is how concentrated the rows and the columns are; mean of five fits to 1,000 test {checkpoint.kind.many} each.",
        codes=columns_of(known, matrix),
        commands=[f"{fitting} --json"],
    )


def columns_of(known: measurements.Factors, matrix: np.ndarray) -> Callable[[], tables.Table]:
    """A matrix `(D, F)` as a table with the dimensions' names."""
    return lambda: {"dimension": np.array(known.dimensions), **dict(zip(known.names, matrix.T, strict=True))}
