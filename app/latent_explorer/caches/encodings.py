"""What is made of the encodings of an atlas: codes, rates, means, decoded images."""

from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import sources
from latent_explorer.caches.kept import by_identity, by_identity_few, kept
from latent_explorer.pictures import png, to_bytes
from vae_core import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import (
    active_units,
    activity,
    class_means,
    codes_of,
    decode,
    holdable,
    mean_code,
    neighbours,
    rate_per_dimension,
)
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot


@by_identity_few
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
    source = sources.originals(found)
    if derived and source is not None:
        image = source.scored_by(found.model).batch(torch.tensor(items), Sampler.seeded(0))
        values |= found.model.infer({IMAGE: image[IMAGE]}, only=derived).env
    return {**found.model.generate(values, only=derived), LABEL: labels}


@by_identity
def rates(found: Checkpoint) -> dict[str, tuple[Tensor | None, Tensor, Tensor]]:
    """For each block: KL of each dimension in nats (mean over the atlas) where it divides over them, the variance of its
    posterior mean, and which dimensions are active."""
    labels = torch.from_numpy(found.atlas.labels)
    means, scales = ({block: pair[i] for block, pair in codes(found).items()} for i in (0, 1))
    return {
        block: (
            rate_per_dimension(found.model, block, means, scales, labels),
            activity(means[block]),
            active_units(means[block]),
        )
        for block in found.model.blocks
    }


@by_identity
def means_of_classes(found: Checkpoint) -> dict[str, Tensor]:
    """The mean of each class in each latent, `(K, D)`."""
    means = {block: mean for block, (mean, _) in codes(found).items()}
    members = one_hot(torch.from_numpy(found.atlas.labels), len(found.atlas.classes))
    return class_means(found.model, means, members)


@kept(4096)
def thumbnail(found: Checkpoint, item: int) -> bytes:
    """The decoded posterior mean of an item of the atlas, as a PNG. Raises IndexError for an item it has not."""
    if not 0 <= item < len(found.atlas):
        raise IndexError(f"{found.name} has images 0 to {len(found.atlas) - 1}")
    return png(to_bytes(decode(found.model, item_codes(found, [item])), found.kind)[0])


# Of how many selected items the mean image is made, evenly spread over the selection.
MEAN_OF = 1000


@by_identity
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
            pictures[f"mean {name}, rest of image {typical}"] = decode(model, {**rest, name: middle[name]})
    return {title: to_bytes(picture, found.kind)[0] for title, picture in pictures.items()}


@by_identity
def items_of(found: Checkpoint) -> str:
    """What tells the items of an atlas from those of others: the data, how many they are, and their classes in order."""
    atlas = found.atlas
    return f"{found.card.data.name} {len(atlas)} {crc32(np.ascontiguousarray(atlas.labels).tobytes())}"
