"""What a card's probes read of the class in blocks that are not to hold it."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from latent_explorer.parts import words
from latent_explorer.text import by_commands, measured_by
from vae_core import Checkpoint
from vae_core.estimates import Estimate
from vae_core.labels import has_label


def measured_at(checkpoint: Checkpoint) -> str:
    """Where the numbers of a multi-rate card were measured; nothing for a model of one beta."""
    return " at β = 1" if checkpoint.betas else ""


# What a probe is given, and what that shows.
READINGS = {
    "sample": "{1} from one draw of {0}, which is all that the decoder gets",
    "mean": "{1} from posterior means, which also show shifts that the noise of a draw hides",
    "posterior": "{1} from means and scales, all that the encoder says",
}


def _probed(metrics: Mapping[str, Estimate], block: str) -> str:
    """Shares of the probes on each reading of the block that a card knows, the MLP's nats behind them."""
    parts = []
    for what, reading in READINGS.items():
        names = [f"probe_{block}_{kind}_{what}" for kind in ("logistic", "knn", "mlp")]
        if all(name in metrics for name in names):
            shares = " / ".join(f"{metrics[name].value:.1%}" for name in names)
            nats = metrics.get(f"{names[-1]}_nats")
            parts.append(reading.format(block, shares + (f" ({nats.value:.2f} nats)" if nats else "")))
    return "; ".join(parts)


def leak_note(checkpoint: Checkpoint) -> None:
    """What the card's probes read of the class in the unlabelled blocks, and why nothing forbids it."""
    metrics, labels = checkpoint.card.metrics, checkpoint.atlas.labels
    for block in checkpoint.model.blocks:
        if block in checkpoint.model.labelled or not has_label(checkpoint.model):
            continue
        if not (read := _probed(metrics, block)):
            continue
        weight = getattr(checkpoint.card.objective, "adversary", 0.0)
        against = f"An adversary of weight {weight:g} was trained against it. " if weight else ""
        most_frequent = np.bincount(labels).max() / len(labels)
        st.info(
            f"**How much of the class is left in the {words.latents(checkpoint.model, block)}?** Probes (logistic / kNN / MLP) name the class of "
            f"the test {checkpoint.kind.many} right: {read}. Always naming the most frequent class is right for {most_frequent:.1%}. "
            f"The bound does not forbid a leak: it only puts a price on whatever {block} carries, its rate KL(q ‖ p). {against}"
            f"Measured{measured_at(checkpoint)}; nats are how much of the class the MLP reads, at least.",
            icon=":material/info:",
        )
        if told := by_commands(measured_by(checkpoint.card, [f"probe_{block}_mlp_sample"])):
            st.caption("How this was measured", help=told)
