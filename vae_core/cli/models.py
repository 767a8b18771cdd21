"""The command models: what can be built, and what is bundled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..checkpoints import bundled, load_card
from ..data import DATASETS, vision
from ..metrics import HEADLINES, METRICS, number
from ..models import LIKELIHOODS, MODELS
from ..nets import NETS
from ..objectives import OBJECTIVES
from ..priors import LABELLED, UNLABELLED
from .console import OUT
from .plugged import Plugged

# What --data takes beside names of ours.
SOURCES = {
    "torchvision": "  ".join(vision.SETS),
    "Hugging Face": "hf:owner/name",
    "yours": "a folder or file: `latent-explorer data WHAT` says what is understood of it",
}


@dataclass(frozen=True)
class Models(Plugged):
    """List models, priors, objectives, data and nets, and the bundled checkpoints with their numbers."""

    def run(self) -> int:
        for title, about in (
            ("models", _first_lines(MODELS)),
            *((f"likelihoods of {kind.many}", {"": "  ".join(names)}) for kind, names in LIKELIHOODS.items()),
            ("priors of an unlabelled block", _first_lines(UNLABELLED)),
            ("priors of a labelled block", _first_lines(LABELLED)),
            ("objectives", _first_lines(OBJECTIVES)),
            ("data", {name: dataset.about for name, dataset in DATASETS.items()} | SOURCES),
            ("nets", {"": "  ".join(NETS)}),
            ("metrics", {"": "  ".join(METRICS)}),
        ):
            OUT.print(f"[bold]{title}[/bold]")
            for name, line in about.items():
                OUT.print(f"  {name:16} {line}" if name else f"  {line}", markup=False, soft_wrap=True)
        OUT.print("[bold]bundled[/bold]")
        for name, folder in bundled().items():
            metrics = load_card(folder).metrics
            shown = [
                f"{number(k).title} {number(k).told(metrics[k].value)}" for k in HEADLINES if k in metrics
            ]
            OUT.print(f"  {name:20}{' · '.join(shown)}", markup=False, soft_wrap=True)
        return 0


def _first_lines(kinds: Mapping[str, Any]) -> dict[str, str]:
    return {name: (kind.__doc__ or "").partition("\n")[0] for name, kind in kinds.items()}
