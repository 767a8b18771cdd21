"""The lessons that are offered: the bundled ones, and those of the folder given to `latent-explorer app --lessons`."""

import os
from functools import cache
from pathlib import Path

from latent_explorer.lessons import LESSONS_VARIABLE
from latent_explorer.lessons.front import Mistake
from latent_explorer.lessons.lesson import Lesson, LessonError, open_lesson

BUNDLED = Path(__file__).with_name("bundled")
MOST = 200  # files of one folder


def files(folder: Path) -> list[Path]:
    """The lessons of a folder, by name; a README and its like are none."""
    found = sorted(path for path in folder.glob("*.md") if path.is_file() and not path.stem.isupper())
    return found[:MOST]


def offered() -> dict[str, Path]:
    """By name; a lesson of the folder takes the place of a bundled one of its name, and stands before them."""
    folder = os.environ.get(LESSONS_VARIABLE)
    own = {path.stem: path for path in files(Path(folder))} if folder else {}
    return own | {path.stem: path for path in files(BUNDLED) if path.stem not in own}


def opened(name: str) -> Lesson:
    """The named lesson, read again when its file has been written since. Raises LessonError, and KeyError for one that is not there."""
    path = offered()[name]
    try:
        written = path.stat().st_mtime_ns
    except OSError as error:
        raise LessonError([Mistake(path.name, 1, f"the file cannot be read ({error.strerror})")]) from None
    return _opened(path, written)


@cache
def _opened(path: Path, written: int) -> Lesson:
    return open_lesson(path)


def readable() -> tuple[list[Lesson], list[LessonError]]:
    """The lessons in the order they are offered in, the folder's first; and what is wrong with the others."""
    good, bad = [], []
    for name in offered():
        try:
            good.append(opened(name))
        except LessonError as error:
            bad.append(error)
    own = {lesson.name for lesson in good if offered()[lesson.name].parent != BUNDLED}
    return sorted(good, key=lambda lesson: (lesson.name not in own, lesson.order, lesson.name)), bad
