"""docs/glossary.md: the terms in order, as a page of the documentation. `python -m latent_explorer.glossary.document` writes it."""

from pathlib import Path

from latent_explorer.glossary.terms import TERMS

HEAD = (
    "# Glossary\n\nThe words of the explorer. On its pages they are dotted where they stand first: point at one, reach it with Tab, or tap it.\n"
    "This page is made from `app/latent_explorer/glossary/terms.py` by `python -m latent_explorer.glossary.document`.\n"
)

PAGE = Path(__file__).parents[3] / "docs" / "glossary.md"


def document() -> str:
    """The page as Markdown.

    >>> "## nat" in document()
    True
    """
    parts = [HEAD]
    for term in sorted(TERMS, key=lambda term: term.word.lower()):
        formula = f"\n\n    {term.formula}" if term.formula else ""
        parts.append(f"## {term.word}\n\n{term.means}{formula}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
