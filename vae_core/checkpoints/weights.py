"""The weights of a checkpoint, and other tensors, as safetensors: read, checked, told apart, written."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch.overrides import TorchFunctionMode

from ..files import check_plain, reason
from ..model import Model
from .folder import WEIGHTS, CheckpointError, atomic

T = TypeVar("T")


# Numbers that a model may take while it is built beside those that are kept of it: 40 MB.
SPARE = 10_000_000

# What makes tensors of a size that is asked for.
OF_SIZE = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye})


class Room(TorchFunctionMode):
    """Within it, a model is built of no more numbers than twice those of these shapes and `SPARE`. Raises ValueError for more, before they
    take memory.

    Shapes on torch's meta device would say it too, but the first sum there costs a second of imports, and nothing can be compared.

    >>> with Room({"weight": (3, 4)}):
    ...     torch.nn.Linear(10**9, 10**9)
    Traceback (most recent call last):
    ValueError: it is larger than the file of its weights
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]):
        super().__init__()
        self.left = 2 * sum(map(math.prod, shapes.values())) + SPARE

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in OF_SIZE:
            self.left -= _numbers(func, args, kwargs or {})
            if self.left < 0:
                raise ValueError("it is larger than the file of its weights")
        return func(*args, **(kwargs or {}))


def _numbers(func: Any, args: Sequence[Any], named: Mapping[str, Any]) -> int:
    """How many numbers a tensor of the asked size has."""
    size = named["size"] if "size" in named else args[0] if args and not isinstance(args[0], int) else args
    if func is torch.eye and len(size) == 1:
        size = (*size, *size)
    return math.prod(side for side in size if isinstance(side, int))


def load_into(model: Model, path: Path) -> dict[str, torch.Tensor]:
    """Load the tensors of a file into a model.

    Args:
        model: the model.
        path: the file.

    Returns:
        The tensors as the file has them, by name.

    Raises:
        CheckpointError: where they are other tensors than the model's, by name or shape, or not finite.

    Example:
        >>> import tempfile
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(Path(folder), model)
        ...     len(load_into(model, Path(folder) / WEIGHTS)) == len(model.state_dict())
        True
    """
    tensors, expected = read_tensors(path), model.state_dict()
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
            raise CheckpointError(f"{path} holds {name} with values that are not finite: train again")
    model.load_state_dict(tensors)
    return tensors


def fingerprint(tensors: Mapping[str, torch.Tensor]) -> str:
    """16 hexadecimal digits that differ for tensors of other names, types, shapes or values.

    Args:
        tensors: by name.

    Returns:
        The digits.

    Example:
        >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.zeros(2)})
        True
        >>> fingerprint({"a": torch.zeros(2)}) == fingerprint({"a": torch.ones(2)})
        False
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, by name.

    Args:
        path: the file.

    Returns:
        The tensors, on the CPU.

    Raises:
        CheckpointError: for a missing or truncated one.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "a.safetensors", {"a": torch.ones(2)})
        ...     read_tensors(Path(folder) / "a.safetensors")
        {'a': tensor([1., 1.])}
    """
    return _reading(path, load_file)


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a safetensors file, from its head. Raises CheckpointError for a missing or truncated one."""

    def shapes(path: Path) -> dict[str, tuple[int, ...]]:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118

    return _reading(path, shapes)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file.

    Args:
        path: the file.

    Returns:
        Its texts by name; none where it has none.

    Raises:
        CheckpointError: for a missing or truncated one.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "a.safetensors", {}, {"card": "{}"})
        ...     read_metadata(Path(folder) / "a.safetensors")
        {'card': '{}'}
    """

    def metadata(path: Path) -> dict[str, str]:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}

    return _reading(path, metadata)


def _reading(path: Path, read: Callable[[Path], T]) -> T:
    try:
        check_plain(path)
        return read(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: restore it, or train again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or cut short ({reason(error)}): restore it, or train again"
        ) from None


def save_model(folder: Path, model: Model, half: bool = False) -> None:
    """Writes the weights of a model into a checkpoint's folder, replaced atomically.

    Args:
        folder: of the checkpoint.
        model: the model.
        half: in half precision (float16): `load` makes them whole again.

    Example:
        >>> import tempfile
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(Path(folder), model, half=True)
        ...     {tensor.dtype for tensor in read_tensors(Path(folder) / WEIGHTS).values()}
        {torch.float16}
    """
    state = model.state_dict()
    write_tensors(
        folder / WEIGHTS,
        {k: v.half() if v.is_floating_point() else v for k, v in state.items()} if half else state,
    )


def write_tensors(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    metadata: dict[str, str] | None = None,
    durable: bool = True,
) -> None:
    """Writes tensors as safetensors, replaced atomically.

    Args:
        path: the file.
        tensors: by name, on any device.
        metadata: text beside them, by name.
        durable: as `folder.atomic` takes it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "a.safetensors", {"a": torch.ones(2)}, {"unit": "nats"})
        ...     [path.name for path in Path(folder).iterdir()]
        ['a.safetensors']
    """
    with atomic(path, durable) as file:
        file.write(save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, metadata))
