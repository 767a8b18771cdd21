"""The sidebar: the choice of model, and what its card says of it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import links, resources
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError
from vae_core.explore import blocks, prior_distance
from vae_core.priors import bayes_error

# The numbers of a card that stand beside every page, with how they read.
HEADLINES = {
    "negative_elbo": ("−ELBO (β = 1)", "{:.2f} ± {:.2f} nats"),
    "log_px": ("log p(image{given}) bound", "{:.2f} ± {:.2f} nats"),
    "log_pxy": ("log p(image, class) bound", "{:.2f} ± {:.2f} nats"),
    "log_px_coarse": ("log p(image, coarse image) bound", "{:.2f} ± {:.2f} nats"),
    "bits_per_dimension": ("bits per dimension", "{:.3f} ± {:.3f}"),
    "classifier_accuracy": ("class by the classifier", "{:.2%} ± {:.2%}"),
    "bayes_accuracy": ("class by Bayes’ rule", "{:.2%} ± {:.2%}"),
    "sample_accuracy": ("samples judged right", "{:.2%} ± {:.2%}"),
    "swap_accuracy": ("swaps judged right", "{:.2%} ± {:.2%}"),
}


def show() -> str | None:
    """Draw the sidebar; the name of the chosen checkpoint, or None where none can be read (said on the page)."""
    names = list(resources.offered())
    if not names:
        st.error(
            "No model is bundled here: train one with `latent-explorer train cdvae --data digits --out runs/first`."
        )
        return None
    links.check("model", names, "model")
    with st.sidebar:
        name = st.selectbox("Model", names, key="model", bind="query-params")
        _choice_of_prior(name)
    try:
        checkpoint = resources.checkpoint(name)
    except CheckpointError as error:
        st.error(f"{name} cannot be opened: {error}. Choose another model in the sidebar.")
        return None
    with st.sidebar:
        _card(checkpoint)
    return name


def _choice_of_prior(name: str) -> None:
    """A switch between the checkpoints that differ from this one by their prior alone."""
    alike = resources.by_prior(name)
    if len(alike) < 2:
        return
    st.session_state["prior"] = next(prior for prior, other in alike.items() if other == name)

    def switch() -> None:
        st.session_state["model"] = alike.get(st.session_state["prior"], name)

    st.segmented_control("Prior, same nets and seed", list(alike), key="prior", on_change=switch)


def _card(found: Checkpoint) -> None:
    card = found.card
    data, cost = card["data"], card["cost"]
    lines = [f"**{card['model']['name']}** trained on {data['images']:,} images of {data['name']}"]
    arguments = {k: v for k, v in card["model"]["arguments"].items() if v is not None}
    lines.append(" · ".join(f"{key} {value}" for key, value in arguments.items()))
    lines.append(_objective(card))
    lines += [_distance(found, block) for block in blocks(found.model)]
    if cost:
        lines.append(f"cost {_duration(cost['seconds'])}, {card['epochs_done']} epochs on {_machine(cost)}")
    st.caption("  \n".join(line for line in lines if line))
    if card["metrics"]:
        _numbers(found)
    else:
        st.caption(f"Not measured yet: `latent-explorer evaluate {found.name} --write`")


def _objective(card: Mapping[str, Any]) -> str:
    """How the bound was weighed, with what the objective itself has found."""
    objective, found = card["objective"], card.get("found", {})
    name = objective["name"]
    parts = [f"β({block}) = {beta:g}" for block, beta in objective.get("beta", {}).items()]
    if name == "constrained":
        ending = f"β = {found['beta']:.2f} by dual ascent" if found.get("active") else "constraint inactive"
        parts.append(f"rate ≤ {objective['delta']:g} nats: {ending}" if found else "")
    if name == "capacity":
        parts.append(f"rate led to {objective['capacity']:g} nats")
    if name == "geco":
        parts.append(f"distortion ≤ {objective['tolerance']:g} nats: β = {found.get('beta', 1):.2f}")
    extras = {"class_weight": "class term × {:g}", "adversary": "adversary × {:g}", "labels": "{:,} labels"}
    parts += [form.format(objective[key]) for key, form in extras.items() if objective.get(key)]
    return " · ".join(part for part in parts if part)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"


def _machine(cost: Mapping[str, Any]) -> str:
    return (
        f"{cost['processes']} × {cost['threads']} threads of {cost['device']}"
        if cost["threads"] > 1
        else (f"one thread of {cost['device']}")
    )


def _distance(found: Checkpoint, block: str) -> str:
    distance = prior_distance(found.model, block, len(found.signature.classes))
    if distance is None:
        return ""
    return f"p({block} | class): nearest two {distance:.1f} σ apart (Bayes error of the pair {bayes_error(distance):.1e})"


def _numbers(found: Checkpoint) -> None:
    """Value ± standard error and n of each headline, and the command that measured them."""
    card, inputs = found.card, found.model.inputs()
    given = f" | {', '.join(inputs)}" if inputs else ""
    lines = []
    for metric, (title, form) in HEADLINES.items():
        if metric in card["metrics"]:
            value, se, n = (card["metrics"][metric][part] for part in ("value", "se", "n"))
            lines.append(f"{title.format(given=given)}  \n**{form.format(value, se)}** · n {n:,}")
    st.markdown(f"**Measured** on the {card['evaluation']['split']} images of {card['evaluation']['data']}")
    st.caption("  \n".join(lines))
    st.caption(f"value ± standard error, by `{card['evaluation']['command']}`")
