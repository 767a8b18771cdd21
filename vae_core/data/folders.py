"""Folders of image files: by class, by split and class, or flat."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .notes import Notes, counted, listed
from .pictures import ENDINGS
from .raw import TEST, TRAIN, Opening, Raw

# What folders of splits are called.
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(("test", "testing", "tst"), TEST),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}


def is_folder_of_images(path: Path) -> bool:
    return path.is_dir() and next(_images(path), None) is not None


def read_folder(path: Path, opening: Opening) -> Raw:
    """The images below a folder: their class is the folder that they lie in, below `train/` and `test/` where there are such.

    Images that lie in no folder of their own have no class. Raises ValueError for a folder without images.
    """
    notes, name = Notes(), path.name
    if (inner := _inmost(path)) != path:
        notes.say(f"the images are those in {inner.relative_to(path)}, the only folder there")
    path = inner
    parts = _parts(path)
    files = {part: sorted(_images(folder)) for part, folder in parts.items()}
    files = {part: found for part, found in files.items() if found}
    paths = [file for found in files.values() for file in found]
    if not paths:
        raise ValueError(f"{path.name} holds no images: give a folder of {', '.join(ENDINGS[:5])} files")
    _say_others(path, len(paths), notes)
    labels = [_class_of(file, parts[part]) for part, found in files.items() for file in found]
    _doubt_lists(path, any(labels), notes)
    _doubt_empty(parts, files, notes)
    split = _splits(files, notes) if set(files) != {""} else None
    about = "a folder of images by class" if any(labels) else "a folder of images"
    if any(labels) and not all(labels):
        notes.doubt(
            f"{counted(labels.count(''), 'image')} in no folder of a class: counted as not known; move them into one"
        )
    return Raw(name, about, paths, labels if any(labels) else None, split, notes=notes)


def _inmost(path: Path) -> Path:
    """The folder that holds classes or splits, where it is the only one in a folder, as archives are unpacked."""
    inside = [file for file in path.iterdir() if _seen(file)]
    folders = [file for file in inside if file.is_dir() and next(_images(file), None) is not None]
    if len(folders) != 1 or any(file.suffix.lower() in ENDINGS for file in inside if file.is_file()):
        return path
    below = [file for file in folders[0].iterdir() if _seen(file) and file.is_dir()]
    is_split = folders[0].name.lower() in SPLIT_NAMES
    return path if is_split or not any(next(_images(file), None) for file in below) else _inmost(folders[0])


def _parts(path: Path) -> dict[str, Path]:
    """The folders of the splits by name; the folder itself under no name where there are none."""
    found: dict[str, Path] = {}
    for folder in sorted(path.iterdir()):
        name = SPLIT_NAMES.get(folder.name.lower())
        if folder.is_dir() and name and next(_images(folder), None) is not None:
            found[name] = folder
    # A class may be called like a split: they are splits where nothing else is beside them.
    beside = [
        folder
        for folder in path.iterdir()
        if folder.is_dir() and folder not in found.values() and _seen(folder)
    ]
    with_images = [folder for folder in beside if next(_images(folder), None) is not None]
    return found if found and not with_images else {"": path}


def _splits(files: dict[str, list[Path]], notes: Notes) -> np.ndarray:
    """Train or test for each file: validation images train where there are test images, and test where there are none."""
    validation = TRAIN if TEST in files else TEST
    if "validation" in files:
        notes.say(
            f"{counted(len(files['validation']), 'validation image')} counted to the {'training' if validation == TRAIN else validation} images"
        )
    names = {"validation": validation}
    return np.array([names.get(name, name) for name, found in files.items() for _ in found])


def _class_of(file: Path, folder: Path) -> str:
    """The first folder below the split's; nothing for a file that lies in it."""
    inside = file.relative_to(folder).parts
    return inside[0] if len(inside) > 1 else ""


def _seen(path: Path) -> bool:
    return not path.name.startswith((".", "__MACOSX"))


def _images(path: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The image files below a folder, hidden ones left out, and links that lead back to a folder above."""
    above = (*above, path.resolve())
    for file in path.iterdir():
        if not _seen(file):
            continue
        if file.is_dir():
            if file.resolve() not in above:
                yield from _images(file, above)
        elif file.suffix.lower() in ENDINGS:
            yield file


def _say_others(path: Path, images: int, notes: Notes) -> None:
    """What else lies there."""
    others = Counter(
        file.suffix.lower() or file.name
        for file in path.rglob("*")
        if file.is_file() and _seen(file) and file.suffix.lower() not in ENDINGS
    )
    others.pop("thumbs.db", None)
    if others:
        kinds = listed([f"{count:,} {ending}" for ending, count in others.most_common()], 3)
        notes.say(f"beside {counted(images, 'image')} there are other files, which are not read: {kinds}")


def _doubt_lists(path: Path, by_class: bool, notes: Notes) -> None:
    """A list of labels beside images that lie in no folder of a class is not read."""
    lists = [
        file.name
        for file in sorted(path.iterdir())
        if file.suffix.lower() in (".csv", ".tsv", ".json", ".jsonl")
    ]
    if lists and not by_class:
        notes.doubt(
            f"{listed(lists)} beside the images is not read: where it tells their classes, move images into a folder for each"
        )


def _doubt_empty(parts: dict[str, Path], files: dict[str, list[Path]], notes: Notes) -> None:
    """Folders beside those of classes that hold no image."""
    for name, found in files.items():
        used = {_class_of(file, parts[name]) for file in found}
        empty = [
            folder.name
            for folder in sorted(parts[name].iterdir())
            if folder.is_dir()
            and _seen(folder)
            and folder.name not in used
            and SPLIT_NAMES.get(folder.name.lower()) is None
        ]
        if empty and any(used):
            notes.doubt(
                f"{listed(empty)} {'holds' if len(empty) == 1 else 'hold'} no image and {'is' if len(empty) == 1 else 'are'} no class"
            )
