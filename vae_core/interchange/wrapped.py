"""A model that is at hand in Python, without its data: its items are decoded draws of its prior.

Shapes: N draws, D dimensions of the block, C H W image, F features.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoints import CARD, Checkpoint, load, save_atlas
from ..data import Data, Dataset
from ..kinds import Image, Table
from ..models import positive
from ..models.foreign import IMAGE_LIKELIHOODS, IMAGE_VALUES, OUTPUTS, TABLE_LIKELIHOODS
from ..models.values import back, shown_values
from .bring import Net, asked_of, exported
from .brought import Report, bring_graphs

# Draws of the prior that stand in the place of items.
DRAWS = 512

# What is fitted to data has none here.
FITTED = ("gaussian-optimal", "gaussian")

LOGITS = ("bernoulli", "continuous-bernoulli")


@dataclass(frozen=True)
class Wrapped:
    """An encoder, a decoder and what is known of them: `save` writes the folder of a checkpoint.

    Attributes:
        encode: from observations to mean and spread of a code.
        decode: from codes to observations.
        latent: the shape of a code.
        likelihood: p(x | z); None where it is not known.
        shape: of an observation.
        asked: what else is known of the nets.

    Example:
        >>> net, back = torch.nn.Linear(64, 8), torch.nn.Linear(4, 64)
        >>> theirs = wrap(encode=lambda x: net(x.flatten(1)).chunk(2, 1), decode=back, latent=4, likelihood="bernoulli", shape=(1, 8, 8))
        >>> theirs.latent, theirs.shape
        ((4,), (1, 8, 8))
    """

    encode: Net
    decode: Net
    latent: tuple[int, ...]
    likelihood: str | None
    shape: tuple[int, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)

    def save(self, out: Path | str, report: Report = lambda line: None) -> Checkpoint:
        """Write the folder of a checkpoint: the nets as ONNX, a card, and an atlas of decoded draws.

        Args:
            out: the folder; it must not hold a checkpoint.
            report: told what is found.

        Returns:
            The checkpoint. The explorer opens it on the pages that need no data.

        Raises:
            ValueError: one sentence, where the two are no encoder and decoder of such codes and observations, or cannot be exported.

        Example:
            >>> from tempfile import mkdtemp
            >>> net, back = torch.nn.Linear(64, 8), torch.nn.Linear(4, 64)
            >>> theirs = wrap(encode=lambda x: net(x.flatten(1)).chunk(2, 1), decode=back, latent=4, likelihood="bernoulli", shape=(1, 8, 8))
            >>> theirs.save(mkdtemp()).sample(3).shape
            (3, 1, 8, 8)
        """
        from ..projections import plain_atlas  # no page of the explorer makes one

        out = Path(out)
        if (out / CARD).exists():
            raise ValueError(f"{out} already holds a checkpoint: choose another folder")
        z = torch.randn(DRAWS, *self.latent, generator=torch.Generator().manual_seed(0))
        decoder, _ = exported(self.decode, z[:8], "decoder", "z")
        x, told = self._drawn(decoder.run({"z": z}))
        data = _data(x, self.shape)
        encoder, given = exported(self.encode, data.kind.shown(data.images[:8]), "encoder", "x")
        if sum(value[0].numel() for value in given.values()) < 2 * math.prod(self.latent):
            raise ValueError(
                "the encoder gives one code and no spread, and a plain autoencoder has no prior to draw from: give its data to vae_core.bring"
            )
        dataset = Dataset(data.signature, lambda split, limit: data, "decoded draws", name=data.name)
        named = {"mean": "output_0", "spread": "output_1"} if {"output_0", "output_1"} <= set(given) else {}
        wanted = asked_of({**named, **self.asked, "likelihood": self.likelihood, **told})
        made = bring_graphs(encoder, decoder, dataset, out, wanted, {}, "", report, drawn=z)
        save_atlas(made.folder, plain_atlas(made.model, data), made.weights)
        return load(made.folder)

    def _drawn(self, outputs: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, str]]:
        """What is shown of the decoded draws, `(N, *shape)`, and what the decoder's output is."""
        name = self.asked.get("reconstruction") or next(
            (label for label, value in outputs.items() if value[0].numel() == math.prod(self.shape)), None
        )
        if name is None or name not in outputs:
            found = ", ".join(
                f"{label} ({' x '.join(map(str, value.shape[1:]))})" for label, value in outputs.items()
            )
            raise ValueError(
                f"the decoder gives {found}, and an observation is {' x '.join(map(str, self.shape))}: give its shape, or its output by reconstruction="
            )
        output = outputs[name]
        if not output.isfinite().all():
            raise ValueError(
                "the decoder gives numbers that are NaN or infinite for codes of N(0, I): check its weights"
            )
        kind: Any = Image(*self.shape) if len(self.shape) == 3 else _rows(output.flatten(1))
        last = len(self.shape) == 3 and output.shape[1:] == (*self.shape[1:], self.shape[0]) != self.shape
        laid = back(output, kind, "channels last" if last else "flat")
        output_is, reads = (
            self._output_is(laid),
            self.asked.get("reads") or ("unit" if len(self.shape) == 3 else "raw"),
        )
        shown = shown_values(laid, kind, reads, output_is)
        if len(self.shape) == 3 and not -0.5 <= float(shown.min()) <= float(shown.max()) <= 1.5:
            raise ValueError(
                f"the decoder gives numbers from {float(laid.min()):.3g} to {float(laid.max()):.3g}, which are no pixels from 0 to 1: say what "
                f"they are by output_is= ({', '.join(OUTPUTS)}) and reads= ({', '.join(IMAGE_VALUES)})"
            )
        return shown, {"output_is": output_is, "reads": reads}

    def _output_is(self, laid: Tensor) -> str:
        """As it is said; else log odds of a Bernoulli where some are no probabilities."""
        if asked := self.asked.get("output_is"):
            return asked
        if self.likelihood in LOGITS:
            return "probabilities" if float(laid.min()) >= 0 and float(laid.max()) <= 1 else "logits"
        return "means"


def wrap(
    *,
    encode: Net,
    decode: Net,
    latent: int | Sequence[int],
    shape: Sequence[int],
    likelihood: str | None = None,
    **asked: Any,
) -> Wrapped:
    """A trained model of PyTorch without its data, to be saved as a checkpoint: `wrap(...).save("runs/theirs")`.

    Its prior is N(0, I), and its items are decoded draws of that. With its data, `bring` measures and maps it.

    Args:
        encode: from observations `(B, *shape)` to mean and spread of the code, as `bring` takes it.
        decode: from codes to observations: log odds or probabilities of a Bernoulli, else means.
        latent: dimensions of the code: D, or (C, H, W).
        shape: of an observation: (C, H, W) of an image, (F,) of a row.
        likelihood: bernoulli, continuous-bernoulli or gaussian-fixed (with gamma=) of images, bernoulli of rows.
        asked: what else is known of the nets, the fields of `interchange.Asked`: gamma, output_is, reads, spread_is, ...

    Returns:
        The model, with `save`.

    Raises:
        ValueError: one sentence, for dimensions, a shape or a likelihood that make no model.

    Example:
        >>> wrap(encode=abs, decode=abs, latent=4, shape=(1, 8, 8), likelihood="bernouli")
        Traceback (most recent call last):
        ValueError: no likelihood of images without data is called 'bernouli': choose one of bernoulli, continuous-bernoulli, gaussian-fixed
    """
    codes = tuple(latent) if isinstance(latent, Sequence) else (latent,)
    sides = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    for what, sizes, lengths in (("latent", codes, (1, 3)), ("shape", sides, (1, 3))):
        if len(sizes) not in lengths or not all(isinstance(size, int) for size in sizes):
            raise ValueError(
                f"{what} is one whole number or three, C x H x W, got {' x '.join(map(str, sizes)) or 'none'}"
            )
        positive(
            **{
                f"a side of {what}": min(sizes),
                f"the size of {what}": math.prod(sizes) if what == "latent" else None,
            }
        )
    for what, net in (("encode", encode), ("decode", decode)):
        if not callable(net):
            raise ValueError(
                f"{what} is {type(net).__name__} and no function or module: give one of a tensor"
            )
    kinds = IMAGE_LIKELIHOODS if len(sides) == 3 else TABLE_LIKELIHOODS
    allowed = [name for name in kinds if name not in FITTED]
    if likelihood in FITTED and likelihood in kinds:
        raise ValueError(
            f"the spread of {likelihood} is fitted to data, and here are none: choose one of {', '.join(allowed)}, or give data to vae_core.bring"
        )
    if likelihood is not None and likelihood not in allowed:
        raise ValueError(
            f"no likelihood of {'images' if len(sides) == 3 else 'rows'} without data is called {likelihood!r}: choose one of {', '.join(allowed)}"
        )
    asked_of(asked)
    return Wrapped(encode, decode, codes, likelihood, sides, asked)


def _rows(values: Tensor) -> Table:
    names = [f"x{i}" for i in range(1, values.shape[1] + 1)]
    return Table.of(values, names, ["real" for _ in names])


def _data(x: Tensor, shape: tuple[int, ...]) -> Data:
    """The draws as a split of a data set."""
    none = torch.zeros(len(x), dtype=torch.int64)
    if len(shape) == 3:
        stored = (x.clamp(0, 1) * 255).round().to(torch.uint8)
        return Data("draws", "train", stored, none, ())
    rows = x.flatten(1).float()
    return Data("draws", "train", rows, none, (), kind=_rows(rows))
