"""How things are called on pages: plain words first, a symbol after its word."""

from collections.abc import Sequence

from latent_explorer.text import shortened
from vae_core.checkpoints import Atlas
from vae_core.distributions import MOMENT_DRAWS
from vae_core.explore import estimated_moments
from vae_core.kinds import Kind
from vae_core.labels import has_label
from vae_core.model import Model
from vae_core.models.foreign import place_of
from vae_core.names import LABEL

MOST_LETTERS = 24  # of a class beside an item: two names that differ in their ends stay apart


def class_of(atlas: Atlas, item: int) -> str:
    """ "class" and its name, shortened, for an item; nothing where the data has no classes."""
    return f"class {shortened(atlas.classes, MOST_LETTERS)[atlas.labels[item]]}" if atlas.classes else ""


def latents(model: Model, block: str) -> str:
    """A latent block: the class latents are those that change with the class, the style latents the rest of such a model.

    >>> import vae_core
    >>> model = vae_core.load(vae_core.bundled()["cdvae-mnist"]).model
    >>> latents(model, "z_l"), latents(model, "z_u")
    ('class latents z_l', 'style latents z_u')
    """
    if model.p[block].stands_in:
        return f"latents {block}"  # what reads the class was fitted, and is not the model's
    if block in model.labelled and block not in model.styles:
        return f"class latents {block}"
    return f"style latents {block}" if has_label(model) else f"latents {block}"


def swapped(model: Model) -> str:
    """What a swap takes from elsewhere: the class itself where the decoder reads it, else the blocks that say it."""
    told = LABEL in model.decoder_reads
    return "the class of the column" if told else "the rest from the prior’s mean of the column’s class"


def moved(model: Model, block: str) -> str:
    """What becomes of the rest where a dimension of a block is moved."""
    below = model.below(block)
    return f"generates {listed(below)} from it anew" if below else "leaves all others where they are"


def variable(model: Model, name: str) -> str:
    """Any variable of a model: a latent block, the class, or what it is called.

    >>> import vae_core
    >>> variable(vae_core.load(vae_core.bundled()["cdvae-mnist"]).model, "y")
    'class y'
    """
    if name in model.blocks:
        return latents(model, name)
    return f"class {name}" if name == LABEL else name


def dimension(model: Model, block: str, number: int) -> str:
    """A dimension of a block; of a code of C x H x W with its place there, channel, row and column.

    >>> import vae_core
    >>> dimension(vae_core.load("vae-mnist").model, "z", 3)
    'z[3]'
    """
    place = place_of(model, block, number)
    return f"{block}[{number}]" + (f" at {'/'.join(map(str, place))}" if place else "")


def standing_in(model: Model) -> list[str]:
    """What the model lacks and what stands in for it on pages, a sentence each."""
    parts = [*model.p.values(), *(model.q[name] for name in model.latents)]
    said = dict.fromkeys(sentence for part in parts if (sentence := getattr(part, "stands_in", "")))
    return [f"{capital(sentence)}." for sentence in said]


def fitted_classes(model: Model) -> bool:
    """Whether Gaussians that were fitted to encodings stand in for priors of its classes."""
    return model.as_trained() is not model


def estimated(model: Model, *blocks: str) -> str:
    """What is said where mean or scale of priors are shown that have none in closed form; of some blocks, or of all.

    >>> import vae_core
    >>> estimated(vae_core.load("vae-mnist").model)
    ''
    """
    if not any(estimated_moments(model, block) for block in blocks or model.blocks):
        return ""
    return (
        f" Mean and σ of a flow prior have no closed form: they are those of {MOMENT_DRAWS:,} seeded draws."
    )


def of_kind(text: str, kind: Kind) -> str:
    """A sentence of any kind of observation, with {one}, {an} and {many} in it.

    >>> from vae_core.kinds import Image
    >>> of_kind("Each dot is {an} of many {many}.", Image(1, 8, 8))
    'Each dot is an image of many images.'
    """
    return text.format(one=kind.one, an=kind.an, many=kind.many)


def listed(words: Sequence[str]) -> str:
    """Several words in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def dimensions(count: int) -> str:
    """A number of them.

    >>> dimensions(1), dimensions(16)
    ('1 dimension', '16 dimensions')
    """
    return f"{count} dimension{'' if count == 1 else 's'}"


def capital(text: str) -> str:
    """A text that begins a sentence.

    >>> capital("style latents z_u")
    'Style latents z_u'
    """
    return text[:1].upper() + text[1:]
