"""The words of the pages, explained: one source for what a page says under a word and for docs/glossary.md."""

from latent_explorer.glossary.terms import TERMS, Term

__all__ = ["TERMS", "Term"]
