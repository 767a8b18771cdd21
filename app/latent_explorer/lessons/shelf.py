"""The lessons that are offered: the bundled ones, those of plug-ins, and those of the folder given to `latent-explorer app --lessons`."""

import os
from functools import cache
from pathlib import Path

from latent_explorer.lessons import LESSONS_VARIABLE
from latent_explorer.lessons.front import Mistake
from latent_explorer.lessons.lesson import Lesson, LessonError, open_lesson
from vae_core.plugins import Registry

BUNDLED = Path(__file__).with_name("bundled")
MOST = 200  # files of one folder


def files(folder: Path) -> list[Path]:
    """The lessons of a folder, by name; a README and its like are none."""
    found = sorted(path for path in folder.glob("*.md") if path.is_file() and not path.stem.isupper())
    return found[:MOST]


# Lessons by their names in links: files of ours, and those that plug-ins register.
LESSONS: Registry[Path] = Registry(
    "lesson",
    "latent_explorer.lessons",
    {path.stem: path for path in files(BUNDLED)},
    lambda thing: isinstance(thing, Path) and thing.suffix == ".md",
    "the path of a Markdown file",
)


def offered() -> dict[str, Path]:
    """By name; a lesson of the folder takes the place of another one of its name. Those of the folder stand first, then those of plug-ins."""
    folder = os.environ.get(LESSONS_VARIABLE)
    own = {path.stem: path for path in files(Path(folder))} if folder else {}
    added = {name: path for name, path in LESSONS.items() if LESSONS.source(name) is not None}
    return own | {name: path for name, path in (added | dict(LESSONS)).items() if name not in own}


def opened(name: str) -> Lesson:
    """The named lesson, read again when its file has been written since. Raises LessonError, and KeyError for one that is not there."""
    return read(name, offered()[name])


def read(name: str, path: Path) -> Lesson:
    """The lesson in a file, under a name; read again when it has been written since. Raises LessonError."""
    try:
        written = path.stat().st_mtime_ns
    except OSError as error:
        raise LessonError([Mistake(path.name, 1, f"the file cannot be read ({error.strerror})")]) from None
    return _opened(name, path, written)


@cache
def _opened(name: str, path: Path, written: int) -> Lesson:
    return open_lesson(path, name)


def readable() -> tuple[list[Lesson], list[LessonError]]:
    """The lessons in the order they are offered in, ours last; and what is wrong with the others."""
    good, bad = [], []
    for name in offered():
        try:
            good.append(opened(name))
        except LessonError as error:
            bad.append(error)
    own = {lesson.name for lesson in good if offered()[lesson.name].parent != BUNDLED}
    return sorted(good, key=lambda lesson: (lesson.name not in own, lesson.order, lesson.name)), bad
