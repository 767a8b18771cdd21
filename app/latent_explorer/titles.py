"""What a model is called in plain words, and what it is for: as its card says it, or what can be said of its parts."""

from latent_explorer.text import cleaned
from vae_core.checkpoints import Card
from vae_core.models import MODELS

# Priors that go without saying.
USUAL = ("normal", "prototypes")

# Characters of a title and of a line that are shown.
MOST_TITLE, MOST_PURPOSE = 60, 160


def title(card: Card) -> str:
    """A few words.

    >>> from vae_core.checkpoints import load_card
    >>> title(load_card("vae-mnist-mixture").changed(title=""))
    'Mnist: VAE, mixture prior, 20 latents'
    """
    if card.title:
        return cleaned(card.title, MOST_TITLE)
    arguments = card.model.arguments
    said = [getattr(MODELS.get(card.model.name), "in_words", "") or card.model.name]
    if isinstance(prior := arguments.get("prior"), str) and prior not in USUAL:
        said.append(f"{prior} prior")
    if isinstance(latent := arguments.get("latent"), int):
        said.append(f"{latent} latents")
    if card.rates:
        said.append("any β")
    data = card.data.name
    return cleaned(f"{data[:1].upper()}{data[1:]}: {', '.join(said)}", MOST_TITLE)


def purpose(card: Card) -> str:
    """One line.

    >>> from vae_core.checkpoints import load_card
    >>> purpose(load_card("vae-mnist").changed(purpose=""))
    'Trained on 60,000 images for 80 epochs.'
    """
    if card.purpose:
        return cleaned(card.purpose, MOST_PURPOSE)
    many = f"{card.data.images:,} {card.data.signature.kind.many}"
    if card.objective is None:
        return f"Trained elsewhere; brought in with {many}." if card.data.images else "Trained elsewhere."
    return f"Trained on {many} for {card.epochs_done:,} epoch{'' if card.epochs_done == 1 else 's'}."
