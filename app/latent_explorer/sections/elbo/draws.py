"""The reparameterised draw, as draws: z = mu + sigma eps, and what the decoder makes of each."""

import numpy as np
import streamlit as st

from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.elbo.example import Example
from latent_explorer.text import key, minus
from vae_core import Checkpoint
from vae_core.distributions import is_diagonal_normal
from vae_core.explore import codes_of, decode
from vae_core.names import IMAGE

SHOWN = 7


def draws(checkpoint: Checkpoint, example: Example) -> None:
    """The mean's decoding and those of some draws; below them one dimension's mean, spread, noise and draw."""
    model, found = checkpoint.model.as_trained(), example.found
    posteriors, env = found.inferred.posteriors, found.inferred.env
    fixed = {name: value[:1] for name, value in example.batch.items() if name in model.coded}
    mean = codes_of({name: q.mean[:1] for name, q in posteriors.items()} | fixed)
    drawn = {name: env[name][:SHOWN] for name in model.coded}
    pictures = [to_bytes(decode(model, codes), checkpoint.kind) for codes in (mean, codes_of(drawn))]
    fit = [minus(f"{value:.1f}") for value in found.terms.log_likelihood[IMAGE][:SHOWN].tolist()]
    image_grid(
        np.concatenate(pictures)[None],
        rows=["decoded"],
        row_notes=["log p(x | z), nats"],
        columns=["mean", *fit],
        title=f"The mean code of {example.says}, and {SHOWN} reparameterised draws",
        key="elbo-draws",
        headed=True,
        marks=[(0, 0)],
    )
    lines, table = _written(checkpoint, example)
    menus.under(
        "elbo-draws",
        f"{key(checkpoint.name)}-draws",
        f"Each {checkpoint.kind.one} is decoded from one draw of the posterior of {example.says}; outlined is its mean.",
        "Over each draw stands how well it explains what went in.",
        codes=lambda: table,
    )
    if lines:
        st.markdown("\n".join(lines))


def _written(checkpoint: Checkpoint, example: Example) -> tuple[list[str], dict[str, np.ndarray]]:
    """The draws of the dimension that costs most, as a table of Markdown, and all of them as numbers."""
    found = example.found
    model = checkpoint.model.as_trained()
    table = {
        name: value[:SHOWN].numpy() for name, value in found.inferred.env.items() if name in model.blocks
    }
    gaussian = {name: share for name, share in found.per_dimension.items() if name in model.blocks}
    gaussian = {
        name: s for name, s in gaussian.items() if is_diagonal_normal(found.inferred.posteriors[name])
    }
    if not gaussian:
        return [], table
    block = max(gaussian, key=lambda name: gaussian[name].max().item())
    j = int(gaussian[block].argmax())
    q = found.inferred.posteriors[block]
    mean, spread, z = (value[:SHOWN, j] for value in (q.mean, q.stddev, found.inferred.env[block]))
    noise = (z - mean) / spread
    name = words.dimension(model, block, j).replace("[", "\\[")
    head = f"| {name}, which costs most | {' | '.join(f'draw {i + 1}' for i in range(SHOWN))} |"
    rows = {"mean μ": mean, "spread σ": spread, "noise ε ~ N(0, 1)": noise, "z = μ + σ ε": z}
    cells = [
        f"| {title} | {' | '.join(minus(f'{v:+.3f}') for v in value.tolist())} |"
        for title, value in rows.items()
    ]
    return [head, f"|---|{'--:|' * SHOWN}", *cells], table
