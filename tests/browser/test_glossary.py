"""Words explained on a page: where they first stand, to the pointer, the keyboard and those who listen; React's texts stay React's."""

from typing import Any

import pytest

from tests.browser.pressing import opened
from tests.support.driving import eventually

pytestmark = pytest.mark.browser

# Every mark of the page and of its components: its word, its text, and what it is described by.
MARKS = """() => {
    const found = []
    const walk = root => {
        for (const element of root.querySelectorAll('*')) {
            if (element.matches('dfn.explained')) {
                const said = element.getRootNode().getElementById(element.getAttribute('aria-describedby'))
                found.push([element.dataset.word, element.textContent, said?.textContent ?? ''])
            }
            if (element.shadowRoot) walk(element.shadowRoot)
        }
    }
    walk(document)
    return found
}"""

# A paragraph as React writes it: texts and an element beside each other.
ADD = """guard => {
    const place = document.createElement('div')
    place.dataset.testid = 'stMarkdownContainer'
    place.innerHTML = '<p id=tried></p><p id=others></p><p id=pressed><button>aggregate posterior</button></p>'
    document.querySelector('[data-testid=stMain]').append(place)
    const tried = document.getElementById('tried')
    tried.append('The Bayes error of a ', Object.assign(document.createElement('em'), {textContent: 'UMAP'}), ' map.')
    document.getElementById('others').textContent = `class ${guard}total correlation${guard} and softmax`
}"""

TEXT = "document.getElementById('tried').textContent"


def marks(page: Any) -> list[list[str]]:
    return page.evaluate(MARKS)


def marked(page: Any, word: str) -> bool:
    return eventually(page, lambda: any(found[0] == word for found in marks(page)))


def test_words_are_explained_and_the_page_stays_the_apps_own(page: Any, address: str):
    opened(page, f"{address}/traverse?model=vae-digits")
    assert marked(page, "latent")
    assert eventually(page, lambda: any(found[0] == "traversal" for found in marks(page)))  # in a component
    words = [word for word, _, _ in marks(page)]
    assert len(words) == len(set(words))
    assert all(said for _, _, said in marks(page))

    mark = page.locator("h1 dfn.explained").first
    mark.focus()
    meaning = page.locator(".meaning:popover-open")
    assert "made up to describe" in meaning.inner_text()
    page.keyboard.press("Escape")
    assert meaning.count() == 0
    mark.hover()
    assert eventually(page, lambda: meaning.count() == 1)
    page.mouse.move(5, 5)
    assert eventually(page, lambda: meaning.count() == 0)

    page.evaluate(ADD, "\u2063")
    assert marked(page, "softmax")
    assert marked(page, "Bayes error")
    assert marked(page, "UMAP")
    words = [word for word, _, _ in marks(page)]
    assert "total correlation" not in words  # is somebody's
    assert "aggregate posterior" not in words  # is pressed
    assert page.evaluate(TEXT) == "The Bayes error of a UMAP map."
    page.evaluate(
        "document.getElementById('tried').firstChild.nodeValue = 'An entropy of a '"
    )  # as React does
    assert page.evaluate(TEXT) == "An entropy of a UMAP map."
    assert marked(page, "entropy")
    page.evaluate("document.getElementById('tried').firstChild.remove()")
    assert page.evaluate(TEXT) == "UMAP map."
