"""Directions against exact answers: a linear decoder, a planted direction, closed forms."""

import numpy as np
import pytest
import torch

from vae_core import load
from vae_core.explore import (
    Direction,
    along_direction,
    class_direction,
    decode,
    jacobian,
    number_direction,
    principal_directions,
    reach_along,
    shifted,
    unit,
)
from vae_core.explore.direction import check_name
from vae_core.explore.directions import RIDGE, C
from vae_core.kinds import Image, Table
from vae_core.models import MODELS, VAE, Ladder, Signature


@pytest.fixture(scope="module")
def table() -> Table:
    names = tuple(f"f{j}" for j in range(6))
    scale = (1.0, 2.0, 0.5, 1.0, 4.0, 1.0)
    return Table(names, ("real",) * 6, (0.0,) * 6, scale, (-9.0,) * 6, (9.0,) * 6)


def test_of_a_linear_decoder_the_principal_directions_are_its_singular_vectors(table: Table):
    model = MODELS["ppca"](latent=3).build(Signature(table, ())).double()
    weight = torch.tensor(np.random.default_rng(0).normal(size=(6, 3)))
    ends = torch.cat([torch.zeros(1, 3), torch.eye(3)]).double()
    with torch.no_grad():
        for parameter in model.p["x"].parameters():
            if parameter.shape == weight.shape:
                parameter.copy_(weight)
    shown = table.standardised(decode(model, {"z": ends}))
    expected = (shown[1:] - shown[0]).T  # the columns of the linear map itself
    assert expected.abs().max() > 0.1
    for code in (torch.zeros(1, 3), torch.full((1, 3), 2.0)):
        found = principal_directions(model, {"z": code.double()}, "z", 3, table)
        _, values, rows = torch.linalg.svd(expected, full_matrices=False)
        assert torch.allclose(found.values.double(), values, rtol=1e-5)
        assert torch.allclose((found.vectors.double() * rows).sum(1).abs(), torch.ones(3).double(), atol=1e-6)
        assert torch.allclose(found.vectors @ found.vectors.T, torch.eye(3), atol=1e-6)


def test_the_differences_agree_with_derivatives_of_a_trained_decoder():
    model = load("vae-mnist").model
    code = torch.randn(1, model.sizes["z"], generator=torch.Generator().manual_seed(3))

    def picture(z: torch.Tensor) -> torch.Tensor:
        return model.generate({"z": z}, only=["x"])["x"].flatten()

    exact = torch.autograd.functional.jacobian(lambda z: picture(z[None]), code[0])
    found = jacobian(model, {"z": code}, "z", range(code.shape[1]))
    assert (found - exact).norm() < 0.01 * exact.norm()


def test_an_upper_level_has_directions_through_what_hangs_below_it():
    model = Ladder(latent=(3, 2)).build(Signature(Image(1, 4, 4), ()))
    code = {"z2": torch.randn(1, 2), "z1": torch.zeros(1, 3)}
    assert principal_directions(model, code, "z2").values[0] > 0
    moved = along_direction(model, code, "z2", torch.tensor([1.0, 0.0]), torch.tensor([-2.0, 2.0]))
    assert (moved["z1"][0] != moved["z1"][1]).any()


def test_of_a_wide_block_the_dimensions_that_are_used_most_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vae_core.explore.directions.MOST_DIMENSIONS", 2)
    model = VAE(latent=4).build(Signature(Image(1, 4, 4), ()))
    means = torch.randn(50, 4) * torch.tensor([0.1, 3.0, 0.2, 2.0])
    found = principal_directions(model, {"z": torch.zeros(1, 4)}, "z", means=means)
    assert found.vectors.shape == (2, 4)
    assert not found.vectors[:, [0, 2]].any()


def planted(n: int = 4000) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes `(n, 5)`, a unit vector, and the places of the codes along it."""
    generator = torch.Generator().manual_seed(0)
    vector = unit(torch.randn(5, generator=generator))
    z = torch.randn(n, 5, generator=generator)
    return z, vector, z @ vector


def test_a_planted_class_and_a_planted_number_are_found():
    z, vector, places = planted()
    found = class_direction(z, places > 0.3)
    assert found.vector @ vector > 0.999
    assert found.score > 0.99
    noise = 0.5 * torch.randn(len(z), generator=torch.Generator().manual_seed(1))
    found = number_direction(z, 40 + 7 * (places + noise))
    assert found.vector @ vector > 0.999
    assert found.score == pytest.approx(1 / np.sqrt(1.25), abs=0.02)  # corr(s, s + noise)
    assert number_direction(z, -places).vector @ vector < -0.999


def test_what_has_nothing_to_do_with_a_class_scores_a_half():
    z, _, _ = planted()
    members = torch.rand(len(z), generator=torch.Generator().manual_seed(2)) < 0.5
    assert class_direction(z, members).score == pytest.approx(0.5, abs=0.05)


def test_ridge_and_logistic_regression_solve_their_equations():
    z, _, places = planted(60)
    y = places + torch.arange(60) / 60
    centred, target = (z - z.mean(0)).double(), ((y - y.mean()) / y.std(correction=0)).double()
    w = torch.linalg.inv(centred.T @ centred + RIDGE * torch.eye(5).double()) @ centred.T @ target
    assert torch.allclose(number_direction(z, y).vector.double(), w / w.norm(), atol=1e-6)
    members = places + 0.8 * z[:, 0] > 0
    v = class_direction(z, members).vector.double()
    # Newton's method on the same loss, whose unknowns are w and b.
    rows = torch.cat([z, torch.ones(len(z), 1)], 1).double()
    penalty = torch.diag(torch.tensor([1 / C] * 5 + [0.0])).double()
    solution, t = torch.zeros(6).double(), members.double()
    for _ in range(30):
        p = torch.sigmoid(rows @ solution)
        hessian = rows.T @ (rows * (p * (1 - p))[:, None]) + penalty
        solution -= torch.linalg.solve(hessian, rows.T @ (p - t) + penalty @ solution)
    assert torch.allclose(v, unit(solution[:5]), atol=1e-3)


def test_numbers_that_are_missing_are_left_out():
    z, vector, places = planted(200)
    odd = places.clone()
    odd[::7] = torch.nan
    assert number_direction(z, odd).vector @ vector > 0.999


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda z: class_direction(z, torch.zeros(len(z), dtype=torch.bool)), "items of it and others"),
        (lambda z: number_direction(z, torch.ones(len(z))), "whose numbers differ"),
        (lambda z: number_direction(z, torch.full((len(z),), torch.nan)), "two items"),
        (lambda z: unit(z[0] - z[0]), "the same code"),
    ],
)
def test_what_gives_no_direction_is_said(call, words: str):
    with pytest.raises(ValueError, match=words):
        call(torch.randn(10, 3))


def test_a_code_that_is_shifted_keeps_what_is_at_right_angles():
    z, vector, _ = planted(8)
    to = torch.linspace(-2, 2, 8)
    moved = shifted(z, vector, to)
    assert torch.allclose(moved @ vector, to, atol=1e-5)
    rest = torch.eye(5) - torch.outer(vector, vector)
    assert torch.allclose(moved @ rest, z @ rest, atol=1e-5)


def test_a_reach_holds_the_encodings_and_the_prior():
    model = VAE(latent=5).build(Signature(Image(1, 4, 4), ()))
    z, vector, places = planted()
    low, high = reach_along(model, "z", 10 * z, vector)
    assert low < 10 * places.quantile(0.01) < 10 * places.quantile(0.99) < high
    assert reach_along(model, "z", 0 * z, vector) == pytest.approx((-3, 3), abs=1e-5)


def test_a_direction_survives_a_link_and_a_file_bit_by_bit():
    found = Direction.of(
        "grows älter & 50%", "z_u", torch.randn(16), "of ~ many ! words", "0123456789abcdef0"
    )
    assert Direction.decode(found.encode()) == found == Direction.from_json(found.to_json())
    assert found.unit.norm() == pytest.approx(1, abs=1e-6)
    assert "!" not in found.encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a~z",
        "a~z~~~",
        "a~z~~~!!",
        "a~z~~~AAAA",
        "a~z~~~AHwAfA",
        "~z~~~ADwAPA",
        "a b\n~z~~~ADwAPA",
        "a~z~~~A",
        "x~" * 9,
    ],
)
def test_a_text_that_is_no_direction_is_refused(text: str):
    with pytest.raises(ValueError, match=r"direction|name"):
        Direction.decode(text)


@pytest.mark.parametrize(
    "value",
    [None, 3, {}, {"name": "a", "block": "z", "vector": "ab"}, {"name": "a", "block": "z", "vector": [[1]]}],
)
def test_json_that_is_no_direction_is_refused(value: object):
    with pytest.raises(ValueError, match="a direction in a file"):
        Direction.from_json(value)


@pytest.mark.parametrize("name", ["", " a", "a ", "a!b", "a\nb", 41 * "a"])
def test_a_name_that_no_link_gives_back_is_refused(name: str):
    with pytest.raises(ValueError, match="1 to 40"):
        check_name(name)
