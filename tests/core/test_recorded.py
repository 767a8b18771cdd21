"""What a step must keep to so that it can be recorded as a CUDA graph, for every objective; tried without a GPU."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.support.tiers import case
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.models import CDVAE, CVAE, SRVAE, VAE, Declaration, Joint, Ladder
from vae_core.objectives import (
    DIPVAE,
    ELBO,
    GECO,
    OBJECTIVES,
    AnnealedCapacity,
    BetaTCVAE,
    ConstrainedVAE,
    Declared,
    FactorVAE,
    MultiRateVAE,
)
from vae_core.training import Options, loop
from vae_core.training.devices import Group
from vae_core.training.loop import Run
from vae_core.training.watching import Unwatched

SMALL = VAE(latent=3, nets="mlp-256")
CONDITIONED = CDVAE(unlabelled=2, nets="mlp-256")
RATED = VAE(latent=3, nets="mlp-256", rates=(0.1, 10))
ALL = ELBO(class_weight=2.0, adversary=1.0, adversary_rate=1e-3, adversary_reads="posterior", beta_warmup=5)
CASES: dict[str, tuple[Declaration, Declared]] = {
    "elbo": (CONDITIONED, ALL),
    "constrained": (SMALL, ConstrainedVAE(delta=5.0)),
    "capacity": (SMALL, AnnealedCapacity(capacity=5.0)),
    "geco": (SMALL, GECO(tolerance=5.0)),
    "tc": (SMALL, BetaTCVAE(tc_beta=6.0)),
    "factor": (SMALL, FactorVAE(tc_weight=10.0)),
    "dip": (SMALL, DIPVAE(dip_weight=10.0)),
    "multi-rate": (RATED, MultiRateVAE(beta_warmup=3, beta_draws="ends")),
    "a mixture": (VAE(latent=3, prior="mixture"), ELBO()),
    "vamp": (VAE(latent=3, prior="vamp", components=7), ELBO(beta_warmup=3)),
    "gaussian": (VAE(latent=3, likelihood="gaussian"), ELBO()),
    "categorical": (VAE(latent=3, likelihood="categorical", levels=4), ELBO()),
    "a class-mixture": (CDVAE(unlabelled=2, prior="class-mixture"), ELBO(class_weight=2.0)),
    "cvae": (CVAE(latent=2), ELBO(class_weight=1.0)),
    "joint": (Joint(latent=2), ELBO()),
    "srvae": (SRVAE(), ELBO()),
    "ladder": (Ladder(latent=(3, 2)), ELBO()),
    "convolutions": (VAE(latent=3, nets="conv-32"), ELBO()),
}
# The rows without a label are told from those with one by counting them; pairs are made of data with factors, or of one style.
NOT_HERE = {"semi-supervised", "pairs", "styles"}


class NothingElsewhere(TorchDispatchMode):
    """Notes operations that touch the processor's memory, or make a tensor of Python's numbers, which is copied from there."""

    def __init__(self):
        super().__init__()
        self.found: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, Tensor)]
        if "lift" in str(func) or any(tensor.device.type == "cpu" for tensor in tensors):
            self.found.add(str(func))
        return out


def prepared(name: str, data: Data, folder: Path) -> Run:
    declaration, objective = CASES[name]
    options = Options(epochs=2, batch=32, objective=objective, device="cpu", limit=128)
    run = Run(declaration, data, options, folder / "run", torch.device("cpu"), Group(), "")
    run.prepare()
    run.parallel.train()
    return run


def step(run: Run, device: str = "cpu") -> None:
    sampler = Sampler()
    run.update(run.batch_of(torch.arange(32, device=device), sampler), sampler)


def test_no_objective_is_left_out():
    assert set(CASES) >= set(OBJECTIVES) - NOT_HERE


@pytest.mark.parametrize("name", CASES)
def test_a_step_stays_on_its_device_and_waits_for_nothing(name: str, digits: Data, tmp_path: Path):
    """On the device "meta", which has no numbers, so that to read one back is an error."""
    run = prepared(name, digits, tmp_path)
    run.step.to("meta")
    run.data = run.data.to("meta")
    run.parameters = list(run.step.parameters())
    run.optimizer = torch.optim.SGD(run.parameters, lr=0.1, foreach=True)
    with NothingElsewhere() as seen:
        step(run, "meta")
    assert not seen.found


@pytest.mark.parametrize("name", [case(name, slow=i % 3 > 0) for i, name in enumerate(CASES)])
def test_a_step_writes_what_it_keeps_where_it_lies(name: str, digits: Data, tmp_path: Path):
    """A replayed step reads and writes the memory that it was recorded with: a buffer of its own name elsewhere would stand still."""
    run = prepared(name, digits, tmp_path)
    step(run)
    held = dict(run.step.named_buffers()) | dict(run.step.named_parameters())
    before = {key: tensor.data_ptr() for key, tensor in held.items()}
    step(run)
    held = dict(run.step.named_buffers()) | dict(run.step.named_parameters())
    assert {key: tensor.data_ptr() for key, tensor in held.items()} == before


def test_a_resumed_training_has_moments_in_the_layout_of_their_weights(tmp_path: Path):
    """Adam's kernels for a GPU refuse others."""
    images = torch.arange(16 * 256).remainder(251).to(torch.uint8).view(16, 1, 16, 16)
    data, folder = Data("own", "train", images, torch.zeros(16, dtype=torch.long), ()), tmp_path / "run"
    declaration, options = VAE(latent=3, nets="conv-32-64"), Options(epochs=1, batch=8, device="cpu")
    loop.train(declaration, data, options, folder)
    run = Run(declaration, data, options, folder, torch.device("cpu"), Group(), "")
    run.go(resume=True, report=lambda progress: None)
    assert any(p.dim() == 4 and not p.is_contiguous() for p in run.parameters)
    for parameter in run.parameters:
        state = run.optimizer.state[parameter]
        assert {state[key].stride() for key in ("exp_avg", "exp_avg_sq")} == {parameter.stride()}


def test_a_step_is_recorded_anew_once_a_number_was_changed(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made: list[int] = []

    class Counted:
        def __init__(self, step: Any):
            made.append(0)
            self.step = step

        def __call__(self, rows: Tensor) -> dict[str, Tensor]:
            made[-1] += 1
            return self.step(rows)

    class Changing(Unwatched):
        def after(self, step: int, *of: Any) -> None:
            if step == 3:
                run.steering.set("beta", 4.0, step, 1)

    monkeypatch.setattr(loop, "Recorded", Counted)
    options = Options(epochs=2, batch=32, objective=ELBO(), device="cpu", limit=128)
    run = Run(SMALL, digits, options, tmp_path / "run", torch.device("cpu"), Group(), "")
    run.watcher = Changing()
    run.go(resume=False, report=lambda progress: None)
    assert made == [3, 5]
