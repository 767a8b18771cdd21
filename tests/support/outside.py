"""Packages and plug-ins from outside: the samples of docs/adding.md, and the registries as they were before."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from vae_core import plugins

PAGE = (Path(__file__).parents[2] / "docs" / "adding.md").read_text(encoding="utf-8")

# The samples by the name of their file, as the page has them.
SAMPLES = {
    name: text
    for _, _, name, text in re.findall(
        r'^(```+)(\w+) title="([^"]+)"\n(.*?)^\1$', PAGE, re.MULTILINE | re.DOTALL
    )
}
PACKAGE = "toy_latents"


def installed(site: Path) -> Path:
    """The samples as a package that is installed in a folder: its files, and the metadata that an installer makes of its pyproject.toml."""
    for name, text in SAMPLES.items():
        if name.startswith(f"{PACKAGE}/"):
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (site / PACKAGE / "__init__.py").touch()
    project = tomllib.loads(SAMPLES["pyproject.toml"])["project"]
    return distribution(site, project["name"], project["version"], project["entry-points"], PACKAGE)


def distribution(
    site: Path, name: str, version: str, entries: Mapping[str, Mapping[str, str]], package: str
) -> Path:
    """The metadata of a package."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "top_level.txt").write_text(f"{package}\n")
    lines = [
        line
        for group, each in entries.items()
        for line in (f"[{group}]", *(f"{k} = {v}" for k, v in each.items()))
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site


@contextmanager
def seen(*sites: Path) -> Iterator[None]:
    """What lies in some folders is installed; afterwards it is forgotten, and so is every plug-in that was used."""
    before, modules = len(plugins._registered), set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        for site in sites:
            patch.syspath_prepend(str(site))
        patch.setenv(plugins.PLUGINS_VARIABLE, "")
        patch.setattr(sys, "path", list(sys.path))
        plugins.look_again()
        try:
            yield
        finally:
            plugins._undo(before)
            plugins._used.clear()
            for name in set(sys.modules) - modules:
                home = getattr(sys.modules[name], "__file__", None) or ""
                if name.startswith("plugin_") or any(home.startswith(str(site)) for site in sites):
                    del sys.modules[name]
    plugins.look_again()
