"""What must never be seen in a browser, whatever is pressed: exceptions, errors of components, of the console and of requests, and words that are no words.

Streamlit shows an exception of a script in a box of its own (`stException`), one of a component's JavaScript where the component
would stand (`stErrorElementStack`, or an alert within `stBidiComponent`), and one of a handler nowhere: that is a page error alone.
"""

import time
from collections.abc import Iterator
from typing import Any

from tests.support.driving import last_traceback

# What Streamlit asks for itself to find the root of an app that is opened at the address of a page: two of three answers are 404.
PROBES = ("/_stcore/health", "/_stcore/host-config")

# Chromium tells the console of each failed request, which is told of here already.
ECHO = "Failed to load resource"

# The boxes of errors, and the sentence that is said of a link that nobody has followed here.
BOXES = (
    "[data-testid=stException]",
    "[data-testid=stErrorElementStack]",
    ".stBidiComponent [role=alert]",
    "[data-testid=stAlertContentError]",
)
UNASKED = "The link"

# Every text of the document with the shadow trees of its components, open or folded, and the texts of attributes; code may say None.
TEXTS = """() => {
    const odd = /(?<![\\w.])(NaN|nan|undefined|None|null|Infinity|\\[object Object\\])(?![\\w(])/
    const found = []
    const say = (text, where) => { if (text && odd.test(text)) found.push(`${where}: ${text.trim().slice(0, 160)}`) }
    const walk = root => {
        for (const node of root.childNodes) if (node.nodeType === 3) say(node.data, 'a component')
        for (const element of root.querySelectorAll('*')) {
            if (element.matches('script, style, pre, pre *, code, code *, [data-testid=stException] *')) continue
            for (const node of element.childNodes) if (node.nodeType === 3) say(node.data, element.localName)
            for (const name of ['aria-label', 'aria-valuetext', 'title', 'alt', 'placeholder']) say(element.getAttribute(name), name)
            if (element.matches('input, textarea')) say(element.value, 'value')
            if (element.shadowRoot) walk(element.shadowRoot)
        }
    }
    walk(document.body)
    return found
}"""


SECONDS = 20.0  # for the answers to requests


class Watch:
    """Collects the faults of a page from now on."""

    def __init__(self, page: Any):
        self._page, self._heard, self._open = page, list[str](), set[Any]()
        page.on("request", lambda request: self._open.add(request))
        page.on("requestfinished", lambda request: self._open.discard(request))
        page.on("requestfailed", lambda request: self._open.discard(request))
        page.on("pageerror", lambda error: self._heard.append(f"page error: {error}"))
        page.on("console", self._console)
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def faults(self) -> list[str]:
        """What has gone wrong since it was last asked, and what stands on the page now."""
        self._answered()
        heard, self._heard = self._heard, []
        found = list(dict.fromkeys([*heard, *self._seen()]))
        said = last_traceback(self._page.url) if found else ""
        return [*found, f"the server's last words: {said}"] if said else found

    def _answered(self) -> None:
        """Wait until every request has its answer, those included that an answer brought about."""
        end, calm = time.monotonic() + SECONDS, 0
        while calm < 2 and time.monotonic() < end:
            calm = 0 if self._open else calm + 1
            self._page.wait_for_timeout(30)

    def _seen(self) -> Iterator[str]:
        for box in self._page.locator(", ".join(BOXES)).all_inner_texts():
            yield f"error box: {' '.join(box.split())[:400]}"
        for warning in self._page.locator("[data-testid=stAlertContentWarning]").all_inner_texts():
            if UNASKED in warning:
                yield f"said of a link that nobody followed: {warning.strip()}"
        for text in self._page.evaluate(TEXTS):
            yield f"odd word in {text}"

    def _console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(ECHO):
            self._heard.append(f"console: {message.text[:400]}")

    def _response(self, response: Any) -> None:
        path = response.url.partition("?")[0]
        if response.status >= 400 and not path.endswith(PROBES):
            self._heard.append(f"request: {response.status} for {response.url}")

    def _failed(self, request: Any) -> None:
        if request.failure and "ERR_ABORTED" not in request.failure:  # a page that is left, and a download
            self._heard.append(f"request: {request.failure} for {request.url}")
