"""What a checkpoint wants that does not come with Latent Explorer: its card names it, with who registers it."""

from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from ..data.registry import DATASETS
from ..fields import choices
from ..models import MODELS, Declaration
from ..objectives import OBJECTIVES, Declared
from ..plugins import REGISTRIES, Registry


@dataclass(frozen=True)
class Wanted:
    """A name of a registry, and who registers it: a package with its version, a plug-in, or neither, of a program of its own."""

    group: str
    name: str
    package: str = ""
    version: str = ""
    plugin: str = ""

    @property
    def registry(self) -> Registry[Any] | None:
        return REGISTRIES.get(self.group)

    @property
    def there(self) -> bool:
        return self.registry is None or self.name in self.registry

    @property
    def what(self) -> str:
        return f"{self.registry.what if self.registry else 'part'} {self.name!r}"

    @property
    def lacking(self) -> str:
        """What it lacks here, and what to do, after "the checkpoint"."""
        if self.package:
            return f"wants the {self.what} of the package {self.package} {self.version}, {self._package()}"
        if self.plugin:
            return f"wants the {self.what} of the plug-in {self.plugin}: add --plugin with the path of {self.plugin} (vae_core.use in Python)"
        return f"wants the {self.what}, which a program of its own registered: put that into a file, and name it by --plugin"

    def _package(self) -> str:
        more = f" and add --plugin {self.plugin}" if self.plugin else ""
        try:
            installed = metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return f"which is not installed: run `pip install {self.package}`{more}"
        if installed == self.version:
            return f"which does not give it here: {f'add --plugin {self.plugin}' if self.plugin else 'install it anew'}"
        return f"and {installed} is installed, which does not have it: install {self.version}{more}"


def wanted(declaration: Declaration, objective: Declared | None = None) -> list[dict[str, str]]:
    """What it takes to open a checkpoint that is not ours, as its card has it: its model, likelihood, priors and nets, and its objective.

    Args:
        declaration: of the model.
        objective: of its training.

    Returns:
        One entry for each; none of what comes with Latent Explorer.

    Example:
        >>> from vae_core.models import VAE
        >>> wanted(VAE())
        []
    """
    model = MODELS.name_of(type(declaration))
    named: list[tuple[Registry[Any], str]] = [(MODELS, model)] if model else []
    for part in (declaration, objective):
        fields = choices(type(part)) if part is not None else {}
        values = [(one_of, getattr(part, field)) for field, one_of in fields.items()]
        named += [
            (registry, value) for one_of, value in values if value for registry in one_of.registries(value)
        ]
    if objective is not None and (name := OBJECTIVES.name_of(type(objective))):
        named.append((OBJECTIVES, name))
    return [entry for registry, name in named if (entry := _entry(registry, name))]


def wanted_data(name: str) -> dict[str, str] | None:
    """The same of the data set of a name.

    Args:
        name: of the data set.

    Returns:
        The entry of the card; None of ours, and of a folder or file.

    Example:
        >>> wanted_data("digits") is None
        True
    """
    return _entry(DATASETS, name)


def _entry(registry: Registry[Any], name: str) -> dict[str, str] | None:
    source = registry.source(name)
    return None if source is None else asdict(Wanted(registry.group, name, *source))


def lacking(told: Any) -> str:
    """What a card's `wants` lacks here, in one sentence without its subject; empty where all is there, and for what is no such list."""
    return next((each.lacking for each in _read(told) if not each.there), "")


def _read(told: Any) -> list[Wanted]:
    if not isinstance(told, list):
        return []
    sound = [
        part
        for part in told
        if isinstance(part, dict) and all(isinstance(value, str) for value in part.values())
    ]
    known = Wanted.__dataclass_fields__
    return [
        Wanted(**{key: value for key, value in part.items() if key in known})
        for part in sound
        if {"group", "name"} <= set(part)
    ]
