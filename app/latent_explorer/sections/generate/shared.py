"""What several sections of the page Generate use."""

from latent_explorer.parts.leak import measured_at
from vae_core import Checkpoint

COLUMNS = 12


TEMPERATURES = (0.0, 2.0)


def judged(checkpoint: Checkpoint, metric: str, beyond: str) -> str:
    """What the oracle classifier said of such images, from the card, and what it does not say."""
    card = checkpoint.card
    if not {metric, "judge_accuracy"} <= set(card.metrics):
        return ""
    value, se, n = card.metrics[metric]
    judge = card.metrics["judge_accuracy"].value
    return (
        f"An independent classifier, right on {judge:.1%} of the test {checkpoint.kind.many}, gives {value:.2%} ± {se:.2%} of {n:,} of them the class "
        f"asked for{measured_at(checkpoint)}: this says how typical they are, {beyond}."
    )
