"""What each dimension has to do with each factor, for data that was made of known ones."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from latent_explorer.caches import measurements, sources
from latent_explorer.charts.measures import knowledge
from latent_explorer.charts.rate_distortion import CONFIG
from latent_explorer.export import menus, scripts, tables
from latent_explorer.sections.measure.disentanglement import TOGETHER
from latent_explorer.sections.measure.job import JOB, last_output, start, watch
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint


def factors(checkpoint: Checkpoint) -> None:
    """What each dimension has to do with each factor, for data that was made of known ones."""
    name = checkpoint.card["data"]["name"]
    found = measurements.factors(checkpoint)
    if found is None:
        st.info(
            f"The factors that {plain(name)} was made of are not known: this view is for data such as sprites. Choose a model of "
            f"{' or '.join(sources.with_known_factors())}, or look at {TOGETHER}."
        )
        return
    told, trees = st.columns(2)
    with told:
        st.plotly_chart(
            knowledge(found.information, found.dimensions, found.names, "What each dimension tells of each factor", "%{y} tells %{z:.1%} of %{x}"),
            key="information", config=CONFIG,
        )  # fmt: skip
        with menus.beside(
            f"I(z_j; f) / H(f), how much of a factor’s entropy a dimension’s posterior mean tells, counted in 20 bins over {found.images:,} items. "
            "One bright cell in each row and column is disentangled; MIG is the mean gap between the two brightest of a column. "
            f"{code_span(scripts.measuring(checkpoint, 'disentanglement') + ' --json')}"
        ):
            menus.menu(
                "information",
                f"{key(checkpoint.name)}-information",
                codes=columns_of(found, found.information),
            )
    with trees:
        importance(checkpoint, found)


def importance(checkpoint: Checkpoint, found: measurements.Factors) -> None:
    """The matrix behind DCI: as the card has it, or as it is measured now."""
    matrix, fitting = found.importance, scripts.measuring(checkpoint, "dci")
    if matrix is None and (tables := last_output(checkpoint).get("factors", {})).get("importance"):
        matrix = np.array(tables["importance"])
    if matrix is None:
        st.info(
            f"Which dimensions boosted trees need to name each factor (DCI) takes some minutes: {code_span(fitting)}."
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
        knowledge(matrix, found.dimensions, found.names, "What each dimension matters for each factor", "%{y} is %{z:.1%} of what trees use for %{x}"),
        key="importance", config=CONFIG,
    )  # fmt: skip
    with menus.beside(
        "how much gradient-boosted trees that name a factor from all dimensions rely on each, columns sum to 1, the mean of five fits to 1,000 test "
        f"images each. DCI is how concentrated the rows and the columns are. {code_span(f'{fitting} --json')}"
    ):
        menus.menu("importance", f"{key(checkpoint.name)}-importance", codes=columns_of(found, matrix))


def columns_of(found: measurements.Factors, matrix: np.ndarray) -> Callable[[], tables.Table]:
    """A matrix `(D, F)` as a table with the dimensions' names."""
    return lambda: {"dimension": np.array(found.dimensions), **dict(zip(found.names, matrix.T, strict=True))}
