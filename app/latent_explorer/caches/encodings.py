"""What is made of the encodings of an atlas: codes, rates, means, decoded images."""

from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from latent_explorer.caches import sources
from latent_explorer.caches.kept import by_identity, by_identity_few, kept
from latent_explorer.pictures import pixels, png, to_bytes
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
    settled,
)
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot


@by_identity_few
def codes(checkpoint: Checkpoint) -> dict[str, tuple[Tensor, Tensor]]:
    """Posterior mean and scale of the atlas for each part of a code, `(N, D)` tensors; a class that is given is an item's own, without doubt."""
    atlas, latents = checkpoint.atlas, checkpoint.model.latents
    found = {
        block: (torch.from_numpy(atlas.means[block]), torch.from_numpy(atlas.scales[block]))
        for block in latents
    }
    if LABEL in checkpoint.model.coded and LABEL not in latents:
        members = one_hot(torch.from_numpy(atlas.labels), len(atlas.classes))
        found[LABEL] = members, torch.zeros_like(members)
    return found


def item_codes(checkpoint: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """What decodes some items: their posterior means, `(n, D)` for each latent, and a class: the most probable one of a latent class, an item's
    own of one that is given."""
    return codes_of({block: mean[items] for block, (mean, _) in codes(checkpoint).items()})


def pictures(checkpoint: Checkpoint, items: list[int]) -> np.ndarray:
    """Pictures of items, `(n, H, W)` or `(n, H, W, 3)`: decoded, or where nothing can be decoded their own."""
    if checkpoint.model.no_decoder:
        return pixels(sources.pictures(checkpoint, items))
    return to_bytes(decode(checkpoint.model, item_codes(checkpoint, items)), checkpoint.kind)


def variables(checkpoint: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    """Every variable of some items that can be held: their codes, their class, and what is derived from the image.

    The latter from the original where it is at hand without a download, else from the item's codes.
    """
    values = item_codes(checkpoint, items)
    labels = one_hot(torch.from_numpy(checkpoint.atlas.labels[items]), len(checkpoint.atlas.classes))
    derived = [name for name in holdable(checkpoint.model) if name not in values and name != LABEL]
    source = sources.originals(checkpoint)
    if derived and source is not None:
        image = source.scored_by(checkpoint.model).batch(torch.tensor(items), Sampler.seeded(0))
        values |= checkpoint.model.infer({IMAGE: image[IMAGE]}, only=derived).env
    return {**checkpoint.model.generate(values, only=derived), LABEL: labels}


@by_identity
def rates(checkpoint: Checkpoint) -> dict[str, tuple[Tensor | None, Tensor, Tensor]]:
    """For each block: KL of each dimension in nats (mean over the atlas) where it divides over them, the variance of its
    posterior mean, and which dimensions are active."""
    labels = torch.from_numpy(checkpoint.atlas.labels)
    means, scales = ({block: pair[i] for block, pair in codes(checkpoint).items()} for i in (0, 1))
    return {
        block: (
            rate_per_dimension(checkpoint.model, block, means, scales, labels),
            activity(means[block]),
            active_units(means[block]),
        )
        for block in checkpoint.model.blocks
    }


@by_identity
def means_of_classes(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The mean of each class in each latent, `(K, D)`."""
    means = {block: mean for block, (mean, _) in codes(checkpoint).items()}
    members = one_hot(torch.from_numpy(checkpoint.atlas.labels), len(checkpoint.atlas.classes))
    return class_means(checkpoint.model, means, members)


@kept(4096)
def thumbnail(checkpoint: Checkpoint, item: int) -> bytes:
    """The picture of an item of the atlas, as a PNG. Raises IndexError for an item it has not."""
    if not 0 <= item < len(checkpoint.atlas):
        raise IndexError(f"{checkpoint.name} has images 0 to {len(checkpoint.atlas) - 1}")
    return png(pictures(checkpoint, [item])[0])


# Of how many selected items the mean image is made, evenly spread over the selection.
MEAN_OF = 1000


@by_identity
def means_of(checkpoint: Checkpoint, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Pictures `(H, W)` or `(H, W, 3)` that stand for some items: the mean of their decoded images, the decoded mean of their codes,
    and for each of several blocks the decoded mean of that block with the rest of the item whose code is nearest to the mean. Where nothing
    can be decoded, the mean of their own pictures, and that of the item nearest to the mean code."""
    model, names = checkpoint.model, checkpoint.model.blocks
    some = rows[np.unique(np.linspace(0, len(rows) - 1, MEAN_OF).round().astype(int))].tolist()
    middle = mean_code({name: mean[rows] for name, (mean, _) in codes(checkpoint).items()})
    every = torch.cat([codes(checkpoint)[name][0][rows] for name in names], 1)
    typical = int(rows[neighbours(every, torch.cat([middle[name][0] for name in names]), 1)[0]])
    if model.no_decoder:
        mean = sources.pictures(checkpoint, some).float().mean(0, keepdim=True).round().byte()
        nearest = sources.pictures(checkpoint, [typical])
        return {
            "mean of the pictures": pixels(mean)[0],
            f"{checkpoint.kind.one} {typical}": pixels(nearest)[0],
        }
    found = {
        f"mean of the {checkpoint.kind.many}": decode(model, item_codes(checkpoint, some)).mean(
            0, keepdim=True
        ),
        f"{checkpoint.kind.one} of the mean code": decode(model, middle),
    }
    if len(names) > 1:
        rest = item_codes(checkpoint, [typical])
        for name in names:
            found[f"mean {name}, rest of {checkpoint.kind.one} {typical}"] = decode(
                model, settled(model, {**rest, name: middle[name]}, [name])
            )
    return {title: to_bytes(picture, checkpoint.kind)[0] for title, picture in found.items()}


@by_identity
def items_of(checkpoint: Checkpoint) -> str:
    """What tells the items of an atlas from those of others: the data, how many they are, and their classes in order."""
    atlas = checkpoint.atlas
    return f"{checkpoint.card.data.name} {len(atlas)} {crc32(np.ascontiguousarray(atlas.labels).tobytes())}"
