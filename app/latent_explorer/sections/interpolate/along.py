"""What the model's own prior says along paths: the class, how far out the code is, how probable."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import priors
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.paths import along, classes_along
from latent_explorer.export import menus, tables
from latent_explorer.parts import words
from latent_explorer.session import links
from vae_core import Checkpoint
from vae_core.explore import Codes, class_of_codes
from vae_core.names import LABEL

FINE = torch.linspace(0, 1, 101)


def charts(checkpoint: Checkpoint, codes: dict[str, Codes], moved: list[str]) -> None:
    """What the model's own prior says along the paths."""
    model = checkpoint.model
    classes = checkpoint.atlas.classes
    labelled = checkpoint.model.labelled
    said = {kind: class_of_codes(model, code) for kind, code in codes.items()}
    said = {kind: value.numpy() for kind, value in said.items() if value is not None}
    if said:
        st.plotly_chart(classes_along(FINE.numpy(), said, classes), key="classes-along", config=CONFIG)
        menus.under(
            "classes-along",
            "classes-along-paths",
            f"The lines are p(class | {', '.join(labelled)}), the class of the code by Bayes’ rule over the class priors.",
            "All classes are equally probable beforehand; those below 1% throughout are left out.",
            codes=lambda: of_paths(said),
        )
    measured = [block for block in model.blocks if block in moved]
    if measured:
        under_prior(checkpoint, codes, measured)


def under_prior(checkpoint: Checkpoint, codes: dict[str, Codes], measured: list[str]) -> None:
    """How far out and how probable the codes are."""
    model = checkpoint.model
    labelled = checkpoint.model.labelled
    options = list(priors.PRIOR_MEASURES)
    measure = links.one_of("Under the prior", options, key="measure", what="measure")
    of_prior = priors.PRIOR_MEASURES[measure]
    values = {
        block: {kind: of_prior(model, block, code).numpy() for kind, code in codes.items()}
        for block in measured
    }
    unit, seen, read = MEASURES[measure]
    usual = priors.usual_under_prior(checkpoint, measure)
    st.plotly_chart(
        along(FINE.numpy(), values, usual, unit, checkpoint.kind.many), key="along", config=CONFIG
    )
    menus.under(
        "along",
        f"{measure.replace(' ', '-')}-along-paths",
        f"{seen}{CLASSES_MIXED if labelled and LABEL not in model.coded else ''}; grey is where 90% of the {checkpoint.kind.many} lie.",
        words.of_kind(read, checkpoint.kind)
        + (words.estimated(model, *measured) if measure == "distance" else ""),
        codes=lambda: of_paths(
            {kind: np.stack([values[block][kind] for block in measured], -1) for kind in codes}
        ),
    )


def of_paths(values: dict[str, np.ndarray]) -> tables.Table:
    """Numbers `(T, M)` of each path, one below the other."""
    return {
        "path": np.repeat(list(values), len(FINE)),
        "t": np.tile(FINE.numpy(), len(values)),
        "value": np.concatenate(list(values.values())),
    }


MEASURES = {
    "distance": (
        "distance from the prior’s mean",
        "The lines say how far the code is from its prior’s mean",
        "A straight line mostly passes nearer to the mean than its ends; on the sphere the distance goes evenly from one end to the other.",
    ),
    "log density": (
        "log p, nats",
        "The lines are log p, the log density of the code under its prior",
        "More is not better: a Gaussian is densest at its mean, where in many dimensions hardly any {one} lies.",
    ),
}

CLASSES_MIXED = " (of class latents: the mixture of all class priors)"
