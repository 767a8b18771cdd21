"""What if: a new run that goes on from a step of another, with something changed."""

import math
from collections.abc import Mapping
from typing import Any

from latent_explorer.training import form, keeper, runs
from latent_explorer.training.runs import Run
from vae_core.runs import nearest_snapshot, snapshots


def fork(run: Run, order: Mapping[str, Any]) -> Run:
    """Begin it from the snapshot nearest to a step, or from the run's last epoch. Raises ValueError, one sentence."""
    step, changed = order.get("step"), order.get("set", {})
    if not isinstance(changed, dict) or not all(map(_is_value, changed.values())):
        raise ValueError("what is to be changed is a name and a number each")
    check(run, changed)
    if not run.has_checkpoint:
        raise ValueError(f"{run.name} has no finished epoch yet: wait for one")
    words = ["fork", str(run.folder), *form.spoken(changed)]
    words += _at(run, step)
    source = str(run.asked.get("source") or "")
    words += ["--data", source] if source else []
    return keeper.ask(runs.free_name(f"{run.name}-fork"), words, source)


def check(run: Run, changed: Mapping[str, Any]) -> None:
    """Raises ValueError for what is no number of this training: a name becomes an option of a command, which others have no say in."""
    known = run.status.values if run.status else {}
    for name, value in changed.items():
        now = known.get(name)
        blocks = set(now) if isinstance(now, Mapping) else set()
        if name not in known or (isinstance(value, dict) and not set(value) <= blocks):
            raise ValueError(
                f"{str(name)[:40]!r} cannot be changed here: choose {', '.join(known) or 'another run'}"
            )


def _at(run: Run, step: Any) -> list[str]:
    """The epoch of the snapshot nearest to a step; nothing where the last epoch is nearer, or none is asked for."""
    if isinstance(step, bool) or not isinstance(step, int | float) or not math.isfinite(step):
        return []
    near = nearest_snapshot(snapshots(run.folder), int(step))
    last = run.status.step if run.status else 0
    return ["--at", str(near.epoch)] if near and abs(near.step - step) <= abs(last - step) else []


def _is_value(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_value, value.values()))
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
