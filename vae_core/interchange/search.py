"""What is known of two graphs while it is found out what they are, and what several tests of them need.

Shapes: B examples.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from ..graphs import GraphError, OnnxGraph
from ..kinds import Image, Kind
from ..models.foreign import IMAGE_VALUES, TABLE_VALUES
from ..models.values import ClassInput, class_given

# Observations that a test looks at, and the numbers that they have at most: 16 observations however large they are.
TRIED, MOST_TRIED = 256, 4_000_000


@dataclass(frozen=True)
class Asked:
    """What is said of two graphs by whoever brings them; what is not said is found.

    Attributes:
        mean: the output of the encoder that is the mean.
        spread: the output of the encoder that is the spread of the posterior.
        spread_is: log-variance, log-scale, variance or scale.
        halves_along: of one output that holds mean and spread, the side whose first half is the mean, from 1 past the batch.
        reads: what values the encoder reads, of images unit (0 to 1), signed (-1 to 1) or bytes (0 to 255), of a table raw or standardised.
        reconstruction: the output of the decoder that is an observation.
        output_is: logits, probabilities, or means in the values that the encoder reads.
        likelihood: p(x | z), which is never guessed: bernoulli, continuous-bernoulli, gaussian-fixed or gaussian-optimal of images, gaussian
            or bernoulli of tables.
        gamma: the standard deviation of a pixel of gaussian-fixed.
        label: the inputs that are the class, of the encoder, the decoder or both.
        label_is: one-hot or index.

    Example:
        >>> Asked(spread_is="log-variance", likelihood="bernoulli").reads is None
        True
    """

    mean: str | None = None
    spread: str | None = None
    spread_is: str | None = None
    halves_along: int | None = None
    reads: str | None = None
    reconstruction: str | None = None
    output_is: str | None = None
    likelihood: str | None = None
    gamma: float | None = None
    label: tuple[str, ...] = ()
    label_is: str | None = None


@dataclass
class Search:
    """Two graphs and some data, what is asked, and the sentences on what was found."""

    encoder: OnnxGraph
    decoder: OnnxGraph
    kind: Kind
    x: Tensor
    """Observations as they are scored: images in [0, 1], rows in their units."""
    asked: Asked
    notes: list[str] = field(default_factory=list)
    y: Tensor = field(default_factory=lambda: torch.zeros(0, 0))
    """Their classes, one-hot `(B, K)`; K is 0 where the data have none."""
    codes: Tensor | None = None
    """The codes `(B, D)` that the observations were decoded of, where they are draws of the model itself."""
    encoder_class: ClassInput | None = None
    decoder_class: ClassInput | None = None

    def encoded(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the encoder gives for the first observations, under their classes where it is told these."""
        y = self.y[: len(next(iter(values.values())))]
        return self.encoder.run({**values, **class_given(self.encoder_class, self.encoder, [y])})


WORDS = {"channels last": "with channels last", "no channel": "without a channel", "flat": "as flat rows"}


def layouts(kind: Kind) -> dict[str, tuple[int, ...]]:
    """The shapes that an observation may have in a graph, past the batch, by how it is laid out."""
    shape = kind.shape
    if not isinstance(kind, Image):
        return {"as is": shape}
    channels, height, width = shape
    more = {"no channel": (height, width)} if channels == 1 else {}
    return {"as is": shape, "channels last": (height, width, channels), **more, "flat": (kind.size,)}


def fits(declared: Sequence[int | None], shape: Sequence[int]) -> bool:
    """Whether a shape is what a graph declares; a side that it leaves free fits every number."""
    return len(declared) == len(shape) and all(
        side in (None, known) for side, known in zip(declared, shape, strict=True)
    )


def values_of(search: Search) -> tuple[str, ...]:
    """The values that an encoder may read, the likeliest first."""
    choices = IMAGE_VALUES if isinstance(search.kind, Image) else TABLE_VALUES
    if search.asked.reads is None:
        return choices
    if search.asked.reads not in choices:
        raise GraphError(
            f"an encoder of {search.kind.many} does not read values that are {search.asked.reads!r}: "
            f"choose one of {', '.join(choices)}"
        )
    return (search.asked.reads,)


class Role(NamedTuple):
    """What an output's name says that it is: "mean" or a kind of spread, and of which block."""

    is_: str
    block: str


# What names of outputs say, the longer word first.
ROLES: dict[str, str] = {
    r"log_?variance|log_?var|z?logv|log_?sigma_?(?:2|sq|squared)|lv": "log-variance",
    r"log_?scale|log_?std(?:dev|ev)?|log_?sigma|log_?sd": "log-scale",
    r"variance|var|sigma_?(?:2|sq|squared)": "variance",
    r"std(?:dev|ev)?|sigma|scale|sd": "scale",
    r"means?|mu|loc": "mean",
}


def role_of(name: str) -> Role | None:
    """What the name of an output says.

    >>> role_of("z_l_log_variance"), role_of("mu"), role_of("output_1")
    (Role(is_='log-variance', block='z_l'), Role(is_='mean', block=''), None)
    """
    plain = re.sub(r"\W+", "_", name.lower()).strip("_")
    for words, is_ in ROLES.items():
        if match := re.fullmatch(
            rf"(?:(?P<before>.*?)_)?(?:{words})(?:_(?P<after>[a-z]\w*))?(?:_?\d)?", plain
        ):
            return Role(is_, (match["before"] or match["after"] or "").strip("_"))
    return None


def reconstruction_of(search: Search) -> str:
    """The decoder's output that is an observation."""
    outputs, asked = search.decoder.outputs, search.asked.reconstruction
    names = [port.name for port in outputs]
    if asked is not None:
        if asked not in names:
            raise GraphError(
                f"{search.decoder.name} has no output {asked!r}: choose one of {', '.join(names)}"
            )
        return asked
    whole = [
        port
        for port in outputs
        if len(port.shape) < 2 or any(fits(port.shape[1:], shape) for shape in layouts(search.kind).values())
    ]
    if not whole:
        raise GraphError(
            f"{search.decoder.name} gives {', '.join(port.told for port in outputs)}, and the data are {search.kind.many} of "
            f"{' x '.join(map(str, search.kind.shape))}: give a decoder of that size"
        )
    named = [port for port in whole if named_output(port.name) == "logits"] or [
        port for port in whole if re.search(r"mean|recon|x_?hat|decoded", port.name.lower())
    ]
    chosen = (named or whole)[0]
    if len(whole) > 1:
        rest = ", ".join(port.name for port in whole if port is not chosen)
        search.notes.append(f"reconstruction: {chosen.name}; left out: {rest}")
    return chosen.name


def decoded_by(
    search: Search, codes: Mapping[str, Tensor], output: str, held: Mapping[str, float] = {}
) -> Tensor:
    """What the decoder gives for codes `(B, ...)` by input. Raises GraphError where that is no finite observation for each."""
    size = len(next(iter(codes.values())))
    more = {name: torch.full((size, 1), value) for name, value in held.items()}
    read = {port.name for port in search.decoder.inputs}
    label = class_given(search.decoder_class, search.decoder, [search.y[:size]])
    more = {name: value for name, value in more.items() if name in read}
    found = search.decoder.run({**codes, **more, **label})[output]
    if len(found) != size or found[0].numel() != search.kind.size:
        raise GraphError(
            f"{search.decoder.name} gives {output} of {' x '.join(map(str, found.shape))} for {size} codes, and the data are "
            f"{search.kind.many} of {' x '.join(map(str, search.kind.shape))}: give the decoder of this encoder"
        )
    if not found.isfinite().all():
        raise GraphError(
            f"{search.decoder.name} gives {output} that is NaN or infinite: check its weights, and what values it reads (--reads)"
        )
    return found


def named_output(name: str) -> str | None:
    """What the name of a decoder's output says that its values are.

    >>> named_output("x_logits"), named_output("probs"), named_output("x_mean")
    ('logits', 'probabilities', None)
    """
    found = re.search(r"logit|prob", name.lower())
    return found and {"logit": "logits", "prob": "probabilities"}[found[0]]


def output_layout(search: Search, found: Tensor, entrance: str) -> str:
    """How an observation lies in the decoder's output: flat rows are laid as the encoder's input is."""
    fitting = [name for name, shape in layouts(search.kind).items() if tuple(found.shape[1:]) == shape]
    return entrance if entrance in fitting else fitting[0] if fitting else "flat"


def error_of(search: Search, shown: Tensor) -> float:
    """Root mean squared error of what is decoded, as it is shown; infinite where that is not finite."""
    x = search.x
    if not isinstance(search.kind, Image):  # each feature in units of its own spread
        x, shown = search.kind.standardised(x), search.kind.standardised(shown)  # type: ignore[attr-defined]
    return (shown - x).square().mean().sqrt().nan_to_num(torch.inf).item()


def outputs_of(search: Search, values: str, output: str) -> list[str]:
    """What an output of that name may be where the encoder reads these values."""
    if search.asked.output_is is not None:
        return [search.asked.output_is]
    if (named := named_output(output)) is not None:
        return [named]
    if search.asked.likelihood in ("bernoulli", "continuous-bernoulli"):
        return ["logits", "probabilities"] if values != "signed" else ["logits", "probabilities", "means"]
    binary = isinstance(search.kind, Image) or all(kind == "binary" for kind in search.kind.types)  # type: ignore[attr-defined]
    if values in ("unit", "raw"):
        return ["probabilities", "logits"] if binary else ["means"]
    return ["means", "probabilities", "logits"] if binary else ["means"]
