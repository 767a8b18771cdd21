"""How a prior is outlined on maps, by what it is, and what pages say of a prior that has draws and a density alone."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from latent_explorer.caches import maps, priors
from latent_explorer.components.map import Contour, Ellipse
from latent_explorer.sections.prior.shared import outlines

from tests.support.tiers import first
from tests.support.trained import Trained
from vae_core import load
from vae_core.checkpoints import Checkpoint
from vae_core.explore.components import dimensions_plane, principal_plane
from vae_core.metrics import evaluate


def planes(found: Checkpoint, block: str) -> list:
    means = torch.from_numpy(found.atlas.means[block])
    return [principal_plane(means), dimensions_plane(block, 0, 1, means.shape[1])]


@pytest.mark.parametrize(
    ("name", "block", "kind", "names"),
    [
        ("vae-digits", "z", Ellipse, {"prior"}),
        ("cdvae-digits", "z_l", Ellipse, set("0123456789")),
        ("srvae-digits", "u", Ellipse, {f"#{k}" for k in range(1, 11)}),
        ("flow-digits", "z_u", Contour, {"prior", ""}),
        pytest.param("flow-digits", "z_l", Contour, set("0123456789"), marks=pytest.mark.slow),
    ],
)
def test_in_a_plane_a_gaussian_is_its_ellipse_and_any_other_prior_its_regions(
    trained: Trained, name: str, block: str, kind: type, names: set[str]
):
    found = load(trained[name])
    for plane in planes(found, block):
        shapes = outlines(found, block, plane)
        assert {type(shape) for shape in shapes} == {kind}
        assert {shape.label for shape in shapes} == names


def test_of_some_classes_those_alone_are_outlined(trained: Trained):
    found = load(trained["flow-digits"])
    shapes = outlines(found, "z_l", planes(found, "z_l")[0], (3, 8))
    assert [(shape.label, shape.class_index) for shape in shapes] == [("3", 3), ("8", 8)]


@pytest.mark.parametrize(
    ("name", "block", "kind"),
    [
        ("vae-digits", "z", Contour),
        ("vamp-digits", "z", Contour),
        ("srvae-digits", "u", Ellipse),
        ("cdvae-digits", "z_l", Ellipse),
        pytest.param("flow-digits", "z_l", Contour, marks=pytest.mark.slow),
        ("rate-digits", "z", Contour),
    ],
)
def test_on_a_map_only_gaussians_of_classes_and_few_components_are_ellipses(
    trained: Trained, name: str, block: str, kind: type
):
    found = load(trained[name])
    if name == "rate-digits":
        found = found.at({"z": 1.7})  # between points of the grid
    shapes = maps.prior_shapes(found, block)
    assert {type(shape) for shape in shapes} == {kind}
    assert all(np.isfinite(ring).all() for shape in shapes for ring in getattr(shape, "rings", []))


def test_the_regions_of_a_map_hold_the_items_that_draws_fall_on(trained: Trained):
    """The outline of a prior that is a mixture of many goes round where it draws, and not through what is between."""
    found = load(trained["vamp-digits"])
    widest = max(maps.prior_shapes(found, "z"), key=lambda shape: shape.share)
    assert isinstance(widest, Contour)
    placed = maps._placed_draws(found, "z", None, 400)[0]
    corners = np.concatenate(widest.rings)
    nearest = np.linalg.norm(corners[:, None] - placed[None], axis=-1).min(1)
    assert nearest.max() < 0.35 * np.ptp(placed, axis=0).max()


@pytest.mark.slow
def test_the_holes_of_a_page_are_those_of_the_metric(trained: Trained):
    found = load(trained["flow-digits"])
    shown = priors.prior_holes(found, "z_u")
    assert len(shown.codes) == 2000
    measured = evaluate(found, metrics=("holes",))["prior_holes_z_u"]
    assert shown.share().value == pytest.approx(measured.value, abs=4 * measured.se + 0.02)


def said(at: object) -> str:
    parts = (*at.caption, *at.info)  # type: ignore[attr-defined]
    return " ".join(part.value.replace("\\", "") for part in parts)


@pytest.mark.parametrize(
    ("page", "asked", "sentence"),
    first(
        [
            ("prior", {"look": "Components", "block": "z_u"}, "so it has no components"),
            ("prior", {"look": "Components", "block": "z_l"}, "are used: exp of the entropy"),
            ("prior", {"look": "Classes"}, "The class priors are no Gaussians"),
            ("prior", {"look": "Densities"}, "estimated from 4,000 seeded draws"),
            ("traverse", {}, "are those of 2,048 seeded draws"),
            ("interpolate", {}, "are those of 2,048 seeded draws"),
            ("map", {}, "no distance in σ says how far apart they lie"),
            (
                "prior",
                {"look": "Clusters", "plane": "principal axes"},
                "smallest regions with 90 % of the draws of a class",
            ),
        ],
        3,
    ),
)
def test_what_a_flow_does_not_have_is_said(open_page: Callable, page: str, asked: dict, sentence: str):
    at = open_page(f"views/{page}.py", model="flow-digits", **asked)
    assert not at.exception
    assert sentence in said(at)
