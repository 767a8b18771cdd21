"""Columns side by side: the same with gradients and without, and no more memory than they take."""

import subprocess
import sys

import pytest
import torch

from vae_core.columns import side_by_side


@pytest.mark.parametrize("shape", [(5,), (2, 3)])
def test_columns_are_the_same_with_gradients_and_without(shape: tuple[int, ...]):
    columns = [torch.randn(shape) for _ in range(4)]
    with torch.no_grad():
        plain = side_by_side(iter(columns), 4)
    leaves = [column.clone().requires_grad_() for column in columns]
    tracked = side_by_side(iter(leaves), 4)
    assert torch.equal(plain, torch.stack(columns, -1))
    assert torch.equal(plain, tracked)
    tracked[..., 2].sum().backward()
    assert [leaf.grad is not None and bool(leaf.grad.any()) for leaf in leaves] == [False, False, True, False]


MANY = """
import resource, torch
from vae_core.explore.components import Parts, log_density
torch.set_num_threads(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parts = Parts(torch.full((600,), 1 / 600), torch.randn(600, 500), torch.ones(600, 500), torch.full((600,), -1))
with torch.no_grad():
    log_density(parts, torch.randn(2000, 500))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_many_parts_take_no_more_memory_than_few():
    found = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    scale = 1000 if sys.platform == "darwin" else 1  # bytes there, kilobytes elsewhere
    assert int(found.stdout) / scale < 300_000
