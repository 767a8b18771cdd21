"""A Dockerfile as the tests read and run it, where there is no Docker: its stages as lists of instructions."""

import json
import re
from typing import NamedTuple


class Instruction(NamedTuple):
    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The words of the exec form."""
        return json.loads(self.rest[self.rest.index("[") :])

    @property
    def values(self) -> dict[str, str]:
        """The variables of ENV."""
        return dict(re.findall(r"(\w+)=(\S+)", self.rest))


def stages(text: str) -> list[list[Instruction]]:
    """Its stages, each from its FROM on.

    >>> [[each.word for each in stage] for stage in stages("FROM a AS b\\nRUN x \\\\\\n  y\\n# no\\nFROM c\\n")]
    [['FROM', 'RUN'], ['FROM']]
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(str.strip, joined.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest.strip()))
    return found
