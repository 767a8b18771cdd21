"""All models side by side: every number in a table, any two in a chart."""

from collections import Counter

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from latent_explorer.caches import collection
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.measures import against
from latent_explorer.export import menus
from latent_explorer.session import links
from latent_explorer.text import cleaned, plain
from vae_core import Checkpoint
from vae_core.metrics import number

# Of how many models a number has to be to stand in the table of all.
COMMON = 0.3


def all_models(checkpoint: Checkpoint) -> None:
    cards = collection.measured()
    counted = Counter(name for card in cards.values() for name in card)
    rare = [name for name in counted if counted[name] < COMMON * len(cards)]
    everything = st.toggle(
        f"Also the {len(rare)} numbers that few models have", key="all-numbers", bind="query-params"
    )
    names = [name for name in counted if everything or name not in rare]
    rows = [
        {"model": model, **{name: card[name].value for name in names if name in card}}
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
    menus.under(
        "models",
        "models",
        "Each row is a model, with the numbers of its card at β = 1. Click a heading to sort by it.",
        "Bounds of different data, and of binary and continuous pixels, cannot be compared.",
        picture=False,
        codes=lambda: {
            "model": np.array(list(cards)),
            **{f"{name}{part}": np.array([getattr(card.get(name), which, np.nan) for card in cards.values()])
               for name in names for part, which in (("", "value"), (".se", "se"))},
        },
    )  # fmt: skip


def titled(name: str) -> str:
    """A number in words, as an option of a widget."""
    return cleaned(number(name).title)


def two_numbers(checkpoint: Checkpoint) -> None:
    everything = st.toggle(
        "Also models of other data or other pixels",
        key="everything",
        bind="query-params",
        help="Nats of binary and of continuous pixels cannot be compared.",
    )
    cards = collection.measured(None if everything else checkpoint)
    names = sorted({name for card in cards.values() for name in card})
    if len(names) < 2:
        st.info("No model has two numbers yet. Measure one first.")
        return
    left, right = st.columns(2)
    usual = [name if name in names else names[0] for name in ("distortion", "negative_elbo")]
    links.settle("across", names, "number")
    links.settle("up", names, "number")
    x = left.selectbox("Horizontal", names, names.index(usual[0]), titled, key="across", bind="query-params")
    y = right.selectbox("Vertical", names, names.index(usual[1]), titled, key="up", bind="query-params")
    both = {model: (card[x], card[y]) for model, card in cards.items() if x in card and y in card}
    if not both:
        st.info(f"No model has both {plain(titled(x))} and {plain(titled(y))}. Choose other numbers.")
        return
    figure: go.Figure = against(both, x, y, checkpoint.name)
    st.plotly_chart(figure, key="two-numbers", config=CONFIG)
    menus.under(
        "two-numbers",
        f"{x}-{y}",
        f"Each dot is one of {len(both)} models (of {len(cards)} measured), by two numbers of its card, ± two standard errors.",
        codes=lambda: {
            "model": np.array(list(both)),
            x: np.array([a.value for a, _ in both.values()]),
            f"{x}.se": np.array([a.se for a, _ in both.values()]),
            y: np.array([b.value for _, b in both.values()]),
            f"{y}.se": np.array([b.se for _, b in both.values()]),
        },
    )
