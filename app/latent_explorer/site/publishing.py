"""A site of some models: written beside its place and put there whole."""

import glob
import json
import os
import re
import shutil
import tempfile
import time
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

# What a site holds at its top.
PARTS = {"index.html", MANIFEST, "lessons.json", "models", "modules", "runtime"}
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
    out = check_place(out, replace)
    library = runtime()
    folders = named(checkpoints)
    models = {checkpoint.name: shown(checkpoint, only) for checkpoint in checkpoints}
    files: dict[str, bytes] = {}
    for name, each in models.items():
        files |= {f"models/{folders[name]}/{file}": data for file, data in each.files.items()}
        files[f"models/{folders[name]}/page.json"] = _json(each.page)
    sizes = {"models": sum(map(len, files.values()))}
    files["runtime/wasm.bin"] = packed.compressed((library / WASM).read_bytes())
    # by the ending of all modules, since not every host knows .mjs
    files["runtime/ort.js"] = (library / MODULE).read_bytes()
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
    _put(out, files, replace)
    return Published(sizes, [lesson["title"] for lesson in held], left)


def _of_shelf(lesson: Mapping[str, Any]) -> dict[str, Any]:
    return {name: lesson[name] for name in ("name", "title", "about", "minutes")}


def check_place(out: Path, replace: bool) -> Path:
    """The folder itself, of which `out` may be a link. Raises ValueError for a place where a site would cover something."""
    if out == Path():
        raise ValueError("the folder to write to has no name: give one, for example site")
    place = out.resolve()
    for above in place.parents:
        if above.exists() and not above.is_dir():
            raise ValueError(f"{above} is a file, so there is no {out}: give another folder")
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return place
    if not place.is_dir():
        raise ValueError(f"{out} is a file: give a folder")
    if not _is_site(place):
        raise ValueError(f"{out} is not empty: give a new folder")
    if not replace:
        raise ValueError(f"{out} holds a published site: add --replace, or give a new folder")
    return place


def _is_site(folder: Path) -> bool:
    """Whether a folder holds a site of ours and nothing else."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return (
            told["format"].startswith("latent-explorer site")
            and {path.name for path in folder.iterdir()} <= PARTS
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


# After so many seconds a folder that a killed publish has left beside a site is nobody's any more.
STALE = 3600


def _put(out: Path, files: Mapping[str, bytes], replace: bool) -> None:
    """All files, or none. Raises ValueError with one sentence where the folder cannot be written."""
    try:
        if out.is_dir() and not any(out.iterdir()):
            _fill(
                out, files
            )  # which may be somebody's only folder in one that is not theirs, or a disk of its own
        else:
            _swap(out, files, replace)
    except OSError as error:
        raise ValueError(
            f"{out} cannot be written ({error.strerror}), and is as it was: give another folder"
        ) from error


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write into an empty folder, the page itself last, or leave it empty."""
    try:
        for name in sorted(files, key=lambda name: name == "index.html"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _swap(out: Path, files: Mapping[str, bytes], replace: bool) -> None:
    """Make the folder beside its place, and put it there when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    old = made.with_name(f"{made.name}.old")
    try:
        os.chmod(made, 0o755)
        _fill(made, files)
        if replace and out.exists():
            os.replace(out, old)
        try:
            os.replace(made, out)  # which refuses a site that another publish has put there meanwhile
        except OSError:
            if old.exists():
                os.replace(old, out)
            raise
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    _sweep(out)


def _sweep(out: Path) -> None:
    """Remove what a publish to the same place left when it was killed."""
    name = re.compile(rf"\.{re.escape(out.name)}\.[a-z0-9_]{{8}}(\.old)?")
    for path in out.parent.glob(f".{glob.escape(out.name)}.*"):
        parts = {each.name for each in path.iterdir()} if path.is_dir() else {""}
        if name.fullmatch(path.name) and parts <= PARTS and time.time() - path.stat().st_mtime > STALE:
            shutil.rmtree(path, ignore_errors=True)


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
    return re.sub(r"\{\{(\w+)\}\}", lambda place: words[place[1]], page).encode()
