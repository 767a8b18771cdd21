"""Short blocks of YAML in a lesson, read with the line of everything that is wrong.

Scalars stay the text that was written: what is a number or a yes is for the field to say, so that `no` and `08` are no surprise. Nothing
is constructed: tags, anchors and aliases are refused.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

import yaml

from latent_explorer.text import cleaned

MOST_NODES, MOST_DEEP = 500, 5  # of one block
_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


@dataclass(frozen=True, order=True)
class Mistake:
    """One sentence on what is wrong, and where: `file:line: sentence`."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


@dataclass
class Mistakes:
    """Those of one file, as they are found."""

    file: str
    found: list[Mistake] = field(default_factory=list)

    def add(self, line: int, sentence: str) -> None:
        if (mistake := Mistake(self.file, line, sentence)) not in self.found:
            self.found.append(mistake)


@dataclass(frozen=True)
class Value:
    """What stands at a key: text, several texts, or further keys; and the line of it, from 1."""

    line: int
    text: str | None = None
    texts: tuple["Value", ...] | None = None
    keys: dict[str, "Value"] | None = None


def read(text: str, line: int, mistakes: Mistakes) -> dict[str, Value]:
    """The keys of a block whose first line is the file's `line`; what cannot be read is said and left out."""
    try:
        depth = 0
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            if depth > MOST_DEEP:
                mistakes.add(
                    line + token.start_mark.line,
                    "lists and keys stand too deep within each other: write it flat",
                )
                return {}
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                mark = token.start_mark
                mistakes.add(
                    line + mark.line,
                    "anchors (&), aliases (*) and tags (!) are not read: write it out, or in quotes",
                )
                return {}
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mistakes.add(
            line + (at.line if at else 0),
            f"this is no YAML ({error.problem}): write `key: value`, and put a value with a colon in quotes",
        )
        return {}
    except yaml.YAMLError:
        mistakes.add(line, "this is no YAML: write `key: value`, one a line")
        return {}
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        mistakes.add(line + node.start_mark.line, "keys are missing: write `key: value`, one a line")
        return {}
    if sum(1 for _ in _nodes(node)) > MOST_NODES:
        mistakes.add(line, f"this block holds more than {MOST_NODES} values: write fewer")
        return {}
    return _keys(node, line, mistakes)


def _nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    waiting = [node]
    while waiting:
        yield (here := waiting.pop())
        if isinstance(here, yaml.MappingNode):
            waiting += [part for pair in here.value for part in pair]
        elif isinstance(here, yaml.SequenceNode):
            waiting += here.value


def _keys(node: yaml.MappingNode, line: int, mistakes: Mistakes) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in node.value:
        at = line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            mistakes.add(at, "a key is a word: write `key: value`")
        elif key.value in found:
            mistakes.add(at, f"“{cleaned(key.value, 60)}” stands here twice: keep one")
        else:
            found[key.value] = _value(value, line, mistakes)
    return found


def _value(node: yaml.Node, line: int, mistakes: Mistakes) -> Value:
    at = line + node.start_mark.line
    if isinstance(node, yaml.ScalarNode):
        return Value(at, text=node.value)
    if isinstance(node, yaml.SequenceNode):
        return Value(at, texts=tuple(_value(part, line, mistakes) for part in node.value))
    assert isinstance(node, yaml.MappingNode)
    return Value(at, keys=_keys(node, line, mistakes))


@dataclass
class Block:
    """The keys of one block, taken one after the other; `done` says which were none of these."""

    values: dict[str, Value]
    line: int
    mistakes: Mistakes
    known: list[str] = field(default_factory=list)

    def _taken(self, key: str, needed: bool) -> Value | None:
        self.known.append(key)
        value = self.values.get(key)
        if value is None and needed:
            self.mistakes.add(self.line, f"“{key}” is missing")
        return value

    def text(self, key: str, needed: bool = False, most: int = 500) -> str:
        value = self._taken(key, needed)
        if value is None:
            return ""
        if value.text is None or not value.text.strip() or len(value.text) > most:
            self.mistakes.add(value.line, f"“{key}” is a text of 1 to {most} characters: write `{key}: ...`")
            return ""
        return value.text.strip()

    def number(self, key: str, low: int, high: int, usual: int) -> int:
        text = self.text(key)
        if not text:
            return usual
        if not (text.isascii() and text.isdecimal() and len(text) < 7 and low <= int(text) <= high):
            self.mistakes.add(self.values[key].line, f"“{key}” is a whole number from {low} to {high}")
            return usual
        return int(text)

    def texts(self, key: str, needed: bool = False) -> tuple[str, ...]:
        value = self._taken(key, needed)
        if value is None:
            return ()
        if value.texts is None or any(not part.text for part in value.texts):
            self.mistakes.add(value.line, f"“{key}” is a list: write `{key}: [one, another]`")
            return ()
        return tuple(part.text or "" for part in value.texts)

    def keys(self, key: str) -> dict[str, Value]:
        value = self._taken(key, False)
        if value is None:
            return {}
        if value.keys is None:
            self.mistakes.add(value.line, f"“{key}” has keys of its own: write `{key}: {{name: value}}`")
            return {}
        return value.keys

    def done(self, what: str) -> None:
        for key, value in self.values.items():
            if key not in self.known:
                self.mistakes.add(value.line, unknown(f"{what} has no", key, self.known))


def unknown(start: str, name: str, known: Collection[str], most: int = 12) -> str:
    """A sentence on a name that is not known, with the nearest ones, or all where they are few.

    >>> unknown("a lesson has no", "titel", ["title", "about"])
    'a lesson has no “titel”: did you mean title?'
    """
    near = get_close_matches(name[:100], known, 1)
    rest = (
        f"did you mean {near[0]}?"
        if near
        else f"choose one of {', '.join(sorted(known)[:most])}{', ...' if len(known) > most else ''}"
    )
    return f"{start} “{cleaned(name, 60)}”: {rest}"
