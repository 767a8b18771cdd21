"""The formula with the numbers of one image."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
from torch import Tensor
from torch.distributions import Distribution

from latent_explorer.components.bound import Part, bound
from latent_explorer.export import menus
from latent_explorer.parts import words
from latent_explorer.sections.elbo.example import DRAWS, Example
from latent_explorer.text import key, minus, plain
from vae_core import Checkpoint
from vae_core.distributions import GaussianMixture, NormalizingFlow, is_diagonal_normal
from vae_core.model import Model
from vae_core.names import LABEL

MOST = 16  # bars of a block; the rest is one bar


def terms(checkpoint: Checkpoint, example: Example) -> None:
    """ELBO = log-likelihoods - KLs, and below it what training weighed, where that is something else."""
    model, found = checkpoint.model.as_trained(), example.found
    likelihoods = [
        _likelihood(model, example, name, values) for name, values in found.terms.log_likelihood.items()
    ]
    divergences = [_divergence(model, example, name, values) for name, values in found.terms.kl.items()]
    total = Part(
        "",
        "ELBO",
        _number(example, found.terms.elbo),
        f"The evidence lower bound of {example.says} in nats: what it says well of the {checkpoint.kind.one}, less what the code costs. {_bounds(model, example)}",
    )
    first, *others = likelihoods
    bound(total, [_before(first, "="), *(_before(o, "+") for o in others), *divergences], "bound")
    menus.under(
        "bound",
        f"{key(checkpoint.name)}-bound",
        f"Each number is of {example.says}, in nats: the mean over {DRAWS} draws of its code, ± the standard error where it depends on the draw.",
        "A pointer on a term shows what it is made of.",
        picture=False,
        codes=lambda: _table(found.terms.log_likelihood, found.terms.kl),
    )
    _priced(checkpoint, example)


def _likelihood(model: Model, example: Example, name: str, values: Tensor) -> Part:
    given = [parent for parent in model.p[name].given if parent not in model.held]
    condition = f" | {', '.join(given)}" if given else ""
    if name == LABEL:
        says = f"How probable the class is before anything is seen: log p({name})."
    else:
        says = f"How well {name} is explained by draws of the code, {_of(model, name, example)}: minus the distortion."
    return Part(
        "", f"E log p({name}{condition})" if given else f"log p({name})", _number(example, values), says
    )


def _of(model: Model, name: str, example: Example) -> str:
    """What a likelihood multiplies."""
    count = example.batch[name][0].numel() if name in example.batch else 0
    return f"a sum over {count:,} values" if count > 1 else "in nats"


def _divergence(model: Model, example: Example, name: str, values: Tensor) -> Part:
    found = example.found
    given = [parent for parent in model.p[name].given if parent not in model.held]
    condition = f" | {', '.join(given)}" if given else ""
    prior = model.p[name](found.inferred.env)
    shares = found.per_dimension.get(name)
    says = (
        f"What the {words.variable(model, name)} cost: how far their posterior, {_named(found.inferred.posteriors[name])}, lies from "
        f"their prior, {_named(prior)}{_class(model, name, example)}. "
        + (
            "The bars are its dimensions."
            if shares is not None
            else "It does not divide over dimensions: log q − log p at the draws."
        )
    )
    bars = () if shares is None else _bars(name, shares)
    return Part("−", f"KL(q({name}) ‖ p({name}{condition}))", _number(example, values), says, bars)


def _bars(name: str, shares: Tensor) -> tuple[tuple[str, float], ...]:
    order = shares.argsort(descending=True, stable=True).tolist()
    bars = [(f"{name}[{j}]", round(shares[j].item(), 4)) for j in order[:MOST]]
    if rest := order[MOST:]:
        bars.append((f"{len(rest):,} others", round(shares[rest].sum().item(), 4)))
    return tuple(bars)


def _named(d: Distribution) -> str:
    """A distribution in words, for a sentence."""
    if is_diagonal_normal(d):
        return "a Gaussian"
    if isinstance(d, GaussianMixture):
        return f"a mixture of {d.mixture_distribution.probs.shape[-1]} Gaussians"
    if isinstance(d, NormalizingFlow):
        return "a normalising flow"
    if type(d).__name__ == "OneHotCategorical":
        return "probabilities of the classes"
    return "a distribution of its own"


def _class(model: Model, name: str, example: Example) -> str:
    return f" of class {example.label}" if LABEL in model.p[name].given and example.label else ""


def _bounds(model: Model, example: Example) -> str:
    """What it is a lower bound of."""
    observed = ", ".join(example.found.terms.log_likelihood)
    given = [name for name in model.inputs() if name in example.batch]
    return f"It never lies above log p({observed}{f' | {given[0]}' if given else ''})."


def _number(example: Example, values: Tensor) -> str:
    value, se = example.found.mean(values)
    number = minus(f"{value:.2f}")
    return f"{number} ± {se:.2f}" if se >= 0.005 else number


def _before(part: Part, before: str) -> Part:
    return Part(before, part.symbol, part.number, part.says, part.bars)


def _table(likelihoods: Mapping[str, Tensor], divergences: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    named = {f"log p({name})": values for name, values in likelihoods.items()}
    named |= {f"KL of {name}": values for name, values in divergences.items()}
    return {"draw": np.arange(DRAWS), **{name: values.numpy() for name, values in named.items()}}


def _priced(checkpoint: Checkpoint, example: Example) -> None:
    """What training weighed: the same terms with beta before each KL."""
    betas = prices(checkpoint)
    found, says = example.found, ""
    kls = {name: found.mean(values).value for name, values in found.terms.kl.items()}
    if betas and any(beta != 1 for beta in betas.values()):
        sums = " + ".join(f"{betas.get(name, 1.0):.3g} · {kl:.2f}" for name, kl in kls.items())
        distortion = found.mean(found.terms.distortion).value
        loss = distortion + sum(betas.get(name, 1.0) * kl for name, kl in kls.items())
        says = (
            f"**With β**, the price of a nat, the loss of this {checkpoint.kind.one} is distortion + β · KL = {distortion:.2f} + {sums} = "
            f"**{loss:.2f}** nats. Only at β = 1 is it minus the ELBO."
        )
    elif betas:
        says = "Here β = 1: training weighed what stands above, and minus the ELBO is the loss."
    elif checkpoint.card.objective:
        says = f"Training weighed the terms in another way: {plain(checkpoint.card.says, 500)}."
    if says:
        st.markdown(says)


def prices(checkpoint: Checkpoint) -> dict[str, float]:
    """The beta of each latent block: of the sliders, of the objective, or found by it; nothing where no one number says it."""
    card, blocks = checkpoint.card, list(checkpoint.model.latents)
    if checkpoint.betas:
        return dict(checkpoint.betas)
    given = getattr(card.objective, "beta", None)
    if isinstance(given, Mapping):
        return {name: float(beta) for name, beta in given.items()}
    if "beta" in card.found:
        return dict.fromkeys(blocks, card.found["beta"])
    return dict.fromkeys(blocks, float(given)) if isinstance(given, int | float) else {}
