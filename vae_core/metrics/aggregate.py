"""The aggregate posterior q(z) = 1/N sum_n q(z|x_n): its part in the rate, and how far it is from the prior.

Shapes: N images, D dimensions of a block, M draws, P permutations. Nats.
"""

import warnings

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Draw, RateDecomposition, aggregate_log_density, diagonal_normal, log_factors
from ..labels import has_label
from ..names import FACTOR, LABEL
from ..priors import one_hot
from .base import Estimate, Evaluation, mlp_classifier

KERNEL_DRAWS = 2000
PERMUTATIONS = 200


def rate_decomposition(evaluation: Evaluation) -> dict[str, Estimate]:
    """index_information_<block> = I_q(n; z), aggregate_kl_<block> = KL(q(z) || p(z)), and where the prior factorises its two parts
    total_correlation_<block> = KL(q(z) || prod_j q(z_j)), dimension_kl_<block> = sum_j KL(q(z_j) || p(z_j)): mean over the split.

    E_x KL(q(z|x) || p(z)) = I_q(n; z) + TC(q(z)) + sum_j KL(q(z_j) || p(z_j)) (Hoffman & Johnson, 2016; Chen et al., 2018), n the index
    of an image. The parts sum to the rate estimated at the same draws, exactly. log q(z) is a log-sum over all N posteriors, not over a
    minibatch; so the parts are those of these N images, with one draw each. Of all images' parts, I_q is bounded from below: it cannot
    exceed log N, and where it comes near that, TC takes up what I_q lacks.

    The rate of a block whose prior reads the class is decomposed given the class: q(z|c) is the aggregate over the images of class c, I_q(n; z | c)
    cannot exceed log N_c, and a class weighs what it has of the images. Mixture priors have no p(z_j) to divide by. Nothing for a block
    whose prior reads other latents: one prior for each image.
    """
    numbers = {}
    for block, rate in decompositions(evaluation).items():
        parts = {"index_information": rate.information, "aggregate_kl": rate.aggregate}
        if rate.dimensions is not None:
            parts |= {"total_correlation": rate.correlation, "dimension_kl": rate.dimensions.sum(-1)}
        numbers |= {f"{name}_{block}": Estimate.mean(part) for name, part in parts.items()}
    return numbers


@torch.no_grad()
def decompositions(evaluation: Evaluation) -> dict[str, RateDecomposition]:
    """The decomposition of the rate of each block whose prior reads nothing but the class; `dimensions.mean(0)` is what a page draws."""
    model = evaluation.model
    names = [name for name in evaluation.blocks if not set(model.p[name].given) - {LABEL, *model.held}]
    draw, parts = evaluation.sampler(9), {name: [] for name in names}
    for batch in evaluation.data.to(evaluation.device).batches(1000, evaluation.seed):
        posteriors, env = model.infer(batch, draw)
        for name in names:
            q, p, z = posteriors[name], model.p[name](_untold(env)), env[name]
            each = log_factors(p, z)
            parts[name].append((q.mean, q.stddev, z, p.log_prob(z), *([] if each is None else [each])))
    labels = evaluation.data.labels.to(evaluation.device)
    rates = {}
    for name in names:
        tensors = [torch.cat(column) for column in zip(*parts[name], strict=True)]
        rates[name] = decomposition_of(*tensors, groups=labels if name in model.labelled else None)
    return rates


def _untold(env: Env) -> Env:
    """Without the factors that a batch tells: the aggregate posterior is over all their values, and its prior is to be."""
    return {name: value for name, value in env.items() if not name.startswith(FACTOR)}


def decomposition_of(
    mean: Tensor,
    scale: Tensor,
    z: Tensor,
    log_prior: Tensor,
    log_prior_factors: Tensor | None = None,
    *,
    groups: Tensor | None = None,
) -> RateDecomposition:
    """The decomposition at draws z `(N, D)` of N(mean, diag scale^2), given log p(z) `(N,)` and log p(z_j) `(N, D)`; q(z) is of each of
    `groups`."""
    own = diagonal_normal(mean, scale).log_prob(z)
    joint, each = torch.empty_like(own), torch.empty_like(z)
    for group in [None] if groups is None else groups.unique():
        rows = slice(None) if group is None else groups == group
        joint[rows], each[rows] = aggregate_log_density(z[rows], mean[rows], scale[rows])
    return RateDecomposition.at(own, joint, each, log_prior, log_prior_factors)


def two_sample(evaluation: Evaluation) -> dict[str, Estimate]:
    """mmd_<block>, mmd_p_<block>, two_sample_<block>: are draws of the aggregate posterior told apart from draws of the prior?

    mmd: the unbiased estimate of MMD^2 (`mmd`) between one draw of q(z|x) for each of 2,000 images of the split, chosen by the seed, and as
    many of p(z), with a jackknife error; it may be negative. mmd_p: share of 200 permutations, and itself, that differ as much; its error is that of 200.
    two_sample: share that an MLP(64, early stopping) tells right, among held-out draws, of q(z) from p(z) (Lopez-Paz & Oquab, 2017):
    1/2 where it cannot. Half of the split's draws, chosen by the seed, and as many of the prior fit it, the others test it; n counts those.

    A labelled block is compared together with its class: the kernel is 0 between classes, and the MLP is told the class. Priors that read
    other variables are drawn by drawing those first, so that every block has its marginal. Nothing for fewer than 3 images.
    """
    n, few, numbers = len(evaluation.data), KERNEL_DRAWS, {}
    if n < 3:
        evaluation.report(f"no two-sample tests: they need 3 images, and there are {n}")
        return {}
    generator = torch.Generator().manual_seed(evaluation.seed)
    order = torch.randperm(n, generator=generator)  # MNIST's test images are not alike in their two halves
    labels = evaluation.encoded.labels.cpu()[order]
    drawn = labels[torch.randint(n, (n,), generator=generator)]
    prior = prior_draws(evaluation, drawn.to(evaluation.device), evaluation.sampler(10))
    for block in evaluation.blocks:
        evaluation.report(f"two-sample tests of {block}")
        q, p = evaluation.encoded.samples[block].cpu()[order], prior[block].cpu()
        classes = (labels, drawn) if block in evaluation.model.labelled else None
        heads = None if classes is None else (classes[0][:few], classes[1][:few])
        numbers[f"mmd_{block}"], numbers[f"mmd_p_{block}"] = mmd(q[:few], p[:few], generator, heads)
        if classes is not None:
            q, p = (
                torch.cat([z, one_hot(c, evaluation.classes)], -1)
                for z, c in zip((q, p), classes, strict=True)
            )
        numbers[f"two_sample_{block}"] = Estimate.share(told_apart(q, p, evaluation.seed))
    return numbers


@torch.no_grad()
def prior_draws(evaluation: Evaluation, labels: Tensor, draw: Draw) -> dict[str, Tensor]:
    """A draw of every block from the generative net for each of `labels` `(M,)`, whatever its parents are: `(M, D)`."""
    parts = []
    for some in labels.split(1000):
        given = {LABEL: one_hot(some, evaluation.classes)} if has_label(evaluation.model) else None
        parts.append(evaluation.model.generate(given, len(some), draw, only=evaluation.blocks))
    return {name: torch.cat([part[name] for part in parts]) for name in evaluation.blocks}


def mmd(
    x: Tensor, y: Tensor, generator: torch.Generator, classes: tuple[Tensor, Tensor] | None = None
) -> tuple[Estimate, Estimate]:
    """The unbiased estimate of MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y) from draws `(N, D)` of each, and a permutation p-value.

    k(a, b) = exp(-|a - b|^2 / (2 h^2)), h the median distance in the pooled sample (Gretton et al., 2012); with the draws' `classes`,
    `(N,)` each, k is 0 between two classes, and h the median within them. The standard error is a jackknife over pairs (x_n, y_n), above
    the true one where both distributions are the same. p = (1 + permutations that reach the estimate) / (1 + P), P = 200.
    """
    n, pooled = len(x), torch.cat([x, y]).double()
    squares = torch.cdist(pooled, pooled, compute_mode="donot_use_mm_for_euclid_dist").square_()
    related = ~torch.eye(2 * n, dtype=torch.bool)
    if classes is not None:
        both = torch.cat(classes)
        related &= both[:, None] == both
    kernel = torch.exp(-squares / (2 * squares[related].median().clamp(min=1e-12))) * related
    first = torch.zeros(2 * n, PERMUTATIONS + 1, dtype=torch.float64)
    first[:n, 0] = 1
    for column in range(1, PERMUTATIONS + 1):
        first[torch.randperm(2 * n, generator=generator)[:n], column] = 1
    within = (first * (kernel @ first)).sum(0)
    across = kernel.sum(1) @ first - within
    rest = kernel.sum() - within - 2 * across
    value, *others = ((within + rest) / (n * (n - 1)) - 2 * across / n**2).tolist()
    reached = 1 + sum(other >= value for other in others)
    p = reached / (1 + PERMUTATIONS)
    return (
        Estimate(value, _jackknife(kernel, n), n),
        Estimate(p, (p * (1 - p) / PERMUTATIONS) ** 0.5, n),
    )


def _jackknife(kernel: Tensor, n: int) -> float:
    """Standard error of MMD^2 from a kernel `(2n, 2n)` without diagonal: sqrt((n - 1)/n sum_i (without pair i - their mean)^2)."""
    same = kernel[:n, :n] + kernel[n:, n:]
    cross = kernel[:n, n:]
    left_same = (same.sum() - 2 * same.sum(1)) / ((n - 1) * (n - 2))
    left_cross = (cross.sum() - cross.sum(0) - cross.sum(1) + cross.diagonal()) / (n - 1) ** 2
    without = left_same - 2 * left_cross
    return ((n - 1) / n * (without - without.mean()).square().sum()).sqrt().item()


def told_apart(x: Tensor, y: Tensor, seed: int) -> Tensor:
    """Which held-out rows of x and y `(N, D)` an MLP fitted on the others gives to the right sample, 0 or 1: `(N,)` or one fewer."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    half = len(x) // 2
    fitted, tested = torch.cat([x[:half], y[:half]]), torch.cat([x[half:], y[half:]])
    samples = torch.arange(2).repeat_interleave(half)
    classifier = mlp_classifier(samples, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(StandardScaler(), classifier)
        pipeline.fit(fitted.numpy(), samples.numpy())
    truth = torch.arange(2).repeat_interleave(len(x) - half)
    return (torch.from_numpy(pipeline.predict(tested.numpy())) == truth).float()
