"""A model is a generative net `p` and an inference net `q` over the same named variables.

A name in both is latent; only in `p`, observed; only in `q`, a feature; a parent in neither is an input (a class to
condition on, a rate). A name in both whose `q` is a feature is observed as well: it is derived from what the batch holds.
The order of a dictionary is the order of sampling. Shapes: B examples, D dimensions.
"""

from collections.abc import Collection, Mapping
from functools import cached_property, reduce
from itertools import chain
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from .conditionals import Conditional, Env, Feature
from .distributions import Draw, kl_divergence, mean, rsample
from .names import IMAGE, LABEL, RATE

N = TypeVar("N", bound=Conditional | Feature)


class Terms(NamedTuple):
    """The evidence lower bound before anything is weighted: `(B,)` nats by variable, summed over dimensions."""

    log_likelihood: dict[str, Tensor]
    kl: dict[str, Tensor]
    score: dict[str, Tensor]

    @property
    def distortion(self) -> Tensor:
        """-E_q log p(observed | latents), `(B,)`."""
        return -reduce(torch.add, self.log_likelihood.values())

    @property
    def rate(self) -> Tensor:
        """KL(q || p) over all latent blocks, `(B,)`."""
        return reduce(torch.add, self.kl.values())

    @property
    def elbo(self) -> Tensor:
        """-(distortion + rate), `(B,)`: a lower bound on the log-likelihood of the observed given the inputs."""
        return -self.distortion - self.rate


class Inferred(NamedTuple):
    """Posteriors by latent name, and every named tensor of the run: the given ones, features and one draw of each latent."""

    posteriors: dict[str, Distribution]
    env: dict[str, Tensor]


class Model(nn.Module):
    """Two ordered dictionaries of conditionals and two verbs, `infer` and `generate`.

    >>> from vae_core.kinds import Image
    >>> from vae_core.models import CDVAE, Signature
    >>> model = CDVAE().build(Signature(Image(1, 8, 8), ("zero", "one")))
    >>> model.latents, model.observed, model.inputs(), model.inputs("z_l", "z_u")
    (['z_l', 'z_u'], ['x'], ['y'], [])

    Raises ValueError when a posterior has no prior, or a variable is declared before its parents.
    """

    p: Mapping[str, Conditional]
    q: Mapping[str, Conditional | Feature]

    def __init__(
        self, p: Mapping[str, Conditional], q: Mapping[str, Conditional | Feature], held: Env | None = None
    ):
        super().__init__()
        self.p = nn.ModuleDict(p)  # type: ignore[assignment]
        self.q = nn.ModuleDict(q)  # type: ignore[assignment]
        _check_order(p)
        _check_order(q)
        orphans = [name for name, c in q.items() if name not in p and not isinstance(c, Feature)]
        if orphans:
            raise ValueError(f"posterior without a prior: {', '.join(orphans)}")
        self._held = tuple(held or {})
        for name, value in (held or {}).items():
            self.register_buffer(f"held_{name}", value, persistent=False)

    def holding(self, inputs: Env) -> "Model":
        """The same model, weights shared, with some inputs held at one value `(1, D)` for every example.

        Raises ValueError for a name that is no input.
        """
        readers = [*self.p.values(), *self.q.values()]
        known = {parent for part in readers for parent in part.given} - set(self.p) - set(self.q)
        if unknown := sorted(set(inputs) - known):
            raise ValueError(
                f"{', '.join(unknown)} is no input of this model; its inputs are {', '.join(sorted(known)) or 'none'}"
            )
        return Model(self.p, self.q, {**self.held, **inputs}).train(self.training)

    @property
    def held(self) -> dict[str, Tensor]:
        """The inputs that are held at one value, `(1, D)`."""
        return {name: getattr(self, f"held_{name}") for name in self._held}

    def _with_held(self, env: Env, n: int) -> dict[str, Tensor]:
        return {name: value.expand(n, -1) for name, value in self.held.items()} | dict(env)

    @cached_property
    def latents(self) -> list[str]:
        return [name for name, net in self.q.items() if name in self.p and not isinstance(net, Feature)]

    @property
    def blocks(self) -> list[str]:
        """The latent blocks that have a map, a traversal and dimensions: all latents but the class."""
        return [name for name in self.latents if name != LABEL]

    @property
    def labelled(self) -> list[str]:
        """The blocks whose prior is conditioned on the class."""
        return [name for name in self.blocks if LABEL in self.p[name].given]

    @property
    def unlabelled(self) -> list[str]:
        """The blocks whose prior does not read the class."""
        return [name for name in self.blocks if name not in self.labelled]

    @property
    def encoder_reads(self) -> list[str]:
        """What has to be given to infer the latents: x, or x and the class of a model with q(z | x, y), and rates that nothing holds.

        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, CVAE, Signature
        >>> data = Signature(Image(1, 8, 8), ("zero", "one"))
        >>> CDVAE().build(data).encoder_reads, CVAE().build(data).encoder_reads
        (['x'], ['x', 'y'])
        """
        read = dict.fromkeys(parent for part in self.q.values() for parent in part.given)
        return [name for name in read if name not in self.q and name not in self._held]

    @property
    def decoder_reads(self) -> list[str]:
        """What the mean of x depends on: latent blocks, and the class where the decoder reads it itself, latent or given.

        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, CVAE, Joint, Signature
        >>> data = Signature(Image(1, 8, 8), ("zero", "one"))
        >>> [model().build(data).decoder_reads for model in (CDVAE, CVAE, Joint)]
        [['z_l', 'z_u'], ['z', 'y'], ['y', 'z']]
        """
        stops, wanted = {*self.blocks, LABEL}, {IMAGE}
        for name in reversed(list(self.p)):
            if name in wanted and name not in stops:
                wanted.update(self.p[name].mean_given)
        return [name for name in (*self.p, *sorted(wanted - set(self.p))) if name in wanted & stops]

    @property
    def coded(self) -> list[str]:
        """What a code is made of, which decodes to one mean: each latent, and a class that is given where the decoder reads it."""
        given = LABEL in self.decoder_reads and LABEL not in self.latents and LABEL not in self._held
        return [*self.latents, *([LABEL] if given else [])]

    @property
    def styles(self) -> list[str]:
        """The blocks that stay when the class changes: all where the decoder reads the class itself, else those whose prior does not read it."""
        return self.blocks if LABEL in self.decoder_reads else self.unlabelled

    @property
    def classes(self) -> int:
        """How many classes its conditionals tell apart, K; 0 where none reads or names the class."""
        return max((part.classes for part in (*self.p.values(), *self.q.values())), default=0)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The dimensions of each latent, D, in the order of sampling; of a latent class, K."""
        last = max(list(self.p).index(name) for name in self.latents)
        given = {LABEL: torch.eye(self.classes, device=self.device)[:1]} if LABEL in self.inputs() else {}
        rates = [name for name in self.inputs() if name.startswith(RATE)]
        given |= {name: torch.zeros(1, 1, device=self.device) for name in rates}
        with torch.no_grad():
            values = self.generate(given, only=list(self.p)[: last + 1])
        return {name: values[name].shape[-1] for name in self.p if name in self.latents}

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(chain(self.parameters(), self.buffers())).device

    def as_trained(self) -> "Model":
        """The same model, weights shared, with its own conditionals where others stand in for pages (`Conditional.as_trained`)."""
        own = {name: conditional.as_trained() for name, conditional in self.p.items()}
        if all(own[name] is conditional for name, conditional in self.p.items()):
            return self
        return Model(own, self.q, self.held).train(self.training)

    @property
    def no_posterior(self) -> str:
        """Why it has codes and no posteriors, as a sentence; empty where it has them."""
        return next((self.q[name].stands_in for name in self.latents if self.q[name].stands_in), "")  # type: ignore[union-attr]

    @property
    def no_bound(self) -> str:
        """Why it has no bound to measure, as a sentence; empty where it has one."""
        own = self.as_trained().p.values()
        return self.no_posterior or next((part.stands_in for part in own if part.stands_in), "")

    @property
    def no_decoder(self) -> str:
        """Why nothing can be decoded, as a sentence; empty where it can."""
        return next((said for part in self.p.values() if (said := getattr(part, "no_decoder", ""))), "")

    @property
    def no_encoder(self) -> str:
        """Why nothing can be encoded, as a sentence; empty where it can."""
        return next((said for part in self.q.values() if (said := getattr(part, "no_encoder", ""))), "")

    @property
    def observed(self) -> list[str]:
        return [name for name in self.p if name not in self.latents]

    def inputs(self, *fixed: str) -> list[str]:
        """What must come from outside to generate everything downstream of the variables in `fixed`."""
        needed = {parent for name, c in self.p.items() if name not in fixed for parent in c.given}
        return sorted(needed - set(self.p) - set(self._held) - set(fixed))

    def inferable(self, known: Collection[str]) -> list[str]:
        """The variables of q that can be had of the known ones alone, in order: without its class, what comes before the class is read."""
        found = {*known, *self._held}
        for name, part in self.q.items():
            if set(part.given) <= found:
                found.add(name)
        return [name for name in self.q if name in found]

    @cached_property
    def by_draws(self) -> list[str]:
        """The latents whose KL(q || p) is had at draws alone: their prior reads what is inferred from themselves, as bottom-up, so that
        E_q log q(z) / p(z | parents) is over both together, and no closed form given the parents is its mean."""
        return [name for name in self.latents if set(self.p[name].given) & self.informed_by(name)]

    def below(self, *blocks: str) -> list[str]:
        """The latents that are generated from some blocks by which alone the decoder hears of these: who moves one has them made anew."""
        found = {block for block in blocks if block not in self.decoder_reads}
        for name in self.p:
            if set(self.p[name].given) & found:
                found.add(name)
        return [name for name in self.p if name in found and name in self.latents and name not in blocks]

    def _divergence(self, name: str, q: Distribution, p: Distribution, z: Tensor) -> Tensor:
        """KL(q || p), `(B,)`: see `by_draws`, else `distributions.kl_divergence`."""
        return q.log_prob(z) - p.log_prob(z) if name in self.by_draws else kl_divergence(q, p, z)

    def informed_by(self, variable: str) -> set[str]:
        """The variables of q that read a variable, themselves or by way of others."""
        return _informed_by(self.q, variable)

    def infer(self, env: Env, draw: Draw = mean, only: Collection[str] | None = None) -> Inferred:
        """Run `q`: the posterior of each latent that `env` does not hold, and `env` with a draw of each.

        `only` names the variables that are wanted, where that is not all of them; what they need comes with them.
        """
        values, posteriors = self._with_held(env, _size(env) if env else 1), {}
        for name, net in _needed(self.q, values, only):
            _require(name, net, values)
            if isinstance(net, Feature):
                values[name] = net(values)
            else:
                posteriors[name] = net(values)
                values[name] = draw(posteriors[name])
        return Inferred(posteriors, values)

    def generate(
        self, env: Env | None = None, n: int = 1, draw: Draw = mean, only: Collection[str] | None = None
    ) -> dict[str, Tensor]:
        """Run `p` downstream of whatever `env` fixes: sampling, decoding, traversal, swap. `n` draws if `env` is empty.

        `only` names the variables that are wanted, where that is not all of them; what they need comes with them.
        """
        n = _size(env) if env else n
        values = self._with_held(env or {}, n)
        for name, conditional in _needed(self.p, values, only):
            _require(name, conditional, values)
            d = conditional(values)
            values[name] = draw(d if d.batch_shape else d.expand((n,)))
        return values

    def terms(self, batch: Env, draw: Draw = rsample, inferred: Inferred | None = None) -> Terms:
        """Log-likelihoods, divergences and scores at one draw of the latents, `(B,)` each.

        A name in both nets *whose value the batch holds* is observed in that batch: its `p` term is a log-likelihood and
        its `q` term a log-score. `inferred` is what `infer(batch, draw)` gave, where the caller has it already.
        """
        posteriors, env = inferred or self.infer(batch, draw)
        if missing := [name for name in self.observed if name not in env]:
            raise ValueError(f"the batch lacks {', '.join(missing)}; it holds {', '.join(sorted(batch))}")
        size = _size(batch)
        p = {name: conditional(env) for name, conditional in self.p.items()}
        return Terms(
            {n: p[n].log_prob(env[n]).expand(size) for n in self.p if n not in posteriors},
            {n: self._divergence(n, posteriors[n], p[n], env[n]) for n in posteriors},
            {n: self.q[n](env).log_prob(env[n]) for n in self.latents if n in batch},
        )


def _size(env: Env) -> int:
    return len(next(iter(env.values())))


def _needed(net: Mapping[str, N], fixed: Env, only: Collection[str] | None) -> list[tuple[str, N]]:
    """What has to be run, in order, to have the names in `only` (all of them unless given) where some are fixed."""
    wanted = set(net if only is None else only)
    for name in reversed(list(net)):
        if name in wanted and name not in fixed:
            wanted.update(net[name].given)  # type: ignore[attr-defined]
    return [(name, part) for name, part in net.items() if name in wanted and name not in fixed]


def _check_order(net: Mapping[str, Conditional | Feature]) -> None:
    names = list(net)
    for i, name in enumerate(names):
        if late := [parent for parent in net[name].given if parent in names[i:]]:
            raise ValueError(f"{name} is declared before its parents {', '.join(late)}")


def _informed_by(q: Mapping[str, Conditional | Feature], variable: str) -> set[str]:
    found = {variable}
    for name, part in q.items():
        if found & set(part.given):
            found.add(name)
    return found - {variable}


def _require(name: str, module: Conditional | Feature, values: Env) -> None:
    if missing := [parent for parent in module.given if parent not in values]:
        raise ValueError(
            f"{name} needs {', '.join(missing)}; given: {', '.join(sorted(values)) or 'nothing'}"
        )
