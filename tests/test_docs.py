"""The documents: what their links name is there, every page is in the site's navigation, and versions agree."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import vae_core

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
