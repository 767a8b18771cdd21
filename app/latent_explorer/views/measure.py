"""Measure: what the card says, measured again on demand; all bundled models side by side, by any two numbers."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from latent_explorer.caches import checkpoints, collection, measurements, sources
from latent_explorer.charts import measures as measure_charts
from latent_explorer.charts.measures import against, knowledge
from latent_explorer.charts.rate_distortion import CONFIG
from latent_explorer.export import menus, scripts
from latent_explorer.sections.measure.disentanglement import side_by_side
from latent_explorer.session import links
from latent_explorer.session.jobs import Busy, Job
from latent_explorer.text import cleaned, code_span, command, key, measured_by, plain, said

from vae_core.metrics import METRICS, Estimate, number
from vae_core.names import LABEL

checkpoint = checkpoints.current()
CARD, TABLE, SCATTER, SURE, FACTORS, TOGETHER = VIEWS = (
    "This model",
    "All models",
    "Two numbers",
    "Calibration",
    "Factors",
    "Disentanglement",
)
JOB = "measure-job"
AMOUNTS = {"1,000 images": 1000, "all images": None}

# Of how many models a number has to be to stand in the table of all.
COMMON = 0.3

# Differences beyond so many standard errors are more than chance: 1 in 400 of independent measurements.
FAR = 3

st.title("Measure")


def this_model() -> None:
    metrics = checkpoint.card["metrics"]
    controls = st.columns([3, 1.2, 1, 1], vertical_alignment="bottom")
    links.check("groups", list(METRICS), "group of numbers")
    groups = controls[0].multiselect(
        "Groups of numbers",
        list(METRICS),
        ["elbo"],
        key="groups",
        bind="query-params",
        help="Each is a function of `vae_core/metrics`, where its formula stands.",
    )
    amount = controls[1].selectbox("On", list(AMOUNTS), key="amount", bind="query-params")
    seed = links.whole(controls[2], "Seed", 0, 9999, "seed", "seed")
    job = st.session_state.get(JOB)
    if job is None or not job.running:
        if controls[3].button("Measure", icon=":material/play_arrow:", disabled=not groups, width="stretch"):
            start(groups, AMOUNTS[amount], seed)
    elif controls[3].button("Cancel", icon=":material/stop:", width="stretch"):
        job.cancel()
        st.rerun(scope="app")
    watch()
    numbers(metrics)


def start(groups: list[str], limit: int | None, seed: int) -> None:
    data = checkpoint.card["data"]["name"]
    if sources.originals(checkpoint) is None:
        st.warning(
            f"The images of {plain(data)} are not on this server, and a page does not download them: run `latent-explorer evaluate` "
            f"once, or set LATENT_EXPLORER_DATA to the folder that holds them."
        )
        return
    arguments = ["evaluate", str(checkpoint.folder), "--metrics", *groups, "--seed", str(seed), "--json"]
    arguments += ["--limit", str(limit)] if limit else []
    if checkpoint.betas:
        arguments += [
            "--beta",
            *(word for block, beta in checkpoint.betas.items() for word in (block, f"{beta:g}")),
        ]
    try:
        st.session_state[JOB], st.session_state["measure-share"] = Job(arguments), 0.0
    except Busy as error:
        st.warning(f"{plain(error, 500)}.")
        return
    st.rerun(scope="app")


@st.fragment(run_every=1.0)
def progress() -> None:
    """What the measurement says, every second; the page is drawn anew when it ends."""
    job: Job = st.session_state[JOB]
    if not job.running:
        st.rerun(scope="app")
    groups = job.arguments[job.arguments.index("--metrics") + 1 : job.arguments.index("--seed")]
    begun = [group for group in METRICS if group in groups]
    done = next((place for place, group in enumerate(begun) if job.line.endswith(f"measuring {group}")), None)
    share = st.session_state["measure-share"] = (
        done / len(begun) if done is not None else st.session_state.get("measure-share", 0.0)
    )
    st.progress(share, f"{plain(said(job.line, checkpoint.folder))} … {job.seconds:.0f} s")


def watch() -> None:
    job: Job | None = st.session_state.get(JOB)
    if job is None:
        return
    if job.running:
        progress()
    elif job.cancelled:
        st.caption("Cancelled: nothing was changed.")
    elif job.failed:
        st.error(f"The measurement ended with an error: {plain(said(job.line, checkpoint.folder), 1000)}")


def last_output() -> dict[str, Any]:
    """What the last measurement of this model has found."""
    job: Job | None = st.session_state.get(JOB)
    if job is None or job.output is None or str(checkpoint.folder) not in job.arguments:
        return {}
    return json.loads(job.output)


def numbers(metrics: dict) -> None:
    again = last_output().get("metrics", {})
    rows = [row(name, metrics.get(name), again.get(name)) for name in dict.fromkeys([*again, *metrics])]
    if not rows:
        st.info(
            f"{plain(checkpoint.name)} has not been measured yet: choose groups above, or run {code_span(scripts.run(checkpoint, 'evaluate', '--write'))}."
        )
        return
    st.dataframe(
        [{part: r[part] for part in r if part != "name"} for r in rows],
        hide_index=True,
        height=min(38 + 35 * len(rows), 640),
        column_config=COLUMNS,
    )
    seen = f"the card’s numbers{' at β = 1' if checkpoint.betas else ''}, each with its standard error, on n images or draws; by {measured_by(checkpoint.card, metrics)}."
    if again:
        far = [r["number"] for r in rows if r.get("apart, s.e.") is not None and abs(r["apart, s.e."]) > FAR]
        job: Job = st.session_state[JOB]
        folder, place = str(checkpoint.folder), scripts.named(checkpoint)
        again_by = command("latent-explorer", *(place if word == folder else word for word in job.arguments))
        seen += f" Beside them the same measured again by {code_span(again_by)}"
        seen += (
            f"; more than {FAR} standard errors apart: {plain(', '.join(far), 1000)}."
            if far
            else f": none is more than {FAR} standard errors apart."
        )
    with menus.beside(seen):
        menus.menu(
            "numbers",
            f"{key(checkpoint.name)}-metrics",
            codes=lambda: {name: np.array([str(r.get(name, "")) for r in rows]) for name in rows[0]},
        )


COLUMNS = {
    name: st.column_config.NumberColumn(format="%.4g")
    for name in ("card", "± s.e.", "again", "± s.e. again", "apart, s.e.")
}


def row(name: str, card: dict | None, again: dict | None) -> dict:
    """One number: the card's, the new one, and how many standard errors lie between them."""
    found: dict = {"number": cleaned(number(name).title), "unit": number(name).unit, "name": name}
    if card:
        found |= {"card": card["value"], "± s.e.": card["se"], "n": card["n"]}
    if again:
        found |= {"again": again["value"], "± s.e. again": again["se"], "n again": again["n"]}
    if card and again:
        found["apart, s.e."] = Estimate(**again).apart(Estimate(**card))
    return found


def all_models() -> None:
    cards = collection.measured()
    counted = Counter(name for card in cards.values() for name in card)
    rare = [name for name in counted if counted[name] < COMMON * len(cards)]
    everything = st.toggle(
        f"Also the {len(rare)} numbers that few models have", key="all-numbers", bind="query-params"
    )
    names = [name for name in counted if everything or name not in rare]
    rows = [
        {"model": model, **{name: card[name]["value"] for name in names if name in card}}
        for model, card in cards.items()
    ]
    st.dataframe(
        rows,
        hide_index=True,
        height=38 + 35 * len(rows),
        placeholder="",
        column_config={
            "model": st.column_config.TextColumn(pinned=True),
            **{
                name: st.column_config.NumberColumn(cleaned(number(name).heading), format="%.4g")
                for name in names
            },
        },
    )
    with menus.beside(
        "the numbers of every card, each at β = 1; click a head to sort by it. Bounds on different variables, and on binary and on continuous "
        "pixels, cannot be compared. Measured by the command in each card."
    ):
        menus.menu(
            "models",
            "models",
            codes=lambda: {
                "model": np.array(list(cards)),
                **{f"{name}{part}": np.array([card.get(name, {}).get(which, np.nan) for card in cards.values()])
                   for name in names for part, which in (("", "value"), (".se", "se"))},
            },
        )  # fmt: skip


def titled(name: str) -> str:
    """A number in words, as an option of a widget."""
    return cleaned(number(name).title)


def two_numbers() -> None:
    everything = st.toggle(
        "Also models that score other pixels",
        key="everything",
        bind="query-params",
        help="Nats of binary and of continuous pixels cannot be compared.",
    )
    cards = collection.measured(None if everything else checkpoint)
    names = sorted({name for card in cards.values() for name in card})
    if len(names) < 2:
        st.info("No card holds two numbers yet.")
        return
    left, right = st.columns(2)
    usual = [name if name in names else names[0] for name in ("distortion", "negative_elbo")]
    links.settle("across", names, "number")
    links.settle("up", names, "number")
    x = left.selectbox("Across", names, names.index(usual[0]), titled, key="across", bind="query-params")
    y = right.selectbox("Up", names, names.index(usual[1]), titled, key="up", bind="query-params")
    both = {model: (card[x], card[y]) for model, card in cards.items() if x in card and y in card}
    if not both:
        st.info(f"No model has both {plain(titled(x))} and {plain(titled(y))}.")
        return
    figure: go.Figure = against(both, x, y, checkpoint.name)
    st.plotly_chart(figure, key="two-numbers", config=CONFIG)
    with menus.beside(
        f"{len(both)} of {len(cards)} measured models, by two numbers of their cards, with two standard errors each."
    ):
        menus.menu(
            "two-numbers",
            f"{x}-{y}",
            codes=lambda: {
                "model": np.array(list(both)),
                x: np.array([a["value"] for a, _ in both.values()]),
                f"{x}.se": np.array([a["se"] for a, _ in both.values()]),
                y: np.array([b["value"] for _, b in both.values()]),
                f"{y}.se": np.array([b["se"] for _, b in both.values()]),
            },
        )


def calibration() -> None:
    """Whether the model's class probabilities are frequencies, at the present betas."""
    found = measurements.calibrated(checkpoint)
    if found is None:
        st.info(
            f"{plain(checkpoint.name)} tells no classes apart: choose a model that reads or infers them, of data that has two or more."
        )
        return
    curve, error = found
    parts = curve.confidence, curve.accuracy, curve.spread, curve.count
    confidence, right, spread, count = (part.numpy() for part in parts)
    st.plotly_chart(
        measure_charts.calibration(
            confidence, right, spread, count, f"Is {checkpoint.name} as sure as it is right?"
        ),
        key="calibration",
        config=CONFIG,
    )
    by = (
        "the model’s own classifier q(y | x)"
        if LABEL in checkpoint.model.latents
        else "the class by the bound (softmax of per-class ELBOs)"
    )
    with menus.beside(
        f"the {error.n:,} items by how sure {by} is of the class that it names, in 15 equal bins, and how often that is right, with two standard "
        f"errors. Below the dotted line the model is too sure of itself. Expected calibration error (mean distance from the line over images) "
        f"**{error.value:.2%} ± {error.se:.2%}** (bootstrap). Over again: {code_span(scripts.measuring(checkpoint, 'calibration'))}."
    ):
        menus.menu(
            "calibration",
            f"{key(checkpoint.name)}-calibration",
            codes=lambda: {"confidence": confidence, "right": right, "right.se": spread, "images": count},
        )


def factors() -> None:
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
        importance(found)


def importance(found: measurements.Factors) -> None:
    """The matrix behind DCI: as the card has it, or as it is measured now."""
    matrix, fitting = found.importance, scripts.measuring(checkpoint, "dci")
    if matrix is None and (tables := last_output().get("factors", {})).get("importance"):
        matrix = np.array(tables["importance"])
    if matrix is None:
        st.info(
            f"Which dimensions boosted trees need to name each factor (DCI) takes some minutes: {code_span(fitting)}."
        )
        job = st.session_state.get(JOB)
        if job is None or not job.running:
            if st.button("Fit the trees", icon=":material/play_arrow:"):
                start(["dci"], None, 0)
        elif st.button("Cancel", icon=":material/stop:"):
            job.cancel()
            st.rerun(scope="app")
        watch()
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


def columns_of(found: measurements.Factors, matrix: np.ndarray) -> Callable[[], menus.Table]:
    """A matrix `(D, F)` as a table with the dimensions' names."""
    return lambda: {"dimension": np.array(found.dimensions), **dict(zip(found.names, matrix.T, strict=True))}


look = links.one_of("Look at", VIEWS, key="show", what="view", label_visibility="collapsed")
{
    CARD: this_model,
    TABLE: all_models,
    SCATTER: two_numbers,
    SURE: calibration,
    FACTORS: factors,
    TOGETHER: side_by_side,
}[look]()
