"""What the loaders hand out: shapes, splits, order, the noise of binarisation and the factors of sprites."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vae_core.checkpoints.card import TrainedOn
from vae_core.data import DATA_VARIABLE, DATASETS, Data, load_data, local_data, sprites
from vae_core.distributions import Sampler


def rows_of(data: Data) -> set[bytes]:
    return {image.numpy().tobytes() for image in data.images}


def test_digits_are_small_grey_images_of_ten_classes(digits: Data):
    assert digits.images.shape == (1350, 1, 8, 8)
    assert digits.images.dtype == torch.uint8
    assert digits.images.max() == 255
    assert digits.signature == DATASETS["digits"].signature


def test_the_splits_of_digits_are_disjoint_and_whole(digits: Data):
    test = load_data("digits", "test")
    assert len(digits) + len(test) == 1797
    assert not rows_of(digits) & rows_of(test)


def test_labels_belong_to_their_images(digits: Data):
    centres = torch.stack([digits.images[digits.labels == c].float().mean(0) for c in range(10)]).flatten(1)
    test = load_data("digits", "test")
    nearest = torch.cdist(test.images.float().flatten(1), centres).argmin(-1)
    assert (nearest == test.labels).float().mean() > 0.8


def test_leading_digits_are_of_all_classes_in_fair_shares(digits: Data):
    counts = digits.labels[:200].bincount(minlength=10)
    assert counts.min() >= 8
    assert (digits.labels[1:200] != digits.labels[:199]).float().mean() > 0.8


def test_loading_twice_gives_the_same_order(digits: Data):
    assert torch.equal(load_data("digits").images, digits.images)


def test_a_limit_takes_the_leading_images(digits: Data):
    limited = load_data("digits", limit=5)
    assert torch.equal(limited.images, digits.images[:5])
    assert torch.equal(limited.labels, digits.labels[:5])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("nonesuch",),
            "no data set is called 'nonesuch': choose one of digits, sprites, rooms, glyphs, mnist",
        ),
        (("digits", "validation"), "no split is called 'validation'"),
        (("digits", "train", 0), "the limit must be at least 1, got 0"),
        (("digits", "train", -3), "the limit must be at least 1, got -3"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_sentence(arguments: tuple, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        load_data(*arguments)
    one_line(caught.value)


def test_a_batch_is_binary_images_and_one_hot_classes(digits: Data):
    batch = digits.batch(torch.tensor([4, 2]), Sampler.seeded(0))
    assert batch["x"].shape == (2, 1, 8, 8)
    assert set(batch["x"].unique().tolist()) == {0.0, 1.0}
    assert batch["y"].argmax(-1).tolist() == digits.labels[[4, 2]].tolist()
    assert batch["y"].sum(-1).tolist() == [1.0, 1.0]


def test_each_visit_binarises_afresh(digits: Data):
    sampler = Sampler.seeded(0)
    one, other = (digits.batch(slice(0, 50), sampler)["x"] for _ in range(2))
    assert not torch.equal(one, other)


def test_binarisation_keeps_the_grey_value_on_average():
    greys = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    data = Data("ramp", "train", greys.expand(20_000, 1, 16, 16), torch.zeros(20_000).long(), ("all",))
    found = data.batch(slice(None), Sampler.seeded(0))["x"].mean(0).flatten()
    assert found[0] == 0
    assert found[255] == 1
    assert (found - torch.arange(256) / 255).abs().max() < 5 * 0.5 / 20_000**0.5


def test_evaluation_batches_repeat_with_the_seed_and_differ_without(digits: Data):
    def images(seed: int, size: int = 100) -> Tensor:
        return torch.cat([batch["x"] for batch in digits.head(250).batches(size, seed)])

    assert images(0).shape == (250, 1, 8, 8)
    assert torch.equal(images(0), images(0))
    assert not torch.equal(images(0), images(1))


def test_evaluation_noise_leaves_the_global_stream_alone(digits: Data):
    before = torch.random.get_rng_state()
    list(digits.head(10).batches(10, 0))
    assert torch.equal(torch.random.get_rng_state(), before)


def rendered(**factors: int) -> Tensor:
    chosen = {"shape": 0, "scale": 3, "orientation": 0, "x": 16, "y": 16, **factors}
    return sprites.render(torch.tensor([[chosen[name] for name in sprites.FACTORS]]))[0, 0].float() / 255


def centre(image: Tensor) -> tuple[float, float]:
    """Column and row of the centre of mass."""
    ticks = torch.arange(sprites.SIDE).float()
    return (image.sum(0) @ ticks / image.sum()).item(), (image.sum(1) @ ticks / image.sum()).item()


@pytest.mark.parametrize("shape", range(3))
def test_x_moves_a_sprite_right_and_nowhere_else(shape: int):
    columns, rows = zip(*(centre(rendered(shape=shape, x=x)) for x in range(0, 32, 5)), strict=True)
    assert all(a + 4 < b for a, b in pairwise(columns))
    assert max(rows) - min(rows) < 0.1


@pytest.mark.parametrize("shape", range(3))
def test_y_moves_a_sprite_down_and_nowhere_else(shape: int):
    columns, rows = zip(*(centre(rendered(shape=shape, y=y)) for y in range(0, 32, 5)), strict=True)
    assert all(a + 4 < b for a, b in pairwise(rows))
    assert max(columns) - min(columns) < 0.1


@pytest.mark.parametrize("shape", range(3))
def test_scale_grows_the_area_as_its_square(shape: int):
    areas = [rendered(shape=shape, scale=scale).sum().item() for scale in range(6)]
    assert areas == sorted(areas)
    assert areas[5] / areas[0] == pytest.approx(4, rel=0.1)


def test_orientation_turns_a_sprite_and_keeps_its_area():
    upright, turned = rendered(shape=2), rendered(shape=2, orientation=20)
    assert (upright - turned.flip(0, 1)).abs().mean() < 0.02
    assert (upright - turned).abs().sum() > 0.1 * upright.sum()
    assert upright.sum().item() == pytest.approx(turned.sum().item(), rel=0.02)


@pytest.mark.parametrize("shape", range(3))
def test_a_sprite_stays_inside_the_image(shape: int):
    corners = [rendered(shape=shape, scale=5, orientation=5, x=x, y=y) for x in (0, 31) for y in (0, 31)]
    border = torch.stack(
        [torch.cat([image[[0, -1]].flatten(), image[:, [0, -1]].flatten()]) for image in corners]
    )
    assert border.max() == 0


def test_shapes_differ_and_rendering_repeats():
    images = [rendered(shape=shape) for shape in range(3)]
    assert torch.equal(images[2], rendered(shape=2))
    assert all((a - b).abs().sum() > 20 for a, b in ((images[0], images[1]), (images[1], images[2])))


def test_factors_number_every_sprite_once():
    index = torch.tensor([0, 31, 32, 1024, 40 * 1024, 6 * 40 * 1024])
    assert sprites.factors_of(index).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 31],
        [0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
    ]


@pytest.fixture
def unrendered_sprites(monkeypatch: pytest.MonkeyPatch) -> tuple[Data, Data]:
    """Both splits without their pixels, which take a minute."""
    monkeypatch.setattr(
        sprites, "render", lambda factors: torch.zeros(len(factors), 1, 1, 1, dtype=torch.uint8)
    )
    return load_data("sprites", "train"), load_data("sprites", "test")


def test_the_splits_of_sprites_are_disjoint_draws_of_the_grid(unrendered_sprites: tuple[Data, Data]):
    rows = [row for data in unrendered_sprites for row in map(tuple, data.factors.tolist())]
    assert [len(data) for data in unrendered_sprites] == [50_000, 10_000]
    assert len(set(rows)) == 60_000


def test_the_class_of_a_sprite_is_its_shape(unrendered_sprites: tuple[Data, Data]):
    train, _ = unrendered_sprites
    assert torch.equal(train.labels, train.factors[:, 0])
    assert train.labels[:200].bincount(minlength=3).min() > 40


def test_the_factors_of_a_part_are_those_of_its_images(unrendered_sprites: tuple[Data, Data]):
    train, _ = unrendered_sprites
    assert torch.equal(train.rows(slice(10, 20)).factors, train.factors[10:20])
    assert torch.equal(train.head(7).factors, train.factors[:7])


@pytest.fixture(scope="module")
def mnist() -> tuple[Data, Data]:
    folder = os.environ.get(DATA_VARIABLE)
    if not folder or not (Path(folder) / "MNIST" / "raw").is_dir():
        pytest.skip(
            f"no MNIST at hand: name a folder that holds MNIST/raw in the environment variable {DATA_VARIABLE}"
        )
    return load_data("mnist"), load_data("mnist", "test")


def test_mnist_has_its_published_sizes(mnist: tuple[Data, Data]):
    train, test = mnist
    assert train.images.shape == (60_000, 1, 28, 28)
    assert test.images.shape == (10_000, 1, 28, 28)
    assert train.signature == test.signature == DATASETS["mnist"].signature


def test_leading_mnist_images_are_of_all_classes(mnist: tuple[Data, Data]):
    for data in mnist:
        assert data.labels[:200].bincount(minlength=10).min() >= 5


def test_mnist_labels_belong_to_their_images(mnist: tuple[Data, Data]):
    train, test = mnist
    flat, labels = train.images[:5000].float().flatten(1), train.labels[:5000]
    centres = torch.stack([flat[labels == c].mean(0) for c in range(10)])
    nearest = torch.cdist(test.images[:1000].float().flatten(1), centres).argmin(-1)
    assert (nearest == test.labels[:1000]).float().mean() > 0.7


def test_local_data_never_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def told(name: str) -> TrainedOn:
        return TrainedOn(name, (1, 8, 8), (), 10)

    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert local_data(told("mnist")) is None
    assert local_data(told("nonesuch")) is None
    assert local_data(told("fashion-mnist")) is None
    assert len(local_data(told("digits")) or ()) == 447


def test_mnist_out_of_reach_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_line: Callable
):
    def unreachable(*args: object, **options: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.MNIST", unreachable)
    with pytest.raises(
        ValueError, match=f"MNIST is not available .*: set {DATA_VARIABLE} to a folder"
    ) as caught:
        load_data("mnist")
    one_line(caught.value)


@pytest.mark.parametrize("damage", [b"", b"\0\0\x08\x03", b"\0\0\x08\x03" + bytes(40)])
def test_a_damaged_file_of_mnist_is_said_in_a_sentence(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for kind in ("images-idx3", "labels-idx1"):
        (raw / f"t10k-{kind}-ubyte").write_bytes(damage)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match="MNIST is not available"):
        load_data("mnist", "test")


def test_other_images_in_files_of_mnist_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = bytes(i % 251 for i in range(2 * 28 * 28))
    sizes = b"".join(n.to_bytes(4, "big") for n in (2, 28, 28))
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + sizes + pixels)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + (2).to_bytes(4, "big") + bytes([7, 2]))
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(
        ValueError, match=r"hold other images, not MNIST's: .* name their folder by --data"
    ) as caught:
        load_data("mnist", "test")
    one_line(caught.value)
