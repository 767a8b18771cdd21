"""Embeddings alone: what is read of people's files, what is refused, and what the folder gives back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import vae_core
from tests.conftest import principal_components
from tests.support.foreign import embeddings
from vae_core import projections
from vae_core.checkpoints import CheckpointError, load
from vae_core.cli import main
from vae_core.data import load_data
from vae_core.explore import decode
from vae_core.metrics import evaluate
from vae_core.serving import LiveDecoder, Request
from vae_core.serving.request import Answer

N, D = 60, 5
Z = np.random.default_rng(0).normal(size=(N, D))
LABELS = np.array(["left", "right", "up"])[np.arange(N) % 3]
IMAGES = np.random.default_rng(1).integers(0, 256, (N, 6, 4), np.uint8)

OneLine = Callable[[BaseException | str], str]


def test_rows_labels_and_pictures_keep_their_order(tmp_path: Path):
    found = vae_core.bring_embeddings(Z, LABELS, data=IMAGES, out=tmp_path / "mine")
    whole = load(tmp_path / "mine").own_data.split("all")  # type: ignore[union-attr]
    assert torch.equal(whole.images[:], torch.from_numpy(Z).float())
    assert [whole.classes[c] for c in whole.labels.tolist()] == LABELS.tolist()
    assert np.array_equal(np.load(tmp_path / "mine" / "pictures.npy")[:, 0], IMAGES)
    assert found.model.infer({"x": whole.images[:]}).posteriors["z"].mean.equal(whole.images[:])
    prior = found.model.p["z"]({"y": torch.eye(3)})
    train = found.own_data.train  # type: ignore[union-attr]
    middle = train.images[:][train.labels == found.signature.classes.index("left")].mean(0)
    assert torch.allclose(prior.mean[0], middle, atol=1e-5)
    assert "fitted" in found.model.p["z"].stands_in


@pytest.mark.parametrize("verb", ["decode", "encode", "sample"])
def test_nothing_is_encoded_or_decoded(verb: str, tmp_path: Path, one_line: OneLine):
    mine = vae_core.bring_embeddings(Z, out=tmp_path / "mine")
    with pytest.raises(ValueError, match="no decoder") as raised:
        decode(mine.model, {"z": torch.zeros(1, D)})
    one_line(raised.value)
    with pytest.raises(ValueError, match="no encoder" if verb == "encode" else "no decoder") as raised:
        getattr(mine, verb)(*([] if verb == "sample" else [Z]))
    one_line(raised.value)


@pytest.mark.parametrize("command", [["export", "--onnx", "--out", "o"], ["pack", "o"]])
def test_there_are_no_nets_to_write(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    one_line: OneLine,
):
    monkeypatch.chdir(tmp_path)
    vae_core.bring_embeddings(Z, out="mine")
    assert main([command[0], "mine", *command[1:]]) == 2
    assert "embeddings" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "o").exists()


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def table(path: Path, frame: pd.DataFrame) -> Path:
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(
        path, sep="\t" if path.suffix == ".tsv" else ",", index=False
    )
    return path


def bare(path: Path) -> Path:
    np.savetxt(path, Z, delimiter=",")
    return path


FRAME = pd.DataFrame({f"z{i}": Z[:, i] for i in range(D)} | {"kind": LABELS, "age": np.arange(N) / 7})

FILES: dict[str, Callable[[Path], Path]] = {
    "z.npz": lambda path: archive(path, embeddings=Z, y=LABELS, age=np.arange(N) / 7),
    "x.npz": lambda path: archive(
        path, x=IMAGES, latent=Z.astype(np.float16), labels=LABELS, age=np.arange(N)
    ),
    "only.npz": lambda path: archive(path, strange=Z, kind=LABELS, age=np.arange(N)),
    "z.csv": lambda path: table(path, FRAME),
    "bare.csv": lambda path: bare(path),
    "z.tsv": lambda path: table(path, FRAME),
    "z.parquet": lambda path: table(path, FRAME),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_understood(name: str, tmp_path: Path):
    found = vae_core.bring_embeddings(FILES[name](tmp_path / name), out=tmp_path / "mine")
    whole = found.own_data.split("all")  # type: ignore[union-attr]
    assert np.allclose(whole.images[:].numpy(), Z, atol=2e-3)
    assert name == "bare.csv" or "age" in whole.columns
    assert name in ("only.npz", "bare.csv") or whole.classes == ("left", "right", "up")
    assert (tmp_path / "mine" / "pictures.npy").exists() == (name == "x.npz")


def test_embeddings_of_an_annotated_file(tmp_path: Path, one_line: OneLine):
    anndata = pytest.importorskip("anndata")
    held = anndata.AnnData(
        np.ones((N, 2), np.float32), obs=pd.DataFrame({"cell_type": LABELS}, [f"c{i}" for i in range(N)])
    )
    held.obsm["X_scVI"], held.obsm["X_umap"] = Z, Z[:, :2]
    held.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(ValueError, match="say which by --array, of X_scVI, X_umap") as raised:
        vae_core.bring_embeddings(tmp_path / "cells.h5ad", out=tmp_path / "mine")
    one_line(raised.value)
    found = vae_core.bring_embeddings(tmp_path / "cells.h5ad", array="X_scVI", out=tmp_path / "mine")
    assert found.model.sizes == {"z": D}
    assert found.signature.classes == ("left", "right", "up")


def test_labels_lie_in_a_file_of_their_own(tmp_path: Path):
    np.save(tmp_path / "z.npy", Z)
    np.save(tmp_path / "y.npy", LABELS)
    (tmp_path / "y.txt").write_text("\n".join(LABELS) + "\n")
    for file in ("y.npy", "y.txt"):
        found = vae_core.bring_embeddings(tmp_path / "z.npy", tmp_path / file, out=tmp_path / file[:3] / file)
        assert found.signature.classes == ("left", "right", "up")


def test_data_may_be_a_part_of_a_data_set(tmp_path: Path):
    test = load_data("digits", "test")
    codes = test.images.flatten(1).double().numpy()
    found = vae_core.bring_embeddings(codes, data="digits", out=tmp_path / "mine")
    assert any("the test rows of digits" in note for note in found.card.notes)
    assert any("divided by" in note or "multiplied" in note for note in found.card.notes) == (
        codes.std() > 20
    )
    assert np.array_equal(np.load(tmp_path / "mine" / "pictures.npy"), test.images.numpy())
    assert torch.equal(found.own_data.split("all").labels, test.labels)  # type: ignore[union-attr]


def test_rows_of_the_same_items_are_columns(tmp_path: Path):
    rows = pd.DataFrame({"height": np.arange(N) / 3, "smokes": np.arange(N) % 2, "ward": LABELS})
    found = vae_core.bring_embeddings(Z, data=table(tmp_path / "rows.csv", rows), out=tmp_path / "mine")
    whole = found.own_data.split("all")  # type: ignore[union-attr]
    assert {"height", "smokes"} <= set(whole.columns)
    assert whole.classes == ("left", "right", "up")


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_numbers_of_any_size_are_brought_to_size(factor: float, tmp_path: Path):
    found = vae_core.bring_embeddings(factor * Z, out=tmp_path / "mine")
    z = found.own_data.split("all").images[:]  # type: ignore[union-attr]
    assert 0.1 < z.std() < 10
    assert np.allclose(z / z.norm(), Z / np.linalg.norm(Z), atol=1e-5)


def test_small_differences_of_large_numbers_survive_the_atlas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(projections, "umap", principal_components)
    np.save(tmp_path / "z.npy", Z + 1e4)
    command = ["import", "--embeddings", str(tmp_path / "z.npy"), "--out", str(tmp_path / "mine")]
    assert main(command) == 0
    assert np.abs(load(tmp_path / "mine").atlas.means["z"] - Z - 1e4).max() < 0.01


def test_items_of_no_known_class_are_left_out_and_said(tmp_path: Path):
    labels = np.where(np.arange(N) < 4, "", LABELS)
    found = vae_core.bring_embeddings(Z, labels, data=IMAGES, out=tmp_path / "mine")
    assert any("4 items of no known class left out" in note for note in found.card.notes)
    assert np.array_equal(np.load(tmp_path / "mine" / "pictures.npy")[:, 0], IMAGES[4:])


def test_an_item_of_each_class_is_enough(tmp_path: Path):
    found = vae_core.bring_embeddings(Z[:3], ["a", "b", "c"], out=tmp_path / "mine")
    assert found.signature.classes == ("a", "b", "c")


def with_nan(rows: int) -> np.ndarray:
    z = Z.copy()
    z[:rows, 1] = np.nan
    return z


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": ({"z": with_nan(2)}, "2 embeddings of 60 hold NaN"),
    "infinite": (
        {"z": np.where(with_nan(1) == with_nan(1), Z, np.inf)},
        "1 embedding of 60 holds NaN, infinite",
    ),
    "huge": ({"z": Z * 1e30}, "huge numbers"),
    "one dimension": ({"z": Z[:, 0]}, "the embeddings are 60: give a row of numbers for each item"),
    "an image each": ({"z": Z.reshape(N, D, 1, 1)}, "flatten"),
    "no dimension": ({"z": Z[:, :0]}, "no dimension"),
    "objects": ({"z": np.array([[{}]] * N, object)}, "objects"),
    "ragged": ({"z": [[1.0, 2.0], [3.0]]}, "different lengths"),
    "text": ({"z": np.array([["a", "b"]] * N)}, "text"),
    "complex": ({"z": Z + 1j}, "complex"),
    "two items": ({"z": Z[:2]}, "2 embeddings, too few for a map: give 3 at least"),
    "none": ({"z": Z[:0]}, "too few"),
    "labels of others": ({"z": Z, "labels": LABELS[:50]}, "50 labels and 60 items"),
    "real labels": ({"z": Z, "labels": Z[:, 0]}, "real numbers"),
    "pictures of others": ({"z": Z, "data": IMAGES[:50]}, "60 embeddings and 50 rows"),
    "digits": (
        {"z": Z, "data": "digits"},
        "60 embeddings and 1,797 rows of digits (447 test and 1,350 train)",
    ),
    "no data": ({"z": Z, "data": "nowhere"}, "no data set is called"),
    "no file": ({"z": "nowhere.npz"}, "there is no file nowhere.npz"),
    "no labels": ({"z": Z, "labels": "nowhere.npy"}, "there is no file nowhere.npy"),
    "an option that there is not": ({"z": Z, "opening": {"test_share": 2}}, "share"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_embedding_is_refused(case: str, tmp_path: Path, one_line: OneLine):
    arguments, said = BAD[case]
    with pytest.raises(ValueError, match=r"\w") as raised:
        vae_core.bring_embeddings(**arguments, out=tmp_path / "mine")
    assert said in one_line(raised.value)
    assert not (tmp_path / "mine").exists()


BAD_FILES: dict[str, tuple[Callable[[Path], Any], list[str], str]] = {
    "other keys.npz": (
        lambda path: np.savez(path, weights=np.zeros((2, 2, 2)), b=np.zeros(3)),
        [],
        "say which by --array; there are weights (2 x 2 x 2), b (3)",
    ),
    "two.npz": (lambda path: np.savez(path, first=Z, second=Z), [], "say which by --array"),
    "empty.npz": (lambda path: np.savez(path), [], "it is empty"),
    "objects.npz": (lambda path: np.savez(path, z=np.array([{}], object)), [], "unpickled"),
    "objects.npy": (lambda path: np.save(path, np.array([{}], object)), [], "unpickled"),
    "asked.npz": (lambda path: np.savez(path, z=Z), ["--array", "mu"], "there is no array 'mu'"),
    "flat.npz": (lambda path: np.savez(path, z=Z[:, 0]), [], "give a row of numbers for each item"),
    "broken.npz": (lambda path: path.write_bytes(b"PK\x03\x04 nothing"), [], "cannot be read"),
    "broken.npy": (lambda path: path.write_bytes(b"nothing"), [], "cannot be read"),
    "broken.parquet": (lambda path: path.write_bytes(b"nothing"), [], "cannot be read"),
    "z.h5ad": (lambda path: path.write_bytes(b"nothing"), [], "cannot be read"),
    "z.npy": (lambda path: np.save(path, Z), ["--array", "z"], "leave out --array"),
    "words.csv": (lambda path: path.write_text("a,b\nx,y\nu,v\nx,y\n"), [], "no column holds numbers"),
    "one word.csv": (
        lambda path: path.write_text("z0,z1\n1,2\n3,x\n5,6\n"),
        ["--columns", "z0", "z1"],
        "'z1' holds text",
    ),
    "gap.csv": (lambda path: path.write_text("z0,z1\n1,2\n3,\n5,6\n"), [], "hold"),
    "z.pt": (lambda path: path.write_bytes(b"nothing"), [], "unpickled"),
    "z.txt": (lambda path: path.write_text("1 2\n"), [], "holds no embeddings that are read here"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_hold_none_are_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: OneLine
):
    write, options, said = BAD_FILES[name]
    write(tmp_path / name)
    out = tmp_path / "mine"
    assert main(["import", "--embeddings", str(tmp_path / name), "--out", str(out), *options]) == 2
    assert said in one_line(capsys.readouterr().err)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--encoder", "e.onnx"], "--decoder and --data are not given"),
        (["--embeddings", "z.npy", "--likelihood", "bernoulli"], "--likelihood is of graphs"),
        (["--embeddings", "z.npy", "--encoder", "e.onnx"], "--encoder is of graphs"),
        (
            ["--encoder", "e.onnx", "--decoder", "d.onnx", "--data", "digits", "--array", "z"],
            "are of --embeddings",
        ),
    ],
)
def test_options_of_graphs_and_of_embeddings_are_kept_apart(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["import", "--out", "runs/none", *options]) == 2
    assert said in capsys.readouterr().err


def test_embeddings_that_were_exchanged_are_noticed(tmp_path: Path, one_line: OneLine):
    vae_core.bring_embeddings(Z, out=tmp_path / "mine")
    vae_core.bring_embeddings(-Z, out=tmp_path / "other")
    (tmp_path / "other" / "embeddings.npz").replace(tmp_path / "mine" / "embeddings.npz")
    with pytest.raises(CheckpointError) as raised:
        _ = load(tmp_path / "mine").own_data
    one_line(raised.value)
    (tmp_path / "mine" / "embeddings.npz").write_bytes(b"nothing")
    with pytest.raises(CheckpointError) as raised:
        _ = load(tmp_path / "mine").own_data
    one_line(raised.value)


def test_codes_alone_have_no_divergence_of_classes(tmp_path: Path):
    folder = embeddings(tmp_path / "codes", load_data("digits", "test"))
    found = evaluate(load(folder), metrics=["posteriors"])
    assert "silhouette_z_mean" in found
    assert not [name for name in found if "_kl_" in name or "bhattacharyya" in name]


def test_pictures_of_items_are_served_and_places_between_them_are_not(tmp_path: Path, one_line: OneLine):
    made = embeddings(tmp_path / "mine", load_data("digits", "test"))
    decoder, images = LiveDecoder(lambda name: load(made)), load_data("digits", "test").images
    item = {"model": "mine", "mix": {"z": [[[3, 1.0]], [[8, 1.0]]]}}
    between = {"model": "mine", "mix": {"z": [[[3, 0.5], [8, 0.5]]]}}
    moved = {"model": "mine", "mix": {"z": [[[3, 1.0]]]}, "move": {"z": {"0": 1.0}}}
    drawn = {"model": "mine", "draw": {"seed": 0}, "label": [0]}
    asked = [Request.of(request) for request in (item, between, moved, drawn, item)]
    first, *refused, last = decoder.answer(asked)
    for answer in (first, last):
        assert isinstance(answer, Answer)
        assert np.array_equal(answer.pixels[..., 0], images[[3, 8], 0].numpy())
    for error in refused:
        assert "no decoder" in one_line(error)  # type: ignore[arg-type]
