"""What a card's probes read of the class in blocks that are not to hold it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from latent_explorer.text import measured_by
from vae_core import Checkpoint
from vae_core.labels import has_label


def measured_at(found: Checkpoint) -> str:
    """Where the numbers of a multi-rate card were measured; nothing for a model of one beta."""
    return " at β = 1" if found.betas else ""


# What a probe is given, and what that shows.
READINGS = {
    "sample": "from one draw of {}, which is all that the decoder gets: {}",
    "mean": "from posterior means, which also show shifts that the draw’s noise hides: {1}",
    "posterior": "from means and scales, all that the encoder says, since the class may sit in how sure it is: {1}",
}


def _probed(metrics: Mapping[str, Any], block: str) -> str:
    """Shares of the probes on each reading of the block that a card knows, the MLP's nats behind them."""
    parts = []
    for what, words in READINGS.items():
        names = [f"probe_{block}_{kind}_{what}" for kind in ("logistic", "knn", "mlp")]
        if all(name in metrics for name in names):
            shares = " / ".join(f"{metrics[name]['value']:.1%}" for name in names)
            nats = metrics.get(f"{names[-1]}_nats")
            parts.append(words.format(block, shares + (f" ({nats['value']:.2f} nats)" if nats else "")))
    return "; ".join(parts)


def leak_note(found: Checkpoint) -> None:
    """What the card's probes read of the class in the unlabelled blocks, and why nothing forbids it."""
    metrics, labels = found.card["metrics"], found.atlas.labels
    for block in found.model.blocks:
        if block in found.model.labelled or not has_label(found.model):
            continue
        if not (read := _probed(metrics, block)):
            continue
        weight = found.card["objective"].get("adversary")
        against = f"An adversary of weight {weight:g} was trained against it. " if weight else ""
        most_frequent = np.bincount(labels).max() / len(labels)
        st.info(
            f"**How much of the class is left in {block}?** Probes (logistic / kNN / MLP; the MLP’s nats of the class, at least) name the "
            f"class of the test images right {read}. Naming the most frequent class is right for {most_frequent:.1%}. "
            f"Nothing in the bound forbids a leak: it only puts the price KL(q({block}|·) ‖ p({block})) on "
            f"whatever {block} carries. {against}Measured{measured_at(found)} by {measured_by(found.card, [f'probe_{block}_mlp_sample'])}",
            icon=":material/info:",
        )
