"""Every number that the bundled cards hold has a title in words and a unit; none is ambiguous."""

import json
import re

import pytest

from vae_core import bundled
from vae_core.metrics import HEADLINES, NUMBERS, number

CARDS = {name: json.loads((folder / "card.json").read_text()) for name, folder in bundled().items()}
NAMES = sorted({name for card in CARDS.values() for name in card["metrics"]})


def test_every_number_of_the_cards_has_words_of_its_own():
    unknown = [name for name in NAMES if not any(re.fullmatch(pattern, name) for pattern in NUMBERS)]
    assert unknown == []


def test_no_two_numbers_of_a_card_have_the_same_heading():
    for card in CARDS.values():
        headings = [
            number(name).heading for name in card["metrics"] if not name.startswith("class_information")
        ]
        assert len(set(headings)) == len(headings)


def test_a_title_holds_no_raw_name():
    blocks = {name.removeprefix("rate_") for name in NAMES if name.startswith("rate_")}
    known = re.compile("|".join(rf"\b{block}\b" for block in blocks))
    titles = {name: known.sub("", number(name).title) for name in NAMES}
    assert {name: title for name, title in titles.items() if "_" in title or "{" in title} == {}


@pytest.mark.parametrize("name", HEADLINES)
def test_a_headline_says_which_way_is_better(name: str):
    assert number(name).better in ("high", "low")


@pytest.mark.parametrize(
    ("name", "title", "told"),
    [
        ("rate_z_l", "rate of z_l, E KL(q ‖ p)", "12.50 ± 0.25 nats"),
        (
            "probe_z_u_knn_posterior",
            "class read from mean and log scale of z_u, k-nearest-neighbour probe",
            "1250.00% ± 25.00%",
        ),
        ("log_px_coarse", "evidence of x and coarse, importance-weighted bound", "12.50 ± 0.25 nats"),
        ("classifier_ece", "class by the classifier, calibration error", "1250.00% ± 25.00%"),
        ("prior_bayes_error_z_l", "Bayes error of the class priors of z_l", "1250.00% ± 25.00%"),
        ("components_nmi_u", "normalised mutual information of components and class in u", "12.500 ± 0.250"),
        ("something_new", "something new", "12.5 ± 0.25"),
    ],
)
def test_a_number_in_words(name: str, title: str, told: str):
    assert number(name).title == title
    assert number(name).told(12.5, 0.25) == told
