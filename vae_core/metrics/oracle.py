"""The oracle: an independent classifier of the data, which judges the samples of every model of them, and is trained once for all of these.

It is kept on disk, as safetensors, and is found again by all that its weights depend on. Shapes: B examples, F features.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..checkpoints import atomic
from ..data import Data
from ..data.mnist import CACHE
from ..files import at_least, check_plain, reason
from ..kinds import Image
from ..models.observations import entered
from ..nets import preset
from .base import Evaluation

ORACLE_STEPS = 1500
ORACLE_BATCH = 128
SAMPLES = 10_000

# Where classifiers are kept, how many bytes of them, and of which recipe: whoever changes what is trained, or how, counts on.
KEPT = CACHE / "oracle"
MOST_BYTES = 256 * 2**20
RECIPE = 2
DIGEST = "sha256"


def oracle_of(evaluation: Evaluation) -> "OracleClassifier":
    """The oracle classifier of the evaluation's training images: as it was kept, or trained now, and kept.

    It depends on the images and their classes, the seed, the recipe, the version of torch and the kind of device alone, and so is the same
    for every model of the data. What is kept is read only where its digest is right; where it is damaged that is reported, and it is
    trained anew. Of data that are too large for memory, which would have to be read whole to be told from others, none is kept.

    Args:
        evaluation: whose `train` and `seed` it is of.

    Returns:
        The classifier.
    """
    path = _place(evaluation.train, evaluation.seed)
    weights = None if path is None else _read(path, evaluation)
    if weights is not None:
        try:
            return OracleClassifier(evaluation.train, evaluation.seed, weights)
        except RuntimeError:  # of other shapes
            evaluation.report(f"the oracle classifier in {path} is of another shape: it is trained anew")
    evaluation.report("training the oracle classifier on the training images")
    oracle = OracleClassifier(evaluation.train, evaluation.seed)
    if path is not None:
        _keep(path, oracle, evaluation)
    return oracle


def _place(train: Data, seed: int) -> Path | None:
    """The file of the classifier of some training images; None where these are not in memory."""
    if not isinstance(train.images, Tensor):
        return None
    told = {
        "recipe": [RECIPE, ORACLE_STEPS, ORACLE_BATCH],
        "seed": seed,
        "torch": torch.__version__,
        "device": train.images.device.type,
        "kind": repr(train.kind),
        "classes": len(train.classes),
        "shape": [str(train.images.dtype), *train.images.shape],
    }
    found = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for part in (*train.images.split(4096), train.labels.long()):
        found.update(part.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return KEPT / f"{found.hexdigest()[:32]}.safetensors"


def _read(path: Path, evaluation: Evaluation) -> dict[str, Tensor] | None:
    """The weights in a file; None where it is not there, or damaged, which is reported."""
    try:
        check_plain(path, MOST_BYTES)
        with safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            if (file.metadata() or {}).get(DIGEST) != _digest(weights):
                raise ValueError("its digest is another")
        path.touch()  # what was used last is thrown away last
    except FileNotFoundError:
        return None
    except (OSError, ValueError, SafetensorError) as error:
        evaluation.report(
            f"the oracle classifier in {path} cannot be read ({reason(error)}): it is trained anew"
        )
        return None
    return weights


def _keep(path: Path, oracle: "OracleClassifier", evaluation: Evaluation) -> None:
    """Write the weights; those that were used longest ago make room. Where nothing can be written that is reported, and no more."""
    weights = {name: value.cpu().contiguous() for name, value in oracle.net.state_dict().items()}
    data = save(weights, {DIGEST: _digest(weights)})
    if len(data) > MOST_BYTES:
        evaluation.report(f"the oracle classifier is not kept: it has {at_least(len(data), 1e6)} MB")
        return
    try:
        with atomic(path) as file:
            file.write(data)
        left = MOST_BYTES
        for other in sorted(path.parent.glob("*.safetensors"), key=lambda one: -one.stat().st_mtime_ns):
            left -= other.stat().st_size
            if left < 0:
                other.unlink(missing_ok=True)
    except OSError as error:
        evaluation.report(f"the oracle classifier is not kept in {path.parent} ({reason(error)})")


def _digest(weights: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].contiguous()
        found.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


class OracleClassifier:
    """A small convolutional classifier of grey images, trained for 1,500 batches of 128 (an MLP where sides are odd), or with weights that were."""

    def __init__(self, train: Data, seed: int, weights: Mapping[str, Tensor] | None = None):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            # Trained in three quarters of the time in this layout, on a CPU.
            self.net = _classifier(train).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.net.to(train.images.device)
            if weights is None:
                self._fit(train)
            else:
                self.net.load_state_dict(weights)
        self.net.eval()

    def _fit(self, data: Data) -> None:
        optimizer = torch.optim.Adam(self.net.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=ORACLE_STEPS)
        images = data.images
        for _ in range(ORACLE_STEPS):
            rows = torch.randint(len(data), (ORACLE_BATCH,), device=images.device)
            loss = F.cross_entropy(self.net(data.kind.shown(images[rows])), data.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """What its last layer reads of images, `(B, F)` on the CPU."""
        return torch.cat([self.net[0](x).cpu() for x in images.split(1000)])  # type: ignore[index]

    def features_of(self, data: Data) -> Tensor:
        """The same of 10,000 images of some data, or of all where there are no more."""
        rows = data.subset(SAMPLES, seed=0).images
        return torch.cat([self.features(data.kind.shown(stored)) for stored in rows[:].split(1000)])

    @torch.no_grad()
    def right(self, images: Tensor, labels: Tensor) -> Tensor:
        """1 where the oracle says `labels`, `(B,)`."""
        return torch.cat(
            [
                (self.net(x).argmax(-1) == y).float()
                for x, y in zip(images.split(1000), labels.split(1000), strict=True)
            ]
        )


def _classifier(data: Data) -> nn.Module:
    shape = data.kind.shape
    try:
        nets = preset("conv-32" if isinstance(data.kind, Image) else "mlp-256")
        trunk = nets.trunk(shape)
    except ValueError:
        nets = preset("mlp-256")
        trunk = nets.trunk(shape)
    return nn.Sequential(entered(data.kind, trunk), nn.Dropout(0.3), nn.Linear(nets.width, len(data.classes)))
