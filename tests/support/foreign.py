"""Models of other people as ONNX files: principal components of a data set, in each form that an export may have."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import vae_core
from vae_core import projections
from vae_core.checkpoints import save_atlas
from vae_core.data import Data

TO_UNIT = {"unit": (1.0, 0.0), "signed": (0.5, 0.5), "bytes": (1 / 255, 0.0)}


class Encoder(nn.Module):
    """Standardised scores on the first principal components of images `(N, C, H, W)` in [0, 1], and how spread they are taken to be.

    gives: mean and a spread by its name, "joined" for both in one, or "mean" alone. reads, layout: of what it is given. side: of a spatial code.
    """

    def __init__(
        self,
        images: Tensor,
        latent: int = 4,
        gives: str = "log-variance",
        reads: str = "unit",
        layout: str = "as is",
        side: int = 0,
    ):
        super().__init__()
        rows = images.flatten(1)
        self.register_buffer("centre", rows.mean(0))
        _, lengths, axes = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
        scale = lengths[:latent] / len(rows) ** 0.5
        self.register_buffer("into", axes[:latent].T / scale)
        self.register_buffer("out", (axes[:latent].T * scale).T.contiguous())
        self.latent, self.gives, self.reads, self.layout, self.side = latent, gives, reads, layout, side

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = x.permute(0, 3, 1, 2) if self.layout == "channels last" else x
        factor, shift = TO_UNIT[self.reads]
        mean = (x.flatten(1) * factor + shift - self.centre) @ self.into
        log_scale = -1.5 + 0.1 * torch.tanh(mean)
        spread = {
            "log-variance": 2 * log_scale,
            "log-scale": log_scale,
            "variance": (2 * log_scale).exp(),
            "scale": log_scale.exp(),
            "joined": 2 * log_scale,
            "mean": log_scale,
        }[self.gives]
        mean, spread = (self._shaped(part * 0.97**0.5 if part is mean else part) for part in (mean, spread))
        if self.gives == "mean":
            return (mean,)
        return (torch.cat([mean, spread], 1),) if self.gives == "joined" else (mean, spread)

    def _shaped(self, code: Tensor) -> Tensor:
        return code.unflatten(1, (-1, self.side, self.side)) if self.side else code


class Decoder(nn.Module):
    """The way back. gives: unit, logits, signed or bytes."""

    def __init__(self, encoder: Encoder, shape: Sequence[int], gives: str = "unit", layout: str = "as is"):
        super().__init__()
        self.register_buffer("centre", encoder.centre)
        self.register_buffer("out", encoder.out)
        self.shape, self.gives, self.layout = tuple(shape), gives, layout

    def forward(self, z: Tensor) -> Tensor:
        shown = (z.flatten(1) @ self.out + self.centre).clamp(0.01, 0.99)
        shown = shown if self.layout == "flat" else shown.unflatten(1, self.shape)
        shown = shown.permute(0, 2, 3, 1) if self.layout == "channels last" else shown
        if self.gives == "logits":
            return torch.logit(shown)
        factor, shift = TO_UNIT[self.gives]
        return (shown - shift) / factor


class Told(nn.Module):
    """A net that is told the class, which shifts the first thing that it gives by `by` times the class's number. form: one-hot or index."""

    def __init__(self, net: nn.Module, form: str, by: float):
        super().__init__()
        self.net, self.form, self.by = net, form, by

    def forward(self, x: Tensor, y: Tensor) -> Any:
        number = y.argmax(1) if self.form == "one-hot" else y.reshape(-1)
        found = self.net(x)
        first = found if isinstance(found, Tensor) else found[0]
        first = first + self.by * number.float().reshape(-1, *[1] * (first.dim() - 1))
        return first if isinstance(found, Tensor) else (first, *found[1:])


def told_pair(
    folder: Path,
    images: Tensor,
    example: Tensor,
    form: str = "one-hot",
    name: str = "y",
    decoded: str = "unit",
) -> tuple[Path, Path]:
    """An encoder and a decoder that are told the class, the input `name` as `example` `(2, ...)` is, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(images)
    decoder = Decoder(encoder, images.shape[1:], decoded)
    files = folder / "encoder.onnx", folder / "decoder.onnx"
    return (
        written(Told(encoder, form, 0.05), (images[:2], example), files[0], ("x", name), ("mu", "logvar")),
        written(Told(decoder, form, 0.02), (torch.zeros(2, 4), example), files[1], ("z", name), ("decoded",)),
    )


def written(
    net: nn.Module,
    example: Tensor | tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = (),
    free: bool = True,
    opset: int = 17,
) -> Path:
    """The net as an ONNX file; with a free batch, or that of the example."""
    names = list(outputs)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net.eval(),
            example if isinstance(example, tuple) else (example,),
            path,
            input_names=list(inputs),
            output_names=names,
            dynamic_axes={name: {0: "batch"} for name in [*inputs, *names]} if free else None,
            opset_version=opset,
            dynamo=False,
        )
    return path


OUTPUTS = {
    "log-variance": ("mu", "logvar"),
    "log-scale": ("z_mean", "z_log_std"),
    "variance": ("loc", "var"),
    "scale": ("mean", "sigma"),
    "joined": ("moments",),
    "mean": ("code",),
}


def pair(
    folder: Path,
    images: Tensor,
    *,
    latent: int = 4,
    gives: str = "log-variance",
    reads: str = "unit",
    layout: str = "as is",
    decoded: str = "unit",
    side: int = 0,
    free: bool = True,
    named: bool = True,
) -> tuple[Path, Path]:
    """An encoder and a decoder of images `(N, C, H, W)` in [0, 1], as files."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(images, latent, gives, reads, layout, side)
    decoder = Decoder(encoder, images.shape[1:], decoded, layout)
    x = images[:2] if free else images[:1]
    x = x.movedim(1, -1) if layout == "channels last" else x.flatten(1) if layout == "flat" else x
    z = torch.zeros(len(x), latent // side**2, side, side) if side else torch.zeros(len(x), latent)
    outputs = OUTPUTS[gives] if named else tuple(f"output_{i}" for i in range(len(OUTPUTS[gives])))
    return (
        written(encoder, x, folder / "encoder.onnx", ("x",), outputs, free),
        written(decoder, z, folder / "decoder.onnx", ("z",), ("reconstruction",), free),
    )


def codes_of(images: Tensor, latent: int = 6) -> np.ndarray:
    """The first principal components of images `(N, C, H, W)`, `(N, latent)`."""
    rows = images.flatten(1).double().numpy() / 255
    centred = rows - rows.mean(0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:latent].T


def embeddings(folder: Path, data: Data) -> Path:
    """Embeddings of images with their classes, a column of numbers and one of words, and an atlas whose map is their first two dimensions."""
    z, ink = codes_of(data.images[:]), data.images[:].flatten(1).double().mean(1).numpy()
    half = np.where(ink > np.median(ink), "heavy", "light")
    file = folder.parent / f"{folder.name}.npz"
    np.savez(file, z=z, labels=data.labels.numpy(), images=data.images[:].numpy(), ink=ink, half=half)
    found = vae_core.bring_embeddings(file, out=folder)
    file.unlink()
    usual = projections.umap
    try:
        projections.umap = lambda codes, seed=0, start=None: codes[:, :2].astype(np.float32)  # type: ignore[assignment]
        save_atlas(folder, projections.make_atlas(found.model, found.own_data.split("all")))  # type: ignore[union-attr]
    finally:
        projections.umap = usual
    return folder
