"""Data that stays in its files: what is opened, trained and measured is what it would be in memory, and no more than a part is read at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.files import figures, write_idx
from vae_core import evaluate, projections
from vae_core.checkpoints import Atlas, AtlasGrid, CheckpointError, atlas, load_atlas, save_atlas, schema
from vae_core.data import Data, Dataset, Report, data_from, joined, mapped, open_data, values
from vae_core.data.mapped import Mapped, OnDisk, blocks
from vae_core.models import PPCA, VAE
from vae_core.projections import make_atlas, place
from vae_core.training import Options, train
from vae_core.training.schedule import Schedule, in_blocks

N = 60
IMAGES, LABELS = figures(N)


def _npy(folder: Path, images: np.ndarray, labels: np.ndarray | None = LABELS) -> Path:
    folder.mkdir(exist_ok=True)
    np.save(folder / "images.npy", images)
    if labels is not None:
        np.save(folder / "labels.npy", labels)
    return folder


def _npz(folder: Path, images: np.ndarray) -> Path:
    np.savez(folder / "all.npz", images=images, labels=LABELS)
    return folder / "all.npz"


def _parts(folder: Path, images: np.ndarray) -> Path:
    np.savez(
        folder / "all.npz",
        x_train=images[:40],
        y_train=LABELS[:40],
        x_val=images[40:45],
        y_val=LABELS[40:45],
        x_test=images[45:],
        y_test=LABELS[45:],
    )
    return folder / "all.npz"


def _idx(folder: Path, images: np.ndarray) -> Path:
    write_idx(folder / "train-images-idx3-ubyte", images[:40])
    write_idx(folder / "train-labels-idx1-ubyte", LABELS[:40].astype(np.uint8))
    write_idx(folder / "t10k-images-idx3-ubyte", images[40:])
    write_idx(folder / "t10k-labels-idx1-ubyte", LABELS[40:].astype(np.uint8))
    return folder


COLOUR = np.stack([IMAGES, IMAGES // 2, 255 - IMAGES], 1)
SEE_THROUGH = np.concatenate([COLOUR, (IMAGES > 60)[:, None] * np.uint8(255)], 1)
ROWS = np.random.default_rng(0).normal(3, 2, (N, 5)).astype(np.float16)
# A table of 8 x 8 columns that are no images, one of which never changes.
COUNTS = np.random.default_rng(1).poisson(2, (N, 6)).astype(np.int16) * np.array([1, 1, 1, 1, 1, 0], np.int16)

Case = tuple[Callable[[Path], Path], dict[str, Any]]
CASES: dict[str, Case] = {
    "bytes": (lambda at: _npy(at / "scans", IMAGES), {}),
    "one file, no classes": (lambda at: _npy(at / "scans", IMAGES, None) / "images.npy", {}),
    "in a zip": (lambda at: _npz(at, IMAGES), {}),
    "three parts in a zip": (lambda at: _parts(at, IMAGES), {}),
    "idx": (lambda at: _idx(at, IMAGES), {}),
    "idx of 16 bits": (lambda at: _idx(at, IMAGES.astype(np.int16) * 7), {}),
    "idx of 32 bits": (lambda at: _idx(at, IMAGES.astype(np.float32) / 255), {}),
    "half precision": (lambda at: _npy(at / "scans", (IMAGES / 255).astype(np.float16)), {}),
    "-1 to 1": (lambda at: _npy(at / "scans", (IMAGES / 127.5 - 1).astype(np.float32)), {}),
    "double precision": (lambda at: _npy(at / "scans", IMAGES.astype(np.float64) / 255), {}),
    "true and false": (lambda at: _npy(at / "scans", IMAGES > 90), {}),
    "16 bits": (lambda at: _npy(at / "scans", IMAGES.astype(np.uint16) * 99), {}),
    "stretched": (lambda at: _npy(at / "scans", IMAGES.astype(np.float16) - 99), {"values": "stretch"}),
    "colour": (lambda at: _npy(at / "scans", COLOUR), {}),
    "channels last": (lambda at: _npy(at / "scans", np.moveaxis(COLOUR, 1, -1)), {}),
    "equal channels": (lambda at: _npy(at / "scans", np.stack([IMAGES] * 3, 1)), {}),
    "see-through": (lambda at: _npy(at / "scans", SEE_THROUGH), {"ground": "white"}),
    "solid": (lambda at: _npy(at / "scans", np.insert(COLOUR, 3, 255, axis=1)), {}),
    "images last": (lambda at: _npy(at / "scans", np.moveaxis(IMAGES, 0, -1)), {}),
    "column by column": (lambda at: _npy(at / "scans", np.asfortranarray(IMAGES)), {}),
    "vectors": (lambda at: _npy(at / "scans", IMAGES.reshape(N, -1)), {"shape": (10, 12)}),
    "resized": (lambda at: _npy(at / "scans", IMAGES), {"size": 8, "fit": "pad"}),
    "turned": (lambda at: _npy(at / "scans", IMAGES), {"turn": True}),
    "unknown": (lambda at: _npy(at / "scans", IMAGES), {"unknown": "2"}),
    "labelled only": (
        lambda at: _npy(at / "scans", IMAGES),
        {"unknown": "2", "labelled_only": True},
    ),
    "broken left out": (lambda at: _npy(at / "scans", _broken()), {"skip_broken": True}),
    "a table": (lambda at: _npy(at / "rows", ROWS), {}),
    "a table of counts": (lambda at: _npy(at / "rows", COUNTS), {}),
    "a table, broken left out": (
        lambda at: _npy(at / "rows", np.where(np.arange(N)[:, None] == 7, np.nan, ROWS)),
        {"skip_broken": True},
    ),
    "a table, filled": (
        lambda at: _npy(at / "rows", np.where(np.arange(N)[:, None] % 5 == np.arange(5), np.nan, ROWS)),
        {"fill_missing": True},
    ),
}


def _broken() -> np.ndarray:
    images = (IMAGES / 255).astype(np.float32)
    images[[3, 17], 4, 4] = np.nan, np.inf
    return images


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is large, and a part of it is a few rows."""
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "BLOCK", 1000)


def told(found: Dataset) -> tuple[Any, ...]:
    return found.name, found.signature, found.origin, list(found.notes), str(found.report)


@pytest.mark.parametrize("case", CASES)
def test_what_stays_in_its_file_is_what_it_would_be_in_memory(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write, options = CASES[case]
    path = write(tmp_path)
    read = open_data(path, **options)
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "BLOCK", 1000)
    kept = open_data(path, **options)
    assert told(kept) == told(read)
    for one, other in ((kept.train, read.train), (kept.test, read.test)):
        assert isinstance(one.images, OnDisk)
        assert isinstance(other.images, torch.Tensor)
        assert (one.images.dtype, one.images.shape) == (other.images.dtype, other.images.shape)
        assert torch.equal(one.images[:], other.images)
        assert torch.equal(one.labels, other.labels)
        assert torch.equal(one.drawn(3), other.drawn(3))
    both = joined(kept.train, kept.test).images
    assert isinstance(both, OnDisk)
    assert torch.equal(both[:], joined(read.train, read.test).images[:])


@pytest.fixture
def scans(tmp_path: Path, small: None) -> Dataset:
    return open_data(_npy(tmp_path / "scans", IMAGES))


INDICES = [
    3,
    -1,
    slice(2, 20, 3),
    slice(0, 0),
    [5, 5, 1],
    torch.tensor([7, 2]),
    torch.arange(48) % 5 == 0,
    np.array([0, 47]),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_rows_are_read_as_a_tensor_gives_them(index: Any, scans: Dataset):
    images = scans.train.images
    assert torch.equal(images[index], images[:][index])
    if not isinstance(index, int):
        assert torch.equal(scans.train.rows(index).images[:], images[:][index])


def test_what_is_read_is_no_part_of_the_file(tmp_path: Path, small: None):
    np.save(tmp_path / "x.npy", IMAGES)
    held = np.load(tmp_path / "x.npy", mmap_mode="r+")
    found = data_from(held, LABELS)
    assert isinstance(found.train.images, OnDisk)
    found.train.images[:].zero_()
    found.train.images[3].zero_()
    assert np.array_equal(np.load(tmp_path / "x.npy"), IMAGES)


def test_a_small_map_is_read(tmp_path: Path):
    np.save(tmp_path / "x.npy", IMAGES)
    assert isinstance(data_from(np.load(tmp_path / "x.npy", mmap_mode="r")).train.images, torch.Tensor)


SPOILT: dict[str, tuple[Callable[[Path], Path], str]] = {
    "broken": (lambda at: _npy(at / "scans", _broken()), "2 images of 60 hold NaN"),
    "of one value": (lambda at: _npy(at / "scans", np.full((N, 4, 4), 0.5)), "every value"),
    "standardised": (lambda at: _npy(at / "scans", IMAGES / 50.0 - 2), "--values stretch"),
    "cut off": (lambda at: _cut(_npy(at / "scans", IMAGES, None) / "images.npy"), "cannot be read"),
    "cut off in idx": (lambda at: _cut(_idx(at, IMAGES) / "train-images-idx3-ubyte").parent, "no whole IDX"),
    "no idx at all": (lambda at: _zeroed(_idx(at, IMAGES) / "train-images-idx3-ubyte"), "no whole IDX"),
    "objects": (lambda at: _npy(at / "scans", np.array([{}] * N), None) / "images.npy", "cannot be read"),
    "of a table": (lambda at: _npy(at / "rows", np.where(ROWS > 5, np.nan, ROWS)), "have a missing value"),
}


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-50])
    return path


def _zeroed(path: Path) -> Path:
    path.write_bytes(b"\1" * 500)
    return path.parent


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_spoilt_is_told_in_one_sentence(case: str, tmp_path: Path, small: None):
    write, sentence = SPOILT[case]
    with pytest.raises(ValueError, match=sentence):
        open_data(write(tmp_path))


def test_looking_at_a_large_file_says_how_far_it_is(tmp_path: Path, small: None):
    lines: list[str] = []
    open_data(_npy(tmp_path / "scans", IMAGES), report=lines.append)
    checking = [line for line in lines if line.startswith("checking 60 rows")]
    assert 5 <= len(checking) <= mapped.TIMES
    assert checking[0].endswith("0%")


# No more than a part at once.


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were read at once, each time."""
    found: list[int] = []
    read = Mapped._read

    def counted(self: Mapped, places: np.ndarray) -> np.ndarray:
        found.append(len(places))
        return read(self, places)

    monkeypatch.setattr(Mapped, "_read", counted)
    return found


MANY = 6000


@pytest.mark.slow
def test_nothing_reads_all_images_at_once(
    tmp_path: Path, small: None, reads: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(values, "LOOKED_AT", 10_000)
    images, labels = figures(MANY, 4, 6)
    np.save(tmp_path / "x.npy", (images / 255).astype(np.float16))
    np.save(tmp_path / "y.npy", labels)
    found = open_data(tmp_path, report=lambda line: None)
    options = Options(epochs=1, batch=64, validation=200, device="cpu")
    checkpoint = train(VAE(latent=2, nets="mlp-256"), found.train, options, tmp_path / "run")
    evaluate(checkpoint, found, metrics=["elbo"])
    assert str(Report.of(found))
    assert sum(reads) > 3 * MANY
    assert max(reads) <= 5000  # doubts look at so many at once, a batch of an evaluation is 1,000


def test_an_exact_fit_reads_in_parts(tmp_path: Path, small: None, reads: list[int]):
    images, labels = figures(N)
    found, whole = data_from(_memmap(tmp_path, images), labels), data_from(images, labels)
    options = Options(epochs=1, device="cpu")
    one = train(PPCA(latent=2), found.train, options, tmp_path / "one")
    other = train(PPCA(latent=2), whole.train, options, tmp_path / "other")
    assert one.card.history[0]["loss"] == other.card.history[0]["loss"]


def _memmap(folder: Path, array: np.ndarray) -> np.ndarray:
    np.save(folder / "array.npy", array)
    return np.load(folder / "array.npy", mmap_mode="r")


# The order of an epoch.


def test_an_epoch_sees_every_row_once_in_a_fresh_order(scans: Dataset):
    schedule = Schedule(scans.train, 8)
    torch.manual_seed(0)
    one, other = schedule.epoch().flatten(), schedule.epoch().flatten()
    assert one.sort().values.tolist() == other.sort().values.tolist() == list(range(48))
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("mixed", [1, 4])
def test_only_few_blocks_of_a_file_are_at_hand_at_a_time(mixed: int):
    torch.manual_seed(0)
    places = torch.randperm(1000)[:900]  # rows of a split, in their shuffled order
    order = in_blocks(places, rows=25, mixed=mixed)
    assert order.sort().values.tolist() == list(range(900))
    block = places.argsort().argsort() // 25
    for start in range(0, 900, 25 * mixed):
        seen = block[order[start : start + 25 * mixed]]
        assert len(seen.unique()) == mixed
        assert mixed == 1 or len(seen[:25].unique()) > 1  # mixed, not one after the other
    assert block[order][:: 25 * mixed].tolist() != sorted(block[order][:: 25 * mixed].tolist())


def test_labels_that_are_few_are_in_every_batch(scans: Dataset):
    data = scans.train.with_labels(6)
    assert data.known is not None
    rows = Schedule(data, 8).epoch()
    assert data.known[rows].sum(1).tolist() == [1] * len(rows)
    assert len(rows.flatten()[~data.known[rows.flatten()]].unique()) == 42


def test_in_memory_an_epoch_is_as_it_was(scans: Dataset):
    kept = scans.train
    data = Data("scans", "train", kept.images[:], kept.labels, kept.classes)
    torch.manual_seed(5)
    rows = Schedule(data, 8).epoch()
    torch.manual_seed(5)
    assert torch.equal(rows, torch.randperm(48).view(6, 8))


def test_a_training_from_a_file_is_repeated_to_the_digit(scans: Dataset, tmp_path: Path):
    declaration, options = VAE(latent=2, nets="mlp-256"), Options(epochs=2, batch=8, device="cpu")
    whole = train(declaration, scans.train, options, tmp_path / "whole")
    again = train(declaration, scans.train, options, tmp_path / "again")
    assert again.card.history[-1]["loss"] == whole.card.history[-1]["loss"]


def test_blocks_are_all_rows_in_order(small: None):
    held = Mapped((IMAGES[:25], IMAGES[25:])).only(np.arange(N)[::2])
    parts = list(blocks(held))
    assert len(parts) > 3
    assert np.array_equal(np.concatenate(parts), IMAGES[::2])


# The atlas of many.


@pytest.fixture
def first_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def umap(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
        return codes[:, :2].astype(np.float32)

    monkeypatch.setattr(projections, "umap", umap)


def test_of_many_items_umap_places_some_and_the_others_come_beside_them(first_two: None, digits: Data):
    model, lines = VAE(latent=3, nets="mlp-256").build(digits.signature).eval(), []
    found = make_atlas(model, digits.head(300), most=40, report=lines.append).atlases[0]
    rows, codes, places = found.mapped, found.means["z"], found.coordinates["z"]
    assert rows is not None
    assert len(rows) == 40
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(places[rows], codes[rows][:, :2])
    others = np.setdiff1d(np.arange(300), rows)
    np.testing.assert_array_equal(places[others], place(codes[others], codes[rows], places[rows]))
    assert any("placing 260 items beside them" in line for line in lines)
    assert set(found.coordinates) == {"z"}  # of one block
    assert make_atlas(model, digits.head(40), most=40).atlases[0].mapped is None
    assert make_atlas(model, digits.head(300)).atlases[0].mapped is None
    again = make_atlas(model, digits.head(300), most=40).atlases[0]
    np.testing.assert_array_equal(again.coordinates["z"], places)


def test_a_map_of_one_item_is_none(first_two: None, digits: Data):
    with pytest.raises(ValueError, match="two items at least, got 1"):
        make_atlas(VAE(latent=3, nets="mlp-256").build(digits.signature), digits.head(9), most=1)


def test_new_codes_are_placed_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    codes, new, places = (rng.normal(size=shape) for shape in ((90, 4), (50, 4), (90, 2)))
    whole = place(new, codes, places)
    nearest = np.linalg.norm(new[:, None] - codes, axis=-1).argsort(1)[:, :8]
    weights = 1 / (np.linalg.norm(new[:, None] - codes[nearest], axis=-1) + 1e-6)
    expected = (weights[:, :, None] * places[nearest]).sum(1) / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(whole, expected, atol=1e-4)
    monkeypatch.setattr(projections, "PLACED_AT_ONCE", 700)
    np.testing.assert_allclose(place(new, codes, places), whole, atol=1e-5)


@pytest.mark.parametrize("betas", [{}, {"z": np.array([0.1, 1.0])}], ids=["one beta", "a grid"])
def test_a_large_atlas_stays_in_its_file_until_it_is_asked_for(
    betas: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rng = np.random.default_rng(0)

    def one() -> Atlas:
        means, scales = (
            {"z": 0.5 + rng.random((500, 3), np.float32), "u": np.ones((500, 2), np.float32)} for _ in "ms"
        )
        maps = {name: rng.normal(size=(500, 2)).astype(np.float32) for name in ("z", "u")}
        return Atlas(means, scales, maps, np.arange(500) % 3, ("a", "b", "c"), 0, np.arange(0, 500, 5))

    grid = AtlasGrid(betas, tuple(one() for _ in range(2 if betas else 1)))
    save_atlas(tmp_path, grid)
    small = load_atlas(tmp_path).atlases
    monkeypatch.setattr(atlas, "LARGE", 5000)
    save_atlas(tmp_path, grid)
    for made, read, kept in zip(grid.atlases, small, load_atlas(tmp_path).atlases, strict=True):
        for part in ("means", "scales", "coordinates"):
            arrays = getattr(kept, part)
            assert not arrays._made
            assert isinstance(arrays.stored["z"][0], np.memmap)
            np.testing.assert_array_equal(arrays["z"], getattr(read, part)["z"])
            np.testing.assert_allclose(arrays["z"], getattr(made, part)["z"], atol=0.02)
            assert list(arrays._made) == ["z"]
        np.testing.assert_array_equal(kept.coordinates["u"], made.coordinates["u"])  # not rounded
        np.testing.assert_array_equal(kept.mapped, made.mapped)
        np.testing.assert_array_equal(kept.labels, made.labels)


def test_what_is_not_finite_is_seen_in_any_part_of_a_large_atlas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "BLOCK", 10)
    values = np.zeros((95, 2), np.float16)
    arrays = {"labels": np.zeros(95, np.uint8), "classes": np.array(["a"]), "umap.z": values}
    schema.check_values(arrays)
    values[94, 1] = np.inf
    with pytest.raises(ValueError, match=r"umap\.z holds values that are not finite"):
        schema.check_values(arrays)


def test_a_large_atlas_that_is_cut_off_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(atlas, "LARGE", 100)
    part = {"z": np.ones((300, 2), np.float32)}
    save_atlas(tmp_path, AtlasGrid({}, (Atlas(part, part, part, np.zeros(300, int), ("a",)),)))
    path = tmp_path / "atlas.npz"
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(CheckpointError, match="is damaged"):
        load_atlas(tmp_path)
