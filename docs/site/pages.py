"""What the site holds beside the pages of docs/: a hook of mkdocs.

Pages that lie elsewhere in the repository, lists of decisions and modules, and the scripts that draw formulas and
diagrams, served from here so that a reader's browser asks nothing of another host. A link is written for the
repository, and is turned here into the site's.
"""

import logging
import posixpath
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PACKED = ROOT / "build" / "docs"  # what `make docs` has from npm, as it was packed
PACKAGE = "vae_core"
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "pretrained/README.md": "bundled.md",
}
SCRIPTS = {
    "katex": r"dist/(katex\.min\.(js|css)|fonts/.*\.woff2)",
    "mermaid-js-tiny": r"dist/mermaid\.tiny\.js",
    "iframe-worker": r"shim/index\.js",
}
FORMULAS = (
    '<link rel="stylesheet" href="{assets}/katex/katex.min.css"><script defer src="{assets}/katex/katex.min.js"></script>'
    '<script defer src="{assets}/formulas.js"></script>'
)
DIAGRAMS = '<script src="{assets}/mermaid-js-tiny/mermaid.tiny.js"></script>'
LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?![a-z]+:)(?P<target>[^)\s#]+)(?P<heading>#[^)\s]*)?\)")

log = logging.getLogger("mkdocs.hooks.pages")


def modules() -> dict[str, str]:
    """Name of each public module of the package, in the order of its files, and the page that it has."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py"), key=lambda path: (path.parent, path.name)):
        inner = path.relative_to(ROOT).with_suffix("")
        parts = inner.parts[:-1] if inner.name == "__init__" else inner.parts
        if not any(part.startswith("_") for part in parts):
            page = "index.md" if inner.name == "__init__" else f"{inner.name}.md"
            found[".".join(parts)] = f"reference/{'/'.join((*inner.parts[1:-1], page))}"
    return found


def decisions() -> dict[str, str]:
    """Title of each decision record, and its page."""
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    return {title(path): f"decisions/{path.name}" for path in records}


def title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def tree(module: str, pages: dict[str, str]) -> list[Any]:
    """A module's page and those of its own modules, as mkdocs nests them."""
    inner = [name for name in pages if name.rpartition(".")[0] == module]
    return [pages[module], *({name.rpartition(".")[2]: branch(name, pages)} for name in inner)]


def branch(module: str, pages: dict[str, str]) -> Any:
    return tree(module, pages) if pages[module].endswith("index.md") else pages[module]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Writes out the lists of the navigation."""
    lists = {
        "decisions/": ["decisions/index.md", *({name: page} for name, page in decisions().items())],
        "reference/": tree(PACKAGE, modules()),
    }
    config.nav = [
        {name: lists.get(str(page), page)} for entry in config.nav or [] for name, page in entry.items()
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is not a file of docs/."""
    for source, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for module, page in modules().items():
        files.append(File.generated(config, page, content=f"::: {module}\n"))
    listed = "".join(f"- [{name}]({posixpath.basename(page)})\n" for name, page in decisions().items())
    files.append(File.generated(config, "decisions/index.md", content=f"# Decisions\n\n{listed}"))
    for name in ("site.css", "formulas.js"):
        files.append(
            File.generated(config, f"assets/{name}", abs_src_path=str(Path(__file__).with_name(name)))
        )
    for name, content in scripts():
        files.append(File.generated(config, f"assets/{name}", content=content))
    return files


def scripts() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file that the site has of an npm package."""
    for package, wanted in SCRIPTS.items():
        packed = sorted(PACKED.glob(f"{package}-[0-9]*.tgz"))
        if not packed:
            log.warning("%s is not in %s: `make docs` gets it, by npm", package, PACKED.relative_to(ROOT))
            continue
        with tarfile.open(packed[-1]) as archive:
            for member in archive:
                name = member.name.removeprefix("package/")
                content = archive.extractfile(member) if re.fullmatch(wanted, name) else None
                if content:
                    yield f"{package}/{name.removeprefix('dist/')}", content.read()


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links from place to place in the repository become links from page to page."""
    here = next((source for source, name in ELSEWHERE.items() if name == page.file.src_uri), None)
    start = posixpath.dirname(here or f"docs/{page.file.src_uri}")

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(start, link["target"]))
        uri = place(target, config, files)
        if not uri:  # a folder is no page, and its link no more than its text; what is not there is left for mkdocs to tell
            return link["text"] if (ROOT / target).is_dir() else link[0]
        to = posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
        return f"[{link['text']}]({to}{link['heading'] or ''})"

    if page.parent is None:
        page.meta["hide"] = ["navigation"]  # of one entry
    return LINK.sub(moved, bars(markdown))


def bars(markdown: str) -> str:
    """A bar in a formula of a table is escaped for the table's sake; for a formula, that is a double bar."""
    row = re.compile(r"^\|.*$", re.MULTILINE)
    return row.sub(
        lambda line: re.sub(r"\$[^$]+\$", lambda formula: formula[0].replace(r"\|", r"\vert "), line[0]),
        markdown,
    )


def place(target: str, config: MkDocsConfig, files: Files) -> str | None:
    """Where the site has what lies at a path of the repository: a page, a list of pages, or the file itself."""
    if target in ELSEWHERE:
        return ELSEWHERE[target]
    module = target.removesuffix(".py").replace("/", ".")
    if module in modules():
        return modules()[module]
    if target.startswith("docs/"):
        inside = target.removeprefix("docs/")
        return f"{inside}/index.md" if (ROOT / target).is_dir() else inside
    if not (ROOT / target).is_file():
        return None
    uri = f"files/{target}"
    if not files.get_file_from_path(uri):
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / target)))
    return uri


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Only a page with formulas or diagrams loads what draws them."""
    assets = posixpath.relpath("assets", posixpath.dirname(page.file.dest_uri) or ".")
    needed = (FORMULAS if 'class="arithmatex"' in output else "") + (
        DIAGRAMS if 'class="mermaid"' in output else ""
    )
    return output.replace("</head>", needed.format(assets=assets) + "</head>", 1)
