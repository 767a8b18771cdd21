"""The way in: two ONNX graphs and data become the folder of a checkpoint.

Shapes: N examples, D dimensions of a block, K classes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoints import CARD, FORMAT, Card, Checkpoint, atomic, load, save_card, save_model, versions
from ..data import Data, Dataset, open_data
from ..explore import encode, likelihood_of
from ..graphs import GraphError, OnnxGraph, read_graph
from ..kinds import Image
from ..likelihoods import GaussianFeatures, OptimalGaussianPixels
from ..model import Model
from ..models import Declaration, described
from ..models.foreign import DECODER, ENCODER, Latent, Onnx, Unscored
from ..names import IMAGE, LABEL
from .finding import find
from .search import Asked
from .written import DENSITY, DRAW, MANIFEST, NOISE

Report = Callable[[str], None]

# Rows that what is fitted is fitted to, and the numbers that they have at most: 500 rows however large they are.
FITTED_ON, MOST_FITTED = 10_000, 50_000_000

# No fitted standard deviation is less.
LEAST_SCALE = 1e-3


def import_onnx(
    encoder: Path | str,
    decoder: Path | str,
    data: str | Path | Dataset,
    out: Path | str,
    asked: Asked | None = None,
    priors: Sequence[Path] = (),
    command: str = "",
    report: Report = lambda line: None,
    **opening: Any,
) -> Checkpoint:
    """Two ONNX files as the folder of a checkpoint: the graphs, a card that says what was found, and what was fitted to the encodings.

    Args:
        encoder: the file of q(z|x). Weights may lie beside it; the copy holds them.
        decoder: the file of p(x|z), likewise.
        data: what the model was trained on, as `open_data` takes it.
        out: the folder to write; it must not hold a checkpoint.
        asked: what is known of the graphs; the rest is found.
        priors: graphs prior_<block>.onnx, as `export_onnx` writes them.
        command: that made it, for the card.
        report: told what is found.
        opening: how the data are opened (`data.Opening`).

    Returns:
        The checkpoint, without an atlas.

    Raises:
        ValueError: one sentence, for graphs that are no encoder and decoder of such data, or cannot be run.

    Example:
        >>> from tempfile import mkdtemp
        >>> from vae_core.checkpoints import load
        >>> from vae_core.interchange import export_onnx
        >>> encoder, decoder, *_ = export_onnx(load("vae-mnist"), mkdtemp())
        >>> import_onnx(encoder, decoder, "digits", mkdtemp())
        Traceback (most recent call last):
        vae_core.graphs.GraphError: encoder.onnx takes x (batch x 1 x 28 x 28), and the data are images of 1 x 8 x 8: give the data that it was trained on (--size brings images to another size)
    """
    graphs = [read_graph(Path(path), embedded=False) for path in (encoder, decoder)]
    asked, is_ours = asked or Asked(), (Path(encoder).parent / MANIFEST).exists()
    found = sorted(Path(encoder).parent.glob("prior_*.onnx")) if is_ours else []
    given = {
        path.stem.removeprefix("prior_").removesuffix(DRAW): read_graph(path, embedded=False)
        for path in priors or found
        if not path.stem.endswith(DENSITY)
    }
    dataset = open_data(data, report=report, **opening)
    if is_ours and asked.reads is None:  # what `export_onnx` writes takes observations as they are scored
        asked = replace(asked, reads="unit" if isinstance(dataset.train.kind, Image) else "raw")
    return bring_graphs(
        graphs[0],
        graphs[1],
        dataset,
        Path(out),
        asked,
        given,
        command,
        report,
    )


def bring_graphs(
    encoder: OnnxGraph,
    decoder: OnnxGraph,
    dataset: Dataset,
    out: Path,
    asked: Asked,
    priors: Mapping[str, OnnxGraph],
    command: str = "",
    report: Report = lambda line: None,
    drawn: Tensor | None = None,
) -> Checkpoint:
    """The folder of two graphs that were read; the card is written last, so that a folder is a checkpoint or none. drawn: the codes that the
    data are decoded of, where no others came with the model."""
    if (out / CARD).exists():
        raise ValueError(f"{out} already holds a checkpoint: choose another folder")
    train = dataset.split("train")
    if train.known is not None and train.known.any() and max(len(encoder.inputs), len(decoder.inputs)) > 1:
        train = train.rows(train.known)  # a graph that is told the class is tried on what has one
    report("looking at the graphs")
    declaration, notes = find(encoder, decoder, train, asked, drawn)
    if drawn is not None:
        notes.insert(
            0,
            f"no data came with the model: {len(train):,} decoded draws of N(0, I) stand in the place of items",
        )
    if (asked.likelihood is None) and isinstance(declaration, Onnx):
        notes.append("no likelihood was given, so there is no bound to measure (--likelihood)")
    if encoder.batch is not None:
        notes.append(
            f"the encoder takes {encoder.batch} at once, and is run again and again: export a free batch to be faster"
        )
    declaration, constants = _with_priors(declaration, train, priors, notes)
    model = declaration.of(encoder, decoder).build(train.signature).eval().requires_grad_(False)
    report("fitting what stands in")
    _fit(model, declaration, train, constants)
    for line in notes:
        report(line)
    _check_runs(model, train)
    for name, graph in ((ENCODER, encoder), (DECODER, decoder)):
        with atomic(out / name) as file:
            file.write(graph.data)
    save_model(out, model)
    card = card_of(declaration, model, train, notes, command)
    if drawn is not None:
        told = {key: part for key, part in card.json["data"].items() if key != "fingerprint"}
        card = card.changed(data={**told, "images": 0})
    save_card(out, card)
    return load(out)


Constants = dict[str, tuple[Tensor, Tensor, Tensor]]


def _with_priors(
    told: Onnx, data: Data, priors: Mapping[str, OnnxGraph], notes: list[str]
) -> tuple[Onnx, Constants]:
    """The declaration with a prior for each block: the graph's, N(0, I), or for a plain autoencoder one that is fitted; and where none
    reads the class, Gaussians of the classes beside them."""
    latents, constants = {}, {}
    for name, latent in told.latents.items():
        graph = priors.get(name)
        read = {port.name for port in graph.inputs} if graph is not None else set()
        if graph is not None and read <= {LABEL}:
            constants[name] = _constant(graph, name, latent, len(data.classes), LABEL in read)
            components = constants[name][1].shape[1]
            latent = replace(latent, prior="given", components=components, labelled=LABEL in read)
            notes.append(f"the prior of {name}: {graph.name}")
        elif graph is not None or not latent.spread:
            latent = replace(latent, prior="fitted")
            why = f", since its own reads {', '.join(sorted(read))}" if graph is not None else ""
            if NOISE in read:
                why = ", since its own is a flow, which an import does not take"
            notes.append(f"the prior of {name} is fitted: the Gaussian of its encodings{why}")
        else:
            notes.append(f"the prior of {name} is taken to be N(0, I)")
        latents[name] = latent
    told_class = told.decoder_class is not None  # then draws of its own prior are of a class
    if len(data.classes) > 1 and not told_class and not any(latent.labelled for latent in latents.values()):
        latents = {name: replace(latent, fitted_classes=True) for name, latent in latents.items()}
        notes.extend(
            f"Gaussians of the classes are fitted to the encodings of {name}, and stand in for p({name} | class)"
            for name in latents
        )
    return replace(told, latents=latents), constants


def _constant(
    graph: OnnxGraph, name: str, latent: Latent, classes: int, labelled: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Log weights `(K, M)`, means and log scales `(K, M, D)` of a prior's graph."""
    found = graph.run({LABEL: torch.eye(classes)} if labelled else {})
    rows = classes if labelled else 1
    try:
        if f"{name}_mean" in found:
            means, variances = found[f"{name}_mean"], found[f"{name}_log_variance"]
            weights = torch.zeros(rows, 1)
        else:
            means, variances = found[f"{name}_means"], found[f"{name}_log_variances"]
            weights = found[f"{name}_log_weights"].reshape(rows, -1)
        return (
            weights,
            means.reshape(rows, weights.shape[1], latent.size),
            variances.reshape(rows, weights.shape[1], latent.size) / 2,
        )
    except (KeyError, RuntimeError):
        raise GraphError(
            f"{graph.name} gives {', '.join(found) or 'nothing'}, and a prior of {name} gives {name}_mean and {name}_log_variance: "
            "leave it out"
        ) from None


@torch.no_grad()
def _fit(model: Model, told: Onnx, data: Data, constants: Constants) -> None:
    """Set the priors that are given, and fit those that stand in, and the spread of x, to the encodings of training rows."""
    count = max(500, min(FITTED_ON, MOST_FITTED // data.kind.size))
    some = data.rows(slice(count)).scored_by(model)
    parts = [encode(model, batch) for batch in some.batches(500)]
    for name, latent in told.latents.items():
        means = torch.cat([part[name].mean for part in parts])
        scales = torch.cat([part[name].stddev for part in parts])
        if not latent.spread:
            scales = torch.zeros_like(scales)
        prior: Any = model.p[name]
        own: Any = prior.own if latent.fitted_classes else prior
        if name in constants:
            weights, centres, log_scales = constants[name]
            own.set(centres, log_scales, weights)
        elif latent.prior == "fitted":
            own.set(*gaussian_of(means, scales))
        if latent.fitted_classes:
            known = (
                data.known[: len(some)] if data.known is not None else torch.ones(len(some), dtype=torch.bool)
            )
            prior.set(*gaussians_of(means, scales, some.labels, known, len(data.classes)))
    _fit_spread(model, some, parts)


def gaussian_of(means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log scale `(D,)` of the aggregate posterior of some encodings: Var z = Var[mean] + E[scale^2]."""
    variance = means.var(0, correction=0) + scales.square().mean(0)
    return means.mean(0), variance.sqrt().clamp(min=LEAST_SCALE).log()


def gaussians_of(
    means: Tensor, scales: Tensor, labels: Tensor, known: Tensor, classes: int
) -> tuple[Tensor, Tensor]:
    """The same for each class, `(K, 1, D)`; a class of fewer than two rows has that of all."""
    whole, each = gaussian_of(means, scales), []
    for c in range(classes):
        rows = (labels == c) & known
        each.append(gaussian_of(means[rows], scales[rows]) if int(rows.sum()) > 1 else whole)
    centres, log_scales = (torch.stack(part)[:, None] for part in zip(*each, strict=True))
    return centres, log_scales


def _fit_spread(model: Model, data: Data, parts: Sequence[Mapping[str, Any]]) -> None:
    """The standard deviation of x where it is not given: the root mean squared error of what the means decode to."""
    likelihood = likelihood_of(model)
    if not isinstance(likelihood, Unscored | OptimalGaussianPixels | GaussianFeatures):
        return
    squares = []
    for part, batch in zip(parts, data.batches(500), strict=True):
        loc = likelihood({**batch, **{name: q.mean for name, q in part.items()}}).mean
        squares.append((batch[IMAGE] - loc).square())
    mse = torch.cat(squares).mean(0)
    if isinstance(likelihood, OptimalGaussianPixels):
        likelihood.mse.copy_(mse.mean())
        likelihood.batches.fill_(1)
    elif isinstance(likelihood, Unscored):
        likelihood.spread.copy_(mse.sqrt().clamp(min=LEAST_SCALE))
    else:
        likelihood.set_gamma((mse.sqrt() / likelihood.scale).clamp(min=3 * LEAST_SCALE))


@torch.no_grad()
def _check_runs(model: Model, data: Data) -> None:
    """Raises GraphError where what is assembled gives numbers that are not finite."""
    batch = next(data.rows(slice(8)).scored_by(model).batches(8))
    terms = model.as_trained().terms({name: value for name, value in batch.items() if name != LABEL} | batch)
    values = [*terms.log_likelihood.values(), *terms.kl.values()]
    if not all(value.isfinite().all() for value in values):
        raise GraphError(
            "the bound of these graphs is not finite: check what the spread and the output are (--spread-is, --output-is)"
        )


def card_of(told: Declaration, model: Model, data: Data, notes: Sequence[str], command: str) -> Card:
    fingerprints, opened = data.told
    return Card.of(
        {
            "format": FORMAT,
            "model": json.loads(json.dumps(described(told))),
            "data": {
                "name": data.name,
                **data.kind.exposed(),
                "classes": list(data.classes),
                "images": len(data),
                "pixels": likelihood_of(model).reading.about,
                **({"fingerprint": dict(fingerprints)} if fingerprints else {}),
                **({"opened": dict(opened)} if opened else {}),
            },
            "objective": None,
            "training": None,
            "versions": versions(),
            "command": command,
            "epochs_done": 0,
            "metrics": {},
            "notes": list(notes),
        }
    )
