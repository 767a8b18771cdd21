"""Examples in docstrings are shown as what one types into Python: an extension of griffe, which reads the docstrings."""

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^(?P<space> *)>>> .*(?:\n(?P=space)\S.*)*", re.MULTILINE)


def fenced(text: str) -> str:
    """A docstring with each of its examples in a fence."""
    return EXAMPLE.sub(lambda found: f"{found['space']}```pycon\n{found[0]}\n{found['space']}```", text)


class Doctests(Extension):
    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)

    def on_package(self, *, pkg: Object, **_: Any) -> None:
        self.on_object(obj=pkg)  # which griffe tells of apart from what is in it
