"""Print constraints that hold every dependency at the lowest version that pyproject.toml allows: `python .ci/lowest.py`."""

import re
import tomllib
from pathlib import Path

# A requirement with a lowest version: its name, perhaps extras, and the version.
LOWEST = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?>=([0-9.]+)")

# Tools that check the code and not the program: any version of them will do.
TOOLS = {"pyright", "ruff", "pre-commit"}


def lowest(project: dict) -> list[str]:
    """`name==version` for every dependency, those of the extra dev included. Raises ValueError for one without a lowest version."""
    told = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    found = {}
    for requirement in told:
        match = LOWEST.match(requirement)
        if match is None:
            raise ValueError(f"{requirement} has no lowest version: give it one in pyproject.toml")
        found[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in TOOLS]


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    print("\n".join(lowest(tomllib.loads((root / "pyproject.toml").read_text())["project"])))
