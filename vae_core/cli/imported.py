"""The command import: a model that was trained elsewhere, from ONNX."""

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ..interchange import Asked, import_onnx
from .commands import check_named, without_path
from .console import ERRORS, OUT
from .evaluate import measure
from .flags import Source
from .folders import write_atlas
from .sources import opened


@dataclass(frozen=True)
class Import:
    """Bring in a model that was trained elsewhere: `latent-explorer import --encoder e.onnx --decoder d.onnx --data WHAT --out runs/theirs`.

    What the graphs take and give is found by name or by a test on the data, and said; options say it where that goes wrong.
    """

    encoder: Path
    """ONNX file of q(z|x): an observation in; mean and spread, or one code, out."""
    decoder: Path
    """ONNX file of p(x|z): a code in, an observation out."""
    data: str
    """What it was trained on: a name, folder or file, as `latent-explorer data WHAT` takes it."""
    out: Path
    """Folder to write the checkpoint to."""
    likelihood: (
        Literal["bernoulli", "continuous-bernoulli", "gaussian", "gaussian-fixed", "gaussian-optimal"] | None
    ) = None
    """p(x|z), without which there is no bound: bernoulli (pixels are binarised), continuous-bernoulli, gaussian-fixed (--gamma) or
    gaussian-optimal (gamma fitted here) of images; gaussian (deviations fitted here) or bernoulli of tables."""
    gamma: float | None = None
    """Standard deviation of a pixel of gaussian-fixed, pixels from 0 to 1."""
    mean: str | None = None
    """The encoder's output that is the mean."""
    spread: str | None = None
    """The encoder's output that is the spread of the posterior."""
    spread_is: Literal["log-variance", "log-scale", "variance", "scale"] | None = None
    """What that output is."""
    reads: Literal["unit", "signed", "bytes", "raw", "standardised"] | None = None
    """What the encoder reads: of images unit (0 to 1), signed (-1 to 1) or bytes (0 to 255); of a table raw or standardised."""
    reconstruction: str | None = None
    """The decoder's output that is an observation."""
    output_is: Literal["logits", "probabilities", "means"] | None = None
    """What that output is; means are in the values that the encoder reads."""
    label: tuple[str, ...] = ()
    """The input that is the class, of an encoder and a decoder that are told it (one name, or one for each); found by name (y, label, ...) or
    where it is whole numbers."""
    label_is: Literal["one-hot", "index"] | None = None
    """Whether that input takes one-hot rows or the number of the class; found by its shape."""
    priors: tuple[Path, ...] = ()
    """Graphs prior_<block>.onnx, as `latent-explorer export --onnx` writes them; N(0, I) unless given. Those beside such an export are taken."""
    atlas: bool = True
    """Make the atlas, for the maps of the app (two minutes for 10,000 images)."""
    measure: bool = True
    """Measure the bound where there is a likelihood, and what is active."""
    source: Annotated[tyro.conf.OmitArgPrefixes[Source], tyro.conf.arg(help="How to open the data.")] = field(  # type: ignore[valid-type]
        default_factory=Source
    )

    def run(self) -> int:
        check_named(self.out)
        dataset = opened(self.data, self.source)
        asked = Asked(
            mean=self.mean,
            spread=self.spread,
            spread_is=self.spread_is,
            reads=self.reads,
            reconstruction=self.reconstruction,
            output_is=self.output_is,
            likelihood=self.likelihood,
            gamma=self.gamma,
            label=self.label,
            label_is=self.label_is,
        )
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        checkpoint = import_onnx(
            self.encoder,
            self.decoder,
            dataset,
            self.out,
            asked,
            self.priors,
            command,
            lambda line: ERRORS.print(line, markup=False, soft_wrap=True),
        )
        if self.atlas:
            write_atlas(self.out, "cpu", what=dataset)
        if self.measure:
            bound = () if checkpoint.model.no_bound else ("elbo",)
            measure(self.out, dataset, (*bound, "active"), self.data)
        OUT.print(
            f"{self.out}: open it with `latent-explorer app --models {shlex.quote(str(self.out))}`",
            soft_wrap=True,
        )
        return 0
