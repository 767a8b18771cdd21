"""One training loop in plain torch, on one device or, started by `torchrun`, on several.

Every epoch is seeded from (seed, epoch) alone, so that a resumed run, and a run on any number of processes, computes what
an uninterrupted run of one process computes.
"""

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..checkpoints import (
    CARD,
    TRAINING,
    WEIGHTS,
    Change,
    Checkpoint,
    fingerprint,
    load_card,
    load_into,
    save_card,
    save_model,
)
from ..data import Data
from ..distributions import Sampler
from ..model import Model
from ..models import Declaration
from ..multirate import at, usual
from ..names import IMAGE
from ..objectives import Setting
from ..runs import Lock
from .building import (
    Step,
    check_batch,
    divided,
    objective_for,
    optimizer_of,
    scheduled,
    solver_of,
    stages_of,
    told,
)
from .devices import Group, device_name, local_device, pick_device, process_group, reproducible, together
from .faults import remedy
from .forks import Fork
from .meter import Meter, Progress, Report, TrainingError, not_finite
from .options import Options
from .pairs import pairs_of
from .recorded import Recorded
from .schedule import learning_rate, mix
from .state import (
    active_dimensions,
    differences,
    keep,
    measured,
    new_card,
    settled,
    take_up,
    taken_up,
    waited,
)
from .steering import Steering
from .watching import Unwatched, Watcher

# Losses are looked at (and, on a GPU, waited for) once in this many steps.
CHECK_EVERY = 50


def train(
    declaration: Declaration,
    data: Data,
    options: Options,
    folder: Path | str,
    *,
    resume: bool = False,
    command: str = "",
    report: Report = lambda progress: None,
    watch: bool = False,
    fork: Fork | None = None,
) -> Checkpoint:
    """Train the declared model on `data` and keep a checkpoint in `folder`, replaced atomically at every epoch.

    Loss: mean over the batch of nats summed over dimensions (`Options.objective`).

    Args:
        declaration: the model.
        data: the training observations.
        options: how to train.
        folder: of the checkpoint.
        resume: go on with the checkpoint that the folder holds.
        command: what the card says that made it.
        report: told every `CHECK_EVERY` steps and at the end of each epoch.
        watch: write frames and status into the folder, and obey the orders that come there (`vae_core.runs`); what is learned is the same.
        fork: begin with the weights of another run.

    Returns:
        The last checkpoint.

    Raises:
        TrainingError: (one sentence) for a loss that is no longer finite, a folder that is taken, or a
            resume that does not fit.
        ValueError: for a batch, device, objective or block of beta that does not fit.

    Example:
        >>> import tempfile
        >>> from vae_core.models import PPCA
        >>> images = torch.arange(16 * 64).remainder(251).to(torch.uint8).view(16, 1, 8, 8)
        >>> data = Data("own", "train", images, torch.zeros(16, dtype=torch.long), ())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoint = train(PPCA(latent=2), data, Options(epochs=1, device="cpu"), folder)
        >>> checkpoint.model.sizes, checkpoint.card.epochs_done
        ({'z': 2}, 1)
    """
    device, folder = pick_device(local_device(options.device)), Path(folder)
    if resume:
        options = taken_up(options, folder)
    with process_group(device) as group, reproducible(options.seed):
        run = Run(declaration, data, options, folder, device, group, command)
        run.fork = fork
        if watch:
            run.watcher = Watcher(run)
        return run.go(resume, report)


class Run:
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
        declaration = declaration.settled(data.signature.kind)
        self.model = declaration.build(data.signature).to(device)
        # Convolutions are faster in this layout, on CPUs too; it changes neither shapes nor checkpoints.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        data = data.scored_by(self.model)
        self.data, self.held_out = divided(data.head(options.limit), options.validation)
        asked, options = options.batch, options.fitting(len(self.data))
        self.batch = options.batch or 0
        check_batch(self.batch, len(self.data), self.data.kind.many, group.size)
        objective = options.objective or objective_for(declaration, self.model, self.data)
        self.data = told(self.data, self.model, objective, options.seed)
        self.held_out = told(self.held_out, self.model, objective, options.seed, held_out=True)
        self.data, self.held_out = self.data.to(device), self.held_out.to(device)
        self.pairs = pairs_of(self.data, objective.pairs())
        options, self.schedule = scheduled(self.data, options, asked)
        self.batch = options.batch or 0
        self.options = options = replace(options, objective=objective).settled(len(self.schedule))
        self.epochs, self.warmup = options.epochs or 0, options.warmup or 0
        self.steps = len(self.schedule) * self.epochs
        self.classes = len(data.classes)
        setting = Setting(self.model, self.classes, self.steps, len(self.data))
        self.step = Step(self.model, objective.build(setting).to(device))
        self.steering = Steering(options, self.step.objective, setting)  # type: ignore[arg-type]
        self.watcher, self.norm = Unwatched(), None
        self.recorded: Recorded | None = None
        self.recorded_with: tuple[Change, ...] = ()
        self.fork: Fork | None = None
        self.parameters, self.optimizer = optimizer_of(self.step, options.learning_rate)
        self.stages, self.frozen = stages_of(declaration, options), []
        self.parallel = self.step if group.size == 1 else together(self.step, bool(self.stages))
        self.solve = solver_of(declaration, self.model, self.data, options.seed)
        if options.precision == "auto":
            torch.set_float32_matmul_precision("high")
        self.card = new_card(declaration, data, options, len(self.data), command)

    def go(self, resume: bool, report: Report) -> Checkpoint:
        if self.folder.exists() and not self.folder.is_dir():
            raise TrainingError(f"{self.folder} is a file: choose a folder to train in")
        with Lock(self.folder) if self.group.leads else contextlib.nullcontext():
            done = self._resume() if resume else self._start()
            with self.watcher.watching(done):
                return self._go(done, report)

    def _go(self, done: int, report: Report) -> Checkpoint:
        for epoch in range(done, self.epochs):
            if self._ended():
                break
            started, idle = time.monotonic(), self.watcher.idle
            means = self._epoch(epoch, report) if self.solve is None else self._solved(epoch)
            validation = self.validate() if len(self.held_out) else None
            steps = (epoch + 1) * len(self.schedule)
            for what, value in (("loss", means["loss"]), ("validation loss", validation or 0.0)):
                if not math.isfinite(value):
                    raise TrainingError(not_finite(what, steps))
            self._save(epoch + 1, means, validation, time.monotonic() - started - self.watcher.idle + idle)
            self.watcher.saved(epoch + 1, steps)
            report(Progress(epoch + 1, steps, self.steps, means, True, validation))
        self.watcher.finishing()
        model = self.model.eval().requires_grad_(False)
        if done < self.card.epochs_done:
            self._count(at(model, usual(model)))
        weights = fingerprint(model.state_dict())
        return Checkpoint(self.folder, self.card, at(model, usual(model)), usual(model), weights)

    def _ended(self) -> bool:
        """Whether another epoch would bring nothing."""
        history = self.card.history
        impatient = self.options.patience is not None and waited(history) >= self.options.patience
        return impatient or (self.solve is not None and settled(history))

    def _start(self) -> int:
        if (self.folder / CARD).exists():
            raise TrainingError(
                f"{self.folder} already holds a checkpoint: choose another folder, or --resume to go on with it"
            )
        if self.fork is None:
            self.prepare()
        else:
            load_into(self.model, self.fork.path)
            self.card = self.card.changed(forked=asdict(self.fork.told))
        if self.group.size > 1:
            dist.barrier()  # nobody writes before all have looked
        if self.group.leads:
            save_model(self.folder, self.model)
            save_card(self.folder, self.card)
        return 0

    def prepare(self) -> None:
        """Set what begins at the training set."""
        images = next(self.data.batches(1000, self.options.seed))[IMAGE]
        for conditional in self.model.p.values():
            conditional.start(images, self.data.known_labels)

    def _resume(self) -> int:
        """Take up weights and optimiser where `folder` left them; the number of finished epochs."""
        card = load_card(self.folder)
        if differing := differences(card, self.card):
            raise TrainingError(
                f"{self.folder} was made with other options ({differing}; see {CARD}): repeat them, or choose another folder"
            )
        if not (self.folder / TRAINING).exists():
            if card.epochs_done == 0:
                load_into(self.model, self.folder / WEIGHTS)
                self.card = self.card.changed(
                    **{part: card.json[part] for part in ("forked",) if part in card.json}
                )
                return 0
            raise TrainingError(
                f"{self.folder / TRAINING} is missing, so this training cannot be resumed: train in another folder"
            )
        card = take_up(self.folder, self.step, self.optimizer)
        training = {**card.json["training"], "epochs": self.epochs}
        self.card = card.changed(**measured(self.folder), training=training)
        self.steering.replay(card.changes)
        return card.epochs_done

    def _count(self, model: Model) -> None:
        """Write into the card how many dimensions of each block are active on held-out images, or on training images where none are held out."""
        seen = self.held_out if len(self.held_out) > 1 else self.data
        active = active_dimensions(model, seen, self.options.seed)
        entry = {name: asdict(counted) for name, counted in active.items()}
        self.card = self.card.changed(**measured(self.folder), active_dimensions=entry)
        if self.group.leads:
            save_card(self.folder, self.card)

    def _epoch(self, epoch: int, report: Report) -> dict[str, float]:
        """One pass over the training images in a fresh order; the mean of each term."""
        self.parallel.train()
        torch.manual_seed(mix(self.options.seed, epoch))
        rows = self.schedule.epoch()
        sampler = Sampler(rank=self.group.rank, ranks=self.group.size)
        share = self.batch // self.group.size
        mine = slice(self.group.rank * share, (self.group.rank + 1) * share)
        self._enter_stage(epoch)
        first, meter = epoch * len(rows), Meter(self.group)
        step = self._stepped(sampler)
        for number, row in enumerate(rows, 1):
            self._set_learning_rate(first + number - 1)
            parts = step(row[mine])
            meter.add(parts)
            self.watcher.after(first + number, epoch + 1, parts, row[mine])
            if number % CHECK_EVERY == 0 and number < len(rows):
                recent = meter.check(first + number)
                report(Progress(epoch + 1, first + number, self.steps, recent))
        meter.check(first + len(rows))
        self._check_weights(first + len(rows))
        return meter.means()

    def _solved(self, epoch: int) -> dict[str, float]:
        """One exact improvement in the place of an epoch's steps."""
        assert self.solve is not None
        loss = self.solve()
        self.watcher.after((epoch + 1) * len(self.schedule), epoch + 1, {"loss": torch.tensor(loss)})
        return {"loss": loss}

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
                raise TrainingError(not_finite(f"weight {name}", step))

    def _stepped(self, sampler: Sampler) -> Callable[[Tensor], dict[str, Tensor]]:
        """The update at some rows of the data. On a GPU it is recorded, and anew where a number was changed; not where it alters on its own (stages)."""

        def step(rows: Tensor) -> dict[str, Tensor]:
            return self.update(self.batch_of(rows, sampler), sampler)

        def replayed(rows: Tensor) -> dict[str, Tensor]:
            if self.recorded is None or self.recorded_with is not self.steering.changes:
                self.recorded, self.recorded_with = Recorded(step), self.steering.changes
            return self.recorded(rows)

        fixed = self.group.size == 1 and not self.stages
        return replayed if fixed and isinstance(self.data.images, Tensor) else step

    def _set_learning_rate(self, step: int) -> None:
        rate = learning_rate(step, self.steps, self.steering.learning_rate, self.warmup)
        held = self.optimizer.param_groups[0]["lr"]
        if isinstance(held, Tensor):
            held.fill_(rate)
        else:
            self.optimizer.param_groups[0]["lr"] = rate

    def batch_of(self, rows: Tensor, sampler: Sampler) -> dict[str, Tensor]:
        """What a step sees of some images: these, each followed by its partner where the objective asks for pairs."""
        return self.data.batch(self.pairs(rows, sampler) if self.pairs else rows, sampler)

    def update(self, batch: dict[str, Tensor], sampler: Sampler) -> dict[str, Tensor]:
        with self._autocast():
            loss = self.parallel(batch, sampler)
        self.optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        for parameter in self.frozen:
            parameter.grad = None  # the optimiser leaves it, momentum and all, where it is
        self.norm = nn.utils.clip_grad_norm_(self.parameters, self.options.clip)
        self.optimizer.step()
        return {"loss": loss.total.detach(), **loss.parts}

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self.options.precision != "bfloat16":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def validate(self) -> float:
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
        history = [*self.card.history, entry]
        cost = {
            "seconds": round(sum(e["seconds"] for e in history), 1),
            "threads": torch.get_num_threads(),
            "device": device_name(self.device),
            "processes": self.group.size,
        }
        found = {key: round(value, 6) for key, value in self.step.objective.state().items()}  # type: ignore[operator]
        changes = [asdict(change) for change in self.steering.changes]
        self.card = self.card.changed(
            **measured(self.folder),
            epochs_done=done,
            history=history,
            cost=cost,
            found=found,
            made={"weights": fingerprint(self.model.state_dict())},
            **({"changes": changes} if changes else {}),
        )
        if not self.group.leads:
            return
        try:
            keep(self.folder, self.step, self.model, self.optimizer, self.card)
        except OSError as error:
            raise TrainingError(
                f"epoch {done} could not be written to {self.folder} ({error.strerror}); what was there is kept: "
                f"{remedy(error)}, then go on with --resume"
            ) from None
