"""What can be added from outside: registries of things by name, and the plug-ins that fill them.

A plug-in is an installed package whose entry points name what it has, or a file or module that registers it when it is imported.
"""

import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, NamedTuple, TypeVar, overload

PLUGINS_VARIABLE = "LATENT_EXPLORER_PLUGINS"
"""Environment variable with the plug-in files and modules in use: what a process starts uses them too."""

T = TypeVar("T")
V = TypeVar("V")

_ABSENT: Any = object()
_guard = threading.RLock()


class PluginWarning(UserWarning):
    """A plug-in that is left out, in one sentence."""


class Source(NamedTuple):
    """Who registered something: a package with its version, and a plug-in as `--plugin` names it. Neither, of a program such as a notebook."""

    package: str = ""
    version: str = ""
    plugin: str = ""

    @property
    def spoken(self) -> str:
        """As a sentence names it."""
        if self.package:
            return f"the package {self.package}"
        return f"the plug-in {self.plugin}" if self.plugin else "a program of its own"


REGISTRIES: "dict[str, Registry[Any]]" = {}
"""All registries, by their group of entry points."""

_registered: "list[tuple[Registry[Any], str, str]]" = []  # where, under which name, and by which module
_used: dict[str, tuple[Source, tuple[int, int]]] = {}  # by module: who it is, and what its file was then
_loading: dict[str, Source] = {}  # by first part of the module: whose entry points are being imported


class Registry(MutableMapping[str, T], Generic[T]):
    """Things of one sort by name: ours, those that were registered since, and those of installed packages, by their entry points.

    A package is imported when its thing, or every one, is asked for; one that cannot be is left out with a `PluginWarning`.

    Args:
        what: what one of them is called.
        group: of entry points.
        ours: what comes with Latent Explorer.
        fits: whether something can be one of them.
        wanted: what does fit, in words.
        reserved: names that nobody may take beside those of ours.

    Raises:
        ValueError: one sentence, from `register`, for a name that is taken or cannot be typed, and for what does not fit.

    Example:
        >>> shapes = Registry("shape", "example.shapes", {"square": 4}, lambda value: isinstance(value, int), "a number of sides")
        >>> shapes.register("triangle", 3)
        3
        >>> list(shapes), shapes["triangle"]
        (['square', 'triangle'], 3)
        >>> shapes.register("square", 5)
        Traceback (most recent call last):
        ValueError: a shape is called 'square' already: choose another name
    """

    def __init__(
        self,
        what: str,
        group: str,
        ours: Mapping[str, T],
        fits: Callable[[Any], bool] = lambda thing: True,
        wanted: str = "",
        reserved: Collection[str] = (),
    ):
        self.reserved = reserved
        self.what, self.group, self._fits, self._wanted = what, group, fits, wanted
        self._things: dict[str, T] = dict(ours)
        self._sources: dict[str, Source] = {}
        self._waiting: dict[str, metadata.EntryPoint] | None = None
        REGISTRIES[group] = self

    @overload
    def register(self, name: str) -> Callable[[V], V]: ...

    @overload
    def register(self, name: str, thing: V) -> V: ...

    def register(self, name: str, thing: Any = _ABSENT) -> Any:
        """Add a thing under a name; without one, a decorator that does. Raises ValueError for a name that is taken, or what does not fit."""
        module = sys._getframe(1).f_globals.get(
            "__name__", ""
        )  # whose plug-in it is, also of what has no module

        def add(thing: Any) -> Any:
            self._add(name, thing, source_of(module), module)
            return thing

        return add if thing is _ABSENT else add(thing)

    def _add(self, name: str, thing: Any, source: Source, module: str) -> None:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,60}", name):
            raise ValueError(
                f"no {self.what} can be called {name!r}: choose letters, digits, hyphens and underscores"
            )
        if not self._fits(thing):
            raise ValueError(f"what is registered as the {self.what} {name!r} is not {self._wanted}")
        if name in self.reserved or self._things.get(name, thing) is not thing:
            raise ValueError(f"{self._taken(name)}: choose another name")
        if name not in self._things:
            _registered.append((self, name, module))
            self._things[name], self._sources[name] = thing, source

    def _taken(self, name: str) -> str:
        """That a name is somebody's, and whose."""
        waiting = (self._waiting or {}).get(name)
        source = self._sources.get(name) or (_of_package(waiting) if waiting else Source())
        whose = f", that of {source.spoken}" if source.package or source.plugin else ""
        return f"{_a(self.what)} is called {name!r} already{whose}"

    def source(self, name: str) -> Source | None:
        """Who registered it; None of ours."""
        return self._sources.get(name) if name in self else None

    def name_of(self, thing: T) -> str | None:
        """The name of a thing; None of one that is not registered."""
        known = (name for things in (self._things, self) for name in things if self[name] is thing)
        return next(known, None)

    def __getitem__(self, name: str) -> T:
        if name not in self._things and name in self._offered():
            self._load(name)
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        for name in list(self._offered()):
            self._load(name)
        return iter(list(self._things))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __setitem__(self, name: str, thing: T) -> None:
        self._things[name] = thing

    def __delitem__(self, name: str) -> None:
        del self._things[name]
        self._sources.pop(name, None)

    def _offered(self) -> dict[str, metadata.EntryPoint]:
        """The entry points that are not imported yet, by name."""
        with _guard:
            if self._waiting is None:
                self._waiting = {}
                for entry in sorted(_entry_points(self.group), key=lambda entry: entry.name):
                    if self._sources.get(entry.name) == _of_package(entry):
                        continue  # it is here already
                    if entry.name in self._waiting:
                        self._leave_out(entry, self._taken(entry.name))
                    else:
                        self._waiting[entry.name] = entry
            return self._waiting

    def _load(self, name: str) -> None:
        """Import one of them, which may be left out."""
        with _guard:
            entry = self._offered().pop(name, None)
            if entry is None:
                return
            top = entry.module.partition(".")[0]
            _loading[top] = _of_package(entry)
            try:
                self._add(name, entry.load(), _loading[top], entry.module)
            except (Exception, SystemExit) as error:  # whatever it raises, the others are there
                self._leave_out(entry, reason_of(error))
            finally:
                _loading.pop(top, None)

    def _leave_out(self, entry: metadata.EntryPoint, reason: str) -> None:
        warnings.warn(
            f"the {self.what} {entry.name!r} of {_of_package(entry).spoken} is left out: {reason}",
            PluginWarning,
            stacklevel=3,
        )


def use(plugin: str | Path) -> None:
    """Import a plug-in, which registers what it has; processes that this one starts use it too.

    A file that has changed since is read again, and what it registered before is forgotten.

    Args:
        plugin: a Python file, a folder with an `__init__.py`, or the name of a module.

    Raises:
        ValueError: one sentence, for what is not there, and for what raises when it is imported; nothing of it is registered then.

    Example:
        >>> use("nowhere.py")
        Traceback (most recent call last):
        ValueError: there is no plug-in nowhere.py: give a Python file, or the name of a module
    """
    name, path = str(plugin), _file_of(plugin)
    if path is None and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name.removesuffix(".py")):
        raise ValueError(f"there is no plug-in {name}: give a Python file, or the name of a module")
    if path is None and name.endswith(".py"):
        raise ValueError(f"there is no plug-in {name}: give a Python file, or the name of a module")
    module, spoken = (name, name) if path is None else (_module_name(path), _spoken(path))
    now = (0, 0) if path is None else (path.stat().st_mtime_ns, path.stat().st_size)
    with _guard:
        if module in _used and _used[module][1] == now and module in sys.modules:
            return
        if module in _used:
            _forget(module)
        package, version, _ = source_of(module) if path is None else Source()
        before, _used[module] = len(_registered), (Source(package, version, spoken), now)
        try:
            _import(module, path)
        except (Exception, SystemExit) as error:  # whatever somebody's file raises
            del _used[module]
            _undo(before)
            raise ValueError(f"the plug-in {spoken} cannot be used: {reason_of(error, path)}") from error
    _hand_on(name if path is None else str(path))


def look_again() -> None:
    """Read the entry points anew, for a package that was installed since."""
    _all_entry_points.cache_clear()
    _packages.cache_clear()
    for registry in REGISTRIES.values():
        registry._waiting = None


def in_environment() -> list[str]:
    """The plug-ins that the process which started this one used."""
    return [name for name in os.environ.get(PLUGINS_VARIABLE, "").split(os.pathsep) if name]


def source_of(module: str) -> Source:
    """Who registers what a module holds: the plug-in that it is, or the package that it belongs to."""
    top = module.partition(".")[0]
    for plugin in (module, top):
        if plugin in _used:
            return _used[plugin][0]
    if top in _loading:
        return _loading[top]
    if packages := _packages().get(top):
        return Source(packages[0], metadata.version(packages[0]))
    file = getattr(sys.modules.get(module), "__file__", None)
    return Source(plugin=Path(file).name) if file else Source()


def reason_of(error: BaseException, file: Path | None = None) -> str:
    """What an error says, in one line, with the line of the file in which it arose."""
    said = " ".join(str(error).split())[:300]
    kind = type(error).__name__
    text = said if isinstance(error, ValueError) and said else f"{kind}: {said}" if said else kind
    if file is None or isinstance(error, SyntaxError):  # which says its own
        return text
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    return f"{text} (line {lines[-1]})" if lines else text


def blamed(error: BaseException) -> Source | None:
    """The plug-in that an error arose in; None where it is ours."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in ("vae_core", "latent_explorer"):
            return None
        if module in _used or any(module == other for *_, other in _registered):
            return source_of(module)
    return None


def _import(module: str, path: Path | None) -> ModuleType:
    if path is None:
        if (here := str(Path.cwd())) not in sys.path:
            sys.path.append(here)  # as `python -m` has it
        return importlib.import_module(module)
    home = str(path.parent.parent if path.name == "__init__.py" else path.parent)
    if home not in sys.path:
        sys.path.append(home)  # what lies beside it can be imported, and hides nothing
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    loader = importlib.machinery.SourceFileLoader(module, str(path))  # whatever its ending is
    spec = importlib.util.spec_from_file_location(
        module, path, loader=loader, submodule_search_locations=inside
    )
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[module] = made
    try:
        loader.exec_module(made)
    except BaseException:
        sys.modules.pop(module, None)
        raise
    return made


def _file_of(plugin: str | Path) -> Path | None:
    """The file of a plug-in; None where it is no file."""
    path = Path(plugin).expanduser()
    if path.is_dir() and (path / "__init__.py").is_file():
        path = path / "__init__.py"
    return path.resolve() if path.is_file() else None


def _spoken(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.name


def _module_name(path: Path) -> str:
    """A name that no other file has, and no module that can be imported."""
    stem = re.sub(r"\W", "_", _spoken(path).removesuffix(".py"))
    return f"plugin_{stem}_{hashlib.blake2s(str(path).encode(errors='surrogatepass'), digest_size=4).hexdigest()}"


def _forget(module: str) -> None:
    for entry in list(_registered):
        if f"{entry[2]}.".startswith(f"{module}."):
            _remove(*entry)


def _undo(before: int) -> None:
    for entry in _registered[before:]:
        _remove(*entry)


def _remove(registry: Registry[Any], name: str, module: str) -> None:
    _registered[:] = [
        entry for entry in _registered if (entry[0] is registry, *entry[1:]) != (True, name, module)
    ]
    registry.pop(name, None)


def _hand_on(plugin: str) -> None:
    known = in_environment()
    if plugin not in known:
        os.environ[PLUGINS_VARIABLE] = os.pathsep.join([*known, plugin])


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _of_package(entry: metadata.EntryPoint) -> Source:
    return Source(entry.dist.name, entry.dist.version) if entry.dist else Source(entry.module)


def _entry_points(group: str) -> list[metadata.EntryPoint]:
    return [entry for entry in _all_entry_points() if entry.group == group]


@cache
def _all_entry_points() -> tuple[metadata.EntryPoint, ...]:
    """Those of ours, of all that is installed: the metadata are read once."""
    found = metadata.entry_points()
    return tuple(
        entry
        for group in found.groups
        if group.startswith("latent_explorer.")
        for entry in found.select(group=group)
    )


@cache
def _packages() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
