"""What may import what, read from the source: the layers of the core, and what stays out of core and pages."""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
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
    {"plugins", "files"},
    {"names", "columns", "fields", "estimates", "distributions", "nets", "kinds", "graphs", "umap"},
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
    {"runs"},
    {"projections", "metrics", "training", "serving"},
    {"interchange", "notebooks", "sweeps"},
    {"cli"},
]
METRICS_LAYERS: list[set[str]] = [
    {"base", "numbers"},
    {"evidence", "probes", "aggregate", "separation", "disentanglement", "retrieval"},
    {"coverage", "holes", "gaps"},
    {"samples", "oracle"},
    {"classes"},
    {"calibration", "frontier", "style"},
    {"registry"},
    {"__init__"},
]

PICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve"}
HEAVY = {
    "huggingface_hub",
    "ray",
    "tensorboardX",
    "umap",
    "torchvision",
    "sklearn",
    "onnx",
    "onnxruntime",
    "zuko",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


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
    return {name for node in nodes_of(path) for name in imported(node, path)}


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


def offences(paths: Iterable[Path], found: Callable[[Path], Collection[str]]) -> dict[str, list[str]]:
    """What should not be in files, by the name of the file; files without any are left out."""
    return {name_of(path): sorted(names) for path in paths if (names := found(path))}


IN_LAYERS = [path for path in sorted(CORE.rglob("*.py")) if path != CORE / "__init__.py"]


def test_every_module_of_the_core_has_its_layer():
    listed = [module for layer in LAYERS for module in layer]
    assert sorted(listed) == sorted({core_module(path) for path in IN_LAYERS})


def test_a_module_imports_only_from_the_layers_before_its_own():
    assert offences(IN_LAYERS, lambda path: upward(path, core_module(path), "vae_core", LAYERS)) == {}


def test_a_metric_imports_only_from_the_layers_before_its_own():
    metrics = sorted((CORE / "metrics").glob("*.py"))
    assert offences(metrics, lambda path: upward(path, path.stem, "vae_core.metrics", METRICS_LAYERS)) == {}


def test_the_check_of_layers_sees_imports_of_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "vae_core" / "metrics").mkdir(parents=True)
    path = tmp_path / "vae_core" / "metrics" / "new.py"
    path.write_text(
        "from .. import train\ndef f():\n    from ..data import Data\n    import vae_core.cli\nfrom . import base\n"
    )
    assert modules_within("vae_core", imports(path)) == {"train", "data", "cli", "metrics"}
    assert modules_within("vae_core.metrics", imports(path)) == {"base"}


def test_the_core_knows_nothing_of_the_app():
    outer = {"streamlit", "latent_explorer", "plotly", "benchmarks", "tests"}
    assert offences(CORE.rglob("*.py"), lambda path: packages(imports(path)) & outer) == {}


def test_tests_stand_without_the_benchmarks():
    """But for the test of the one that writes the documents' numbers."""
    named = [path for path in TESTS if "benchmarks" in path.read_text(encoding="utf-8")]
    using = {name_of(path) for path in named if "benchmarks" in packages(imports(path))}
    assert using == {"tests/test_readme.py"}


def early(path: Path) -> set[str]:
    """What is imported as the module is."""
    return {name for node in at_import_time(tree_of(path)) for name in imported(node, path)}


def test_what_is_slow_to_import_is_imported_where_it_is_used():
    zukos = "vae_core.couplings"  # imported where a flow is built

    def slow(path: Path) -> set[str]:
        found = packages(early(path)) & HEAVY | early(path) & {zukos}
        return found - ({"zuko"} if path.name == "couplings.py" else set())

    assert offences(CORE.rglob("*.py"), slow) == {}


def test_the_check_of_import_time_sees_what_runs_then():
    source = "try:\n    import umap\nexcept ImportError:\n    pass\ndef f():\n    import sklearn\nclass A:\n    import torchvision"
    found = {name for node in at_import_time(ast.parse(source)) for name in imported(node, CORE / "x.py")}
    assert found == {"umap", "torchvision"}


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written, or nothing for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (start := dotted(node.value)):
        return f"{start}.{node.attr}"
    return ""


def nets(path: Path) -> set[str]:
    names = imports(path) | {dotted(node) for node in nodes_of(path)}
    return {name for name in names if f"{name}.".startswith("torch.nn.")}


def test_a_page_builds_no_nets():
    assert VIEWS
    assert offences(VIEWS, nets) == {}


def unpickles(node: ast.AST) -> bool:
    """Whether a node reads pickles: torch.load, or allow_pickle with anything but False."""
    allowed = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
    return dotted(node) == "torch.load" or (
        allowed and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    )


def pickles(path: Path) -> set[str]:
    names = imports(path)
    reading = {ast.unparse(node) for node in nodes_of(path) if unpickles(node)}
    return reading | names & {"torch.load"} | packages(names) & PICKLERS


def test_nothing_is_unpickled():
    assert offences(SOURCES, pickles) == {}


@pytest.mark.parametrize(
    "source", ["torch.load(f)", "np.load(f, allow_pickle=True)", "np.load(f, allow_pickle=flag)"]
)
def test_the_check_of_pickles_sees_them(source: str):
    assert any(unpickles(node) for node in ast.walk(ast.parse(source)))
