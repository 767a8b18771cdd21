"""The words of a page, explained where they first stand: dotted, with their meaning under the pointer, at the keyboard's focus and at a tap."""

from collections.abc import Sequence

from latent_explorer.components.shared import served
from latent_explorer.glossary import Term
from latent_explorer.text import GUARD

_component = served("glossary")


def glossary(terms: Sequence[Term], key: str = "glossary") -> None:
    """Explain these terms on whatever page stands beside this; it shows nothing of its own.

    What others wrote stands between two guards (`text.plain`) and stays as it is.
    """
    told = [[term.word, term.means, term.formula, *term.forms] for term in terms]
    _component(key=key, data={"terms": told, "guard": GUARD}, width="content")
