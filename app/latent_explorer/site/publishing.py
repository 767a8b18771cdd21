"""A site of some models: written beside its place and put there whole."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from latent_explorer.site import packed
from latent_explorer.site.lessons import lessons, pages_of_views
from latent_explorer.site.runtime import MODULE, WASM, runtime
from latent_explorer.site.shown import named, shown
from vae_core import Checkpoint

FORMAT = "latent-explorer site 1"
MANIFEST = "site.json"
ONLY = ("map", "live", "samples", "frontier")

PACKAGE = Path(__file__).parents[1]

# The components that a site shows, and its own modules.
COMPONENTS = ("shared", "map", "controls", "image_grid", "betas", "lesson")


class Published(NamedTuple):
    """The bytes of a site, of its models and of the runtime; the titles of its lessons; and why lessons of the folder are not among them."""

    sizes: dict[str, int]
    lessons: list[str]
    left: list[str]


def publish(
    checkpoints: Sequence[Checkpoint],
    out: Path,
    only: str | None = None,
    replace: bool = False,
    folder: Path | None = None,
) -> Published:
    """Write a site, with the lessons that need no more than it.

    Args:
        checkpoints: the models, the first of which opens first.
        out: the folder to write, which must be new or empty.
        only: one page alone, for an iframe.
        replace: whether a site that was published there gives way.
        folder: of lessons beside the bundled ones.

    Raises:
        ValueError: one sentence, for a folder that holds something, for models that do not export, and where onnxruntime-web is missing.
    """
    check_place(out, replace)
    library = runtime()
    folders = named(checkpoints)
    models = {checkpoint.name: shown(checkpoint, only) for checkpoint in checkpoints}
    files: dict[str, bytes] = {}
    for name, each in models.items():
        files |= {f"models/{folders[name]}/{file}": data for file, data in each.files.items()}
        files[f"models/{folders[name]}/page.json"] = _json(each.page)
    sizes = {"models": sum(map(len, files.values()))}
    files["runtime/wasm.bin"] = packed.compressed((library / WASM).read_bytes())
    files["runtime/ort.mjs"] = (library / MODULE).read_bytes()
    sizes["runtime"] = sum(len(data) for name, data in files.items() if name.startswith("runtime/"))
    files |= _modules()
    told = [
        {
            "name": name,
            "folder": folders[name],
            "title": each.page["card"]["title"],
            "purpose": each.page["card"]["purpose"],
            "decodes": not each.page["noDecoder"],
        }
        for name, each in models.items()
    ]
    held, left = ([], []) if only else lessons({name: each.page for name, each in models.items()}, folder)
    if held:
        files["lessons.json"] = _json({"pages": pages_of_views(), "lessons": held})
    files[MANIFEST] = _json(
        {
            "format": FORMAT,
            "only": only,
            "models": told,
            "lessons": [{**_of_shelf(each), "count": len(each["steps"])} for each in held],
            "sizes": {name: len(data) for name, data in files.items()},
        }
    )
    files["index.html"] = _index(files, told, only)
    sizes["all"] = sum(map(len, files.values()))
    _put(out, files)
    return Published(sizes, [lesson["title"] for lesson in held], left)


def _of_shelf(lesson: Mapping[str, Any]) -> dict[str, Any]:
    return {name: lesson[name] for name in ("name", "title", "about", "minutes")}


def check_place(out: Path, replace: bool) -> None:
    """Raises ValueError for a place where a site would cover something."""
    if out == Path():
        raise ValueError("the folder to write to has no name: give one, for example site")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise ValueError(f"{out} is a file: give a folder")
    if not _is_site(out):
        raise ValueError(f"{out} is not empty: give a new folder")
    if not replace:
        raise ValueError(f"{out} holds a published site: add --replace, or give a new folder")


def _is_site(folder: Path) -> bool:
    """Whether a folder holds a site of ours and nothing else."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {name.split("/")[0] for name in told["sizes"]} | {"index.html", MANIFEST}
        return (
            told["format"].startswith("latent-explorer site")
            and {path.name for path in folder.iterdir()} <= known
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _put(out: Path, files: Mapping[str, bytes]) -> None:
    """All files, or none: the folder is made beside its place, and takes it when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        os.chmod(made, 0o755)
        for name, data in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        old = made.with_name(f"{made.name}.old")
        if out.exists():
            os.replace(out, old)
        try:
            os.replace(made, out)
        except OSError:
            if old.exists():
                os.replace(old, out)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _modules() -> dict[str, bytes]:
    """The components as they stand in the app, and the page's own modules and style."""
    folders = [PACKAGE / "components" / name for name in COMPONENTS] + [PACKAGE / "site"]
    found = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix in (".js", ".css") and not path.name.endswith(".test.js"):
                found[f"modules/{path.relative_to(PACKAGE).as_posix()}"] = path.read_bytes()
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


# Modules that the first sight does without, or that the worker loads.
LATER = (
    "/components/betas/",
    "/components/image_grid/",
    "/components/lesson/index",
    "/site/worker",
    "/site/answers",
    "/site/draws",
    "/site/priors",
)
# Styles that it does not do without.
STYLES = {
    "frontier": ("betas/style.css", "shared/style.css"),
    "map": ("map/style.css", "shared/style.css"),
    "samples": ("image_grid/style.css", "shared/style.css"),
    None: ("controls/style.css", "controls/first.css", "shared/style.css"),
}


def _index(files: Mapping[str, bytes], told: Sequence[Mapping[str, str]], only: str | None) -> bytes:
    """The page: what is loaded first is named at its head, so that a slow line is asked once and not module after module."""
    first = f"models/{told[0]['folder']}"
    data = [name for name in (MANIFEST, f"{first}/page.json", f"{first}/film.bin") if name in files]
    styles = [f"modules/components/{name}" for name in STYLES.get(only, STYLES[None])]
    modules = [name for name in files if name.endswith(".js") and not any(part in name for part in LATER)]
    ahead = [f'<link rel="preload" as="fetch" crossorigin href="{name}">' for name in data]
    ahead += [f'<link rel="preload" as="style" href="{name}">' for name in styles]
    ahead += [f'<link rel="modulepreload" href="{name}">' for name in modules]
    words = {
        "title": escape(told[0]["title"] if len(told) == 1 else "Latent Explorer"),
        "about": escape(told[0]["purpose"]),
        "ahead": "\n    ".join(ahead),
        "only": escape(only or ""),
    }
    page = (PACKAGE / "site" / "index.html").read_text(encoding="utf-8")
    for name, text in words.items():
        page = page.replace("{{" + name + "}}", text)
    return page.encode()
