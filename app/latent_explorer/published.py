"""Published disentanglement scores on dSprites, to stand beside ours. Marked as published everywhere: another data set, other budgets."""

from typing import NamedTuple

# The data of ours whose images are like those.
LIKE = "sprites"

# The scores that are compared, by the names of our metrics.
SCORES = {
    "mig": "MIG",
    "sap": "SAP",
    "dci_disentanglement": "DCI",
    "factorvae_score": "FactorVAE score",
    "betavae_score": "β-VAE score",
}


class Published(NamedTuple):
    """Scores, the lowest and the highest reported of each, the same number twice where there is one."""

    method: str
    about: str
    source: str
    scores: dict[str, tuple[float, float]]

    def range_of(self, score: str) -> str:
        """As text, empty where nothing was published."""
        low, high = self.scores.get(score, (None, None))
        return "" if low is None else f"{low:g}" if low == high else f"{low:g}–{high:g}"


# The ranges are read off the ends of violin plots, to about 0.01.
PLOTS = "https://github.com/pfnet-research/chainer-disentanglement-lib#quantitative-evaluation"

PUBLISHED = (
    Published(
        "β-VAE",
        "10 latents, 300,000 steps; range over runs, how many is not said",
        PLOTS,
        {
            "mig": (0.05, 0.39),
            "sap": (0.004, 0.08),
            "dci_disentanglement": (0.06, 0.53),
            "factorvae_score": (0.40, 0.73),
        },
    ),
    Published(
        "FactorVAE",
        "the same",
        PLOTS,
        {
            "mig": (0.03, 0.47),
            "sap": (0.013, 0.088),
            "dci_disentanglement": (0.09, 0.58),
            "factorvae_score": (0.58, 0.94),
        },
    ),
    Published(
        "β-TCVAE",
        "β = 6, MLP; MIG of samples, the shape left out",
        "https://github.com/YannDubs/disentangling-vae/issues/64",
        {"mig": (0.50, 0.50)},
    ),
    Published(
        "β-VAE, β = 4",
        "by its authors’ own protocol",
        "https://openreview.net/forum?id=Sy2fzU9gl",
        {"betavae_score": (0.992, 0.992)},
    ),
)
