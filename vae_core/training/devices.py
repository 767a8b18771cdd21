"""Where a training runs: devices by name, the processes that torchrun starts, and what makes a run repeatable."""

import contextlib
import os
import platform
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def pick_device(name: str) -> torch.device:
    """The device of that name, or for "auto" the best that is there: cuda, mps or cpu.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Returns:
        The device, which has been tried.

    Raises:
        ValueError: where it is not there.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
        >>> pick_device("gpu")
        Traceback (most recent call last):
        ValueError: device 'gpu' is not available on this machine: leave it out, or choose cpu
    """
    if name == "auto":
        best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(best)
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # some devices hold shapes alone
    except (RuntimeError, AssertionError, ImportError):
        raise ValueError(
            f"device {name!r} is not available on this machine: leave it out, or choose cpu"
        ) from None
    return device


class Group(NamedTuple):
    """The processes that train together: this one's rank among `size`."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[Group]:
    """The group that torchrun announces in the environment; a group of one elsewhere."""
    if "LOCAL_RANK" not in os.environ:
        yield Group()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timedelta(minutes=10))
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def together(module: nn.Module, by_stages: bool) -> nn.Module:
    """A module whose gradients are the means over all processes. Which parameters a step leaves out is looked at where there may be some:
    a training by stages leaves out others in each, and a likelihood those of kinds of columns that a table has not."""
    leaves_out = by_stages or any(not parameter.numel() for parameter in module.parameters())
    return DistributedDataParallel(module, find_unused_parameters=leaves_out)


def local_device(name: str) -> str:
    """Under torchrun each process takes the GPU of its local rank."""
    rank = os.environ.get("LOCAL_RANK")
    return f"cuda:{rank}" if rank and name in ("auto", "cuda") and torch.cuda.is_available() else name


@contextlib.contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Same seed, same machine, same weights; the caller's settings and random numbers come back afterwards."""
    cudnn: Any = torch.backends.cudnn
    matmul = torch.get_float32_matmul_precision()
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before
            torch.set_float32_matmul_precision(matmul)


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
