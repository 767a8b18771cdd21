"""Cards: read and checked once, each field by its name; written back as they were, with what this version does not know."""

import copy
import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiers import first
from vae_core.checkpoints import CARD, Card, CheckpointError, Frontier, bundled, load, load_card, save_card
from vae_core.estimates import Estimate
from vae_core.objectives import ELBO, M2, MultiRateVAE

MEASURED = bundled()["mr-cdvae-mnist"]
FACTORS = bundled()["beta-tcvae-sprites"]
# What no field may be, and what JSON can say all the same.
ODD: list[Any] = [
    None,
    [],
    {},
    "text",
    -1,
    0.5,
    1e400,
    float("nan"),
    10**400,
    True,
    [[]],
    {"a": {}},
    "\ud800",
]


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CARD).read_text())


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_card_is_written_back_byte_for_byte_where_it_is_of_this_format(name: str, tmp_path: Path):
    card = load_card(bundled()[name])
    save_card(tmp_path, card)
    if told(bundled()[name])["format"] == 2:
        assert (tmp_path / CARD).read_bytes() == (bundled()[name] / CARD).read_bytes()
    assert load_card(tmp_path) == card


def test_what_a_card_says_has_a_kind():
    card = load_card(MEASURED)
    assert (card.model.name, card.data.name, card.data.shape) == ("cdvae", "mnist", (1, 28, 28))
    assert isinstance(card.objective, MultiRateVAE)
    assert card.rates == (0.25, 4.0)
    assert card.metrics["bayes_accuracy"] == Estimate(**told(MEASURED)["metrics"]["bayes_accuracy"])
    assert card.cost is not None
    assert card.cost.seconds == told(MEASURED)["cost"]["seconds"]
    assert card.commands(["bayes_accuracy"])[0].startswith("latent-explorer evaluate")
    assert card.images(["bayes_accuracy"]) == "the test images of mnist"
    assert card.frontier is not None
    assert [point.json() for point in card.frontier.points] == told(MEASURED)["frontier"]["points"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of an object and of what it holds; of a list the first alone."""
    items = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, inside in items:
        yield (*path, key)
        yield from places(inside, (*path, key))


def with_odd(card: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    changed = inside = copy.deepcopy(card)
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = odd
    return changed


def some(entry: Any) -> Any:
    """The first of many alike, so that a card is small and has every kind of field."""
    if isinstance(entry, dict):
        return {key: some(value) for key, value in [*entry.items()][:3]}
    return [some(value) for value in entry[:1]] if isinstance(entry, list) else entry


def small(folder: Path) -> dict[str, Any]:
    card = told(folder)
    many = ("metrics", "evaluations", "history")
    return {key: some(value) if key in many else value for key, value in card.items() if key != "frontier"}


@pytest.mark.parametrize("folder", first([MEASURED, FACTORS]), ids=lambda folder: folder.name)
def test_any_odd_value_anywhere_is_a_sentence_or_harms_nothing(folder: Path, one_line: Callable):
    card, wrong, tried = small(folder), [], 0
    for path in places(card):
        for odd in ODD:
            tried += 1
            try:
                read = Card.of(with_odd(card, path, odd))
                assert read.objective.says(read)
                json.dumps(read.json).encode()
            except ValueError as error:
                wrong.append(one_line(error))
    assert max(map(len, wrong)) < 400
    assert len(wrong) > 0.5 * tried


@pytest.mark.slow
def test_any_odd_value_in_a_frontier_is_a_sentence_or_harms_nothing(one_line: Callable):
    whole = told(MEASURED)["frontier"]
    frontier = {**whole, "points": whole["points"][:2], "anchors": whole["anchors"][:1]}
    wrong, tried = [], 0
    for path in places(frontier):
        for odd in ODD:
            tried += 1
            try:
                read = Frontier.of(with_odd(frontier, path, odd))
            except ValueError as error:
                wrong.append(one_line(error))
                continue
            assert read is not None
            assert read.columns()
            assert read.at(read.points[0].betas)["rate"] > 0
            assert all(anchor.objective + anchor.rate_error + anchor.gap.share for anchor in read.anchors)
            assert read.about
            assert all(isinstance(command, str) for command in read.gaps_by)
    assert len(wrong) > 0.5 * tried


WRONG = {
    ("model", "name"): "model.name",
    ("model", "arguments"): "model.arguments",
    ("data", "classes"): "data.classes",
    ("data", "images"): "data.images",
    ("objective", "name"): "objective.name",
    ("objective", "tc_beta"): "objective.tc_beta",
    ("training", "batch"): "training.batch",
    ("training", "seed"): "training.seed",
    ("epochs_done",): "epochs_done",
    ("cost", "seconds"): "cost.seconds",
    ("cost",): "cost",
    ("history",): "history",
    ("found",): "found",
    ("metrics",): "metrics",
    ("metrics", "distortion"): "metrics.distortion",
    ("metrics", "distortion", "se"): "metrics.distortion.se",
    ("evaluations", "elbo", "names"): "evaluations.elbo.names",
    ("evaluations", "elbo", "command"): "evaluations.elbo.command",
    ("factors",): "factors",
    ("factors", "information"): "factors.information",
    ("atlas",): "atlas",
    ("versions",): "versions",
    ("command",): "command",
}


@pytest.mark.parametrize("path", WRONG, ids=".".join)
def test_a_field_of_the_wrong_kind_is_named(path: tuple[str, ...], tmp_path: Path, one_line: Callable):
    card = with_odd(told(FACTORS), path, 10**400)
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointError) as caught:
        load_card(tmp_path)
    assert f"({WRONG[path]} is 1000" in one_line(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_field_that_is_missing_is_named(tmp_path: Path):
    for name in ("objective", "training", "epochs_done"):
        (tmp_path / CARD).write_text(
            json.dumps({key: value for key, value in told(FACTORS).items() if key != name})
        )
        with pytest.raises(CheckpointError, match=f"it lacks {name}"):
            load_card(tmp_path)


@pytest.mark.parametrize("table", [[[0.5]], [[0.5, 0.5]] * 3, [], [[]]])
def test_a_table_of_factors_of_another_size_is_refused(table: list):
    card = told(FACTORS)
    card["factors"]["information"] = table
    with pytest.raises(ValueError, match="factors: information is not a table of"):
        Card.of(card)


def test_what_this_version_does_not_know_is_kept(tmp_path: Path):
    card = told(MEASURED)
    card |= {"of_tomorrow": {"deep": [1, None, "é"]}}
    card["data"]["also_new"] = 3
    card["evaluations"]["elbo"]["mood"] = "good"
    (tmp_path / CARD).write_text(json.dumps(card))
    save_card(tmp_path, load_card(tmp_path).changed(atlas={"weights": "abc"}))
    assert told(tmp_path) == {**card, "atlas": {"weights": "abc"}}


def test_what_would_damage_a_card_is_not_put_into_it():
    card = load_card(MEASURED)
    with pytest.raises(ValueError, match=r"metrics.mig.se is NaN instead of a finite number"):
        card.changed(metrics={"mig": {"value": 0.5, "se": float("nan"), "n": 3}})


OLD = {
    "name": "elbo",
    "beta": {"z": 2.0},
    "beta_warmup": 0,
    "class_weight": 0.0,
    "labels": None,
    "rates": None,
}


def test_an_old_card_is_read_as_one_of_now():
    card = {key: value for key, value in told(bundled()["vae-mnist"]).items() if key != "objective"}
    training = {key: value for key, value in card["training"].items() if key != "stagewise"}
    old = {**card, "format": 1, "training": training, "objective": {**OLD, "stagewise": True}}
    assert Card.of(old).objective == ELBO(beta={"z": 2.0})
    assert Card.of(old).training.stagewise
    assert Card.of(old).json["format"] == 2
    some = Card.of({**old, "objective": {**OLD, "labels": 64}}).objective
    assert some == M2(beta={"z": 2.0}, labels=64)


@pytest.mark.parametrize("odd", ODD)
def test_an_old_card_with_an_odd_field_is_a_sentence(odd: Any, one_line: Callable):
    card = {**told(bundled()["vae-mnist"]), "format": 1}
    for path in (
        ("objective",),
        ("training",),
        ("objective", "name"),
        ("objective", "labels"),
        ("evaluation",),
    ):
        try:
            Card.of(with_odd(card, path, odd))
        except ValueError as error:
            one_line(error)


HUGE = {
    "an image of a billion pixels": ("data", {"shape": [1, 32_768, 32_768]}),
    "a latent of many": ("arguments", {"unlabelled": 65_536, "labelled": 65_536, "components": 65_536}),
    "classes without end": ("data", {"classes": [str(number) for number in range(200_000)]}),
}


@pytest.mark.parametrize("case", HUGE)
def test_a_card_that_asks_for_more_than_a_machine_has_costs_nothing(
    case: str, trained: dict[str, Path], tmp_path: Path, one_line: Callable
):
    folder = shutil.copytree(trained["cdvae-digits"], tmp_path / "huge")
    card, (part, fields) = told(folder), HUGE[case]
    (card["data"] if part == "data" else card["model"]["arguments"]).update(fields)
    (folder / CARD).write_text(json.dumps(card))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(
        CheckpointError, match=r"larger than the file of its weights|needs? at least|at most 65,536"
    ) as caught:
        load(folder)
    one_line(caught.value)
    assert time.monotonic() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes
