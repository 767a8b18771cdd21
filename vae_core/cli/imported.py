"""The command import: a model that was trained elsewhere, from ONNX, or embeddings alone."""

import shlex
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ..checkpoints import Checkpoint
from ..data import Dataset
from ..interchange import Asked, bring_embeddings, import_onnx
from .commands import check_named, without_path
from .console import ERRORS, OUT
from .evaluate import measure
from .flags import Source, opening_of
from .folders import write_atlas
from .plugged import Plugged
from .sources import opened


@dataclass(frozen=True)
class Import(Plugged):
    """Bring in a model that was trained elsewhere: `latent-explorer import --encoder e.onnx --decoder d.onnx --data WHAT --out runs/theirs`;
    or embeddings alone: `latent-explorer import --embeddings z.npz --out runs/mine`.

    What the graphs take and give is found by name or by a test on the data, and said; options say it where that goes wrong.
    """

    out: Path
    """Folder to write the checkpoint to."""
    encoder: Path | None = None
    """ONNX file of q(z|x): an observation in; mean and spread, or one code, out."""
    decoder: Path | None = None
    """ONNX file of p(x|z): a code in, an observation out."""
    data: str | None = None
    """What it was trained on: a name, folder or file, as `latent-explorer data WHAT` takes it. Of embeddings: images or rows of the same
    items, in the same order."""
    embeddings: Path | None = None
    """In place of graphs: a file of codes, a row for each item (.npz, .npy, .csv, .tsv, .parquet, .h5ad). Nothing is decoded from them."""
    labels: Path | None = None
    """Of embeddings: a file with the class of each, .npy or one a line, where they are not beside them."""
    array: str | None = None
    """Of embeddings: the array of an .npz, or obsm of an .h5ad, that holds them."""
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
    halves_along: int | None = None
    """Of one output that holds mean and spread: the side whose first half is the mean, 1 for the first past the batch."""
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
    """Make the atlas, for the maps of the app (seconds for 10,000 images)."""
    measure: bool = True
    """Measure the bound where there is a likelihood, and what is active; of embeddings with classes, how they lie."""
    source: Annotated[tyro.conf.OmitArgPrefixes[Source], tyro.conf.arg(help="How to open the data.")] = field(  # type: ignore[valid-type]
        default_factory=Source
    )

    def run(self) -> int:
        check_named(self.out)
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        if self.embeddings is None:
            dataset, checkpoint = self._graphs(command)
        else:
            dataset, checkpoint = None, self._embeddings(self.embeddings, command)
        if self.atlas:
            write_atlas(self.out, "cpu", what=dataset)
        bound = () if checkpoint.model.no_bound else ("elbo",)
        groups = ("probes", "posteriors") if self.embeddings else (*bound, "active")
        if self.measure and (len(checkpoint.signature.classes) > 1 or not self.embeddings):
            measure(self.out, dataset or checkpoint.own_data, groups, self.data if dataset else None)
        OUT.print(
            f"{self.out}: open it with `latent-explorer app --models {shlex.quote(str(self.out))}`",
            soft_wrap=True,
        )
        return 0

    def _graphs(self, command: str) -> tuple[Dataset, Checkpoint]:
        if self.encoder is None or self.decoder is None or self.data is None:
            lacking = [f"--{name}" for name in ("encoder", "decoder", "data") if getattr(self, name) is None]
            raise ValueError(
                f"a model is two graphs and their data, and {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not given; embeddings "
                "alone are given by --embeddings"
            )
        if self.labels is not None or self.array is not None:
            raise ValueError(
                "--labels and --array are of --embeddings: the classes of data are named by --label-column"
            )
        dataset = opened(self.data, self.source)
        asked = Asked(**{part.name: getattr(self, part.name) for part in fields(Asked)})
        found = import_onnx(self.encoder, self.decoder, dataset, self.out, asked, self.priors, command, _said)
        return dataset, found

    def _embeddings(self, file: Path, command: str) -> Checkpoint:
        given = [part.name for part in fields(Asked) if getattr(self, part.name) not in (None, ())]
        given += [name for name in ("encoder", "decoder") if getattr(self, name) is not None]
        if given or self.priors:
            raise ValueError(
                f"--{(given or ['priors'])[0].replace('_', '-')} is of graphs, and --embeddings brings in codes without any: leave one of them out"
            )
        return bring_embeddings(
            file,
            self.labels,
            data=self.data,
            out=self.out,
            array=self.array,
            command=command,
            report=_said,
            opening=opening_of(self.source),
        )


def _said(line: str) -> None:
    ERRORS.print(line, markup=False, soft_wrap=True)
