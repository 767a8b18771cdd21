"""Folders on disk: what is written comes back, nothing is half written, and damage is said in a sentence."""

import contextlib
import errno
import gc
import json
import pickle
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vae_core.checkpoints import (
    ATLAS,
    CARD,
    SUCCESSORS,
    WEIGHTS,
    Atlas,
    AtlasGrid,
    CheckpointError,
    atomic,
    bundled,
    load,
    load_atlas,
    located,
    pack,
    save_atlas,
    save_card,
    save_model,
)
from vae_core.data import DATASETS, Data
from vae_core.distributions import Sampler
from vae_core.model import Model
from vae_core.models import CDVAE
from vae_core.training import Options
from vae_core.training.state import new_card


@pytest.fixture
def folder(trained: dict[str, Path], tmp_path: Path) -> Path:
    """A checkpoint of one's own, to be damaged."""
    return shutil.copytree(trained["cdvae-digits"], tmp_path / "mine")


def edit_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps(card))


def edit_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def cut(path: Path, share: float = 0.6) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def test_a_model_comes_back_with_identical_outputs(tmp_path: Path, digits: Data):
    declaration, batch = CDVAE(prior="class", nets="mlp-256"), digits.batch(slice(0, 4), Sampler.seeded(0))
    model = declaration.build(digits.signature)
    save_model(tmp_path, model)
    save_card(tmp_path, new_card(declaration, digits, Options(batch=128), len(digits), ""))

    def outputs(model: Model) -> list[Tensor]:
        env = model.infer(batch, Sampler.seeded(1)).env
        return [env["z_l"], env["z_u"], model.generate(env)["x"], model.terms(batch, Sampler.seeded(2)).elbo]

    found = load(tmp_path).model
    assert all(torch.equal(a, b) for a, b in zip(outputs(model), outputs(found), strict=True))


def test_a_loaded_model_is_for_evaluation_and_has_no_gradients(trained: dict[str, Path]):
    model = load(trained["cdvae-digits"]).model
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


def test_a_checkpoint_knows_its_name_and_its_data(trained: dict[str, Path]):
    found = load(str(trained["vae-digits"]))
    assert found.name == "vae-digits"
    assert found.signature == DATASETS["digits"].signature


def test_an_atlas_comes_back_in_half_precision(tmp_path: Path):
    def group(*blocks: str) -> dict[str, np.ndarray]:
        return {block: np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32) for block in blocks}

    scales = {block: np.abs(values) for block, values in group("z").items()}
    atlas = Atlas(group("z"), scales, group("z", "joint"), np.arange(5), ("a", "b", "c", "d", "é"))
    save_atlas(tmp_path, AtlasGrid({}, (atlas,)))
    found = load_atlas(tmp_path).at({})
    assert set(found.coordinates) == {"z", "joint"}
    assert np.allclose(found.means["z"], atlas.means["z"], rtol=1e-3)
    assert np.allclose(found.coordinates["joint"], atlas.coordinates["joint"], rtol=1e-3)
    assert found.labels.tolist() == [0, 1, 2, 3, 4]
    assert found.classes == atlas.classes


@pytest.mark.parametrize(("spread", "levels"), [(1.5, True), (4.0, False)])
def test_scales_of_an_atlas_come_back_within_a_hundredth(spread: float, levels: bool, tmp_path: Path):
    """In 256 levels of their logarithm, but for such as those would not tell apart."""
    scales = {"z": np.exp(np.random.default_rng(0).uniform(-spread, spread, (400, 3))).astype(np.float32)}
    atlas = Atlas(scales, scales, {"z": scales["z"][:, :2]}, np.zeros(400, int), ("a",))
    arrays = AtlasGrid({}, (atlas,)).arrays()
    assert (arrays["scale.z"].dtype == np.uint8) == levels
    assert arrays["mean.z"].dtype == np.float16
    save_atlas(tmp_path, AtlasGrid({}, (atlas,)))
    assert load_atlas(tmp_path).at({}).scales["z"] == pytest.approx(scales["z"], rel=0.01)


def test_what_is_bundled_can_be_loaded_and_has_an_atlas():
    assert bundled()
    for name, folder in bundled().items():
        found = load(folder)
        assert found.name == name
        assert set(found.atlas.means) == set(found.model.latents)


def test_a_fingerprint_is_that_of_the_values_and_not_of_the_file(folder: Path):
    before = load(folder).weights
    edit_weights(folder, lambda tensors: None)  # written anew
    assert load(folder).weights == before
    edit_weights(folder, lambda tensors: next(iter(tensors.values())).view(-1)[:1].add_(1e-3))
    assert load(folder).weights != before


def test_what_was_made_of_other_weights_is_stale(folder: Path):
    edit_card(folder, lambda card: card.pop("made", None))
    found = load(folder)
    assert found.stale == ()  # nothing says of which weights it is
    save_atlas(folder, found.atlas_grid, found.weights)
    how = {"names": [], "command": "one", "weights": found.weights}
    edit_card(
        folder, lambda card: card.update(evaluations={"elbo": how}, frontier={"weights": found.weights})
    )
    assert (load(folder).stale, load(folder).outdated) == ((), "")
    edit_weights(folder, lambda tensors: next(iter(tensors.values())).view(-1)[:1].add_(1e-3))
    found = load(folder)
    assert found.stale == ("atlas", "numbers", "frontier")
    assert "`latent-explorer atlas mine`" in found.outdated
    assert "`latent-explorer evaluate mine --write`" in found.outdated
    save_atlas(folder, found.atlas_grid, found.weights)
    assert load(folder).stale == ("numbers", "frontier")


def test_weights_and_atlas_of_another_model_are_named(folder: Path, tmp_path: Path):
    """Of the same shapes: nothing else would tell."""
    found = load(folder)
    save_atlas(folder, found.atlas_grid, found.weights)
    edit_card(folder, lambda card: card.update(made={"weights": found.weights}))
    assert load(folder).stale == ()
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    edit_weights(other, lambda tensors: next(iter(tensors.values())).view(-1)[:1].add_(1e-3))
    assert load(other).stale == ("card", "atlas")
    assert "`latent-explorer resume" in load(other).outdated
    save_atlas(other, found.atlas_grid, load(other).weights)
    shutil.copy(other / ATLAS, folder / ATLAS)
    found = load(folder)
    _ = found.atlas
    assert found.stale == ("atlas",)


def test_weights_that_float16_cannot_hold_are_not_packed_in_it(folder: Path, tmp_path: Path):
    edit_weights(folder, lambda tensors: next(iter(tensors.values())).fill_(1e6))
    with pytest.raises(ValueError, match="float16 cannot hold"):
        pack(folder, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    pack(folder, tmp_path / "kept", half=False)
    assert load(tmp_path / "kept").weights == load(folder).weights


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "holds no checkpoint"),
    "no card": (lambda f: (f / CARD).unlink(), "holds no checkpoint"),
    "a card cut short": (lambda f: cut(f / CARD), "cannot be read"),
    "an empty card": (lambda f: (f / CARD).write_bytes(b""), "cannot be read"),
    "a card of bytes": (lambda f: (f / CARD).write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "a card that is a list": (lambda f: (f / CARD).write_text("[1, 2]"), "is not a model card"),
    "a card that is a folder": (lambda f: ((f / CARD).unlink(), (f / CARD).mkdir()), "cannot be read"),
    "a card without model": (lambda f: edit_card(f, lambda c: c.pop("model")), "lacks model"),
    "a card without data": (lambda f: edit_card(f, lambda c: c.pop("data")), "lacks model, data"),
    "a card of another format": (lambda f: edit_card(f, lambda c: c.update(format=99)), "has format 99"),
    "an unknown model": (
        lambda f: edit_card(f, lambda c: c["model"].update(name="qvae")),
        "no model is called 'qvae'",
    ),
    "a model without name": (lambda f: edit_card(f, lambda c: c["model"].pop("name")), "model lacks name"),
    "a model that is a word": (
        lambda f: edit_card(f, lambda c: c.update(model="vae")),
        'model is "vae" instead of an object',
    ),
    "an unknown argument": (
        lambda f: edit_card(f, lambda c: c["model"]["arguments"].update(breadth=3)),
        "does not take these arguments",
    ),
    "an argument of another type": (
        lambda f: edit_card(f, lambda c: c["model"]["arguments"].update(unlabelled="many")),
        "describes no model",
    ),
    "arguments that are a list": (
        lambda f: edit_card(f, lambda c: c["model"].update(arguments=[1])),
        "model.arguments is a list instead of an object",
    ),
    "data without shape": (lambda f: edit_card(f, lambda c: c["data"].pop("shape")), "data lacks shape"),
    "a shape of two numbers": (
        lambda f: edit_card(f, lambda c: c["data"].update(shape=[8, 8])),
        "images of 8 x 8 do not exist",
    ),
    "a shape of words": (
        lambda f: edit_card(f, lambda c: c["data"].update(shape=["a", 8, 8])),
        r'data.shape.0. is "a" instead of a whole number',
    ),
    "a negative shape": (
        lambda f: edit_card(f, lambda c: c["data"].update(shape=[1, -8, 8])),
        r"data.shape.1. is -8 instead of a whole number",
    ),
    "classes that are a number": (
        lambda f: edit_card(f, lambda c: c["data"].update(classes=10)),
        "data.classes is 10 instead of a list",
    ),
    "weights that are no numbers": (
        lambda f: edit_weights(f, lambda t: next(iter(t.values())).view(-1)[:1].fill_(np.nan)),
        "values that are not finite",
    ),
    "endless weights": (
        lambda f: edit_weights(f, lambda t: next(iter(t.values())).view(-1)[:1].fill_(np.inf)),
        "values that are not finite",
    ),
    "weights cut short": (lambda f: cut(f / WEIGHTS), "is damaged or cut short"),
    "empty weights": (lambda f: (f / WEIGHTS).write_bytes(b""), "is damaged or cut short"),
    "pickled weights": (lambda f: torch.save({}, f / WEIGHTS), "is damaged or cut short"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "is missing"),
    "a tensor of another shape": (
        lambda f: edit_weights(f, lambda t: t.update({"q.z_u.net.bias": torch.zeros(3)})),
        "holds q.z_u.net.bias of shape .3,. where the card asks for .8,.",
    ),
    "a missing tensor": (
        lambda f: edit_weights(f, lambda t: t.pop("q.z_u.net.bias")),
        "disagree on 1 tensors",
    ),
    "a tensor too many": (
        lambda f: edit_weights(f, lambda t: t.update(more=torch.zeros(1))),
        "disagree on 1 tensors",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_refused_in_a_sentence(damage: str, folder: Path, one_line: Callable):
    change, words = DAMAGE[damage]
    change(folder)
    with pytest.raises(CheckpointError, match=words) as caught:
        load(folder)
    assert str(folder) in one_line(caught.value)


class Executed:
    """Pickled, it leaves a mark when it is read."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def objects_in_the_atlas(folder: Path) -> None:
    with np.load(folder / ATLAS) as arrays:
        kept = dict(arrays)
    kept["classes"] = np.array([Executed(folder / "executed")] * 10, dtype=object)
    np.savez(folder / ATLAS, **kept)


def without(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with np.load(folder / ATLAS) as arrays:
            kept = {key: value for key, value in arrays.items() if key != name}
        np.savez(folder / ATLAS, **kept)

    return change


def scrambled(folder: Path) -> None:
    content = bytearray((folder / ATLAS).read_bytes())
    for i in range(len(content) // 3, len(content) // 2):
        content[i] ^= 0x5A
    (folder / ATLAS).write_bytes(content)


ATLAS_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no atlas": (lambda f: (f / ATLAS).unlink(), "is missing"),
    "an atlas cut short": (lambda f: cut(f / ATLAS), "is damaged"),
    "an empty atlas": (lambda f: (f / ATLAS).write_bytes(b""), "is damaged"),
    "an atlas with other bytes": (scrambled, "is damaged"),
    "an atlas of objects": (objects_in_the_atlas, "is damaged"),
    "a pickle for an atlas": (
        lambda f: (f / ATLAS).write_bytes(pickle.dumps(Executed(f / "executed"))),
        "is damaged",
    ),
    "an atlas without labels": (without("labels"), "is damaged"),
    "an atlas without classes": (without("classes"), "is damaged"),
}


@pytest.mark.parametrize("damage", ATLAS_DAMAGE)
def test_a_damaged_atlas_is_refused_in_a_sentence_and_never_executed(
    damage: str, folder: Path, one_line: Callable
):
    change, words = ATLAS_DAMAGE[damage]
    change(folder)
    with pytest.raises(CheckpointError, match=words) as caught:
        _ = load(folder).atlas
    assert f"latent-explorer atlas {folder}" in one_line(caught.value)
    assert not (folder / "executed").exists()


def test_a_damaged_atlas_leaves_no_file_open(folder: Path):
    cut(folder / ATLAS)
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always", ResourceWarning)
        with contextlib.suppress(CheckpointError):
            load_atlas(folder)
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []


def test_the_mark_of_an_executed_pickle_would_be_seen(tmp_path: Path):
    pickle.loads(pickle.dumps(Executed(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


def test_pickled_weights_are_never_executed(folder: Path):
    (folder / WEIGHTS).write_bytes(pickle.dumps(Executed(folder / "executed")))
    with pytest.raises(CheckpointError):
        load(folder)
    assert not (folder / "executed").exists()


def test_an_atlas_whose_card_cannot_be_changed_is_not_written(tmp_path: Path):
    with pytest.raises(CheckpointError):
        save_atlas(tmp_path, AtlasGrid({}, (Atlas({}, {}, {}, np.zeros(1), ("a",)),)), "0123")
    assert not (tmp_path / ATLAS).exists()


def test_objects_are_not_written_to_an_atlas(tmp_path: Path):
    means: Any = {"z": np.array([[Executed(tmp_path / "executed")]], dtype=object)}
    with pytest.raises((TypeError, ValueError)):
        save_atlas(tmp_path, AtlasGrid({}, (Atlas(means, {}, {}, np.zeros(1), ("a",)),)))
    classes: Any = (Executed(tmp_path / "executed"),)
    save_atlas(tmp_path, AtlasGrid({}, (Atlas({}, {}, {}, np.zeros(1), classes),)))
    with np.load(tmp_path / ATLAS, allow_pickle=False) as arrays:
        assert arrays["classes"].dtype.kind == "U"  # the words for the object, not the object
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "error", [RuntimeError("stop"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")]
)
def test_a_write_that_fails_half_way_leaves_the_old_file_alone(error: BaseException, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails() -> None:
        with atomic(path) as file:
            file.write(b"half of the ne")
            file.flush()
            raise error

    with pytest.raises(type(error)):
        fails()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fills_at_the_end_leaves_the_old_checkpoint(
    call: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = sorted(path.name for path in folder.iterdir())
    before = load(folder)
    monkeypatch.setattr(f"vae_core.checkpoints.folder.os.{call}", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(folder, CDVAE(unlabelled=4, nets="mlp-256").build(before.signature))
    assert sorted(path.name for path in folder.iterdir()) == files
    after = load(folder).model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.model.state_dict().items())


def test_a_write_replaces_the_old_file_whole(tmp_path: Path):
    path = tmp_path / "deep" / "file"
    for content in (b"a long first version", b"short"):
        with atomic(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_nothing_is_to_be_seen_under_the_name_before_it_is_whole(tmp_path: Path):
    with atomic(tmp_path / "file") as file:
        file.write(b"half")
        file.flush()
        assert not (tmp_path / "file").exists()


def test_others_may_read_what_is_written(tmp_path: Path):
    with atomic(tmp_path / "file") as file:
        file.write(b"x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("gone", "now"), SUCCESSORS.items())
def test_the_name_of_a_checkpoint_no_longer_bundled_opens_what_took_its_place(
    gone: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert gone not in bundled()
    assert located(gone) == bundled()[now]
    monkeypatch.chdir(tmp_path)  # a folder of that name comes first
    (tmp_path / gone).mkdir()
    assert located(gone) == Path(gone)
