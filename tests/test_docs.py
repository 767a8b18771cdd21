"""The documents: what their links name is there, every page is in the site's navigation, and versions agree."""

import ast
import builtins
import importlib
import importlib.util
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from types import GenericAlias
from typing import Any, NamedTuple

import pytest

import vae_core
import vae_core.checkpoints

ROOT = Path(__file__).parents[1]
SITE = ROOT / "mkdocs.yml"
HOOK = ROOT / "docs" / "site" / "pages.py"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "pretrained" / "README.md"])

LINK = re.compile(r"\[[^\]]*\]\((?![a-z]+:)([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A document without its code."""
    return CODE.sub("", FENCE.sub("", path.read_text(encoding="utf-8")))


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it: letters, digits and hyphens, lower case."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def broken(path: Path) -> list[str]:
    """The links of a document that name no file, or no heading of one."""
    return [link for link in LINK.findall(prose(path)) if not leads_somewhere(path, link)]


def leads_somewhere(path: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    return target.exists() and (not heading or (target.suffix == ".md" and heading in anchors(target)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_what_a_link_names_is_there(path: Path):
    assert broken(path) == []


def test_there_are_links_to_check():
    assert sum(len(LINK.findall(prose(path))) for path in DOCUMENTS) > 20


def test_the_check_of_links_sees_broken_ones(tmp_path: Path):
    (tmp_path / "there.md").write_text("# Of sprites, measured\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](gone.md) [b](there.md) [c](there.md#gone) ![d](gone.png) [e](#gone) [f](#here)\n"
        "[g](there.md#of-sprites-measured) [h](https://example.org) `[i](code.md)`\n```\n[j](fence.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "there.md#gone", "gone.png", "#gone"]


def navigation() -> list[str]:
    """What the entries of the site's navigation name."""
    _, nav, rest = SITE.read_text(encoding="utf-8").partition("\nnav:\n")
    assert nav
    return re.findall(r"^ +- (?:[^:\n]+: )?(\S*[^:\s])$", rest.partition("\n\n")[0], re.MULTILINE)


def elsewhere() -> dict[str, str]:
    """Documents outside docs/ and the names that their pages have."""
    tree = ast.parse(HOOK.read_text(encoding="utf-8"))
    names = {"ELSEWHERE"}
    found = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and names & {ast.unparse(x) for x in node.targets}
    )
    return ast.literal_eval(next(found))


def test_every_page_of_the_navigation_is_there():
    made = set(elsewhere().values()) | {"reference/"}
    assert [page for page in navigation() if page not in made and not (ROOT / "docs" / page).exists()] == []
    assert [source for source in elsewhere() if not (ROOT / source).is_file()] == []


def test_every_document_is_in_the_navigation():
    listed = navigation()
    outside = elsewhere()
    pages = [outside.get(name_of(path), name_of(path).removeprefix("docs/")) for path in DOCUMENTS]
    assert [page for page in pages if page not in listed and f"{Path(page).parent}/" not in listed] == []


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_one():
    released = re.findall(
        r"^## (\d\S*)(?: \((\S+)\))?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version, date = released[0]
    assert project()["version"] == version
    assert f"\nversion: {version}\n" in citation
    assert f"\ndate-released: {date}\n" in citation


def test_the_package_knows_its_version():
    assert vae_core.__version__ == metadata.version("latent-explorer")


def test_a_checkout_that_is_not_installed_has_a_version_too(monkeypatch: pytest.MonkeyPatch):
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(metadata, "version", version)
        found = importlib.reload(vae_core).__version__
    importlib.reload(vae_core)
    assert found == "0+checkout"


@pytest.mark.parametrize("package", ["vae_core", "app/latent_explorer"])
def test_a_package_carries_its_types(package: str):
    assert (ROOT / package / "py.typed").is_file()


FETCHED = re.compile(
    r"""<(?:script|img|iframe)[^>]*?src=["']?(?:https?:)?//|<link(?![^>]*canonical)[^>]*?href=["']?(?:https?:)?//"""
)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_asks_no_other_host(tmp_path: Path):
    if not importlib.util.find_spec("mkdocs"):
        pytest.skip("mkdocs is not installed: `make docs` installs it")
    if not any((ROOT / "build" / "docs").glob("katex-*.tgz")):
        pytest.skip("the site's scripts are not here: `make docs` gets them from npm")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    found = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    pages = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*.html")
    }
    assert [name for name, text in pages.items() if FETCHED.search(text)] == []
    assert {"index.html", "bundled.html", "decisions/index.html", "reference/index.html"} <= set(pages)
    assert "reference/metrics/index.html" in pages["index.html"]  # the README's link to the folder
    assert 'class="gp">&gt;&gt;&gt; ' in pages["reference/index.html"]  # an example, as one types it


@cache
def public() -> dict[str, Any]:
    """The functions and classes that the packages and modules of the core list as theirs, by name."""
    names = ["vae_core", *(part.name for part in pkgutil.walk_packages(vae_core.__path__, "vae_core."))]
    found = {}
    for module in map(importlib.import_module, names):
        for name in getattr(module, "__all__", ()):
            part = getattr(module, name)
            if inspect.isfunction(part) or (inspect.isclass(part) and not isinstance(part, GenericAlias)):
                found[f"{part.__module__}.{part.__qualname__}"] = part
    return found


SECTION = re.compile(r"^(\w+):\n((?:    .*\n|\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+): ", re.MULTILINE)


def sections(part: Any) -> dict[str, list[str]]:
    """The sections of a docstring, and what each of them names."""
    text = inspect.cleandoc(part.__doc__ or "") + "\n"
    return {title: ENTRY.findall(body) for title, body in SECTION.findall(text)}


def lineage(part: Any) -> list[Any]:
    """A class and the classes of ours that it is made from."""
    return [kind for kind in part.__mro__ if kind.__module__.startswith(("vae_core", __name__))]


@cache
def strings_below(kind: Any) -> set[str]:
    """The fields of a class that have a string below them, as documentation tools read it."""
    body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]
    return {
        ast.unparse(field.target)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def lacking(part: Any) -> list[str]:
    """What the docstring of a function or class lacks, or tells of what is not there."""
    found = [] if ">>> " in (part.__doc__ or "") else ["an example"]
    return [*found, *(of_class if inspect.isclass(part) else of_function)(part), *of_errors(part)]


def of_function(part: Any) -> Iterator[str]:
    """Each argument, and what comes back of them."""
    found, known = sections(part), list(inspect.signature(part).parameters)
    if sorted(found.get("Args", [])) != sorted(known):
        yield f"Args: {', '.join(known)}"
    nothing = inspect.signature(part).return_annotation is None
    if known and not nothing and not {"Returns", "Yields"} & set(found):
        yield "Returns"


def of_class(part: Any) -> Iterator[str]:
    """Each argument, where some are told, and each field of a dataclass or named tuple."""
    if "Args" in sections(part) and sections(part)["Args"] != list(inspect.signature(part).parameters):
        yield f"Args: {', '.join(inspect.signature(part).parameters)}"
    names = [field.name for field in fields(part)] if is_dataclass(part) else getattr(part, "_fields", ())
    told = {name for kind in lineage(part) for name in sections(kind).get("Attributes", [])}
    if left := [name for name in names if name not in told]:
        below = set().union(*map(strings_below, lineage(part)))
        yield from (f"Attributes: {name}" for name in left if name not in below)
    yield from (f"no {name} in it" for name in sections(part).get("Attributes", []) if name not in names)


def of_errors(part: Any) -> Iterator[str]:
    """Errors that do not exist."""
    known = vars(builtins) | vars(vae_core.checkpoints) | vars(sys.modules[part.__module__])
    for name in sections(part).get("Raises", []):
        if not (inspect.isclass(known.get(name)) and issubclass(known[name], BaseException)):
            yield f"no {name} to be raised"


def test_public_names_have_what_the_reference_shows():
    assert len(public()) > 200
    assert {name: found for name, part in public().items() if (found := lacking(part))} == {}


def bare(a: int, b: int) -> int:
    """a + b."""
    return a + b


def wrong(a: int, b: int) -> int:
    """a + b.

    Args:
        a: one number.
        c: another.

    Raises:
        SumError: for large ones.

    Example:
        >>> wrong(1, 2)
        3
    """
    return a + b


@dataclass
class Half:
    """Two numbers.

    Attributes:
        a: one.
        d: none.

    Example:
        >>> Half(1, 2, 3).a
        1
    """

    a: int
    b: int
    c: int
    """The third."""


class Pair(NamedTuple):
    a: int


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (bare, ["an example", "Args: a, b", "Returns"]),
        (wrong, ["Args: a, b", "Returns", "no SumError to be raised"]),
        (Half, ["Attributes: b", "no d in it"]),
        (Pair, ["an example", "Attributes: a"]),
    ],
)
def test_the_check_of_docstrings_sees_what_is_lacking(part: Any, found: list[str]):
    assert lacking(part) == found
