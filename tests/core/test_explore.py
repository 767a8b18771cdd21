"""What a user does with a model: swap, traverse, sample, look for neighbours, ask for the class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_core import checkpoints
from vae_core.checkpoints import Atlas, Checkpoint
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler, kl_per_dimension
from vae_core.explore import (
    active_units,
    class_posterior,
    decode,
    encode,
    neighbours,
    prior_codes,
    prior_distance,
    priors_by_class,
    rate_per_dimension,
    reconstruct,
    ruler,
    sample,
    swap,
    traverse,
)
from vae_core.kinds import Image
from vae_core.labels import class_log_joint, has_label, uniform_log_prior
from vae_core.model import Inferred, Model
from vae_core.models import VAE, Signature
from vae_core.projections import place, umap


@pytest.fixture(scope="session")
def cdvae(trained: dict[str, Path]) -> Checkpoint:
    return checkpoints.load(trained["cdvae-digits"])


@pytest.fixture(scope="session")
def vae(trained: dict[str, Path]) -> Checkpoint:
    return checkpoints.load(trained["vae-digits"])


@pytest.fixture
def batch(digits: Data) -> dict[str, Tensor]:
    return digits.batch(slice(0, 6), Sampler.seeded(0))


def means_of(model: Model, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: q.mean for name, q in encode(model, batch).items()}


def test_a_reconstruction_resembles_its_image(cdvae: Checkpoint):
    test = load_data("digits", "test")
    images, found = (
        test.images.float() / 255,
        reconstruct(cdvae.model, test.batch(slice(None), Sampler.seeded(0))),
    )
    own = (found - images).square().mean((1, 2, 3))
    other = (found - images.roll(1, 0)).square().mean((1, 2, 3))
    assert (own < other).float().mean() > 0.9


@pytest.mark.parametrize("count", [1, 64, 65, 200])
def test_many_images_are_decoded_in_parts_that_make_the_same(cdvae: Checkpoint, count: int):
    codes = {name: torch.from_numpy(means[:count]) for name, means in cdvae.atlas.means.items()}
    whole = cdvae.model.generate(codes, only=["x"])["x"].clamp(0, 1)
    assert torch.allclose(decode(cdvae.model, codes), whole, atol=1e-6)


def test_a_swap_keeps_the_item_along_a_row_and_the_class_down_a_column(cdvae: Checkpoint, batch: dict):
    kept = means_of(cdvae.model, batch)["z_u"]
    images = swap(cdvae.model, {"z_u": kept})
    assert images.shape == (6, 10, 1, 8, 8)
    prototypes = prior_codes(cdvae.model, {"y": torch.eye(10)})["z_l"]
    for item, c in ((0, 3), (5, 9)):
        by_hand = decode(cdvae.model, {"z_l": prototypes[[c]], "z_u": kept[[item]]})
        assert torch.allclose(images[item, c], by_hand[0], atol=1e-6)


def test_a_model_without_classes_has_no_swaps(one_line: Callable):
    model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
    with pytest.raises(ValueError, match="needs a model with classes") as error:
        swap(model, {"z": torch.zeros(1, 2)})
    assert one_line(error.value)


def test_a_swap_changes_with_the_class_and_with_the_item(cdvae: Checkpoint, batch: dict):
    images = swap(cdvae.model, {"z_u": means_of(cdvae.model, batch)["z_u"]})
    assert (images[:, 0] - images[:, 1]).abs().mean() > 0.01
    assert (images[0] - images[1]).abs().mean() > 0.001


def test_a_traversal_changes_one_coordinate_at_a_time(cdvae: Checkpoint, batch: dict):
    start = {name: code[0] for name, code in means_of(cdvae.model, batch).items()}
    found = traverse(cdvae.model, start, "z_u", [1, 3], torch.tensor([[-2.0, 0.5], [0.0, 2.0]]))
    changed = {name: code[None].clone() for name, code in start.items()}
    changed["z_u"][0, 3] = 2.0
    assert torch.allclose(found[1, 1], decode(cdvae.model, changed)[0], atol=1e-6)


def test_a_traversal_leaves_its_start_alone(cdvae: Checkpoint, batch: dict):
    start = {name: code[0] for name, code in means_of(cdvae.model, batch).items()}
    before = start["z_u"].clone()
    traverse(cdvae.model, start, "z_u", [0], torch.tensor([[5.0]]))
    assert torch.equal(start["z_u"], before)


def test_a_ruler_counts_standard_deviations_from_the_mean_of_the_prior(cdvae: Checkpoint):
    found = ruler(cdvae.model, "z_l", {"y": torch.eye(10)[[2]]}, span=3.0, steps=7)
    assert found.ticks.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert found.values[2].tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert found.values[0].tolist() == found.ticks.tolist()


def test_the_nearest_tick_is_none_more_than_half_a_step_outside(vae: Checkpoint):
    found = ruler(vae.model, "z", {}, span=2.0, steps=5)
    assert found.nearest(torch.tensor([0.4, -1.6, 2.5, 2.6])).tolist() == [2, 0, 4, -1]


def test_neighbours_are_sorted_by_distance_and_leave_the_item_out():
    codes = torch.randn(50, 3)
    found = neighbours(codes, codes[7], 10, item=7)
    distances = (codes[found] - codes[7]).norm(dim=-1)
    assert 7 not in found
    assert distances.tolist() == sorted(distances.tolist())
    others = [i for i in range(50) if i != 7 and i not in found]
    assert (codes[others] - codes[7]).norm(dim=-1).min() >= distances.max()


def test_there_are_no_more_neighbours_than_other_items():
    codes = torch.randn(4, 2)
    assert sorted(neighbours(codes, codes[1], 10, item=1).tolist()) == [0, 2, 3]
    assert sorted(neighbours(codes, codes[1], 10).tolist()) == [0, 1, 2, 3]


def test_the_class_posterior_is_a_distribution_and_bayes_rule(cdvae: Checkpoint, batch: dict):
    posteriors = encode(cdvae.model, batch)
    means = {name: q.mean for name, q in posteriors.items()}
    found = class_posterior(cdvae.model, means, {name: q.stddev for name, q in posteriors.items()})
    by_rule = class_log_joint(cdvae.model, Inferred(posteriors, means), uniform_log_prior(10)).softmax(-1)
    assert torch.allclose(found.sum(-1), torch.ones(6))
    assert torch.allclose(found, by_rule, atol=1e-6)


def test_the_class_posterior_of_the_atlas_knows_the_classes(cdvae: Checkpoint):
    atlas = cdvae.atlas
    means, scales = (
        {k: torch.from_numpy(v) for k, v in group.items()} for group in (atlas.means, atlas.scales)
    )
    guess = class_posterior(cdvae.model, means, scales).argmax(-1).numpy()
    assert (guess == atlas.labels).mean() > 0.7


def test_a_model_without_class_has_no_class_posterior(vae: Checkpoint):
    with pytest.raises(ValueError, match="no class posterior"):
        class_posterior(vae.model, {"z": torch.zeros(1, 4)}, {"z": torch.ones(1, 4)})


def test_units_are_active_where_their_mean_varies_by_more_than_a_hundredth():
    noise = torch.randn(5000, 3) * torch.tensor([1.0, 0.05, 0.2])
    assert active_units(noise + 4).tolist() == [True, False, True]


def test_the_rate_of_each_dimension_uses_the_prior_of_the_item(cdvae: Checkpoint, batch: dict):
    q = encode(cdvae.model, batch)["z_l"]
    labels = batch["y"].argmax(-1)
    found = rate_per_dimension(cdvae.model, "z_l", {"z_l": q.mean}, {"z_l": q.stddev}, labels)
    by_hand = kl_per_dimension(q, cdvae.model.p["z_l"](batch))
    assert found is not None
    assert by_hand is not None
    assert torch.allclose(found, by_hand.mean(0), rtol=1e-4)
    assert found.sum().item() == pytest.approx(cdvae.model.terms(batch).kl["z_l"].mean().item(), rel=1e-4)


def test_blocks_know_whether_the_class_matters(cdvae: Checkpoint, vae: Checkpoint):
    assert [block in cdvae.model.labelled for block in ("z_l", "z_u")] == [True, False]
    assert [has_label(found.model) for found in (cdvae, vae)] == [True, False]


def test_priors_are_one_a_class_only_where_the_class_matters(cdvae: Checkpoint):
    labelled, unlabelled = (priors_by_class(cdvae.model, block) for block in ("z_l", "z_u"))
    assert labelled is not None
    assert unlabelled is not None
    assert (labelled.batch_shape, unlabelled.batch_shape) == ((10,), ())


def test_prototypes_lie_root_two_separations_apart(cdvae: Checkpoint):
    assert prior_distance(cdvae.model, "z_l") == pytest.approx(8 * 2**0.5, rel=1e-5)
    assert prior_distance(cdvae.model, "z_u") is None


def test_at_temperature_zero_a_sample_is_the_mean(cdvae: Checkpoint):
    inputs = {"y": torch.eye(10)}
    assert torch.equal(
        sample(cdvae.model, inputs, draw=Sampler.seeded(5, temperature=0.0)), sample(cdvae.model, inputs)
    )


def test_temperature_scales_the_spread_of_samples(vae: Checkpoint):
    def codes(temperature: float) -> Tensor:
        return prior_codes(vae.model, {}, 500, Sampler.seeded(1, temperature))["z"]

    assert codes(1.0).std().item() == pytest.approx(1, abs=0.1)
    assert torch.allclose(codes(0.5), 0.5 * codes(1.0))


def test_seeded_samples_repeat_and_other_seeds_differ(vae: Checkpoint):
    one, same, other = (sample(vae.model, {}, 4, Sampler.seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_seeded_samples_do_not_depend_on_the_global_stream(vae: Checkpoint):
    one = sample(vae.model, {}, 4, Sampler.seeded(1))
    torch.manual_seed(99)
    assert torch.equal(one, sample(vae.model, {}, 4, Sampler.seeded(1)))


def test_the_atlas_holds_every_test_image_and_every_map(cdvae: Checkpoint):
    atlas: Atlas = cdvae.atlas
    assert len(atlas) == 447
    assert set(atlas.means) == set(atlas.scales) == {"z_l", "z_u"}
    assert {name: xy.shape for name, xy in atlas.coordinates.items()} == dict.fromkeys(
        ("z_l", "z_u", "joint"), (447, 2)
    )
    assert np.array_equal(atlas.labels, load_data("digits", "test").labels.numpy())


def test_the_means_of_the_atlas_are_those_of_the_encoder(vae: Checkpoint):
    (whole,) = load_data("digits", "test").batches(1000, 0)
    q = encode(vae.model, whole)["z"]
    assert np.allclose(vae.atlas.means["z"], q.mean.numpy(), atol=1e-2)
    assert np.allclose(vae.atlas.scales["z"], q.stddev.numpy(), atol=1e-2)


def test_a_code_of_the_map_lands_on_itself(vae: Checkpoint):
    codes, coordinates = vae.atlas.means["z"], vae.atlas.coordinates["z"]
    assert np.abs(place(codes[:20], codes, coordinates) - coordinates[:20]).max() < 0.01


def test_a_code_between_two_lands_between_them():
    codes, coordinates = np.array([[0.0], [1.0]]), np.array([[0.0, 10.0], [4.0, 20.0]])
    assert place(np.array([[0.5], [0.25]]), codes, coordinates).round(3).tolist() == [
        [2.0, 15.0],
        [1.0, 12.5],
    ]


@pytest.mark.slow
def test_umap_repeats_with_its_seed_keeps_clusters_and_takes_new_points():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    codes = (6 * np.eye(3, 5)[labels] + generator.normal(size=(300, 5))).astype(np.float32)
    found = umap(codes)
    assert found.shape == (300, 2)
    assert np.array_equal(found, umap(codes))
    centres = np.stack([found[labels == c].mean(0) for c in range(3)])
    fresh = (6 * np.eye(3, 5) + 0.1).astype(np.float32)
    placed = place(fresh, codes, found)
    assert np.linalg.norm(placed[:, None] - centres, axis=-1).argmin(-1).tolist() == [0, 1, 2]
