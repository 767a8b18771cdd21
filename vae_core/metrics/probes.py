"""What a block tells of the class: logistic, k-nearest-neighbour and MLP probes, on three readings of the block.

One draw of the posterior (*sample*) is what the decoder is given: what a probe reads there is information that the code carries. The
*mean* may show shifts that the posterior's own noise hides. The whole *posterior*, mean and log scale, is all that the encoder says of an
image; the class may sit in the scales alone, and a probe of means finds nothing. What one probe does not find may still be there
(Elazar & Goldberg, 2018; Voita & Titov, 2020): a linear probe near chance is no proof of absence, nor is an MLP.

Shapes: N images, D columns that are read, K classes. Nats.
"""

import math
from collections.abc import Callable, Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import Encodings, Estimate, Evaluation

KINDS = ("logistic", "knn", "mlp")
PROBABILISTIC = ("logistic", "mlp")
NEAREST = 10
HIDDEN, RATE, BATCH, EPOCHS, PATIENCE = 128, 2e-3, 512, 60, 5
FLAT = 1e-6  # of its greatest value: a column that varies less is constant but for rounding

READINGS: dict[str, Callable[[Encodings, str], Tensor]] = {
    "sample": lambda encoded, block: encoded.samples[block],
    "mean": lambda encoded, block: encoded.means[block],
    "posterior": lambda encoded, block: torch.cat(
        [encoded.means[block], encoded.scales[block].clamp(min=1e-30).log()], -1
    ),
}

Scores = Callable[[Tensor], Tensor]
"""What a fitted probe makes of codes `(N, D)`: a score for each class, `(N, K)`."""


def probes(evaluation: Evaluation) -> dict[str, Estimate]:
    """probe_<block>_<kind>_<sample|mean|posterior>: share of the split's images whose class the probe names right.

    The same with _nats, for logistic and MLP: H(y) minus the probe's cross-entropy on the split, the V-information of the reading for
    this family of probes (Xu et al., 2020), a lower bound of I(y; what is read) in expectation (`class_information`); below 0 it says
    nothing. An upper bound of I(y; z) is the block's rate, where its prior does not read the class.

    Fitted on the encodings of all training images (half of them where training images are tested, and then tested on the others),
    inputs standardised, constant columns left out: logistic regression with the penalty |w|^2 / 2 by L-BFGS; the vote of the 10 nearest;
    an MLP of 128 ReLUs by Adam, stopped where a held-out tenth has not gained for 5 epochs. On the CPU, from the seed. Of codes without a
    posterior the mean alone. Nothing for data of fewer than two classes.
    """
    return probes_of(evaluation, evaluation.blocks)


def probes_of(evaluation: Evaluation, blocks: Collection[str]) -> dict[str, Estimate]:
    """The probes of some blocks."""
    if not evaluation.tells_apart("probes"):
        return {}
    fit, tested = _fit_and_tested(evaluation)
    if len(fit.labels.unique()) < 2:
        evaluation.report("no probes: the images that they are fitted on are of one class")
        return {}
    labels, truth, numbers = fit.labels.cpu(), tested.labels.cpu(), {}
    for block in blocks:
        for what, read in _readings(evaluation).items():
            seen, codes = standardised(read(fit, block).cpu(), read(tested, block).cpu())
            for kind in KINDS:
                evaluation.report(f"{kind} probe on the {what} of {block}")
                scores = fitted(kind, seen, labels, evaluation.classes, evaluation.seed)(codes)
                name = f"probe_{block}_{kind}_{what}"
                numbers[name] = Estimate.share((scores.argmax(-1) == truth).float())
                if kind in PROBABILISTIC:
                    nats = class_information(log_probabilities(scores, len(seen)), truth)
                    numbers[f"{name}_nats"] = Estimate.mean(nats)
    return numbers


def _readings(evaluation: Evaluation) -> dict[str, Callable[[Encodings, str], Tensor]]:
    """The readings of a block; of codes without a posterior the codes alone."""
    return {"mean": READINGS["mean"]} if evaluation.model.no_posterior else READINGS


def _fit_and_tested(evaluation: Evaluation) -> tuple[Encodings, Encodings]:
    if evaluation.data.split == "test":
        return evaluation.encodings(evaluation.train, purpose=4), evaluation.encoded
    half = len(evaluation.train) // 2
    parts = evaluation.train.rows(slice(half)), evaluation.train.rows(slice(half, 2 * half))
    return evaluation.encodings(parts[0], purpose=4), evaluation.encodings(parts[1], purpose=5)


def class_information(log_q: Tensor, labels: Tensor) -> Tensor:
    """log q(y|z) - log f(y) for each image `(N,)`, f the frequencies of the labels `(N,)` themselves, of log q(y|z) `(N, K)`.

    Their mean is H(y) - cross-entropy <= I(y; z) in expectation, for any q that was not fitted on these images: I(y; z) minus
    E KL(p(y|z) || q(y|z)) (Barber & Agakov, 2003), and the entropy of frequencies is at most H(y).

    >>> labels = torch.tensor([0, 1, 0, 1])
    >>> class_information(torch.eye(2)[labels].log(), labels).mean().item()  # a probe that knows: log 2
    0.6931471824645996
    """
    frequencies = torch.bincount(labels, minlength=log_q.shape[1]) / len(labels)
    return log_q.gather(1, labels[:, None])[:, 0] - frequencies.to(log_q)[labels].log()


def log_probabilities(scores: Tensor, fitted_on: int) -> Tensor:
    """log q(y|z) of scores `(N, K)`, mixed with K / (n + K) of the uniform, so that what n images never showed is not impossible."""
    classes = scores.shape[1]
    return ((fitted_on * scores.double().softmax(-1) + 1) / (fitted_on + classes)).log()


def standardised(seen: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Both `(N, D)` in units of the mean and the standard deviation of `seen`; a column that is constant there, but for rounding, is 0.

    >>> seen = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    >>> standardised(seen, torch.tensor([[2.0, 7.0]]))[1].tolist()
    [[0.0, 0.0]]
    """
    mean, scale = seen.mean(0), seen.std(0)
    scale = torch.where(scale > FLAT * seen.abs().amax(0), scale, torch.inf)
    return (seen - mean) / scale, (codes - mean) / scale


def fitted(kind: str, codes: Tensor, labels: Tensor, classes: int, seed: int) -> Scores:
    """A probe of this kind, fitted on standardised codes `(N, D)` and their classes `(N,)`."""
    fits = {"logistic": _logistic, "knn": _nearest, "mlp": _mlp}
    return fits[kind](codes, labels, classes, seed)


def _logistic(codes: Tensor, labels: Tensor, classes: int, seed: int) -> Scores:
    """argmin_w sum CE(w^T z + b, y) + |w|^2 / 2, which is unique but for a constant of b."""
    weight = torch.zeros(codes.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(codes @ weight + bias, labels) + weight.square().sum() / (2 * len(codes))
        value.backward()
        return value

    optimizer.step(loss)  # type: ignore[arg-type]
    return lambda z: (z @ weight + bias).detach()


def _nearest(codes: Tensor, labels: Tensor, classes: int, seed: int) -> Scores:
    """How many of the 10 nearest, by Euclidean distance, are of each class."""
    k = min(NEAREST, len(codes))
    across = torch.cat([-2 * codes, codes.square().sum(-1, keepdim=True)], -1).mT.contiguous()

    def votes(z: Tensor) -> Tensor:
        near = closest(F.pad(z, (0, 1), value=1.0) @ across, k)  # |z|^2 changes no order
        return F.one_hot(labels[near], classes).sum(1).float()

    return lambda z: torch.cat([votes(rows) for rows in z.split(16)])  # what a CPU's cache holds


def closest(apart: Tensor, k: int, block: int = 32) -> Tensor:
    """The columns `(B, k)` of the k least entries of each row `(B, N)`. They lie in the k groups of columns whose least entries are least,
    and all others need not be ordered.

    >>> closest(torch.tensor([[5.0, 1.0, 4.0, 0.0, 3.0]]), 2, block=2).sort().values.tolist()
    [[1, 3]]
    """
    padded = F.pad(apart, (0, -apart.shape[1] % block), value=torch.inf) if apart.shape[1] % block else apart
    groups = padded.unflatten(
        1, (block, -1)
    )  # a group's columns lie apart, so that the least of all groups are found side by side
    width = groups.shape[2]
    least = groups.amin(1).topk(min(k, width), largest=False, sorted=False).indices
    held = groups.gather(2, least[:, None].expand(-1, block, -1)).flatten(1)
    places = held.topk(k, largest=False).indices
    return places // least.shape[1] * width + least.gather(1, places % least.shape[1])


def _mlp(codes: Tensor, labels: Tensor, classes: int, seed: int) -> Scores:
    """The net of the epoch at which the cross-entropy of a held-out tenth was least."""
    generator = torch.Generator().manual_seed(seed)
    held, rest = torch.randperm(len(codes), generator=generator).tensor_split([max(1, len(codes) // 10)])
    net, wanted = _Net.made(codes.shape[1], classes, seed), F.one_hot(labels, classes).float().mT.contiguous()
    optimizer = torch.optim.Adam([net.parameters], lr=RATE, fused=True)
    best, kept, waited = torch.inf, net.parameters.clone(), 0
    for _ in range(EPOCHS):
        order = rest[torch.randperm(len(rest), generator=generator)]
        for x, y in zip(codes[order].split(BATCH), wanted[:, order].split(BATCH, 1), strict=True):
            net.differentiate(x, y)
            optimizer.step()
        loss = F.cross_entropy(net(codes[held]), labels[held]).item()
        waited += 1
        if loss < best - 1e-4:
            best, waited = loss, 0
            kept.copy_(net.parameters)
        if waited == PATIENCE:
            break
    net.parameters.copy_(kept)
    return net


class _Net:
    """logits = relu(x W + b) V + c, and the gradient of its cross-entropy by hand: of a net this small, recording what is differentiated
    takes longer than the products do."""

    def __init__(self, columns: int, classes: int):
        sizes = [(columns, HIDDEN), (HIDDEN,), (HIDDEN, classes), (classes,)]
        self.parameters = torch.zeros(sum(math.prod(size) for size in sizes))
        self.parameters.grad = torch.zeros_like(self.parameters)
        self.weights, self.gradients = (
            [part.view(size) for part, size in zip(flat.split([*map(math.prod, sizes)]), sizes, strict=True)]
            for flat in (self.parameters, self.parameters.grad)
        )

    @classmethod
    def made(cls, columns: int, classes: int, seed: int) -> "_Net":
        """As torch begins its own layers."""
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers are left alone
            torch.manual_seed(seed)
            first, second = nn.Linear(columns, HIDDEN), nn.Linear(HIDDEN, classes)
        net = cls(columns, classes)
        for part, own in zip(
            net.weights, (first.weight.mT, first.bias, second.weight.mT, second.bias), strict=True
        ):
            part.copy_(own.detach())
        return net

    def __call__(self, x: Tensor) -> Tensor:
        w, b, v, c = self.weights
        return torch.addmm(c, torch.addmm(b, x, w).relu_(), v)

    def differentiate(self, x: Tensor, wanted: Tensor) -> None:
        """The gradient of mean CE(net(x), wanted), classes one-hot `(K, B)`, into `gradients`. Logits stand as `(K, B)` too: a softmax over
        few columns side by side takes as long as all else."""
        w, b, v, c = self.weights
        of_w, of_b, of_v, of_c = self.gradients
        h = torch.addmm(b, x, w).relu_()
        outer = torch.addmm(c[:, None], v.mT, h.mT).softmax(0).sub_(wanted).div_(len(x))
        inner = (outer.mT @ v.mT).mul_(h.sign())  # h > 0, as a number
        torch.mm(h.mT, outer.mT, out=of_v)
        torch.sum(outer, 1, out=of_c)
        torch.mm(x.mT, inner, out=of_w)
        torch.sum(inner, 0, out=of_b)
