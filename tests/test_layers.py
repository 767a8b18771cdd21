"""What may import what, read from the source: the layers of the core, and what stays out of core and pages."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "vae_core"
SOURCES = sorted([*CORE.rglob("*.py"), *(ROOT / "app").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("*.py"))
VIEWS = sorted(
    path for room in ("views", "sections") for path in (ROOT / "app" / "latent_explorer" / room).rglob("*.py")
)

# Each module imports only from the layers above its own.
LAYERS: list[set[str]] = [
    {"names", "columns", "fields", "estimates", "distributions", "nets", "kinds", "graphs"},
    {"readings"},
    {"conditionals"},
    {"couplings"},
    {"flows"},
    {"likelihoods", "priors"},
    {"model"},
    {"labels", "multirate"},
    {"objectives", "explore"},
    {"models"},
    {"data"},
    {"checkpoints"},
    {"projections", "metrics", "training", "serving"},
    {"interchange", "notebooks"},
    {"cli"},
]
METRICS_LAYERS: list[set[str]] = [
    {"base", "numbers"},
    {"evidence", "classes", "probes", "aggregate", "separation", "disentanglement"},
    {"calibration", "frontier", "holes", "coverage"},
    {"registry"},
    {"__init__"},
]

HEAVY = {"umap", "torchvision", "sklearn", "onnx", "onnxruntime", "zuko"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST, path: Path) -> Iterator[str]:
    """Full names of what an import statement brings in; `from a import b` gives a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = path.relative_to(ROOT).parent.parts
        base = list(package[: len(package) - node.level + 1]) if node.level else []
        start = ".".join([*base, *([node.module] if node.module else [])])
        yield start
        yield from (f"{start}.{alias.name}" for alias in node.names)


@cache
def imports(path: Path) -> set[str]:
    """Everything that a file imports anywhere, also inside its functions."""
    return {name for node in ast.walk(tree_of(path)) for name in imported(node, path)}


def at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import_time(child)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def modules_within(package: str, names: set[str]) -> set[str]:
    """First parts below `package` of the imported names."""
    start = f"{package}."
    return {name.removeprefix(start).partition(".")[0] for name in names if name.startswith(start)}


def rank(module: str, layers: list[set[str]]) -> int:
    return next(i for i, layer in enumerate(layers) if module in layer)


def upward(path: Path, module: str, package: str, layers: list[set[str]]) -> list[str]:
    """What `path` imports of `package` that does not lie in an earlier layer than `module`."""
    known = set().union(*layers)
    used = modules_within(package, imports(path)) & known
    return sorted(other for other in used - {module} if rank(other, layers) >= rank(module, layers))


def core_module(path: Path) -> str:
    return path.relative_to(CORE).with_suffix("").parts[0]


IN_LAYERS = [path for path in sorted(CORE.rglob("*.py")) if path != CORE / "__init__.py"]


def test_every_module_of_the_core_has_its_layer():
    listed = [module for layer in LAYERS for module in layer]
    assert sorted(listed) == sorted({core_module(path) for path in IN_LAYERS})


@pytest.mark.parametrize("path", IN_LAYERS, ids=name_of)
def test_a_module_imports_only_from_the_layers_before_its_own(path: Path):
    assert upward(path, core_module(path), "vae_core", LAYERS) == []


@pytest.mark.parametrize("path", sorted((CORE / "metrics").glob("*.py")), ids=name_of)
def test_a_metric_imports_only_from_the_layers_before_its_own(path: Path):
    assert upward(path, path.stem, "vae_core.metrics", METRICS_LAYERS) == []


def test_the_check_of_layers_sees_imports_of_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "vae_core" / "metrics").mkdir(parents=True)
    path = tmp_path / "vae_core" / "metrics" / "new.py"
    path.write_text(
        "from .. import train\ndef f():\n    from ..data import Data\n    import vae_core.cli\nfrom . import base\n"
    )
    assert modules_within("vae_core", imports(path)) == {"train", "data", "cli", "metrics"}
    assert modules_within("vae_core.metrics", imports(path)) == {"base"}


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=name_of)
def test_the_core_knows_nothing_of_the_app(path: Path):
    assert not packages(imports(path)) & {"streamlit", "latent_explorer", "plotly", "benchmarks", "tests"}


def test_tests_stand_without_the_benchmarks():
    """But for the test of the one that writes the documents' numbers."""
    using = {name_of(path) for path in TESTS if "benchmarks" in packages(imports(path))}
    assert using == {"tests/test_readme.py"}


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=name_of)
def test_what_is_slow_to_import_is_imported_where_it_is_used(path: Path):
    early = {name for node in at_import_time(tree_of(path)) for name in imported(node, path)}
    assert "vae_core.couplings" not in early  # which is zuko's
    assert not packages(early) & (HEAVY - {"zuko"} if path.name == "couplings.py" else HEAVY)


def test_the_check_of_import_time_sees_what_runs_then():
    source = "try:\n    import umap\nexcept ImportError:\n    pass\ndef f():\n    import sklearn\nclass A:\n    import torchvision"
    early = {name for node in at_import_time(ast.parse(source)) for name in imported(node, CORE / "x.py")}
    assert early == {"umap", "torchvision"}


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written, or nothing for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (start := dotted(node.value)):
        return f"{start}.{node.attr}"
    return ""


@pytest.mark.parametrize("path", VIEWS, ids=name_of)
def test_a_page_builds_no_nets(path: Path):
    names = imports(path) | {dotted(node) for node in ast.walk(tree_of(path))}
    assert not {name for name in names if f"{name}.".startswith("torch.nn.")}


def test_there_are_pages_to_check():
    assert VIEWS


def unpickles(node: ast.AST) -> bool:
    """Whether a node reads pickles: torch.load, or allow_pickle with anything but False."""
    allowed = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
    return dotted(node) == "torch.load" or (
        allowed and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    )


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_unpickled(path: Path):
    names = imports(path)
    assert not packages(names) & {"pickle", "cloudpickle", "dill", "joblib", "shelve"}
    assert "torch.load" not in names
    assert not any(unpickles(node) for node in ast.walk(tree_of(path)))


@pytest.mark.parametrize(
    "source", ["torch.load(f)", "np.load(f, allow_pickle=True)", "np.load(f, allow_pickle=flag)"]
)
def test_the_check_of_pickles_sees_them(source: str):
    assert any(unpickles(node) for node in ast.walk(ast.parse(source)))
