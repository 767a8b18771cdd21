"""Paths between codes, grids spanned by codes, analogies, and what the prior says along them: against exact answers."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vae_core import checkpoints
from vae_core.checkpoints import Checkpoint
from vae_core.explore import (
    LINE,
    MEANS,
    PATHS,
    SPHERE,
    analogy,
    blend,
    class_means,
    class_of_codes,
    decode,
    line,
    path,
    prior_distance_of,
    prior_log_density,
    prior_moments,
    priors_by_class,
    slerp,
    square_weights,
    through,
    triangle_weights,
)
from vae_core.priors import one_hot

T = torch.linspace(0, 1, 11)


def opened(trained: dict[str, Path], name: str) -> Checkpoint:
    return checkpoints.load(trained[name])


def codes_of_items(found: Checkpoint, items: list[int]) -> dict[str, Tensor]:
    given = {"y": one_hot(torch.from_numpy(found.atlas.labels[items]), 10)}  # of what is told the class
    means = {name: torch.from_numpy(found.atlas.means[name][items]) for name in found.model.latents}
    return {name: means[name] if name in means else given[name] for name in found.model.coded}


def test_a_great_circle_keeps_its_length_its_plane_and_its_speed():
    a, b = torch.randn(7), torch.randn(7)
    b = b / b.norm() * a.norm()
    z = slerp(a, b, T)
    assert torch.allclose(z[[0, -1]], torch.stack([a, b]), atol=1e-6)
    assert torch.allclose(z.norm(dim=-1), a.norm().expand(11), atol=1e-5)
    assert torch.linalg.matrix_rank(torch.cat([z, a[None], b[None]]), rtol=1e-5) == 2
    angles = torch.nn.functional.cosine_similarity(z[1:].double(), z[:-1].double(), dim=-1).acos()
    whole = torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=0).acos()
    assert torch.allclose(angles, (whole / 10).expand(10), atol=1e-5)


def test_the_great_circle_is_that_of_shoemake():
    a, b = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.6, 0.8, 0.0])
    w = math.acos(0.6)
    wanted = torch.outer((w * (1 - T)).sin(), a) + torch.outer((w * T).sin(), b)
    assert torch.allclose(slerp(a, b, T), wanted / math.sin(w), atol=1e-6)


def test_the_length_goes_linearly_from_one_to_the_other():
    z = slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 6.0]), T)
    assert torch.allclose(z.norm(dim=-1), 2 + 4 * T, atol=1e-5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0, 0.0], [1.0, 2.0, 0.0]),  # the same
        ([1.0, 2.0, 0.0], [3.0, 6.0, 0.0]),  # the same direction
        ([0.0, 0.0, 0.0], [3.0, 4.0, 0.0]),  # one without a direction
        ([3.0, 4.0, 0.0], [0.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([2.0], [-1.0]),  # opposite in one dimension
    ],
)
def test_without_an_angle_the_great_circle_is_the_line(a: list[float], b: list[float]):
    assert torch.allclose(
        slerp(torch.tensor(a), torch.tensor(b), T), line(torch.tensor(a), torch.tensor(b), T), atol=1e-6
    )


@pytest.mark.parametrize("a", [[3.0, 4.0], [1.0, 1.0, 1.0], [0.0, -2.0, 0.0]])
def test_between_opposite_codes_it_is_half_a_circle(a: list[float]):
    start = torch.tensor(a)
    z = slerp(start, -start, T)
    assert torch.allclose(z[[0, -1]], torch.stack([start, -start]), atol=1e-6)
    assert torch.allclose(z.norm(dim=-1), start.norm().expand(11), atol=1e-5)
    assert abs(z[5] @ start) < 1e-5


def test_the_circle_goes_round_its_centre_also_where_that_moves():
    a, b, m = torch.randn(5), torch.randn(5), torch.randn(5)
    assert torch.allclose(slerp(a, b, T, m), m + slerp(a - m, b - m, T), atol=1e-6)
    moving = torch.randn(11, 5)
    z = slerp(a, b, T, moving)
    assert torch.allclose(z[[0, -1]], torch.stack([a, b]), atol=1e-5)
    assert torch.allclose(z - moving, slerp(a - moving[0], b - moving[-1], T), atol=1e-5)


def test_a_polyline_has_equal_speed_and_passes_its_points():
    points = torch.tensor([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 4.0]])
    z = through(points, T)
    assert torch.allclose((z[1:] - z[:-1]).abs().sum(-1), torch.ones(10), atol=1e-5)
    assert z[4].tolist() == [4.0, 0.0]
    assert torch.allclose(z[8], torch.tensor([4.0, 4.0]), atol=1e-5)


@pytest.mark.parametrize("stops", [[], [[1.0]], [[1.0], [1.0], [5.0], [5.0]]])
def test_a_polyline_does_not_mind_points_that_lie_on_each_other(stops: list[list[float]]):
    z = through(torch.tensor([[1.0], *stops, [5.0]]), T)
    assert torch.allclose(z[:, 0], 1 + 4 * T)


def test_a_polyline_without_length_stays():
    assert through(torch.ones(3, 2), T).tolist() == torch.ones(11, 2).tolist()


@pytest.mark.parametrize("kind", PATHS)
def test_every_path_of_every_model_ends_at_its_items(trained: dict[str, Path], kind: str):
    for name in trained:
        found = opened(trained, name)
        ends = codes_of_items(found, [0, 1])
        stops = {block: torch.randn(2, code.shape[-1]) for block, code in ends.items()}
        codes = path(found.model, ends, T, kind, stops=stops)
        assert set(codes) == set(found.model.coded)
        for block, code in codes.items():
            assert torch.allclose(code[[0, -1]], ends[block], atol=1e-5), (name, block)
        assert decode(found.model, codes).isfinite().all()


@pytest.mark.parametrize("kind", PATHS)
def test_a_block_that_does_not_move_stays_at_the_first_end(trained: dict[str, Path], kind: str):
    found = opened(trained, "cdvae-digits")
    ends = codes_of_items(found, [0, 1])
    codes = path(found.model, ends, T, kind, moving=["z_u"], stops={"z_l": torch.zeros(1)})
    assert (codes["z_l"] == ends["z_l"][0]).all()
    assert not torch.allclose(codes["z_u"][5], ends["z_u"][0])


def test_a_class_switches_in_the_middle(trained: dict[str, Path]):
    found = opened(trained, "joint-digits")
    ends = {"y": torch.eye(10)[[3, 8]], "z": torch.zeros(2, 4)}
    classes = path(found.model, ends, T)["y"]
    assert classes.sum(-1).tolist() == [1.0] * 11
    assert classes.argmax(-1).tolist() == [3] * 5 + [8] * 6


def test_the_sphere_of_a_labelled_block_lies_about_the_mean_of_the_class_means(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    means = priors_by_class(found.model, "z_l").mean  # type: ignore[union-attr]
    ends = {"z_l": means[[0, 1]], "z_u": torch.randn(2, 4)}
    codes = path(found.model, ends, T, SPHERE)["z_l"]
    radius = (codes - means.mean(0)).norm(dim=-1)
    assert torch.allclose(radius, radius[:1].expand(11), atol=1e-4)
    assert (path(found.model, ends, T, LINE)["z_l"] - means.mean(0)).norm(dim=-1)[5] < radius[0] - 1


def test_the_sphere_of_a_block_under_another_keeps_its_distance_from_the_prior_mean(trained: dict[str, Path]):
    found = opened(trained, "srvae-digits")
    ends = codes_of_items(found, [0, 1])
    codes = path(found.model, ends, T, SPHERE)
    at_ends = prior_distance_of(found.model, "z", ends)
    along = prior_distance_of(found.model, "z", codes)
    assert torch.allclose(along, at_ends[0] + T * (at_ends[1] - at_ends[0]), atol=1e-4)


def test_a_path_through_class_means_meets_the_prior_means(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    ends = codes_of_items(found, [0, 1])
    means = class_means(found.model, ends, one_hot(torch.tensor([0, 1]), 10))
    fine = torch.linspace(0, 1, 2001)
    codes = path(found.model, ends, fine, MEANS, stops={"z_l": means["z_l"][[4, 7]]})
    for c in (4, 7):
        assert (codes["z_l"] - means["z_l"][c]).norm(dim=-1).min() < 0.02
    assert torch.allclose(codes["z_u"], line(*ends["z_u"], fine), atol=1e-6)


@pytest.mark.parametrize("side", [2, 7, 13])
def test_weights_of_a_grid_sum_to_one_and_are_whole_at_its_corners(side: int):
    square, triangle = square_weights(side), triangle_weights(side)
    for weights in (square, triangle):
        assert torch.allclose(weights.sum(-1), torch.ones(side, side), atol=1e-6)
    last = side - 1
    for number, corner in enumerate([(0, 0), (0, last), (last, 0), (last, last)]):
        assert square[corner].tolist() == torch.eye(4)[number].tolist()
    for number, corner in enumerate([(0, 0), (0, last), (last, 0)]):
        assert triangle[corner].tolist() == torch.eye(3)[number].tolist()
    assert square.min() >= 0
    inside = torch.ones(side, side, dtype=torch.bool).triu().flip(1)  # on and above the other diagonal
    assert ((triangle >= 0).all(-1) == inside).all()


def test_the_middle_of_a_grid_is_the_mean_of_its_corners():
    corners = {"z": torch.randn(4, 3)}
    assert torch.allclose(blend(corners, square_weights(7)[3, 3][None])["z"][0], corners["z"].mean(0))
    three = {"z": corners["z"][:3]}
    assert torch.allclose(blend(three, triangle_weights(7)[2, 2][None])["z"][0], three["z"].mean(0))


def test_a_blend_of_classes_is_the_class_of_the_greatest_weight():
    corners = {"y": torch.eye(3), "z": torch.randn(3, 2), "w": torch.randn(3, 2)}
    weights = torch.tensor([[0.2, 0.3, 0.5], [0.4, 0.2, 0.4]])
    found = blend(corners, weights, moving=["y", "z"])
    assert found["y"].argmax(-1).tolist() == [2, 0]
    assert torch.allclose(found["z"], weights @ corners["z"])
    assert (found["w"] == corners["w"][0]).all()


def test_an_analogy_is_exact_and_moves_only_what_may_move():
    codes = {"z": torch.randn(3, 4), "w": torch.randn(3, 2)}
    found = analogy(codes, moving=["z"])
    assert torch.equal(found["z"][0], codes["z"][0] - codes["z"][1] + codes["z"][2])
    assert torch.equal(found["w"][0], codes["w"][2])
    same = {"z": codes["z"][[0, 0, 1]]}
    assert torch.allclose(analogy(same)["z"][0], codes["z"][1], atol=1e-6)


@pytest.mark.parametrize(("a", "b", "c", "wanted"), [(1, 2, 2, 1), (1, 1, 2, 2), (1, 2, 0, 0)])
def test_the_class_of_an_analogy_changes_where_b_and_c_share_theirs(a: int, b: int, c: int, wanted: int):
    assert analogy({"y": torch.eye(3)[[a, b, c]]})["y"].argmax().item() == wanted


def test_class_means_are_the_priors_where_they_read_the_class_else_the_items(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    labels = torch.from_numpy(found.atlas.labels)
    means = codes_of_items(found, list(range(len(labels))))
    wanted = class_means(found.model, means, one_hot(labels, 10))
    assert torch.allclose(wanted["z_l"], 8 * torch.eye(10))
    assert torch.allclose(wanted["z_u"][3], means["z_u"][labels == 3].mean(0), atol=1e-5)
    joint = opened(trained, "joint-digits")
    of_joint = class_means(joint.model, codes_of_items(joint, list(range(len(labels)))), one_hot(labels, 10))
    assert torch.equal(of_joint["y"], torch.eye(10))


def test_the_moments_of_a_labelled_prior_are_those_of_its_mixture(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    mean, variance = prior_moments(found.model, "z_l", {})
    assert torch.allclose(mean, torch.full((1, 10), 0.8))  # prototypes 8 e_c
    assert torch.allclose(variance, torch.full((1, 10), 1 + 64 * 0.1 - 0.64))
    given_class = prior_moments(found.model, "z_l", {"y": torch.eye(10)[[2]]})
    assert torch.allclose(given_class[0], 8 * torch.eye(10)[[2]])
    assert torch.allclose(given_class[1], torch.ones(1, 10))


def test_the_log_density_sums_the_class_out(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    codes = codes_of_items(found, [0, 1, 2])
    squared = (codes["z_l"][:, None] - 8 * torch.eye(10)).square().sum(-1)
    each = -0.5 * squared - 5 * math.log(2 * math.pi)
    wanted = each.logsumexp(-1) - math.log(10)
    assert torch.allclose(prior_log_density(found.model, "z_l", codes), wanted, atol=1e-4)
    normal = -0.5 * codes["z_u"].square().sum(-1) - 2 * math.log(2 * math.pi)
    assert torch.allclose(prior_log_density(found.model, "z_u", codes), normal, atol=1e-4)


def test_the_class_of_a_code_is_bayes_rule_over_the_priors(trained: dict[str, Path]):
    found = opened(trained, "cdvae-digits")
    middle = 4 * (torch.eye(10)[[3]] + torch.eye(10)[[8]])
    posterior = class_of_codes(found.model, {"z_l": middle, "z_u": torch.zeros(1, 4)})
    assert posterior is not None
    assert torch.allclose(posterior[0, [3, 8]], torch.full((2,), 0.5), atol=1e-5)
    codes = codes_of_items(found, [0, 1, 2])
    squared = (codes["z_l"][:, None] - 8 * torch.eye(10)).square().sum(-1)
    found_class = class_of_codes(found.model, codes)
    assert found_class is not None
    assert torch.allclose(found_class, (-0.5 * squared).softmax(-1), atol=1e-5)


@pytest.mark.parametrize("name", ["vae-digits", "joint-digits", "srvae-digits"])
def test_a_model_whose_priors_read_no_class_says_none_of_a_code(trained: dict[str, Path], name: str):
    found = opened(trained, name)
    assert class_of_codes(found.model, codes_of_items(found, [0])) is None
