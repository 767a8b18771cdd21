"""Images a second on a GPU, ours beside pythae's default loop and a bare step: `python -m benchmarks.gpu`.

The same nets, data, batch and Adam for all: a Bernoulli VAE on MNIST. "Bare" is the step written out over the nets of ours, with the images
on the device; "recorded" is the same step as a CUDA graph. What `train` takes is that of a whole call, its checkpoints included. pythae (an
option: `pip install pythae`) reads grey pixels from a loader of its own and binarises none; its first epoch is not timed. The ways take turns,
and medians of the rounds are compared. `--out` keeps the numbers.
"""

import argparse
import importlib.util
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vae_core.data import Data, load_data
from vae_core.model import Model
from vae_core.models import VAE, Signature
from vae_core.training import Options, train

RESULTS = Path(__file__).with_name("results") / "gpu.json"
BATCH, LATENT, RATE, CLIP = 128, 20, 1e-3, 100.0
NETS = ("mlp-400", "conv-32")
OURS = {
    "ours, not watched": {},
    "ours, watched": {"watch": True},
    "ours, not watched, bfloat16": {"precision": "bfloat16"},
}


class Bare:
    """A step of a VAE and nothing else: `rows (B,) -> loss`, in nats; launched kernel by kernel, or recorded once and replayed."""

    def __init__(self, declaration: VAE, data: Data, device: str, record: bool):
        torch.manual_seed(0)
        torch.set_float32_matmul_precision("high")
        self.model: Model = declaration.build(Signature(data.signature.kind, data.classes)).to(device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        assert isinstance(data.images, Tensor)
        self.images = data.images.to(device)
        self.parameters = list(self.model.parameters())
        on_gpu = device != "cpu"
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATE, fused=True, capturable=on_gpu)
        self.rows = torch.arange(BATCH, device=device)
        self.loss = torch.zeros((), device=device)
        self.graph = self._recorded() if record else None

    def step(self) -> None:
        grey = self.images[self.rows]
        x = (torch.rand(grey.shape, device=grey.device) * 255 < grey).float()
        mean, log_scale = self.model.q["z"].net(x).chunk(2, -1)  # type: ignore[operator]
        z = mean + log_scale.exp() * torch.randn_like(mean)
        rate = 0.5 * (mean**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
        logits = self.model.p["x"].net(z)  # type: ignore[operator]
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3))
        loss = (distortion + rate).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self.optimizer.step()
        self.loss.add_(loss.detach())

    def _recorded(self) -> torch.cuda.CUDAGraph:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph

    def epochs(self, count: int) -> tuple[float, float]:
        """Images a second, and the mean loss of the last epoch, in nats."""
        steps = len(self.images) // BATCH
        began = time.perf_counter()
        for _ in range(count):
            self.loss.zero_()
            for rows in torch.randperm(steps * BATCH, device=self.rows.device).split(BATCH):
                self.rows.copy_(rows)
                self.graph.replay() if self.graph else self.step()
        loss = self.loss.item() / steps
        return count * steps * BATCH / (time.perf_counter() - began), loss


def ours(
    nets: str, data: Data, device: str, count: int, watch: bool = False, **options: Any
) -> tuple[float, float]:
    """The same of a whole call of `train`."""
    asked = Options(
        epochs=count, batch=BATCH, learning_rate=RATE, clip=CLIP, warmup=0, device=device, **options
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        found = train(VAE(latent=LATENT, nets=nets), data, asked, Path(folder) / "run", watch=watch)
        seconds = time.perf_counter() - began
    return count * len(data) // BATCH * BATCH / seconds, found.card.history[-1]["loss"]


def pythae_trainer(nets: str, data: Data, device: str, folder: str) -> Callable[[int], tuple[float, float]]:
    """One epoch of pythae's trainer over nets of ours that are put into its classes."""
    from pythae.models import VAE as TheirVAE
    from pythae.models import VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.WARNING)
    model = VAE(latent=LATENT, nets=nets).build(Signature(data.signature.kind, data.classes))

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.net = model.q["z"].net

        def forward(self, x: Tensor) -> ModelOutput:
            mean, log_scale = self.net(x).chunk(2, -1)  # type: ignore[operator]
            return ModelOutput(embedding=mean, log_covariance=2 * log_scale)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.net = model.p["x"].net

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.net(z).sigmoid())  # type: ignore[operator]

    assert isinstance(data.images, Tensor)
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT, reconstruction_loss="bce")
    theirs = TheirVAE(config, encoder=Encoder(), decoder=Decoder())
    options = BaseTrainerConfig(
        output_dir=folder,
        num_epochs=1,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        no_cuda=device == "cpu",
    )
    dataset = TrainingPipeline(model=theirs, training_config=options).data_processor.to_dataset(
        data.images.float() / 255
    )
    trainer = BaseTrainer(model=theirs, train_dataset=dataset, training_config=options)
    trainer.prepare_training()

    def epoch(number: int) -> tuple[float, float]:
        began = time.perf_counter()
        loss = trainer.train_step(number)
        return len(data) / (time.perf_counter() - began), float(loss)

    return epoch


def ways(
    nets: str, data: Data, device: str, epochs: int, folder: str
) -> dict[str, Callable[[], tuple[float, float]]]:
    """What is compared, by its name: each makes one round."""
    declaration = VAE(latent=LATENT, nets=nets)
    launched = Bare(declaration, data, device, record=False)
    found = {"bare step, launched": lambda: launched.epochs(max(1, epochs // 4))}
    if device != "cpu":
        recorded = Bare(declaration, data, device, record=True)
        found["bare step, recorded"] = lambda: recorded.epochs(epochs)
    for name, options in OURS.items():
        found[name] = lambda options=options: ours(nets, data, device, epochs, **options)
    if importlib.util.find_spec("pythae"):
        epoch = pythae_trainer(nets, data, device, folder)
        epoch(1)
        found["pythae"] = lambda: epoch(2)
    return found


def measured(nets: str, data: Data, device: str, epochs: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Of each way the median of images a second, all rounds, and the last loss."""
    with tempfile.TemporaryDirectory() as folder:
        found = ways(nets, data, device, epochs, folder)
        for name, way in found.items():
            if name.startswith("bare"):
                way()  # what the libraries set up once is set up here
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
        for _ in range(rounds):
            for name, way in found.items():
                rows[name].append(way())
    return {
        name: {
            "images_a_second": statistics.median(speed for speed, _ in each),
            "rounds": [round(speed) for speed, _ in each],
            "loss": round(each[-1][1], 2),
        }
        for name, each in rows.items()
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    speeds = {name: row["images_a_second"] for name, row in found.items()}
    bare, theirs = speeds.get("bare step, recorded"), speeds.get("pythae")
    lines = [f"{'':28} {'images a second':>16} {'of recorded':>12} {'x pythae':>9} {'last loss':>10}"]
    for name, speed in speeds.items():
        share = f"{speed / bare:.2f}" if bare else "not measured"
        times = f"{speed / theirs:.1f}" if theirs else "not measured"
        lines.append(f"{name:28} {speed:16,.0f} {share:>12} {times:>9} {found[name]['loss']:10.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=None, help="of the training images")
    parser.add_argument(
        "--out", type=Path, default=None, help=f"a file such as {RESULTS.name}; rows of other nets stay in it"
    )
    asked = parser.parse_args()
    data = load_data("mnist").head(asked.limit)
    device = torch.cuda.get_device_name() if asked.device != "cpu" else "this machine's processor"
    print(
        f"{device}, torch {torch.__version__}: {len(data):,} images, batches of {BATCH}, median of {asked.rounds} rounds"
    )
    kept = json.loads(asked.out.read_text()) if asked.out and asked.out.exists() else {}
    for nets in asked.nets:
        found = measured(nets, data, asked.device, asked.epochs, asked.rounds)
        print(f"\n{nets}\n{table(found)}", flush=True)
        kept[nets] = {
            "device": device,
            "torch": torch.__version__,
            "date": date.today().isoformat(),
            "epochs": asked.epochs,
            "ways": found,
        }
        if asked.out:
            asked.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
