"""Campaigns of changes at random over files of strangers: a sentence or an answer, and nothing else. Seeds are printed."""

import json
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files import by_class, figures, write_idx
from tests.support.mutating import JSON, chances, changed, mutated, often, one_sentence, places
from vae_core import bundled
from vae_core.checkpoints import ATLAS, CARD, WEIGHTS, Card, CheckpointError, load, load_card
from vae_core.data import open_data
from vae_core.graphs import GraphError, read_graph

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CARDS = {name: json.loads((folder / CARD).read_text()) for name, folder in bundled().items()}


@often(1000)
@given(data=st.data(), name=st.sampled_from(sorted(CARDS)), value=JSON, gone=st.booleans())
def test_a_card_with_one_thing_changed_is_read_or_refused(data: Any, name: str, value: Any, gone: bool):
    whole = CARDS[name]
    path = data.draw(st.sampled_from(list(places(whole))))
    told = changed(
        whole,
        path,
        (lambda inside, last: inside.pop(last))
        if gone
        else lambda inside, last: inside.__setitem__(last, value),
    )
    try:
        card = Card.of(told)
        _ = card.says, card.plugins, card.frontier_made_of, card.data.signature
        _ = card.frontier
    except ValueError as error:
        one_sentence(error)


def test_a_checkpoint_with_one_byte_or_many_changed_is_opened_or_refused(tmp_path: Path):
    folder = Path(shutil.copytree(bundled()["ppca-digits-plane"], tmp_path / "theirs"))
    sound = {file: (folder / file).read_bytes() for file in (CARD, WEIGHTS, ATLAS)}
    for chance in chances(1000):
        file = chance.choice(list(sound))
        (folder / file).write_bytes(mutated(sound[file], chance))
        try:
            _ = load(folder).atlas
        except CheckpointError as error:
            one_sentence(error)
        (folder / file).write_bytes(sound[file])
    _ = load(folder).atlas


def odd_array(array: np.ndarray, chance: random.Random) -> np.ndarray:
    """An array of another type, shape or value."""
    kind = chance.randrange(9)
    if kind == 0:
        return array.astype(chance.choice(["f2", "f8", "i8", "u1", "U3", "c8", "?"]))
    if kind == 1:
        return array[..., None] if chance.random() < 0.5 else array[None]
    if kind == 2 and array.ndim:
        return array[: chance.randrange(len(array) + 1)]
    if kind == 3 and array.ndim:
        return np.concatenate([array, array])
    if kind == 4 and array.dtype.kind == "f":
        return np.where(
            np.arange(array.size).reshape(array.shape) % 7 == 0, chance.choice([np.nan, np.inf, -1]), array
        )
    if kind == 5 and array.dtype.kind in "iu":
        return array.astype(np.int64) + chance.choice([-(2**40), -1, 1, 2**40])
    if kind == 6:
        return np.zeros((), array.dtype)
    return array.ravel() if kind == 7 else np.zeros_like(array)


def test_an_atlas_with_one_array_changed_is_opened_or_refused(tmp_path: Path):
    names = ("ppca-digits-plane", "mr-vae-mnist")
    folders = [Path(shutil.copytree(bundled()[name], tmp_path / name)) for name in names]
    arrays = []
    for folder in folders:
        with np.load(folder / ATLAS) as file:
            arrays.append(
                {name: array[..., :50, :] if array.ndim > 1 else array for name, array in file.items()}
            )
            arrays[-1]["labels"] = arrays[-1]["labels"][:50]
    for chance in chances(500):
        number = chance.randrange(len(folders))
        name = chance.choice(list(arrays[number]))
        made = {**arrays[number], name: odd_array(arrays[number][name], chance)}
        if chance.random() < 0.1:
            del made[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.savez(folders[number] / ATLAS, allow_pickle=False, **made)  # type: ignore[arg-type]
        try:
            atlas = load(folders[number]).atlas
            for part in (atlas.means, atlas.scales, atlas.coordinates):
                assert all(np.isfinite(part[block]).all() for block in part)
            _ = [atlas.class_of(item) for item in range(len(atlas))]
        except CheckpointError as error:
            one_sentence(error)


# ---- data


def table(path: Path, ending: str) -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30) % 4, "kind": ["x", "y", "z"] * 10})
    if ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")


def sources(folder: Path) -> dict[str, Path]:
    """A small file of each sort that data come in."""
    images, labels = figures(30)
    np.savez(folder / "a.npz", images=images, labels=labels)
    np.save(folder / "a.npy", images)
    write_idx(folder / "train-images-idx3-ubyte", images)
    write_idx(folder / "b-images-idx3-ubyte.gz", images)
    for ending in ("csv", "tsv", "parquet"):
        table(folder / f"t.{ending}", ending)
    by_class(folder / "images", 12)
    image = next((folder / "images").rglob("*.png"))
    return {
        **{path.name: path for path in folder.iterdir() if path.is_file()},
        "an image of a folder": image,
    }


def test_a_data_file_with_bytes_changed_is_read_or_refused(tmp_path: Path):
    files = sources(tmp_path)
    sound = {name: path.read_bytes() for name, path in files.items()}
    for chance in chances(1000):
        name = chance.choice(list(files))
        files[name].write_bytes(mutated(sound[name], chance))
        what = tmp_path / "images" if name == "an image of a folder" else files[name]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = open_data(what)
                _ = found.train.images[:2], found.notes
        except ValueError as error:
            one_sentence(error)
        files[name].write_bytes(sound[name])


# ---- ONNX


def graph() -> bytes:
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    weight = onnx.numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    made = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Sigmoid", ["y"], ["z"])],
        "small",
        [helper.make_tensor_value_info("x", kinds.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("z", kinds.FLOAT, ["n", 3])],
        [weight],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def test_a_graph_with_bytes_changed_is_read_or_refused(tmp_path: Path):
    sound = graph()
    for chance in chances(300):
        (tmp_path / "theirs.onnx").write_bytes(mutated(sound, chance))
        try:
            read_graph(tmp_path / "theirs.onnx")
        except GraphError as error:
            one_sentence(error)


def test_a_card_cut_short_anywhere_is_refused(tmp_path: Path):
    text = (bundled()["ppca-digits-plane"] / CARD).read_text().rstrip()
    for chance in chances(300):
        (tmp_path / CARD).write_text(text[: chance.randrange(len(text))])
        with pytest.raises(CheckpointError) as caught:
            load_card(tmp_path)
        one_sentence(caught.value)
