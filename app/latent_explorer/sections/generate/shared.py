"""What several sections of the page Generate use."""

from latent_explorer.parts.leak import measured_at
from latent_explorer.text import measured_by
from vae_core import Checkpoint

COLUMNS = 12


TEMPERATURES = (0.0, 2.0)


def judged(checkpoint: Checkpoint, metric: str) -> str:
    """What an independent classifier said of such pictures, from the card."""
    card = checkpoint.card
    if not {metric, "judge_accuracy"} <= set(card["metrics"]):
        return ""
    value, se, n = (card["metrics"][metric][part] for part in ("value", "se", "n"))
    judge = card["metrics"]["judge_accuracy"]["value"]
    return (
        f"Of {n:,} of them an independent classifier (itself right on {judge:.1%} of the test images) gave {value:.2%} "
        f"(± {se:.2%}) the class asked for{measured_at(checkpoint)}, which says how typical they are and not how diverse: {measured_by(card, [metric])}"
    )
