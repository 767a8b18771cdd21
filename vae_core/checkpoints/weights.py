"""The weights of a checkpoint, and other tensors, as safetensors: read, checked, told apart, written."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from ..model import Model
from .folder import WEIGHTS, CheckpointError, atomic

T = TypeVar("T")


def load_into(model: Model, path: Path) -> dict[str, torch.Tensor]:
    """Load them into the model; the tensors as the file has them."""
    tensors = read_tensors(path)
    expected = model.state_dict()
    if missing := sorted(set(expected) ^ set(tensors)):
        raise CheckpointError(
            f"{path} and its card disagree on {len(missing)} tensors, among them {missing[0]}: "
            "the two files belong to different models"
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"{path} holds {name} of shape {tuple(tensor.shape)} where the card asks for "
                f"{tuple(expected[name].shape)}: the two files belong to different models"
            )
        if not tensor.isfinite().all():
            raise CheckpointError(
                f"{path} holds {name} with values that are not finite, so the model can say nothing: train again"
            )
    model.load_state_dict(tensors)
    return tensors


def fingerprint(tensors: Mapping[str, torch.Tensor]) -> str:
    """16 hexadecimal digits that differ for tensors of other names, types, shapes or values.

    >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.zeros(2)})
    True
    >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.ones(2)})
    False
    """
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().cpu().contiguous()
        found.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
        found.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file. Raises CheckpointError for a missing or truncated one."""
    return _reading(path, load_file)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file. Raises CheckpointError for a missing or truncated one."""

    def metadata(path: Path) -> dict[str, str]:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}

    return _reading(path, metadata)


def _reading(path: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: restore it, or train again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or cut short ({error}): restore it, or train again"
        ) from None


def save_model(folder: Path, model: Model, half: bool = False) -> None:
    """The weights, in half precision (float16) where asked: `load` makes them whole again."""
    state = model.state_dict()
    write_tensors(
        folder / WEIGHTS,
        {k: v.half() if v.is_floating_point() else v for k, v in state.items()} if half else state,
    )


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Tensors as safetensors, replaced atomically."""
    with atomic(path) as file:
        file.write(save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, metadata))
