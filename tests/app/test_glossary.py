"""The glossary: one source, words that pages use, and texts of others that stay as they are."""

import re
from pathlib import Path

import latent_explorer
import pytest
from latent_explorer.glossary import TERMS, Term
from latent_explorer.glossary.document import PAGE, document
from latent_explorer.text import GUARD, plain

import vae_core

PACKAGE = Path(latent_explorer.__file__).parent
# Pages, and what says the numbers, models and objectives that pages show.
SOURCES = [path for path in PACKAGE.rglob("*.py") if "glossary" not in path.relative_to(PACKAGE).parts]
SOURCES += Path(vae_core.__file__).parent.rglob("*.py")


def test_the_page_of_the_documentation_is_the_source():
    assert PAGE.read_text(encoding="utf-8") == document(), "run python -m latent_explorer.glossary.document"


def test_no_two_terms_have_a_form_in_common():
    forms = [form.lower() for term in TERMS for form in term.forms]
    assert len(forms) == len(set(forms))


@pytest.fixture(scope="module")
def written() -> str:
    return " ".join(path.read_text(encoding="utf-8") for path in SOURCES).lower()


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.word)
def test_a_term_is_told_in_plain_sentences_and_stands_on_a_page(term: Term, written: str):
    sentences = re.findall(r"[.!?](?= [A-Z]|$)", term.means)
    assert 1 <= len(sentences) <= 2, term.means
    assert term.means.endswith(".")
    assert len(term.means) <= 200
    assert any(form.lower() in written for form in term.forms)


@pytest.mark.parametrize("name", ["prior", "my KLs", "two nats", "β", "the latent space of *x*"])
def test_a_text_of_others_with_a_term_is_guarded(name: str):
    assert plain(name).startswith(GUARD)
    assert plain(name).endswith(GUARD)
    assert plain(name).count(GUARD) == 2


@pytest.mark.parametrize("name", ["cdvae-mnist", "vae-mnist-mixture", "z_prior", "seven", "codex", ""])
def test_other_texts_are_as_they_were(name: str):
    assert GUARD not in plain(name)


def test_nobody_brings_a_guard_along():
    assert plain(f"a{GUARD} prior {GUARD}b").count(GUARD) == 2
    assert GUARD not in plain(f"a{GUARD}b")
