"""What `Data` refuses, each by one sentence that says what to give instead."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor

from ..kinds import Table, check_types
from ..names import LONGEST_NAME, MOST_CLASSES, sendable
from .mapped import OnDisk


def check_images(images: Any) -> None:
    if not isinstance(images, Tensor | OnDisk):
        raise ValueError(f"images are {_kind(images)}: give a tensor, for example torch.from_numpy(images)")
    shape = " x ".join(map(str, images.shape))
    if len(images.shape) != 4:
        example = ": for grey images that is images[:, None]" if len(images.shape) == 3 else ""
        raise ValueError(f"images are {shape}: give images x channels x height x width{example}")
    if not images.shape.numel():
        raise ValueError(f"there are no images: {shape} holds none")
    if images.shape[3] in (1, 3, 4) and images.shape[1] > 4:
        raise ValueError(f"images are {shape}, channels last: give them first, images.permute(0, 3, 1, 2)")
    if images.dtype != torch.uint8:
        raise ValueError(_other_values(images[:]))


def _other_values(images: Tensor) -> str:
    """What images that are not uint8 are, and how they become so."""
    name, wanted = _dtype(images), "give uint8 from 0 to 255"
    if images.dtype == torch.bool:
        return f"images are bool: {wanted}, for example 255 * images.to(torch.uint8)"
    if images.is_complex():
        return f"images are {name}, which are no grey values: {wanted}, for example of images.abs()"
    values = images if images.is_floating_point() else images.long()
    if bad := int((~values.isfinite()).sum()):
        return (
            f"images are {name} and {bad:,} of their {images.numel():,} values are NaN or infinite: mend these images or "
            f"leave them out, then {wanted}"
        )
    low, high = (end.item() for end in values.aminmax())
    return f"images are {name} from {low:g} to {high:g}: {wanted}, {_as_bytes(low, high, values.is_floating_point())}"


def _as_bytes(low: float, high: float, real: bool) -> str:
    """The expression that turns values of this range into bytes."""
    rounded = ").round().to(torch.uint8)"
    if low >= 0 and high <= 1:
        return f"for example (255 * images{rounded}"
    if real and low >= -1 and high <= 1:
        return f"for example (127.5 * (images + 1){rounded}"
    if low >= 0 and high <= 255:
        return "for example images.round().to(torch.uint8)" if real else "for example images.to(torch.uint8)"
    if low >= 0:
        return f"for example (images.double() * (255 / {high:.10g}){rounded}"
    about = " (were they standardised?)" if real else ""
    return (
        f"by undoing what was done to them{about}, or stretched over their range: "
        f"(255 * (images.double() + {-low:.6g}) / {high - low or 1:.6g}).clamp(0, 255).round().to(torch.uint8)"
    )


def check_rows(rows: Any, table: Table) -> None:
    """Raises ValueError for what are no rows of this table. Those that stay in their file were looked at when it was opened."""
    held = isinstance(rows, Tensor | OnDisk)
    if not held or len(rows.shape) != 2 or rows.shape[1] != table.size:
        shape = " x ".join(map(str, rows.shape)) if held else _kind(rows)
        raise ValueError(f"the rows are {shape}: give rows x {table.size} features")
    for number, name in enumerate(table.names):
        check_text(f"feature {number}", name)
    if isinstance(rows, OnDisk):
        return
    if not rows.isfinite().all():
        raise ValueError(
            "the rows hold values that are missing, NaN or infinite: fill them in, or leave these rows out"
        )
    check_types(rows.double(), table.names, table.types)


def checked_labels(labels: Any, classes: tuple[str, ...], images: int) -> Tensor:
    """The labels as int64. Raises ValueError for what is not one number from 0 to K - 1 for each image."""
    if not isinstance(labels, Tensor):
        raise ValueError(
            f"labels are {_kind(labels)}: give a tensor, without classes torch.zeros(len(images), dtype=torch.int64)"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are {_dtype(labels)}: give integers, for example labels.long()")
    if labels.dim() != 1:
        shape = " x ".join(map(str, labels.shape)) or "one number"
        example = ", for example labels.argmax(1)" if labels.dim() == 2 else ""
        raise ValueError(f"labels are {shape}: give one number for each image{example}")
    _equally_many("labels", labels, images)
    _check_names(classes)
    labels = labels.long()
    low, high = (int(end) for end in labels.aminmax())
    if low >= 0 and high < max(len(classes), 1):
        return labels
    run = f"labels run from {low} to {high}"
    if not classes:
        raise ValueError(f"{run} and there are no classes: name the classes, or give labels of 0")
    if low < 0:
        raise ValueError(
            f"{run}: classes are numbered from 0; say in `known` which labels are known, and give the others any class"
        )
    if low == 1 and high == len(classes):
        raise ValueError(f"{run}, they begin at 1 and have to begin at 0: give labels - 1")
    raise ValueError(
        f"{run} and there are {len(classes)} classes, numbered 0 to {len(classes) - 1}: name all classes, or number them anew"
    )


def _check_names(classes: tuple[str, ...]) -> None:
    if others := [name for name in classes if not isinstance(name, str)]:
        raise ValueError(f"class names are text, not {_kind(others[0])}: give tuple(map(str, classes))")
    if more := [name for name, count in Counter(classes).items() if count > 1]:
        raise ValueError(
            f"{len(more)} class names stand twice, among them {more[0][:80]!r}: name each class once"
        )
    if len(classes) > MOST_CLASSES:
        raise ValueError(
            f"there are {len(classes):,} classes, and a model has at most {MOST_CLASSES:,}: give wider ones"
        )
    for number, name in enumerate(classes):
        check_text(f"class {number}", name)
        check_length(name)


def check_text(what: str, name: str) -> None:
    """Raises ValueError for the name of something that neither a card nor an atlas would keep as it is."""
    if not sendable(name) or "\0" in name:
        raise ValueError(
            f"the name of {what}, {name[:40]!r}, holds what is no text: give it another, in UTF-8"
        )


def check_length(name: str) -> None:
    """Raises ValueError for a name of a class that no atlas would keep."""
    if len(name) > LONGEST_NAME:
        raise ValueError(
            f"a class is called {name[:40]!r} and so on, {len(name):,} letters, and at most {LONGEST_NAME:,} are kept: give it a shorter name"
        )


def check_factors(factors: Tensor | None, names: tuple[str, ...], images: int) -> None:
    """Factors, where there are some."""
    if factors is None:
        return
    _equally_many("factors", factors, images)
    if factors.dim() != 2 or factors.is_floating_point():
        raise ValueError(f"factors are {_dtype(factors)} of {factors.dim()} dimensions: give integers (N, F)")
    for number, name in enumerate(names):
        check_text(f"factor {number}", name)
    if names and len(names) != factors.shape[1]:
        raise ValueError(
            f"{len(names)} factor names for {factors.shape[1]} factors: give one for each column"
        )


def check_known(known: Tensor | None, images: int) -> None:
    """Which labels are known, where that is not all of them."""
    if known is None:
        return
    _equally_many("known", known, images)
    if known.dtype != torch.bool:
        raise ValueError(f"known is {_dtype(known)}: give bool, for example known.bool()")


def _equally_many(what: str, values: Tensor, images: int) -> None:
    if len(values) != images:
        raise ValueError(
            f"{what} are of {len(values):,} images and there are {images:,}: give one for each image"
        )


def _kind(value: Any) -> str:
    """What something is that is no tensor: None, list, numpy.ndarray."""
    if value is None:
        return "None"
    return f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")


def _dtype(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")
