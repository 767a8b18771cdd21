"""One training loop in plain torch, on one device or, started by `torchrun`, on several.

Every epoch is seeded from (seed, epoch) alone, so that a resumed run, and a run on any number of processes, computes what
an uninterrupted run of one process computes.
"""

import contextlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from .checkpoints import (
    CARD,
    FORMAT,
    TRAINING,
    Checkpoint,
    CheckpointError,
    fingerprint,
    load_card,
    read_metadata,
    read_tensors,
    save_card,
    save_model,
    versions,
    write_tensors,
)
from .data import Data
from .distributions import Sampler, check_seed
from .evaluations import MEASURED
from .explore import active_units, blocks, encode
from .labels import has_label
from .model import Model
from .models import Declaration, Solver, described
from .multirate import at, rates_of, usual
from .names import IMAGE, LABEL
from .objectives import (
    CORRELATIONS,
    RULES,
    Beta,
    Bound,
    Capacity,
    ClassifierTerm,
    ClassTerm,
    Constrained,
    Loss,
    MultiRate,
    Objective,
    Penalty,
    Rule,
    SemiSupervised,
    Weighted,
    adversaries,
    betas,
    discriminators,
    elbo,
    rate_parts,
)

# The options that a card counts to its objective, beside beta.
OBJECTIVE_OPTIONS = (
    "beta_warmup",
    "beta_draws",
    "delta",
    "capacity",
    "tolerance",
    "tc_beta",
    "tc_alpha",
    "tc_gamma",
    "tc_weight",
    "discriminator_width",
    "class_weight",
    "classifier_weight",
    "adversary",
    "labels",
    "stagewise",
)

# The options that each objective takes, the one that it needs first.
TAKES = {
    "elbo": ("beta",),
    "constrained": ("delta",),
    "capacity": ("capacity",),
    "geco": ("tolerance",),
    "tc": ("tc_beta", "tc_alpha", "tc_gamma"),
    "factor": ("tc_weight", "discriminator_width"),
}

# One in so many images of a batch is labelled, where only some labels are told.
LABELLED_SHARE = 8

# No count of a training is larger.
MOST = 1_000_000_000

# A training of fewer epochs than it is asked for, where nothing is asked, has at least so many steps; its learning rate rises over a tenth
# of them.
USUAL_EPOCHS, USUAL_STEPS, USUAL_WARMUP = 20, 2000, 500

# Images to count active dimensions on at the end.
COUNTED = 2000

# Losses are looked at (and, on a GPU, waited for) once in this many steps.
CHECK_EVERY = 50


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Options:
    """How to train. Raises ValueError for values that make no training."""

    objective: Literal["elbo", "constrained", "capacity", "geco", "tc", "factor"] = "elbo"
    """How the bound is weighed: by --beta; rate held to --delta by dual ascent on beta; rate led to --capacity; distortion
    held to --tolerance (GECO); the total correlation of unlabelled latents by --tc-beta (beta-TCVAE), or by --tc-weight as a discriminator
    estimates it (FactorVAE). A model with --rates is weighed by the betas that it is told, drawn for each example."""
    beta: Beta = 1.0
    """Weight of the rate: one number, or one for each latent block."""
    beta_warmup: int = 0
    """Steps over which beta rises from 0: a vamp prior needs some thousands, or no latent may ever say anything."""
    beta_draws: Literal["ends"] | None = None
    """How the log betas of a model with --rates are drawn: uniformly unless given; ends: more often at the ends, which are fitted worst."""
    delta: float | None = None
    """Greatest mean rate of a constrained beta-VAE, nats an image."""
    capacity: float | None = None
    """Rate that Burgess' capacity rises to over the first half of the training, nats an image."""
    tolerance: float | None = None
    """Greatest mean distortion of GECO, nats an image."""
    tc_beta: float | None = None
    """beta of a beta-TCVAE: weight of the total correlation among the parts of the rate, 1 in the bound itself."""
    tc_alpha: float | None = None
    """Weight of its index information, 1 unless given."""
    tc_gamma: float | None = None
    """Weight of the divergence of its single dimensions from the prior, 1 unless given."""
    tc_weight: float | None = None
    """gamma of a FactorVAE: weight of the total correlation beside the bound."""
    discriminator_width: int | None = None
    """Units in each of the six layers of its discriminator: 1000 unless given, as in the paper; fewer cost a CPU less, and learn slower."""
    class_weight: float = 0.0
    """alpha of the class term: alpha * CE(class by the bound, class)."""
    classifier_weight: float = 1.0
    """lambda of a model with a classifier: lambda * CE(q(y|x), y)."""
    adversary: float = 0.0
    """Weight of an adversary that keeps the class out of the unlabelled block."""
    labels: int | None = None
    """Tell the class of this many images only (an eighth of each batch is drawn from them); a missing one is summed out."""
    stagewise: bool = False
    """Train the stages of a model one after the other, equally many epochs each."""
    epochs: int | None = None
    """20 unless given, and more where the data are few, so that there are 2,000 steps."""
    batch: int = 128
    """Examples a step, over all processes."""
    learning_rate: float = 1e-3
    warmup: int | None = None
    """Steps over which the learning rate rises, a tenth of all, but at most 500, unless given; a cosine brings it down to zero after that."""
    clip: float = 100.0
    """Largest norm of the gradient."""
    limit: int | None = None
    """Train on this many images only."""
    validation: int = 0
    """Images held out of the training split to be measured after each epoch."""
    patience: int | None = None
    """Stop after this many epochs without a better validation loss."""
    seed: int = 0
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    precision: str = "auto"
    """auto (float32, with TF32 products on a GPU that has them), float32, or bfloat16 (mixed)."""

    def __post_init__(self):
        self.rule(1)
        elbo(1.0, self.class_weight, self.classifier_weight)
        if not 0 <= self.adversary < math.inf:
            raise ValueError(f"the weight of the adversary must be 0 or more, got {self.adversary}")
        if self.labels is not None and (self.objective != "elbo" or self.class_weight or self.adversary):
            raise ValueError("with --labels the objective is the semi-supervised bound: leave out the others")
        if self.labels is not None and self.batch % LABELLED_SHARE:
            raise ValueError(
                f"with --labels one in {LABELLED_SHARE} of a batch is labelled: give a --batch that divides by it, not {self.batch}"
            )
        if self.beta_warmup and (self.objective != "elbo" or self.labels is not None):
            raise ValueError("a warm-up of beta goes with the objective elbo alone: leave out --beta-warmup")
        for name in ("tc_alpha", "tc_beta", "tc_gamma"):
            if not 0 <= (getattr(self, name) or 0) < math.inf:
                raise ValueError(f"{_spelt(name)} must be 0 or more, got {getattr(self, name)}")
        for name in ("tc_weight", "discriminator_width"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{_spelt(name)} must be above 0, got {value}")
        for name in ("epochs", "batch", "learning_rate", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name.replace('_', ' ')} must be above 0, got {value}")
        for name in ("warmup", "beta_warmup", "validation"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name, value in vars(self).items():
            if name != "seed" and isinstance(value, int) and value > MOST:
                raise ValueError(f"{name.replace('_', ' ')} is at most {MOST}, got {value}")
        check_seed(self.seed)
        if self.patience is not None and not (self.patience > 0 and self.validation):
            raise ValueError(
                "patience needs to be above 0 and to have validation images: give --validation too"
            )
        if self.patience is not None and self.objective not in ("elbo", "tc"):
            raise ValueError(
                "what an objective learns makes losses of two epochs differ: use --patience with elbo or tc alone"
            )
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"no precision is called {self.precision!r}: choose auto, float32 or bfloat16")

    def settled(self, steps_an_epoch: int) -> "Options":
        """The same options for a training of so many steps an epoch, with the defaults that follow its length.

        >>> Options().settled(steps_an_epoch=10).epochs, Options().settled(10).warmup
        (200, 200)
        >>> Options().settled(468).epochs, Options().settled(468).warmup
        (20, 500)
        """
        epochs = self.epochs or max(USUAL_EPOCHS, math.ceil(USUAL_STEPS / steps_an_epoch))
        warmup = min(USUAL_WARMUP, epochs * steps_an_epoch // 10) if self.warmup is None else self.warmup
        return replace(self, epochs=epochs, warmup=warmup)

    def rule(self, steps: int) -> Rule:
        """How the bound is weighed in a training of so many steps. Raises ValueError for an option too few or too many."""
        if self.objective not in TAKES:
            raise ValueError(f"no objective is called {self.objective!r}: choose one of {', '.join(TAKES)}")
        for objective, names in TAKES.items():
            for name in names:
                untouched = getattr(self, name) == (1.0 if name == "beta" else None)
                if objective != self.objective and not untouched:
                    raise ValueError(
                        f"the objective {self.objective} takes no {_spelt(name)}: leave it out, or choose {objective}"
                    )
        needed = TAKES[self.objective][0]
        value: Any = getattr(self, needed)
        if value is None:
            unit = "" if needed.startswith("tc") else ", in nats an image"
            raise ValueError(f"the objective {self.objective} needs --{_spelt(needed)}{unit}")
        if self.objective in CORRELATIONS:
            return Weighted()
        if self.objective == "elbo":
            return Weighted(value, self.beta_warmup)
        if self.objective == "capacity":
            return Capacity(value, max(1, steps // 2))
        if self.objective == "constrained":
            return Constrained(value, steps=steps)
        return RULES[self.objective](value)  # type: ignore[call-arg]

    def objective_for(self, model: Model, classes: int, steps: int, images: int) -> Objective:
        """The objective of these options for a model and so many training images. Raises ValueError for options that do not fit it."""
        classifies = LABEL in model.latents
        if self.labels is not None:
            if not classifies:
                raise ValueError(
                    "missing labels need a model with a classifier: choose joint, or leave out --labels"
                )
            return SemiSupervised(self.beta, self.classifier_weight)
        rates = rates_of(model)
        if self.beta_draws and not rates:
            raise ValueError("--beta-draws is for a model with --rates: leave it out, or give the rates too")
        if rates and (self.objective != "elbo" or self.beta != 1.0 or self.beta_warmup):
            raise ValueError(
                "a model with --rates is weighed by betas of its own: leave out --objective, --beta and --beta-warmup"
            )
        if self.objective == "elbo":
            # A class that every batch holds is no block of the bound: it has no rate to be weighed.
            betas(self.beta, [name for name in model.latents if name != LABEL])
        if self.class_weight or self.adversary:
            _need_two_classes(classes)
        if self.class_weight and not has_label(model):
            raise ValueError(
                "no variable of this model is conditioned on the class: leave out --class-weight, or choose cdvae or joint"
            )
        penalties: list[Penalty] = [ClassTerm(self.class_weight)] if self.class_weight else []
        if classifies and self.classifier_weight:
            penalties.append(ClassifierTerm(self.classifier_weight))
        if self.adversary:
            penalties += adversaries(model, self.adversary, classes)
        if self.objective == "tc":
            weights = (self.tc_beta, self.tc_alpha, self.tc_gamma)
            penalties += rate_parts(model, images, *(1.0 if weight is None else weight for weight in weights))
        if self.tc_weight is not None:
            penalties += discriminators(model, self.tc_weight, self.discriminator_width or 1000)
        return Bound(MultiRate(rates, self.beta_draws == "ends") if rates else self.rule(steps), penalties)


def _need_two_classes(classes: int) -> None:
    """Raises ValueError where there is no class to be told from another."""
    what = "--class-weight and --adversary"
    if classes < 2:
        number = "no classes" if not classes else "one class"
        raise ValueError(f"{what} need classes to tell apart, and the data has {number}: leave them out")


def _spelt(option: str) -> str:
    """An option as the command line spells it."""
    return option.replace("_", "-")


class Progress(NamedTuple):
    """Where training stands, `step` of `steps` in all.

    `parts` are means of the terms since the last report, or over the epoch in the report that ends it; `validation` is the
    mean loss of the held-out images there.
    """

    epoch: int
    step: int
    steps: int
    parts: dict[str, float]
    ends_epoch: bool = False
    validation: float | None = None


Report = Callable[[Progress], None]


def pick_device(name: str) -> torch.device:
    """The device of that name, or for "auto" the best that is there. Raises ValueError where it is not there."""
    if name == "auto":
        best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(best)
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # some devices hold shapes alone
    except (RuntimeError, AssertionError, ImportError):
        raise ValueError(
            f"the device {name!r} is not to be had on this machine: leave it out, or choose cpu"
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


class _Step(nn.Module):
    """Model and objective as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, model: Model, objective: Objective):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: dict[str, Tensor], draw: Sampler) -> Loss:
        return self.objective(self.model, batch, draw)


def train(
    declaration: Declaration,
    data: Data,
    options: Options,
    folder: Path,
    *,
    resume: bool = False,
    command: str = "",
    report: Report = lambda progress: None,
) -> Checkpoint:
    """Train the declared model on `data` and keep a checkpoint in `folder`, replaced atomically at every epoch.

    Loss: mean over the batch of nats summed over dimensions (`Options.objective_for`). Returns the last checkpoint.
    Raises TrainingError (one sentence) for a loss that is no longer finite, a folder that is taken, or a resume that does
    not fit; ValueError for a batch, device or block of beta that does not fit.
    """
    device = pick_device(_local_device(options.device))
    if resume:
        options = _taken_up(options, folder)
    with process_group(device) as group, _reproducible(options.seed):
        return _Run(declaration, data, options, folder, device, group, command).go(resume, report)


def _taken_up(options: Options, folder: Path) -> Options:
    """The options with the length and the warm-up that the training in `folder` was begun with, where none are asked for."""
    made = load_card(folder).get("training", {})
    unasked = [name for name in ("epochs", "warmup") if getattr(options, name) is None]
    return replace(options, **{name: made.get(name) for name in unasked})


def _local_device(name: str) -> str:
    """Under torchrun each process takes the GPU of its local rank."""
    rank = os.environ.get("LOCAL_RANK")
    return f"cuda:{rank}" if rank and name in ("auto", "cuda") and torch.cuda.is_available() else name


@contextlib.contextmanager
def _reproducible(seed: int) -> Iterator[None]:
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


class _Run:
    """One call of `train`: its parts, each built once."""

    def __init__(
        self,
        declaration: Declaration,
        data: Data,
        options: Options,
        folder: Path,
        device: torch.device,
        group: Group,
        command: str,
    ):
        self.options, self.folder, self.device, self.group = options, folder, device, group
        self.model = declaration.build(data.signature).to(device)
        # Convolutions are faster in this layout, on CPUs too; it changes neither shapes nor checkpoints.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        data = data.scored_by(self.model)
        self.data, self.held_out = _split(data.head(options.limit), options)
        if options.batch % group.size:
            raise ValueError(f"a batch of {options.batch} does not divide over {group.size} processes")
        if len(self.data) < options.batch:
            raise ValueError(
                f"{len(self.data)} training images are fewer than a batch of {options.batch}: give a smaller --batch"
            )
        if options.labels is not None:
            self.data = self.data.with_labels(options.labels, options.seed)
        self.data, self.held_out = self.data.to(device), self.held_out.to(device)
        self.schedule = _Schedule(self.data, options.batch)
        self.steps_an_epoch = len(self.schedule)
        if not self.steps_an_epoch:
            raise ValueError(
                f"{len(self.schedule.rest)} images without a label are too few for a batch of {options.batch}: "
                "give a smaller --batch or fewer --labels"
            )
        self.options = options = options.settled(self.steps_an_epoch)
        self.epochs, self.warmup = options.epochs or 0, options.warmup or 0
        self.steps = self.steps_an_epoch * self.epochs
        objective = options.objective_for(self.model, len(data.classes), self.steps, len(self.data)).to(
            device
        )
        self.step = _Step(self.model, objective)
        self.parallel = self.step if group.size == 1 else DistributedDataParallel(self.step)
        apart = objective.groups()
        known = {id(parameter) for group in apart for parameter in group["params"]}
        self.parameters = [p for p in self.step.parameters() if id(p) not in known]
        groups = [{"params": self.parameters}, *apart]
        self.optimizer = torch.optim.Adam(groups, lr=options.learning_rate, fused=True)
        self.stages, self.frozen = _stages(declaration, options), []
        self.solve = _solver(declaration, self.model, self.data, options)
        if options.precision == "auto":
            torch.set_float32_matmul_precision("high")
        self.card = _new_card(declaration, data, options, len(self.data), command)

    def go(self, resume: bool, report: Report) -> Checkpoint:
        done = self._resume() if resume else self._start()
        for epoch in range(done, self.epochs):
            if self.options.patience and _waited(self.card["history"]) >= self.options.patience:
                break
            if self.solve is not None and _settled(self.card["history"]):
                break
            started = time.monotonic()
            means = self._epoch(epoch, report) if self.solve is None else {"loss": self.solve()}
            validation = self._validate() if len(self.held_out) else None
            self._save(epoch + 1, means, validation, time.monotonic() - started)
            report(
                Progress(epoch + 1, (epoch + 1) * self.steps_an_epoch, self.steps, means, True, validation)
            )
        model = self.model.eval().requires_grad_(False)
        if done < self.card["epochs_done"]:
            self._count(at(model, usual(model)))
        weights = fingerprint(model.state_dict())
        return Checkpoint(self.folder, self.card, at(model, usual(model)), usual(model), weights)

    def _start(self) -> int:
        if self.folder.exists() and not self.folder.is_dir():
            raise TrainingError(f"{self.folder} is a file: choose a folder to train in")
        if (self.folder / CARD).exists():
            raise TrainingError(
                f"{self.folder} already holds a checkpoint: choose another folder, or --resume to go on with it"
            )
        self._prepare()
        if self.group.size > 1:
            dist.barrier()  # nobody writes before all have looked
        if self.group.leads:
            save_model(self.folder, self.model)
            save_card(self.folder, self.card)
        return 0

    def _prepare(self) -> None:
        """Set what begins at the training set."""
        images = next(self.data.batches(1000, self.options.seed))[IMAGE]
        for conditional in self.model.p.values():
            conditional.start(images, self.data.known_labels)

    def _resume(self) -> int:
        """Take up weights and optimiser where `folder` left them; the number of finished epochs."""
        card = load_card(self.folder)
        for part in ("model", "data", "objective", "training"):
            if differing := _differences(card.get(part, {}), self.card[part]):
                raise TrainingError(
                    f"{self.folder} was made with another {differing} (see {CARD}): repeat its options, "
                    "or choose another folder"
                )
        if not (self.folder / TRAINING).exists():
            if card["epochs_done"] == 0:
                self._prepare()
                return 0
            raise TrainingError(f"{self.folder / TRAINING} is missing, so there is nothing to resume from")
        # The training state holds its own card: a run that was killed between two files resumes from this one alone.
        card = json.loads(read_metadata(self.folder / TRAINING)["card"])
        tensors = read_tensors(self.folder / TRAINING)
        try:
            _restore(self.step, self.optimizer, tensors)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"{self.folder / TRAINING} does not fit the model: {error}; delete the folder and train again"
            ) from None
        self.card = {
            **card,
            **self._measured(),
            "training": {**card["training"], "epochs": self.epochs},
        }
        return card["epochs_done"]

    def _count(self, model: Model) -> None:
        """Write into the card how many dimensions of each block are active on held-out images, or on training images where none are held out."""
        seen = (self.held_out if len(self.held_out) > 1 else self.data).head(COUNTED)
        batches = seen.batches(500, self.options.seed)
        with torch.no_grad():
            parts = [{name: q.mean for name, q in encode(model, batch).items()} for batch in batches]
        means = {name: torch.cat([part[name] for part in parts]) for name in blocks(model)}
        active = {
            name: {"active": int(active_units(mean).sum()), "dimensions": mean.shape[1], "n": len(mean)}
            for name, mean in means.items()
        }
        self.card = {**self.card, **self._measured(), "active_dimensions": active}
        if self.group.leads:
            save_card(self.folder, self.card)

    def _measured(self) -> dict[str, Any]:
        """What was written into the card beside this training, which is not its own to lose; it knows the weights that it is of."""
        try:
            card = load_card(self.folder)
        except CheckpointError:
            return {}
        return {part: card[part] for part in MEASURED if part in card}

    def _epoch(self, epoch: int, report: Report) -> dict[str, float]:
        """One pass over the training images in a fresh order; the mean of each term."""
        self.parallel.train()
        torch.manual_seed(_mix(self.options.seed, epoch))
        rows = self.schedule.epoch()
        sampler = Sampler(rank=self.group.rank, ranks=self.group.size)
        share = self.options.batch // self.group.size
        self._enter_stage(epoch)
        first, meter = epoch * self.steps_an_epoch, _Meter(self.group)
        for number in range(self.steps_an_epoch):
            start = self.group.rank * share
            self.optimizer.param_groups[0]["lr"] = self._rate(first + number)
            meter.add(self._update(self.data.batch(rows[number, start : start + share], sampler), sampler))
            if (number + 1) % CHECK_EVERY == 0 and number + 1 < self.steps_an_epoch:
                recent = meter.check(first + number + 1)
                report(Progress(epoch + 1, first + number + 1, self.steps, recent))
        meter.check(first + self.steps_an_epoch)
        self._check_weights(first + self.steps_an_epoch)
        return meter.means()

    def _enter_stage(self, epoch: int) -> None:
        """The variables whose terms and weights the epoch is about: all of them, unless the model is trained stage by stage."""
        if not self.stages:
            return
        names = self.stages[epoch * len(self.stages) // self.epochs]
        self.step.objective.names = names  # type: ignore[assignment]
        trained = [net[name] for net in (self.model.p, self.model.q) for name in names if name in net]
        wanted = {id(p) for module in trained for p in module.parameters()}
        self.frozen = [p for p in self.model.parameters() if id(p) not in wanted]

    def _check_weights(self, step: int) -> None:
        """A finite loss may still have an infinite gradient: such weights are not saved."""
        for name, parameter in self.model.named_parameters():
            if not parameter.isfinite().all():
                raise TrainingError(_not_finite(f"weight {name}", step))

    def _rate(self, step: int) -> float:
        """The learning rate: a linear warm-up, and a cosine down to zero at the last step."""
        rise = min(1.0, (step + 1) / (self.warmup + 1))
        return self.options.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def _update(self, batch: dict[str, Tensor], sampler: Sampler) -> dict[str, Tensor]:
        with self._autocast():
            loss = self.parallel(batch, sampler)
        self.optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        for parameter in self.frozen:
            parameter.grad = None  # the optimiser leaves it, momentum and all, where it is
        nn.utils.clip_grad_norm_(self.parameters, self.options.clip)
        self.optimizer.step()
        return {"loss": loss.total.detach(), **loss.parts}

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self.options.precision != "bfloat16":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def _validate(self) -> float:
        """Mean loss of the held-out images, with the same noise at every epoch."""
        self.step.eval()
        total, sampler = 0.0, Sampler.seeded(self.options.seed)
        for batch in self.held_out.batches(500, self.options.seed):
            total += self.step(batch, sampler).total.item() * len(batch[IMAGE])
        return total / len(self.held_out)

    def _save(self, done: int, means: dict[str, float], validation: float | None, seconds: float) -> None:
        entry = {
            "epoch": done,
            "seconds": round(seconds, 1),
            **{k: round(v, 9 if self.solve else 4) for k, v in means.items()},
        }
        if validation is not None:
            entry["validation_loss"] = round(validation, 4)
        history = [*self.card["history"], entry]
        cost = {
            "seconds": round(sum(e["seconds"] for e in history), 1),
            "threads": torch.get_num_threads(),
            "device": _device_name(self.device),
            "processes": self.group.size,
        }
        found = {key: round(value, 6) for key, value in self.step.objective.state().items()}  # type: ignore[operator]
        made = {"epochs_done": done, "history": history, "cost": cost, "found": found}
        self.card = {**self.card, **self._measured(), **made}
        if not self.group.leads:
            return
        state = _training_state(self.step, self.optimizer)
        try:
            write_tensors(self.folder / TRAINING, state, {"card": json.dumps(self.card)})
            save_model(self.folder, self.model)
            save_card(self.folder, self.card)
        except OSError as error:
            raise TrainingError(
                f"epoch {done} could not be written to {self.folder} ({error.strerror}); what was there is kept: "
                "make room, then go on with --resume"
            ) from None


def collapsed(card: Mapping[str, Any]) -> list[str]:
    """A sentence for each block of which fewer than half of the dimensions were active at the end of the training.

    >>> collapsed({"active_dimensions": {"z": {"active": 0, "dimensions": 8, "n": 100}}})[0]
    'z has collapsed: none of its 8 dimensions is active, so the model says nothing of an image there: train longer, or try a smaller --beta or a --beta-warmup'
    """
    remedy = "train longer, or try a smaller --beta or a --beta-warmup"
    return [
        f"{block} has collapsed: none of its {of} dimensions is active, so the model says nothing of an image there: {remedy}"
        if not active
        else f"{block}: {active} of {of} dimensions {'is' if active == 1 else 'are'} active: if that is fewer than you want, {remedy}"
        for block, (active, of, _) in (
            (name, found.values()) for name, found in card.get("active_dimensions", {}).items()
        )
        if 2 * active < of
    ]


def _not_finite(what: str, step: int) -> str:
    return (
        f"training stopped: the {what} is not finite at step {step}; the checkpoint of the last epoch is kept; "
        "try a smaller --learning-rate or --clip"
    )


def _waited(history: list[dict[str, Any]]) -> int:
    """Epochs since the best validation loss."""
    losses = [entry["validation_loss"] for entry in history if "validation_loss" in entry]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


class _Meter:
    """Means of the terms, kept on the device until somebody looks; finds the first that is not finite."""

    def __init__(self, group: Group):
        self.group = group
        self.pending: list[dict[str, Tensor]] = []
        self.total: dict[str, float] = {}
        self.count = 0

    def add(self, parts: dict[str, Tensor]) -> None:
        self.pending.append(parts)

    def check(self, step: int) -> dict[str, float]:
        """Means since the last check. Raises TrainingError naming the first step and term that is not finite."""
        names = sorted(
            self.pending[0], key="loss".__eq__
        )  # the total last: its first bad term is the one to name
        table = torch.stack([torch.stack([parts[name] for name in names]) for parts in self.pending])
        if self.group.size > 1:
            dist.all_reduce(table)
            table /= self.group.size
        if not table.isfinite().all():
            row, column = (~table.isfinite()).nonzero()[0].tolist()
            raise TrainingError(_not_finite(f"term {names[column]}", step - len(table) + row + 1))
        sums = dict(zip(names, table.sum(0).tolist(), strict=True))
        means = {name: value / len(table) for name, value in sums.items()}
        self.total = {name: self.total.get(name, 0.0) + value for name, value in sums.items()}
        self.count += len(table)
        self.pending = []
        return means

    def means(self) -> dict[str, float]:
        return {name: value / self.count for name, value in self.total.items()}


def _split(data: Data, options: Options) -> tuple[Data, Data]:
    """Training and held-out images; the order is shuffled by the loader, so the tail is a fair sample."""
    kept = len(data) - options.validation
    return data.rows(slice(0, max(kept, 0))), data.rows(slice(max(kept, 0), len(data)))


def _mix(seed: int, epoch: int) -> int:
    """One 63-bit seed of two numbers (neighbouring seeds must not share streams)."""
    return (seed * 0x9E3779B97F4A7C15 + epoch * 0xBF58476D1CE4E5B9 + 1) % 2**63


def _training_state(step: "_Step", optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Weights of model and objective, Adam's moments and step counts by name, as plain tensors."""
    tensors = {f"weight.{name}": value for name, value in step.state_dict().items()}
    for name, parameter in step.named_parameters():
        tensors |= {f"{key}.{name}": value for key, value in optimizer.state.get(parameter, {}).items()}
    return tensors


def _restore(step: "_Step", optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    step.load_state_dict(
        {k.removeprefix("weight."): v for k, v in tensors.items() if k.startswith("weight.")}
    )
    for name, parameter in step.named_parameters():
        # One that was never stepped (a later stage, a closed form) has no moments.
        if f"step.{name}" in tensors:
            optimizer.state[parameter] = {
                key: tensors[f"{key}.{name}"].to(parameter.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
            }


class _Schedule:
    """Which images each step of an epoch sees: all once, in a fresh order.

    Where only some labels are known, an eighth of each batch is drawn from those images (with replacement, since they are few), the
    others go through the rest.
    """

    def __init__(self, data: Data, batch: int):
        self.device, self.batch = data.images.device, batch
        every = torch.arange(len(data), device=self.device)
        self.known = None if data.known is None else every[data.known]
        self.rest = every if data.known is None else every[~data.known]
        self.fresh = batch if data.known is None else batch - batch // LABELLED_SHARE

    def __len__(self) -> int:
        return len(self.rest) // self.fresh

    def epoch(self) -> Tensor:
        """Indices `(steps, batch)`, from torch's generator."""
        order = self.rest[torch.randperm(len(self.rest), device=self.device)]
        rows = order[: len(self) * self.fresh].view(len(self), self.fresh)
        if self.known is None:
            return rows
        chosen = torch.randint(len(self.known), (len(self), self.batch - self.fresh), device=self.device)
        mixed = torch.cat(
            [self.known[chosen][..., None], rows.unflatten(1, (-1, LABELLED_SHARE - 1))], dim=-1
        )
        return mixed.flatten(1)  # in turn, so that every process has its share of both


def _stages(declaration: Declaration, options: Options) -> tuple[tuple[str, ...], ...]:
    """The stages to train one after the other; none where all is trained together."""
    if not options.stagewise:
        return ()
    stages = getattr(declaration, "stages", ())
    if not stages:
        raise ValueError("this model has no stages to be trained one after the other: leave out --stagewise")
    if (options.epochs or 0) < len(stages):
        raise ValueError(f"{len(stages)} stages need at least as many epochs, got {options.epochs}")
    return stages


def _solver(declaration: Declaration, model: Model, data: Data, options: Options) -> Solver | None:
    """What takes the place of gradient steps where a model has an exact fit."""
    make = getattr(declaration, "solver", None)

    def images() -> Tensor:
        return torch.cat([batch[IMAGE] for batch in data.batches(10_000, options.seed)])

    return None if make is None else make(model, images)


def _settled(history: list[dict[str, Any]]) -> bool:
    """Whether the last exact step changed nothing any more."""
    losses = [entry["loss"] for entry in history[-2:]]
    return len(losses) == 2 and losses[0] == losses[1]


def _differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Names of the entries that differ and matter to the numbers: more epochs, or another device, are no obstacle."""
    free = {"epochs", "device", "patience"}
    return ", ".join(key for key in new if key not in free and old.get(key) != new[key])


def _new_card(
    declaration: Declaration, data: Data, options: Options, trained_on: int, command: str
) -> dict[str, Any]:
    model = declaration.build(data.signature)
    blocks = [name for name in model.latents if name != LABEL]
    weights = {"beta": betas(options.beta, blocks)} if options.objective == "elbo" else {}
    recipe = asdict(replace(options, beta=1.0))
    if rates := rates_of(model):
        recipe["objective"], weights = (
            "multi-rate",
            {"rates": {block: list(rate.exposed) for block, rate in rates.items()}},
        )
    return {
        "format": FORMAT,
        "model": described(declaration),
        "data": {
            "name": data.name,
            "shape": list(data.signature.shape),
            "classes": list(data.classes),
            "images": trained_on,
            "pixels": data.pixels.about,
        },
        "objective": {"name": recipe.pop("objective"), **weights}
        | {name: recipe.pop(name) for name in OBJECTIVE_OPTIONS if recipe[name] is not None},
        "training": {k: v for k, v in recipe.items() if k not in ("beta", *OBJECTIVE_OPTIONS)},
        "versions": versions(),
        "command": command,
        "epochs_done": 0,
        "history": [],
        "cost": {},
        "found": {},
        "metrics": {},
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
