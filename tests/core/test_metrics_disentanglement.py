"""Scores of disentanglement: exact on representations that are the factors, that mix them and that are useless."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data, load_data
from vae_core.likelihoods import BernoulliPixels
from vae_core.metrics import METRICS, Evaluation, disentanglement
from vae_core.model import Model
from vae_core.nets import Joined
from vae_core.priors import StandardNormal

SIZES = (2, 3, 4)


def grid(repeats: int = 1, sizes: tuple[int, ...] = SIZES) -> Tensor:
    """Every combination of the factors, equally often."""
    return torch.tensor(list(itertools.product(*map(range, sizes))) * repeats)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def information(codes: Tensor, factors: Tensor) -> Tensor:
    return disentanglement.mutual_information(disentanglement.discretised(codes), factors)


# Counts


def test_bins_are_those_of_a_histogram():
    codes = normal(1, 500, 3)
    bins = disentanglement.discretised(codes)
    for j in range(3):
        expected, _ = np.histogram(codes[:, j].numpy(), 20)
        assert torch.bincount(bins[:, j], minlength=20).tolist() == expected.tolist()
    assert disentanglement.discretised(torch.ones(5, 1)).unique().numel() == 1  # a dead dimension has one bin


def test_information_of_counts_is_that_of_scikit_learn():
    from sklearn.metrics import mutual_info_score

    factors = torch.randint(5, (300, 2), generator=generator())
    bins = disentanglement.discretised(normal(1, 300, 3) + factors[:, :1])
    found = disentanglement.mutual_information(bins, factors)
    for j, f in itertools.product(range(3), range(2)):
        assert found[j, f].item() == pytest.approx(mutual_info_score(factors[:, f], bins[:, j]))
    exact = [mutual_info_score(values, values) for values in factors.T]
    assert disentanglement.entropies(factors).tolist() == pytest.approx(exact)


def test_codes_that_are_the_factors_have_the_whole_gap():
    factors = grid()
    found = information(factors.float() * torch.tensor([1.0, -3.0, 0.1]), factors)
    assert torch.allclose(found.diagonal(), torch.tensor(SIZES).double().log())
    assert disentanglement.mig(found, disentanglement.entropies(factors)) == pytest.approx(1.0)
    assert disentanglement.modularity(found) == pytest.approx(1.0)


def test_codes_that_say_everything_twice_have_no_gap():
    factors = grid()
    found = information(factors.float().repeat(1, 2), factors)
    assert disentanglement.mig(found, disentanglement.entropies(factors)) == pytest.approx(0.0)
    assert disentanglement.modularity(found) == pytest.approx(
        1.0
    )  # each dimension still knows one factor alone


def test_codes_of_all_factors_at_once_are_not_modular():
    factors = grid(sizes=(2, 2))
    both = (2 * factors[:, :1] + factors[:, 1:]).float()  # a dimension that knows both factors alike
    found = information(torch.cat([both, both], -1), factors)
    assert disentanglement.modularity(found) == pytest.approx(0.0)
    assert disentanglement.mig(found, disentanglement.entropies(factors)) == pytest.approx(0.0)


def test_codes_that_are_constant_know_nothing():
    found = information(torch.ones(24, 3), grid())
    assert found.abs().max() < 1e-12
    assert disentanglement.mig(found, disentanglement.entropies(grid())) == pytest.approx(0.0)
    assert disentanglement.modularity(torch.zeros(3, 3)) == 0.0
    assert disentanglement.modularity(found) == 0.0


@pytest.mark.parametrize("level", [0.0, 1.0, -0.3, 1e4])
def test_constant_dimensions_beside_a_good_one_are_not_modular(level: float):
    """Shares of 4,800 images do not add to 1 exactly: what rounding leaves is no information."""
    factors = grid(200)
    codes = torch.cat([factors[:, :1].float(), torch.full((4800, 3), level)], -1)
    assert disentanglement.modularity(information(codes, factors)) == pytest.approx(1 / 4, abs=1e-6)


def test_information_below_rounding_is_none_wherever_it_comes_from():
    found = torch.tensor([[0.5, 0.0], [2e-16, 0.0], [-2e-16, 1e-15]])
    assert disentanglement.modularity(found) == pytest.approx(1 / 3)
    assert disentanglement.modularity(found.double()) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("sizes", "score"), [((3, 6, 40, 32, 32), 0.66), ((3, 6, 40), 0.95)])
def test_noise_scores_as_its_docstring_says(sizes: tuple[int, ...], score: float):
    generator = torch.Generator().manual_seed(0)
    factors = torch.stack([torch.randint(size, (10_000,), generator=generator) for size in sizes], -1)
    found = information(torch.randn(10_000, 20, generator=generator), factors)
    assert disentanglement.modularity(found) == pytest.approx(score, abs=0.05)
    assert disentanglement.mig(found, disentanglement.entropies(factors)) < 0.001


def test_noise_knows_what_its_counts_feign():
    factors, codes = grid(200), normal(1, 4800, 4)
    feigned = 19 * (torch.tensor(SIZES) - 1) / (2 * 4800)
    assert torch.allclose(information(codes, factors).mean(0), feigned.double(), rtol=0.4)


def test_a_single_dimension_leads_by_all_it_knows():
    factors = grid()
    found = information(factors[:, :1].float(), factors)
    assert disentanglement.mig(found, disentanglement.entropies(factors)) == pytest.approx(1 / 3)


# Classifiers of factors


def test_one_dimension_for_each_binary_factor_is_separate_by_one_half():
    """The right dimension names all, every other one half of a balanced factor."""
    factors = grid(8, (2, 2, 2))
    accuracy = disentanglement.sap_matrix(factors.float(), factors, factors.float(), factors)
    assert torch.allclose(accuracy, 0.5 + 0.5 * torch.eye(3).double())
    assert disentanglement.sap(accuracy) == pytest.approx(0.5)
    twice = factors.float().repeat(1, 2)
    assert disentanglement.sap(disentanglement.sap_matrix(twice, factors, twice, factors)) == 0.0


def test_constant_codes_separate_nothing():
    factors = grid(8, (2, 2))
    nothing = torch.ones(32, 3)
    accuracy = disentanglement.sap_matrix(nothing, factors, nothing, factors)
    assert disentanglement.sap(accuracy) == 0.0
    assert accuracy.unique().tolist() == [0.5]


def test_a_rare_value_weighs_as_much_as_a_common_one():
    """A code that knows nothing names half of the images; without weights it would name the common value always, and be right."""
    factors = (torch.arange(1000) % 10 == 0).long()[:, None]
    codes = normal(1, 1000, 1)
    assert disentanglement.sap_matrix(codes, factors, codes, factors).item() < 0.7


@pytest.mark.slow
def test_trees_find_the_dimension_of_each_factor():
    factors = grid(20)
    codes = factors.float() + 0.05 * normal(1, *factors.shape)
    importance, right = disentanglement.importance_matrix(
        codes[:240], factors[:240], codes[240:], factors[240:]
    )
    assert torch.allclose(importance.sum(0), torch.ones(3).double())
    assert importance.argmax(0).tolist() == [0, 1, 2]
    assert disentanglement.dci_disentanglement(importance) > 0.99
    assert disentanglement.dci_completeness(importance) > 0.99
    assert right.tolist() == [1.0] * 3


@pytest.mark.slow
def test_trees_learn_nothing_from_noise_and_nothing_from_constants():
    factors = grid(40)
    halves = factors.chunk(2)
    noise = normal(1, len(factors), 6)
    importance, right = disentanglement.importance_matrix(noise[:480], halves[0], noise[480:], halves[1])
    assert disentanglement.dci_disentanglement(importance) < 0.1
    assert disentanglement.dci_completeness(importance) < 0.1
    assert torch.all((right - 1 / torch.tensor(SIZES)).abs() < 0.1)
    flat = torch.ones(len(halves[0]), 2)
    importance, _ = disentanglement.importance_matrix(flat, halves[0], flat, halves[1])
    assert importance.sum() == 0
    assert disentanglement.dci_disentanglement(importance) == pytest.approx(0.0, abs=1e-9)
    assert disentanglement.dci_completeness(importance) == pytest.approx(0.0, abs=1e-9)


def test_concentration_is_one_minus_entropy_weighed_by_importance():
    eye = torch.eye(3).double()
    assert disentanglement.dci_disentanglement(eye) == pytest.approx(1.0, abs=1e-8)
    assert disentanglement.dci_completeness(eye) == pytest.approx(1.0, abs=1e-8)
    even = torch.ones(4, 3).double() / 4
    assert disentanglement.dci_disentanglement(even) == pytest.approx(0.0, abs=1e-8)
    assert disentanglement.dci_completeness(even) == pytest.approx(0.0, abs=1e-8)
    # Two dimensions share the first factor, one has the second: each dimension has one factor, the first factor two dimensions of three.
    shared = torch.tensor([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]]).double()
    assert disentanglement.dci_disentanglement(shared) == pytest.approx(1.0, abs=1e-8)
    complete = 0.5 * (1 - math.log(2) / math.log(3)) + 0.5
    assert disentanglement.dci_completeness(shared) == pytest.approx(complete, abs=1e-8)
    # A dimension that matters more weighs more.
    uneven = torch.tensor([[0.9, 0.9], [0.1, 0.0], [0.0, 0.1]]).double()
    assert disentanglement.dci_disentanglement(uneven) == pytest.approx(0.1, abs=1e-8)


# Groups of images with one factor in common


def test_a_group_shares_its_factor_and_draws_the_others_uniformly():
    factors = grid(2)
    chosen, items = torch.tensor([2, 0, 1]), torch.tensor([5, 30, 17])
    rows = disentanglement.sharing(factors, chosen, items, 4000, generator())
    for vote, (f, item) in enumerate(zip(chosen, items, strict=True)):
        assert (factors[rows[vote], f] == factors[item, f]).all()
        for other in {0, 1, 2} - {int(f)}:
            shares = torch.bincount(factors[rows[vote], other]) / 4000
            assert torch.allclose(shares, torch.full_like(shares, 1 / SIZES[other]), atol=0.04)


def test_the_quietest_dimension_is_the_factor_that_is_shared():
    factors = grid(4)
    chosen, dimension = disentanglement.factorvae_votes(5 * factors.float(), factors, 300, generator())
    assert torch.equal(chosen, dimension)
    assert torch.bincount(chosen).min() > 60


def test_votes_do_not_depend_on_the_scale_of_a_dimension():
    factors = grid(10)
    codes = factors.float() + normal(1, len(factors), 3)
    _, one = disentanglement.factorvae_votes(codes, factors, 200, generator())
    _, other = disentanglement.factorvae_votes(
        codes * torch.tensor([10.0, 1.0, 0.1]), factors, 200, generator()
    )
    assert torch.equal(one, other)
    assert one.unique().numel() == 3


def test_dimensions_that_do_not_vary_have_no_vote():
    factors = grid(4)
    dead = torch.zeros(len(factors), 1)
    nearly = 0.01 * normal(1, len(factors), 1)
    codes = torch.cat([dead, nearly, factors.float()], -1)
    chosen, dimension = disentanglement.factorvae_votes(codes, factors, 200, generator())
    assert torch.equal(chosen, dimension - 2)
    loud = disentanglement.factorvae_votes(codes, factors, 200, generator(), least=0.0)[1]
    assert 0 not in loud
    with pytest.raises(ValueError, match="no dimension of the representation varies"):
        disentanglement.factorvae_votes(dead, factors, 10, generator())


@pytest.fixture
def _few_votes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vae_core.metrics.disentanglement.votes.VOTES", 1200)
    monkeypatch.setattr("vae_core.metrics.disentanglement.votes.TESTED_VOTES", 900)


SCORES = {"factorvae": disentanglement.factorvae_right, "betavae": disentanglement.betavae_right}


@pytest.mark.usefixtures("_few_votes")
@pytest.mark.parametrize("score", SCORES)
def test_groups_tell_their_factor_where_codes_are_factors_and_not_in_noise(score: str):
    factors = grid(30)
    ideal = SCORES[score](factors.float(), factors, generator())
    assert ideal.mean() == 1.0
    assert len(ideal) == 900
    noise = SCORES[score](normal(1, len(factors), 3), factors, generator())
    assert noise.mean().item() == pytest.approx(1 / 3, abs=0.06)


@pytest.mark.usefixtures("_few_votes")
def test_rotated_codes_name_their_factors_less_often():
    factors = grid(30, (4, 4))
    turned = factors.float() @ torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    assert disentanglement.factorvae_right(turned, factors, generator()).mean().item() < 0.65


@pytest.mark.usefixtures("_few_votes")
def test_codes_without_life_name_no_factor():
    factors = grid(4)
    assert disentanglement.factorvae_right(torch.ones(len(factors), 2), factors, generator()).sum() == 0


# The registry


PLAIN = {"mig", "modularity", "sap", "factorvae_score", "betavae_score"}


def factor_evaluation(encoder: Tensor, repeats: int = 40) -> Evaluation:
    """Images of one pixel for each value of two binary factors, lit for the value it has; posterior means `encoder @ pixels`."""
    factors = grid(repeats, (2, 2))
    images = torch.cat([nn.functional.one_hot(values, 2) for values in factors.T], -1).view(-1, 1, 2, 2)
    data = Data(
        "lamps",
        "test",
        (255 * images).to(torch.uint8),
        factors[:, 0],
        ("off", "on"),
        factors,
        factor_names=("a", "b"),
    )
    head, decoder = nn.Linear(4, 4), Joined(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2)))
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.weight[:2] = encoder
    model = Model(
        p={"z": StandardNormal(2), "x": BernoulliPixels(decoder, "z")},
        q={"z": DiagonalGaussian(Joined(head), "x")},
    )
    return Evaluation(model.requires_grad_(False), data, data)


IDEAL = torch.tensor([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])


@pytest.mark.usefixtures("_few_votes")
def test_a_model_that_has_the_factors_scores_all():
    found = {
        **disentanglement.disentanglement(factor_evaluation(IDEAL)),
        **disentanglement.dci(factor_evaluation(IDEAL)),
    }
    values = {name: estimate.value for name, estimate in found.items()}
    sap = values.pop("sap")
    assert sap == pytest.approx(0.5, abs=0.15)  # 16 images to test on in each part
    assert values == pytest.approx(dict.fromkeys(values, 1.0), abs=0.02)
    assert set(values) == PLAIN - {"sap"} | {
        f"dci_{part}" for part in ("disentanglement", "completeness", "informativeness")
    }
    assert {name: found[name].n for name in ("mig", "sap", "factorvae_score")} == {
        "mig": 160,
        "sap": 160,
        "factorvae_score": 900,
    }


@pytest.mark.slow
@pytest.mark.usefixtures("_few_votes")
def test_a_model_whose_codes_say_nothing_scores_nothing():
    found = {
        **disentanglement.disentanglement(factor_evaluation(torch.zeros(2, 4))),
        **disentanglement.dci(factor_evaluation(torch.zeros(2, 4))),
    }
    chance = {"betavae_score": 0.5, "dci_informativeness": 0.5}
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(chance.get(name, 0.0), abs=0.1), name
        assert math.isfinite(estimate.se)


@pytest.mark.usefixtures("_few_votes")
def test_scores_come_from_the_seed_alone():
    evaluation = factor_evaluation(IDEAL + 0.3)
    before = torch.random.get_rng_state()
    state = np.random.get_state()[1].tolist()  # noqa: NPY002 (the global stream is what must not move)
    first = disentanglement.disentanglement(evaluation)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert first == disentanglement.disentanglement(evaluation)


@pytest.mark.parametrize("group", ["disentanglement", "dci"])
def test_data_without_two_factors_that_vary_have_no_score(group: str):
    evaluation = factor_evaluation(IDEAL)
    assert METRICS[group](replace(evaluation, data=replace(evaluation.data, factors=None))) == {}
    one = evaluation.data.factors.clone()  # type: ignore[union-attr]
    one[:, 1] = 0
    assert METRICS[group](replace(evaluation, data=replace(evaluation.data, factors=one))) == {}
    with pytest.raises(ValueError, match="the factors of lamps are not known"):
        disentanglement.represented(replace(evaluation, data=replace(evaluation.data, factors=None)))


@pytest.mark.usefixtures("_few_votes")
def test_few_images_have_no_score_that_needs_parts():
    evaluation = factor_evaluation(IDEAL, repeats=24)
    assert set(disentanglement.disentanglement(evaluation)) == PLAIN - {"sap"}
    assert disentanglement.dci(evaluation) == {}


def test_a_page_has_the_names_of_rows_and_columns():
    found = disentanglement.represented(factor_evaluation(IDEAL))
    assert (found.dimensions, found.names) == (["z[0]", "z[1]"], ["a", "b"])
    assert information(found.codes, found.factors).shape == (2, 2)
    sprites = load_data("sprites", "test", 20)
    assert sprites.factors is not None
    assert len(sprites.factor_names) == sprites.factors.shape[1]


@pytest.mark.usefixtures("_few_votes")
def test_the_tables_of_an_ideal_representation_are_the_identity():
    evaluation = factor_evaluation(IDEAL)
    found = disentanglement.factor_tables(evaluation, ["disentanglement", "dci"])
    assert (found["dimensions"], found["factors"], found["n"]) == (
        ["z[0]", "z[1]"],
        ["a", "b"],
        len(evaluation.data),
    )
    assert found["information"] == [[1.0, 0.0], [0.0, 1.0]]
    assert found["importance"] == [[1.0, 0.0], [0.0, 1.0]]


def test_tables_hold_what_was_measured_alone():
    evaluation = factor_evaluation(IDEAL)
    assert "importance" not in disentanglement.factor_tables(evaluation, ["disentanglement", "elbo"])
    assert disentanglement.factor_tables(evaluation, ["elbo"]) == {}
    assert (
        disentanglement.factor_tables(factor_evaluation(IDEAL, repeats=24), ["dci"]) == {}
    )  # too few images for parts
    unknown = replace(evaluation, data=replace(evaluation.data, factors=None))
    assert disentanglement.factor_tables(unknown, ["disentanglement"]) == {}


def test_trees_are_fitted_once_for_scores_and_table(monkeypatch: pytest.MonkeyPatch):
    evaluation, fits = factor_evaluation(IDEAL), []
    fit = disentanglement.importance_matrix
    monkeypatch.setattr(
        "vae_core.metrics.disentanglement.groups.importance_matrix",
        lambda *half: fits.append(1) or fit(*half),
    )
    disentanglement.dci(evaluation)
    disentanglement.factor_tables(evaluation, ["dci"])
    assert len(fits) == disentanglement.PARTS


def test_parts_are_disjoint_and_halved(monkeypatch: pytest.MonkeyPatch):
    codes = torch.arange(300.0)[:, None]
    factors = torch.stack([torch.arange(300) % 2, torch.zeros(300).long()], -1)
    found = disentanglement.parts(codes, factors, generator())
    used = torch.cat([torch.cat([part[0], part[2]]) for part in found])[:, 0]
    assert len(found) == 5
    assert used.sort().values.tolist() == list(range(300))
    assert all(part[1].shape == (30, 1) for part in found)  # the factor that does not vary is left out
    monkeypatch.setattr("vae_core.metrics.disentanglement.factors.PART_IMAGES", 10)
    assert len(disentanglement.parts(codes, factors, generator())[0][0]) == 10


# InfoMEC


def test_a_dimension_for_each_factor_is_modular_compact_and_explicit():
    factors = grid(60)
    codes = factors[:, [2, 0, 1]] + 0.05 * normal(1, len(factors), 3)
    modular, explicit, compact = disentanglement.infomec_of(codes, factors)
    assert modular == pytest.approx(1, abs=0.05)
    assert compact == pytest.approx(1, abs=0.05)
    assert explicit == pytest.approx(1, abs=0.02)


def test_a_factor_over_two_dimensions_is_modular_and_not_compact():
    factors = grid(60)
    codes = factors[:, [0, 1, 2, 2]] + 0.05 * normal(1, len(factors), 4)
    modular, _, compact = disentanglement.infomec_of(codes, factors)
    assert modular == pytest.approx(1, abs=0.05)
    assert compact == pytest.approx((2 / 3 + (1 / 2 - 1 / 4) / (3 / 4) * 1 / 3), abs=0.05)


def test_two_factors_in_one_dimension_are_compact_and_not_modular():
    factors = grid(60)[:, 1:]
    codes = (4.0 * factors[:, :1] + factors[:, 1:]) + 0.05 * normal(1, len(factors), 1)
    modular, _, compact = disentanglement.infomec_of(codes, factors)
    assert compact == 1.0  # there is one dimension
    assert modular == pytest.approx(0, abs=0.1)


def test_what_hardly_moves_is_left_out_of_modularity_and_noise_tells_nothing():
    factors = grid(60)
    codes = factors + 0.05 * normal(1, len(factors), 3)
    extended = torch.cat([codes, 0.01 * normal(2, len(factors), 1)], 1)
    assert disentanglement.infomec_of(extended, factors)[::2] == pytest.approx(
        disentanglement.infomec_of(codes, factors)[::2]
    )
    assert disentanglement.explicitness(normal(3, len(factors), 2), factors) == pytest.approx(0, abs=0.01)
    assert disentanglement.infomec_of(torch.zeros(len(factors), 2), factors) == [0.0, 0.0, 0.0]
