"""The sidebar: the choice of model, and what its card says of it."""

import math
from collections.abc import Collection

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

from latent_explorer.caches import checkpoints, collection
from latent_explorer.components.beta_slider import beta_sliders
from latent_explorer.components.copy_link import copy_link
from latent_explorer.export import scripts
from latent_explorer.parts import words
from latent_explorer.parts.leak import measured_at
from latent_explorer.session import current, gallery, links, presenting, sharing
from latent_explorer.text import by_commands, code_span, measured_by, plain
from vae_core import Checkpoint
from vae_core.checkpoints import SUCCESSORS, CheckpointError, Cost, Forked, present_name
from vae_core.explore import prior_distance, priors_by_class
from vae_core.metrics import HEADLINES, number
from vae_core.multirate import rates_of, usual
from vae_core.priors import bayes_error

# The pages that show nothing of the model at hand, by their address: its betas would be taken for those of what trains there.
OF_NO_MODEL = ("train", "data", "lessons")

LED_ON = "led-on"  # the name of a model that a link asked for, and of that which took its place


def show(page: str) -> str | None:
    """Draw the sidebar of a page; the name of the chosen checkpoint, or None where none can be read (said on the page)."""
    names = list(checkpoints.offered())
    if not names:
        st.error(
            "There is no model here. Train one: `latent-explorer train cdvae --data digits --out runs/first`"
        )
        return None
    _lead_on(names)
    links.check("model", [*names, *SUCCESSORS], "model")
    links.along("model")
    with st.sidebar:
        called, priced = st.container(), st.container()
        name = st.selectbox("Model", names, key="model", bind="query-params", label_visibility="collapsed")
        with called:
            purpose = gallery.choice(name)
        st.caption(purpose)
        before, now = st.session_state.get(LED_ON, ("", ""))
        if name == now:
            st.caption(f"{before} is no longer bundled: {now} took its place.")
        if said := checkpoints.twin(name):
            st.caption(said)
        _choice_of_prior(name)
        place = st.container()
    try:
        checkpoint = checkpoints.checkpoint(name)
    except CheckpointError as error:
        st.error(
            f"{plain(name)} cannot be opened: {checkpoints.why(name, error)}. Choose another model in the sidebar."
        )
        return None
    with place:
        copy_link(current.arrive(checkpoint, page), model=name, shared=sharing.address())
        sharing.show(name, page)
    with priced:
        st.session_state["betas"] = _betas(checkpoint) if page not in OF_NO_MODEL else _kept_betas(checkpoint)
    with st.sidebar:
        presenting.choose()
        with st.expander("Its card", icon=":material/description:", key="card"):
            _card(checkpoint)
        _missing(checkpoint)
    return name


def asked() -> str | None:
    """The name of the model that `show` will choose, before it does; None where there is none."""
    names = list(checkpoints.offered())
    asked = st.session_state.get("model") or _present(st.query_params.get("model", ""), names)
    return asked if asked in names else next(iter(names), None)


def _present(asked: str, names: Collection[str]) -> str:
    """The model that a link means: the one of that name, or what took its place among the bundled ones."""
    return asked if asked in names else present_name(asked)


def _lead_on(names: Collection[str]) -> None:
    """A link to a bundled model that is no more becomes the link to the one that took its place."""
    asked = st.query_params.get("model", "")
    now = _present(asked, names)
    if now == asked or now not in names:
        return
    st.session_state[LED_ON] = asked, now
    try:
        st.query_params["model"] = now
    except StreamlitAPIException:  # the address is the widget's, which was there before
        st.session_state["model"] = now
    else:
        st.rerun()


def _betas(checkpoint: Checkpoint) -> dict[str, float]:
    """A slider on a log scale for each block that has a rate; the chosen betas."""
    chosen = {}
    for block, start in usual(checkpoint.model).items():
        key, options = slider_key(block), _options(checkpoint, block)
        links.along(key)
        # What another model reached and this one does not becomes the nearest that it has.
        if st.session_state.get(key, options[0]) not in options:
            st.session_state[key] = slider_option(checkpoint, block, float(st.session_state[key]))
        elif key not in st.session_state:
            _linked_beta(checkpoint, block)
        chosen[block] = float(
            st.select_slider(
                f"β({block})",
                options,
                slider_option(checkpoint, block, start),
                key=key,
                bind="query-params",
                help=f"The price of a nat in the {words.latents(checkpoint.model, block)}: the weight of their rate KL(q ‖ p). The model was trained "
                "for every position of this slider. A low β keeps detail; a high β keeps only what is worth its price.",
            )
        )
    if chosen:
        grid, rates = checkpoint.atlas_grid.betas, rates_of(checkpoint.model)
        beta_sliders(
            checkpoint.name,
            chosen,
            {
                block: (slider_key(block), rates[block].exposed, np.unique(grid[block]).tolist())
                for block in chosen
            },
        )
    if len(checkpoint.atlas_grid.corners(chosen)) > 1:
        st.caption("This β lies between two of the beta grid: encodings, maps and KL are interpolated.")
    return chosen


def _kept_betas(checkpoint: Checkpoint) -> dict[str, float]:
    """Where the sliders stand on the pages that have them."""
    chosen = {}
    for block, start in usual(checkpoint.model).items():
        links.along(slider_key(block))
        chosen[block] = float(st.session_state.get(slider_key(block), start))
    return chosen


def _linked_beta(checkpoint: Checkpoint, block: str) -> None:
    """The slider stands at the position that is nearest to what the link asks for; of a beta out of its range, that is said."""
    key, options = slider_key(block), _options(checkpoint, block)
    asked = st.query_params.get(key)
    if not asked or asked in options:
        return
    low, high = rates_of(checkpoint.model)[block].exposed
    links.amount(key, low, high, f"beta of {block}")
    if (beta := links.read(asked)) > 0:
        st.session_state[key] = slider_option(checkpoint, block, beta)


def slider_key(block: str) -> str:
    return f"beta_{block}"


def slider_option(checkpoint: Checkpoint, block: str, beta: float) -> str:
    """The position of the block's slider that is nearest to a beta."""
    return min(_options(checkpoint, block), key=lambda option: abs(math.log(float(option) / beta)))


def _options(checkpoint: Checkpoint, block: str) -> list[str]:
    return [f"{beta:.3g}" for beta in scale(rates_of(checkpoint.model)[block].exposed)]


# Steps of a slider of betas: a number that 2, 4, 6 and 8 divide, so that every beta grid is among its positions.
STEPS = 48


def scale(exposed: tuple[float, float]) -> list[float]:
    """Positions of a slider of betas: equal steps of log beta from one end of the range to the other.

    >>> [f"{beta:.3g}" for beta in scale((0.1, 10.0))[::12]]
    ['0.1', '0.316', '1', '3.16', '10']
    """
    low, high = map(math.log, exposed)
    return [math.exp(low + (high - low) * step / STEPS) for step in range(STEPS + 1)]


def _choice_of_prior(name: str) -> None:
    """A switch between the checkpoints that differ from this one by their prior alone."""
    alike = collection.by_prior(name)
    if len(alike) < 2:
        return
    st.session_state["prior"] = next(prior for prior, other in alike.items() if other == name)

    def switch() -> None:
        st.session_state["model"] = alike.get(st.session_state["prior"], name)

    links.one_of(
        "Prior (same nets, same seed)", list(alike), key="prior", what="prior", bind=None, on_change=switch
    )


def _card(checkpoint: Checkpoint) -> None:
    card = checkpoint.card
    cost = card.cost
    lines = _made(checkpoint) if card.objective else _brought(checkpoint)
    lines += [_distance(checkpoint, block) for block in checkpoint.model.blocks]
    if cost:
        lines.append(f"{card.epochs_done} epochs in {_duration(cost.seconds)} on {_machine(cost)}")
    lines.append(_begun(card.forked))
    st.caption("  \n".join(line for line in lines if line))
    if card.notes:
        with st.expander(
            "How they were read" if checkpoint.model.no_encoder else "How its graphs were read",
            icon=":material/import_export:",
        ):
            st.caption("  \n".join(plain(note, 1000) for note in card.notes))
    if card.metrics:
        _numbers(checkpoint)


def _begun(forked: Forked | None) -> str:
    """Where the weights of a fork come from, and what they had cost before, where that model is here.

    >>> _begun(Forked("first", "0123456789abcdef", 3))
    'It began with the weights of first after epoch 3 of that, which is not counted here'
    """
    if forked is None:
        return ""
    origin = collection.card_of(forked.name)
    took = (
        f" of {origin.epochs_done} in {_duration(origin.cost.seconds)}"
        if origin and origin.cost
        else " of that"
    )
    return f"It began with the weights of {plain(forked.name)} after epoch {forked.epoch}{took}, which is not counted here"


def _missing(checkpoint: Checkpoint) -> None:
    """What is to be done for it stands outside the card, which is folded."""
    if checkpoint.outdated:
        st.warning(f"{checkpoint.outdated}.")
    if not checkpoint.card.metrics and not checkpoint.no_data:
        st.caption(
            f"Not measured yet. Measure it with {code_span(scripts.run(checkpoint, 'evaluate', '--write'))}"
        )


def _made(checkpoint: Checkpoint) -> list[str]:
    """What it is and how it was trained."""
    card = checkpoint.card
    model, data = card.model, card.data
    arguments = {k: v for k, v in model.arguments.items() if v is not None and k != "rates"}
    return [
        f"**{plain(model.name)}** trained on {data.images:,} {checkpoint.kind.many} of {plain(data.name)}",
        " · ".join(plain(_argument(key, value)) for key, value in arguments.items()),
        plain(card.says, 1000),
    ]


def _brought(checkpoint: Checkpoint) -> list[str]:
    """What a model is that was trained elsewhere, and what stands in for what it lacks."""
    card = checkpoint.card
    likelihood = card.model.arguments.get("likelihood")
    stand_ins = " ".join(words.standing_in(checkpoint.model))
    if checkpoint.model.no_encoder:
        return [
            f"**Embeddings** alone, of an encoder that was trained elsewhere: {card.data.images:,} {checkpoint.kind.many} of {plain(card.data.name)}",
            f"**Fitted or absent:** {plain(stand_ins, 1000)}",
        ]
    data = f"with {card.data.images:,} {checkpoint.kind.many} of {plain(card.data.name)}"
    return [
        f"**{plain(card.model.name.upper())}** model that was trained elsewhere, brought in {'without data' if checkpoint.no_data else data}",
        f"likelihood {plain(str(likelihood))}" if likelihood else "",
        f"**Fitted or absent:** {plain(stand_ins, 1000)}" if stand_ins else "",
    ]


def _argument(name: str, value: object) -> str:
    """An argument of a declaration in words.

    >>> _argument("unlabelled_prior", "vamp"), _argument("separation", 8.0)
    ('unlabelled prior vamp', 'separation 8')
    """
    return f"{name.replace('_', ' ')} {f'{value:g}' if isinstance(value, float) else value}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"


def _machine(cost: Cost) -> str:
    return (
        f"{cost.processes} × {cost.threads} threads of {plain(cost.device)}"
        if cost.threads > 1
        else (f"one thread of {plain(cost.device)}")
    )


def _distance(checkpoint: Checkpoint, block: str) -> str:
    distance = prior_distance(checkpoint.model, block)
    name = words.capital(words.latents(checkpoint.model, block))
    if distance is None:
        apart = block in checkpoint.model.labelled and priors_by_class(checkpoint.model, block) is not None
        if not apart or checkpoint.model.classes < 2:
            return ""
        return f"{name}: the class priors are no Gaussians, so no distance in σ says how far apart they lie"
    what = "fitted class Gaussians" if words.fitted_classes(checkpoint.model) else "class priors"
    return f"{name}: the nearest two {what} are {distance:.1f} σ apart (Bayes error of the pair {bayes_error(distance):.1e})"


def _numbers(checkpoint: Checkpoint) -> None:
    """Value ± standard error and n of each headline, and the command that measured them."""
    card = checkpoint.card
    lines = []
    shown = [metric for metric in HEADLINES if metric in card.metrics]
    if not shown:
        return
    for metric in shown:
        value, se, n = card.metrics[metric]
        lines.append(f"{plain(number(metric).title)}  \n**{number(metric).told(value, se)}** · n {n:,}")
    st.markdown(f"**Measured**{measured_at(checkpoint)} on {plain(card.images(shown), 1000)}")
    st.caption("  \n".join(lines))
    st.caption("value ± standard error", help=by_commands(measured_by(card, shown)))
