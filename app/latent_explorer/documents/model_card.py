"""What a hub shows of a checkpoint: README.md with its picture, numbers, commands and licence."""

import json
import re

from latent_explorer import titles
from latent_explorer.documents import facts, numbers
from latent_explorer.documents.figures import samples, sheet
from latent_explorer.pictures import png
from latent_explorer.text import cleaned
from vae_core import Checkpoint

PICTURE, README = "picture.png", "README.md"
TAGS = ("latent-explorer", "variational-autoencoder", "vae", "disentanglement", "representation-learning")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_MARKS = re.compile(r"[\\`*_{}\[\]()<>#|!~$&]")


def check_licence(licence: str) -> None:
    """Raises ValueError, one sentence, where no licence is named as hubs name them."""
    if not _LICENCE.fullmatch(licence):
        raise ValueError(
            "say under which licence others may use the model: --licence mit, apache-2.0, cc-by-4.0 or another of the hub’s names"
        )


def picture(checkpoint: Checkpoint) -> bytes | None:
    """What the model draws, as a PNG; None where it draws nothing."""
    return png(sheet(samples(checkpoint).rows[:6], 600)) if figures_of(checkpoint) else None


def figures_of(checkpoint: Checkpoint) -> bool:
    return not checkpoint.model.no_decoder


def model_card(checkpoint: Checkpoint, repository: str, licence: str) -> str:
    """The text of README.md."""
    card = checkpoint.card
    title, tags = titles.title(card), "".join(f"- {tag}\n" for tag in TAGS)
    address = f"hf://{repository}"
    shown = f"![Draws of the prior, decoded]({PICTURE})\n\n" if figures_of(checkpoint) else ""
    parts = [
        f"---\nlicense: {licence}\nlibrary_name: latent-explorer\ntags:\n{tags}pretty_name: {json.dumps(title)}\n---\n",
        f"# {_plain(title)}\n\n{_plain(titles.purpose(card))}\n\n{shown}",
        "## Use\n\n"
        + _code(f'pip install "latent-explorer[hub]"\nlatent-explorer app --models {address}', "sh")
        + _code(f'import vae_core\n\ncheckpoint = vae_core.load("{address}")', "python"),
        f"## The model\n\n{_table(facts.model(checkpoint))}\n",
        _measured(checkpoint),
        f"## How it was made\n\n{_table(facts.making(checkpoint))}\n"
        + (_code(card.command, "sh") if card.command else ""),
        f"## Licence\n\n{licence}\n\n",
        "Card, weights and encodings are JSON, safetensors and arrays: opening them runs no code.\n",
    ]
    return "\n".join(filter(None, parts))


def _measured(checkpoint: Checkpoint) -> str:
    """Every group of numbers with its command."""
    found = []
    for group in numbers.groups(checkpoint.card):
        rows = "".join(f"| {_plain(row.title)} | {_plain(row.told)} | {row.n} |\n" for row in group.rows)
        head = f"### {_plain(group.name)}\n\n{_plain(group.about)}\n\n| measure | value ± s.e. | n |\n|---|--:|--:|\n{rows}\n"
        found.append(head + (_code(group.command, "sh") if group.command else ""))
    return "## Measured\n\n" + "\n".join(found) if found else "## Measured\n\nNothing was measured.\n"


def _table(told: dict[str, str]) -> str:
    rows = [f"| {_plain(key)} | {_plain(value)} |" for key, value in told.items() if value]
    return "\n".join(["| | |", "|---|---|", *rows, ""])


def _code(text: str, language: str) -> str:
    """A block of code, whatever it holds."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}\n\n"


def _plain(text: str) -> str:
    """As markdown that shows the text as it is, in one line.

    >>> _plain("z_l [x](y) | 1 < 2")
    'z\\\\_l \\\\[x\\\\]\\\\(y\\\\) \\\\| 1 \\\\< 2'
    """
    return _MARKS.sub(r"\\\g<0>", cleaned(text, 2000))
