"""Every cache of the app: checkpoints, encodings, priors on the maps, thumbnails.

A cache is keyed by the checkpoint's name and the time its card was written, so that a model trained again is read again.
"""

import itertools
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from zlib import crc32

import numpy as np
import streamlit as st
import torch
from torch import Tensor
from vae_core.clusters import Marginals, Parts, marginals, parts_of, responsibilities

from latent_explorer import MODELS_VARIABLE, cards
from latent_explorer.cards import text
from latent_explorer.components import palette
from latent_explorer.components.map import Ellipse
from latent_explorer.pictures import png, to_bytes
from latent_explorer.text import command, plain, said
from latent_explorer.uploads import Own, read, white_on_black
from vae_core import Checkpoint, bundled, load
from vae_core.checkpoints import ATLAS, CARD, WEIGHTS, CheckpointError, found_in, load_card
from vae_core.checkpoints.frontier import Frontier
from vae_core.data import DATA_VARIABLE, DATASETS, Data, local_data
from vae_core.distributions import Sampler, diagonal_normal
from vae_core.explore import (
    active_units,
    activity,
    class_means,
    class_posterior,
    codes_of,
    decode,
    encode,
    holdable,
    mean_code,
    neighbours,
    prior_codes,
    prior_components,
    prior_distance_of,
    prior_log_density,
    priors_by_class,
    rate_per_dimension,
)
from vae_core.explore.components import Marginals, Parts, marginals, parts_of, responsibilities
from vae_core.labels import has_label
from vae_core.metrics import Estimate
from vae_core.metrics.calibration import Reliability, calibration_error, judged_confidence, reliability
from vae_core.metrics.disentanglement import information_shares, representation
from vae_core.metrics.holes import COUNT, Holes, holes
from vae_core.metrics.separation import Overlap, comparable, posterior_overlap, prior_overlap
from vae_core.models import declare
from vae_core.names import IMAGE, LABEL
from vae_core.nets import Shape
from vae_core.priors import one_hot
from vae_core.projections import JOINT, place

F = TypeVar("F", bound=Callable[..., Any])

# The bundled checkpoint that a visitor sees first.
OPENS_ON = "mr-cdvae-mnist"

# The route of the server that decodes an item of a map.
DECODE = "/latent-explorer/decode"

# Checkpoints that are kept open, and of how many positions of the sliders what has a row for each item of an atlas: 70,000 items
# are about 15 MB.
MOST_OPEN, MOST_LARGE = 32, 32

# Draws of a prior that are placed on a map to outline it, for each class.
PRIOR_DRAWS = 200

# Up to how many components of a mixture prior get an outline of their own.
FEW_COMPONENTS = 12

Written = tuple[tuple[int, int], ...]


def offered() -> dict[str, Path]:
    """The checkpoints to choose from, the one that the app opens on first: the bundled ones, and those of the folder given to
    `latent-explorer app`."""
    found = _all()
    return {name: found[name] for name in sorted(found, key=OPENS_ON.__ne__)}


def _all() -> dict[str, Path]:
    """The bundled checkpoints and those of the folder; one of these that has the name of a bundled one is told apart by its folder's."""
    found, folder = bundled(), os.environ.get(MODELS_VARIABLE)
    bundled_folders = {other.resolve() for other in found.values()}
    for name, other in (found_in(Path(folder)) if folder else {}).items():
        if other.resolve() not in bundled_folders and text(name):
            found[_apart(name, other, found)] = other
    return found


def _apart(name: str, folder: Path, taken: Collection[str]) -> str:
    """The name, or one that is not taken yet."""
    if name not in taken:
        return name
    home = f"{name} ({folder.resolve().parent.name})"
    names = itertools.chain([home], (f"{home} {number}" for number in itertools.count(2)))
    return next(found for found in names if found not in taken)


def twin(name: str) -> str:
    """What is said of a checkpoint whose folder has the name of a bundled one, or of that one; nothing of others."""
    there = offered()
    own = there[name].resolve().name
    alike = [other for other, folder in there.items() if folder.resolve().name == own]
    if len(alike) < 2:
        return ""
    return f"{len(alike)} models have the name {plain(own)}: {plain(own)} is bundled, {plain(', '.join(alike[1:]))} yours."


def why(name: str, error: Exception) -> str:
    """Why a checkpoint cannot be opened, as markdown and without the paths of this server."""
    return plain(said(error, offered()[name]), 1000)


def by_prior(name: str) -> dict[str, str]:
    """The checkpoints that were made as the named one was but for their prior, itself included: their names by prior.

    Where several share a prior, one stands for them; the named one for its own.
    """
    recipes = {other: _recipe(str(folder), _written(folder)) for other, folder in offered().items()}
    own = recipes[name]
    if own is None:
        return {}
    alike = {found[0]: other for other, found in recipes.items() if found and found[1] == own[1]}
    return alike | {own[0]: name}


# The arguments of a declaration that say which prior it has.
PRIOR_ARGUMENTS = ("prior", "components", "separation", "layout")


@st.cache_data(show_spinner=False, max_entries=256)
def _recipe(folder: str, written: Written) -> tuple[str, dict[str, Any]] | None:
    """A checkpoint's prior and how else it was made; None where a card says neither."""
    try:
        card = _card(folder, written)
        arguments = asdict(declare(card["model"]["name"], card["model"]["arguments"]))  # type: ignore[call-overload]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(arguments.get("prior"), str):
        return None
    rest = {key: value for key, value in arguments.items() if key not in PRIOR_ARGUMENTS}
    made = {part: card.get(part) for part in ("data", "objective", "training")}
    return arguments["prior"], {"model": card["model"]["name"], "arguments": rest, **made}


def _written(folder: Path) -> Written:
    """When its card, weights and atlas were written, and how long they are: what is cached of a checkpoint is read again when that changes."""
    return tuple(_stamp(folder / file) for file in (CARD, WEIGHTS, ATLAS))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def checkpoint(name: str) -> Checkpoint:
    """The named checkpoint, one frozen object for all visitors. Raises CheckpointError for a damaged one.

    It is read again when one of its files has been written since.
    """
    folder = offered()[name]
    written = _written(folder)
    if (before := _last.get(folder)) not in (None, written):
        _forget(name, folder, before or ())
    _last[folder] = written
    return _checkpoint(name, str(folder), written)


_last: dict[Path, Written] = {}  # when the files of each folder were written that were read last


def _forget(name: str, folder: Path, written: Written) -> None:
    """Let go of what was kept of a checkpoint that has been made anew since, and with it of what was derived from others: that is
    made again in a moment, and a training rewrites its card many times."""
    _checkpoint.clear(name, str(folder), written)
    for kept in _derived:
        kept.clear()


@st.cache_resource(show_spinner="Opening the model …", max_entries=MOST_OPEN)
def _checkpoint(name: str, folder: str, written: Written) -> Checkpoint:
    card = cards.checked(load_card(folder))
    found = replace(load(folder), card=card, known_as=name)
    _check_atlas(found)  # read now: the pages need it, and a damaged one must be reported here
    return found


def _check_atlas(found: Checkpoint) -> None:
    """Raises CheckpointError where there is no atlas, or that of another model."""
    atlas, widths = found.atlas, {}
    with torch.no_grad():
        given = {LABEL: one_hot(torch.zeros(1, dtype=torch.long), max(1, len(found.signature.classes)))}
        widths = {name: code.shape[1] for name, code in prior_codes(found.model, given).items()}
    fits = (
        len(atlas) > 0
        and atlas.classes == found.signature.classes
        and 0 <= atlas.labels.min() <= atlas.labels.max() < max(1, len(atlas.classes))
        and set(found.model.blocks) <= set(atlas.coordinates)
        and all(
            part.get(name, np.empty(0)).shape == (len(atlas), width) and np.isfinite(part[name]).all()
            for part in (atlas.means, atlas.scales)
            for name, width in widths.items()
        )
        and all(
            places.shape == (len(atlas), 2) and np.isfinite(places).all()
            for places in atlas.coordinates.values()
        )
    )
    if not fits:
        raise CheckpointError(
            f"its atlas.npz is not of this model: `{command('latent-explorer', 'atlas', found.folder)}` makes it anew"
        )


def at_betas(found: Checkpoint, betas: Mapping[str, float]) -> Checkpoint:
    """A multi-rate checkpoint at these betas, one object for all visitors. Raises ValueError for betas that it does not know."""
    return _at_betas(found, tuple(betas.items())) if betas else found


def current() -> Checkpoint:
    """The checkpoint that the sidebar has chosen for this run, at the betas chosen there."""
    return at_betas(checkpoint(st.session_state["checkpoint"]), st.session_state["betas"])


def _identity(found: Checkpoint) -> tuple[str, Written, str]:
    return str(found.folder), _written(found.folder), repr(found.betas)


# What is derived from a checkpoint is kept by its folder, the times its files were written and its betas; so many positions of the
# sliders are remembered.
_derived: list[Any] = []


def _kept(most: int, identity: Callable[[Checkpoint], Any] = _identity) -> Callable[[F], F]:
    """A cache of what is derived from checkpoints."""

    def decorate(function: F) -> F:
        made = st.cache_resource(show_spinner=False, hash_funcs={Checkpoint: identity}, max_entries=most)(
            function
        )
        _derived.append(made)
        return cast(F, made)

    return decorate


_by_identity = _kept(128)  # small things: a number or a picture for each dimension or class
_by_identity_few = _kept(MOST_LARGE)  # what has a row for each item of an atlas


@_by_identity_few
def _at_betas(found: Checkpoint, betas: tuple[tuple[str, float], ...]) -> Checkpoint:
    return found.at(dict(betas))


@_by_identity_few
def codes(found: Checkpoint) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale of the atlas for each latent, `(N, D)` tensors."""
    atlas = found.atlas
    return {
        block: (torch.from_numpy(atlas.means[block]), torch.from_numpy(atlas.scales[block]))
        for block in found.model.latents
    }


def item_codes(found: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """What decodes some items: their posterior means, `(n, D)` for each latent, and the most probable class of a latent class."""
    return codes_of({block: mean[items] for block, (mean, _) in codes(found).items()})


def variables(found: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """Every variable of some items that can be held: their codes, their class, and what is derived from the image.

    The latter from the original where it is at hand without a download, else from the item's codes.
    """
    values = item_codes(found, items)
    labels = one_hot(torch.from_numpy(found.atlas.labels[items]), len(found.atlas.classes))
    derived = [name for name in holdable(found.model) if name not in values and name != LABEL]
    source = originals(found)
    if derived and source is not None:
        image = source.scored_by(found.model).batch(torch.tensor(items), Sampler.seeded(0))
        values |= found.model.infer({IMAGE: image[IMAGE]}, only=derived).env
    return {**found.model.generate(values, only=derived), LABEL: labels}


@_by_identity
def rates(found: Checkpoint) -> dict[str, tuple[Tensor | None, Tensor, Tensor]]:
    """For each block: KL of each dimension in nats (mean over the atlas) where it divides over them, the variance of its
    posterior mean, and which dimensions are active."""
    labels, classes = torch.from_numpy(found.atlas.labels), len(found.atlas.classes)
    means, scales = ({block: pair[i] for block, pair in codes(found).items()} for i in (0, 1))
    return {
        block: (
            rate_per_dimension(found.model, block, means, scales, labels, classes),
            activity(means[block]),
            active_units(means[block]),
        )
        for block in found.model.blocks
    }


@_by_identity
def means_of_classes(found: Checkpoint) -> dict[str, Tensor]:
    """The mean of each class in each latent, `(K, D)`."""
    means = {block: mean for block, (mean, _) in codes(found).items()}
    labels = torch.from_numpy(found.atlas.labels)
    return class_means(found.model, means, labels, len(found.atlas.classes))


# What is said of a code by its block's prior: how far it is from the prior's mean, and log p in nats.
PRIOR_MEASURES = {"distance": prior_distance_of, "log density": prior_log_density}


@_by_identity
def usual_under_prior(found: Checkpoint, measure: str) -> dict[str, tuple[float, float]]:
    """Between which values nine in ten items of the atlas lie, for each block: the 5% and 95% quantiles."""
    means, classes = item_codes(found, list(range(len(found.atlas)))), len(found.atlas.classes)
    values = {
        block: PRIOR_MEASURES[measure](found.model, block, means, classes) for block in found.model.blocks
    }
    return {
        block: (float(value.quantile(0.05)), float(value.quantile(0.95))) for block, value in values.items()
    }


def prior_ellipses(found: Checkpoint, block: str) -> list[Ellipse]:
    """Where draws of the block's prior land on its map: an ellipse for each class or each of a few components, else one for all.

    Between the rungs of a ladder of betas the outlines are interpolated as the items are.
    """
    corners = found.ladder.corners(found.betas)
    rungs = [
        _ellipses(
            at_betas(found, {name: float(rung[number]) for name, rung in found.ladder.betas.items()}), block
        )
        for number, _ in corners
    ]
    shares = [share for _, share in corners]
    return [
        replace(
            parts[0],
            centre=sum(share * part.centre for share, part in zip(shares, parts, strict=True)),
            covariance=sum(share * part.covariance for share, part in zip(shares, parts, strict=True)),
        )
        for parts in zip(*rungs, strict=True)
    ]


@_by_identity
def _ellipses(found: Checkpoint, block: str) -> list[Ellipse]:
    prior = priors_by_class(found.model, block, len(found.atlas.classes))
    if prior is None:
        return []
    labelled = block in found.model.labelled
    parts = prior_components(found.model, block)
    few = parts is not None and len(parts.mean) <= FEW_COMPONENTS
    prior = parts if parts is not None and few else prior
    draws = Sampler.seeded(0)(prior.expand((PRIOR_DRAWS, *prior.batch_shape))).numpy()
    draws = draws.reshape(PRIOR_DRAWS, -1, draws.shape[-1])
    return [
        _ellipse(
            # The nearest item alone: the mean of several would draw every outline towards the middle of the map.
            place(draws[:, number], found.atlas.means[block], found.atlas.coordinates[block], k=1),
            found.atlas.classes[number] if labelled else f"#{number + 1}" if few else f"p({block})",
            number if labelled else None,
            # A component that nobody separated from the others overlaps several clusters: its core says where it is.
            0.5 if few else 0.9,
        )
        for number in range(draws.shape[1])
    ]


def _ellipse(placed: np.ndarray, label: str, number: int | None, share: float) -> Ellipse:
    """Median and covariance of the share of the draws that lies nearest to their median."""
    centre = np.median(placed, axis=0)
    distance = np.linalg.norm(placed - centre, axis=1)
    kept = placed[distance <= np.quantile(distance, share)]
    return Ellipse(centre, np.cov(kept.T), label, number)


@_kept(4096)
def thumbnail(found: Checkpoint, item: int) -> bytes:
    """The decoded posterior mean of an item of the atlas, as a PNG. Raises IndexError for an item it has not."""
    if not 0 <= item < len(found.atlas):
        raise IndexError(f"{found.name} has items 0 to {len(found.atlas) - 1}")
    return png(to_bytes(decode(found.model, item_codes(found, [item])))[0])


def beside(found: Checkpoint) -> list[tuple[str, float, float]]:
    """Other checkpoints of the same kind of model and data that were measured: name, rate and distortion, nats."""
    points = []
    for name, card in _cards().items():
        try:
            same = card["model"]["name"] == found.card["model"]["name"] and card["data"] == found.card["data"]
            if not same or name == found.name or not card["metrics"]:
                continue
            rates = [number["value"] for key, number in card["metrics"].items() if key.startswith("rate_")]
            points.append((name, sum(rates), card["metrics"]["distortion"]["value"]))
        except (KeyError, TypeError, AttributeError):
            continue
    return points


def multi_rate() -> list[str]:
    """The checkpoints that answer to more than one beta."""
    models = {name: card.get("model") for name, card in _cards().items()}
    return [
        name
        for name, made in models.items()
        if isinstance(made, dict) and (made.get("arguments") or {}).get("rates")
    ]


def _cards() -> dict[str, dict[str, Any]]:
    """The cards of all checkpoints by name; an unreadable one is empty."""
    return {name: _card(str(folder), _written(folder)) for name, folder in offered().items()}


def frontier(found: Checkpoint) -> Frontier | None:
    """What was measured over the betas, if it was, by the blocks of this model. Raises CheckpointError for a damaged one."""
    measured = found.frontier
    if measured is None:
        return None
    try:
        if set(measured.blocks) != set(found.betas):
            raise ValueError(f"it is measured over the betas of {', '.join(measured.blocks)}")
        measured.columns()
        numbers = measured.at(found.betas)
        lines = [
            (point["kl"][block], point[f"active_units_{block}"]["value"])
            for point in measured.points
            for block in found.betas
        ]
        gaps = [
            (gap["value"], gap["se"], gap["share"]) for anchor in measured.anchors for gap in [anchor["gap"]]
        ]
        if not cards.each(cards.number)(
            [*numbers.values(), *(kl for kls, _ in lines for kl in kls), *(g for gap in gaps for g in gap)]
        ):
            raise ValueError("it holds something that is no number")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CheckpointError(
            f"its frontier is damaged ({error}): `{command('latent-explorer', 'frontier', found.folder)}` measures it anew"
        ) from None
    return measured


@st.cache_resource(show_spinner=False, max_entries=256)
def _card(folder: str, written: Written) -> dict[str, Any]:
    try:
        return cards.checked(load_card(folder))
    except ValueError:
        return {}


@st.cache_data(show_spinner=False, max_entries=16)
def upload(name: str, shape: Shape, _data: bytes) -> Own:
    """A file as the model's images are, read once and not at every run; `name` tells uploads apart. Raises ValueError.

    Grey figures are turned bright on dark; colours are left as they are.
    """
    own = read(_data, shape)
    return white_on_black(own) if shape[0] == 1 else own


@_kept(MOST_LARGE, lambda found: _identity(found)[:2])  # the same at all betas
def frame(found: Checkpoint, block: str) -> np.ndarray:
    """Round what a map of the block is drawn at every beta: the coordinates of all rungs, `(R N, 2)`."""
    return np.concatenate([rung.coordinates[block] for rung in found.ladder.rungs])


def own_codes(found: Checkpoint, own: Own) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale `(1, D)` of a visitor's image for each latent, its pixels drawn as those of the test images were."""
    data = Data("own", "test", torch.from_numpy(own.pixels)[None], torch.zeros(1, dtype=torch.long), ())
    image = data.scored_by(found.model).drawn()
    return {name: (q.mean, q.stddev) for name, q in encode(found.model, {IMAGE: image}).items()}


def place_on_map(found: Checkpoint, block: str, codes: Mapping[str, Tensor], k: int = 8) -> np.ndarray:
    """Where codes `(n, D)` of each latent lie on the map of a block, or of all of them, at the present betas, `(n, 2)`."""
    parts = mapped(found, block)
    known = np.concatenate([found.atlas.means[part] for part in parts], axis=1)
    return place(
        torch.cat([codes[part] for part in parts], 1).numpy(), known, found.atlas.coordinates[block], k
    )


def mapped(found: Checkpoint, block: str) -> list[str]:
    """The latents that a place of the map stands for: the block, or all of them on the map of all."""
    return found.model.blocks if block == JOINT else [block]


# Of how many selected items the mean image is made, evenly spread over the selection.
MEAN_OF = 1000


@_by_identity
def means_of(found: Checkpoint, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Pictures `(H, W)` or `(H, W, 3)` that stand for some items: the mean of their decoded images, the decoded mean of their codes,
    and for each of several blocks the decoded mean of that block with the rest of the item whose code is nearest to the mean."""
    model, names = found.model, found.model.blocks
    some = rows[np.unique(np.linspace(0, len(rows) - 1, MEAN_OF).round().astype(int))].tolist()
    middle = mean_code({name: mean[rows] for name, (mean, _) in codes(found).items()})
    every = torch.cat([codes(found)[name][0][rows] for name in names], 1)
    typical = int(rows[neighbours(every, torch.cat([middle[name][0] for name in names]), 1)[0]])
    pictures = {
        "mean of the images": decode(model, item_codes(found, some)).mean(0, keepdim=True),
        "image of the mean code": decode(model, middle),
    }
    if len(names) > 1:
        rest = item_codes(found, [typical])
        for name in names:
            pictures[f"mean {name}, rest of item {typical}"] = decode(model, {**rest, name: middle[name]})
    return {title: to_bytes(picture)[0] for title, picture in pictures.items()}


def posterior_ellipse(
    found: Checkpoint,
    block: str,
    codes: Mapping[str, tuple[Tensor, Tensor]],
    image: str = "x",
    number: int | None = None,
) -> Ellipse:
    """Where draws of a posterior, mean and scale `(1, D)` of each latent, land on the block's map, each at the item nearest to it."""
    sampler = Sampler.seeded(0)
    draws = {
        part: sampler(diagonal_normal(*codes[part]).expand((PRIOR_DRAWS, 1)))[:, 0]
        for part in mapped(found, block)
    }
    names = ", ".join(draws)
    placed = place_on_map(found, block, draws, k=1)
    return replace(_ellipse(placed, f"q({names} | {image})", number, 0.9), kind="posterior")


@_by_identity
def item_posterior(found: Checkpoint, block: str, item: int) -> Ellipse:
    """`posterior_ellipse` of an item, in the colour of its class."""
    pair = {name: (mean[[item]], scale[[item]]) for name, (mean, scale) in codes(found).items()}
    return posterior_ellipse(found, block, pair, number=int(found.atlas.labels[item]))


def originals(found: Checkpoint) -> Data | None:
    """The images behind the atlas where they are at hand without a download, else None: one copy for all models of them."""
    return _local_data(found.card["data"]["name"], found.atlas.split, os.environ.get(DATA_VARIABLE))


@st.cache_resource(show_spinner=False, max_entries=8)
def _local_data(name: str, split: str, folder: str | None) -> Data | None:
    return local_data(name, split)


def of_factors(found: Checkpoint) -> Data | None:
    """The images behind the atlas, where it is known what they were made of, and they are at hand."""
    return originals(found) if found.card["data"]["name"] in with_known_factors() else None


@_by_identity
def parts(found: Checkpoint, block: str) -> Parts | None:
    """The Gaussian parts of a block's prior; None where it reads other latents."""
    return parts_of(found.model, block, len(found.atlas.classes))


@_by_identity
def usage(found: Checkpoint, block: str) -> Tensor:
    """The share of the atlas that each part of the prior is responsible for, at the posterior means, `(M,)`."""
    prior = parts(found, block)
    assert prior is not None
    return responsibilities(prior, codes(found)[block][0]).mean(0)


@_by_identity
def prior_holes(found: Checkpoint, block: str) -> Holes:
    """Draws of the prior by density ratio."""
    prior = parts(found, block)
    assert prior is not None
    return holes(prior, *codes(found)[block], COUNT, seed=0)


@_by_identity
def densities(found: Checkpoint, block: str, dimension: int) -> Marginals:
    """The prior and the aggregate posterior of one dimension."""
    prior = parts(found, block)
    assert prior is not None
    return marginals(prior, *codes(found)[block], dimension)


@_by_identity
def class_overlap(found: Checkpoint, block: str, of_priors: bool) -> Overlap | None:
    """Divergences between the classes of a block: of their priors, None where these are no Gaussians of the class, or of their encodings,
    None where these are too many to compare."""
    if of_priors:
        return prior_overlap(found.model, block, len(found.atlas.classes))
    means, scales = codes(found)[block]
    if not comparable(len(found.atlas.classes), means.shape[1]):
        return None
    labels = torch.from_numpy(found.atlas.labels)
    return posterior_overlap(means, scales, labels, len(found.atlas.classes))


def closest_part(found: Checkpoint, block: str, chosen: Tensor) -> Tensor:
    """The part of the prior that codes `(n, D)` most probably come from, `(n,)`."""
    prior = parts(found, block)
    assert prior is not None
    return responsibilities(prior, chosen).argmax(-1)


@_by_identity
def items_of(found: Checkpoint) -> str:
    """What tells the items of an atlas from those of others: the data, how many they are, and their classes in order."""
    atlas = found.atlas
    return f"{found.card['data']['name']} {len(atlas)} {crc32(np.ascontiguousarray(atlas.labels).tobytes())}"


def on_the_same_items(found: Checkpoint) -> list[str]:
    """The other checkpoints that were trained on the same data and whose atlas holds the same items."""
    made = {name: card.get("data") for name, card in _cards().items()}
    return [name for name, data in made.items() if name != found.name and data == found.card["data"]]


def measured(like: Checkpoint | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """The numbers of every measured card: value, se and n by name, by checkpoint; only of those with the data and the likelihood of the
    one given."""

    def kind(card: Mapping[str, Any]) -> Any:
        try:
            return card["data"], card["model"]["arguments"].get("likelihood")
        except (KeyError, TypeError, AttributeError):
            return None

    cards = {name: card for name, card in _cards().items() if like is None or kind(card) == kind(like.card)}
    found = {name: card.get("metrics") for name, card in cards.items()}
    return {name: numbers for name, numbers in found.items() if isinstance(numbers, dict) and numbers}


@_by_identity
def calibrated(found: Checkpoint) -> tuple[Reliability, Estimate] | None:
    """How often the class that q(c|x) names is right, by how sure it is, over the atlas; None where no class is told from another."""
    if not has_label(found.model) or len(found.atlas.classes) < 2:
        return None
    means, scales = ({name: pair[i] for name, pair in codes(found).items()} for i in (0, 1))
    posterior = class_posterior(found.model, means, scales, len(found.atlas.classes)).double()
    confidence, right = judged_confidence(posterior.log(), torch.from_numpy(found.atlas.labels))
    return reliability(confidence, right), calibration_error(
        confidence, right, torch.Generator().manual_seed(0)
    )


class Factors(NamedTuple):
    """What each dimension has to do with each known factor, `(D, F)`: I(z_j; f) / H(f), and its importance to trees where that was
    measured; the names of both, and n."""

    information: np.ndarray
    importance: np.ndarray | None
    dimensions: list[str]
    names: list[str]
    images: int


@_by_identity
def factors(found: Checkpoint) -> Factors | None:
    """As the card has it, or counted over the atlas where it does not; None for data whose factors are not known."""
    written = {} if found.betas else dict(found.card.get("factors") or {})
    if "information" not in written:
        if (source := of_factors(found)) is None:
            return None
        seen = representation({block: codes(found)[block][0] for block in found.model.blocks}, source)
        shares = information_shares(seen.codes, seen.factors).numpy()
        written |= {
            "information": shares,
            "dimensions": seen.dimensions,
            "factors": seen.names,
            "n": len(source),
        }
    importance = written.get("importance")
    return Factors(
        np.array(written["information"]),
        None if importance is None else np.array(importance),
        written["dimensions"],
        written["factors"],
        written["n"],
    )


class Colouring(NamedTuple):
    """Which group each item of an atlas is in, `(N,)`, and the name and the colour of each group."""

    groups: np.ndarray
    names: tuple[str, ...]
    colours: list[str]


CLASS = "class"


def colourings(found: Checkpoint) -> list[str]:
    """By what the items of an atlas can be coloured: their class, and what else their images were made of, where that is known."""
    source = of_factors(found)
    if source is None or source.factors is None:
        return [CLASS]
    other = (source.factors != source.labels[:, None]).any(0)
    return [CLASS, *(name for name, kept in zip(source.factor_names, other.tolist(), strict=True) if kept)]


def names_of_classes(found: Checkpoint) -> tuple[str, ...]:
    """What a map calls the groups of its items where their class is the group: one group where there are no classes."""
    return tuple(found.atlas.classes) or ("no class",)


@_kept(MOST_LARGE, lambda found: _identity(found)[:2])
def colouring(found: Checkpoint, by: str) -> Colouring:
    """The items by class, or by a factor in equal ranges of its values."""
    atlas, source = found.atlas, of_factors(found)
    if by == CLASS or source is None or source.factors is None:
        names = names_of_classes(found)
        return Colouring(atlas.labels, names, palette.colours(len(names)))
    values = source.factors[:, source.factor_names.index(by)].numpy()
    size, most = int(values.max()) + 1, len(palette.ORDERED)
    count = min(size, most)
    groups = values * count // size
    ends = [(values[groups == g].min() + 1, values[groups == g].max() + 1) for g in range(count)]
    names = tuple(f"{by} {a}" if a == b else f"{by} {a}–{b}" for a, b in ends)
    return Colouring(
        groups, names, [palette.ORDERED[g * (most - 1) // max(1, count - 1)] for g in range(count)]
    )


def with_known_factors() -> list[str]:
    """The data sets whose images were made of known factors."""
    return [name for name, data in DATASETS.items() if data.factors]


def of_known_factors() -> list[str]:
    """The checkpoints of such data."""
    made = {name: (card.get("data") or {}).get("name") for name, card in _cards().items()}
    return [name for name, data in made.items() if data in with_known_factors()]
