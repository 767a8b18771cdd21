"""Images a second of `vae_core.train` beside a bare loop over the same nets: `python -m benchmarks.training`.

The two alternate, several rounds each, in one process on one thread; the ratio is of medians. No data is needed:
the pixels are random, in MNIST's shape.
"""

import statistics
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.kept import Kept
from vae_core.data import Data
from vae_core.kinds import Image
from vae_core.models import CDVAE, Signature
from vae_core.training import Options, train

IMAGES, BATCH, ROUNDS = 60_000, 128, 3
DIGITS = tuple("0123456789")


def random_data() -> Data:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (IMAGES, 1, 28, 28), dtype=torch.uint8, generator=generator)
    return Data("random", "train", images, torch.randint(0, 10, (IMAGES,), generator=generator), DIGITS)


def ours(declaration: CDVAE, data: Data) -> float:
    """Seconds of one epoch, checkpoint included."""
    options = Options(epochs=1, batch=BATCH, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        train(declaration, data, options, Path(folder) / "run")
        return time.perf_counter() - started


def bare(declaration: CDVAE, data: Data) -> float:
    """Seconds of the same steps, written out over the same nets without any abstraction."""
    model = declaration.build(Signature(Image(1, 28, 28), DIGITS)).to(memory_format=torch.channels_last)
    trunk, head_l, head_u = model.q["h"].net, model.q["z_l"].net, model.q["z_u"].net
    decoder, prototypes = model.p["x"].net, model.p["z_l"].means
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    started = time.perf_counter()
    for rows in torch.randperm(IMAGES).split(BATCH):
        x = (torch.rand(len(rows), 1, 28, 28) * 255 < data.images[rows]).float()
        h = trunk(x)
        (m_l, s_l), (m_u, s_u) = head_l(h).chunk(2, -1), head_u(h).chunk(2, -1)
        z_l, z_u = m_l + s_l.exp() * torch.randn_like(m_l), m_u + s_u.exp() * torch.randn_like(m_u)
        gap = m_l - prototypes[data.labels[rows]]
        rate_l = 0.5 * (gap**2 + (2 * s_l).exp() - 1 - 2 * s_l).sum(-1)
        rate_u = 0.5 * (m_u**2 + (2 * s_u).exp() - 1 - 2 * s_u).sum(-1)
        distortion = F.binary_cross_entropy_with_logits(decoder(z_l, z_u), x, reduction="none").sum((1, 2, 3))
        optimizer.zero_grad(set_to_none=True)
        (distortion + rate_l + rate_u).mean().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 100.0)
        optimizer.step()
    return time.perf_counter() - started


def main() -> None:
    torch.set_num_threads(1)
    data, kept = random_data(), Kept("training")
    for nets in ("mlp-400", "conv-32"):
        declaration = CDVAE(nets=nets)
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        bare(declaration, data)  # warm up
        for _ in range(ROUNDS):
            times["bare"].append(bare(declaration, data))
            times["ours"].append(ours(declaration, data))
        speeds = {kind: IMAGES / statistics.median(taken) for kind, taken in times.items()}
        kept.add(nets, **speeds, ratio=speeds["ours"] / speeds["bare"])
    kept.write()


if __name__ == "__main__":
    main()
