"""Links at random over every page and models of every kind: a page without an exception. The seed is printed."""

import string
from random import Random

import pytest

from tests.app.test_strangers import NUMBERS, NUMERIC, VIEWS, opened, sentences
from tests.support.mutating import chances

pytestmark = [pytest.mark.slow, pytest.mark.campaign, pytest.mark.timeout(7200)]

MODELS = (
    *("vae-mnist", "cdvae-mnist", "mr-cdvae-mnist", "joint-mnist", "srvae-mnist", "ppca-mnist-plane"),
    *("vae-mnist-flow", "vae-mnist-vamp", "beta-tcvae-sprites", "factored-rooms", "cdvae-glyphs", "gone"),
)
OTHERS = {
    "block": ["z", "z_l", "joint", "y", "z_x"],
    "show": ["All models", "Factors", "Calibration", "none"],
    "layout": ["UMAP", "principal axes", "two dimensions", "x"],
    "find": ["7", "class 3", "ELBO < -150", "ELBO < x", "<", "#5"],
    "order": ["wrong class first", "least ELBO first", "x"],
    "look": ["Classes", "Holes", "x"],
    "start": ["prior draw", "item", "x"],
    "lesson": ["first-look", "gone"],
    "step": ["1", "99", "x"],
    "since": ["z~1", "~", "x"],
    "class": ["3", "all", "A", "x"],
    "betas": ["z~2", "z~-1"],
}
NAMES = sorted({name for names in NUMERIC.values() for name in names})


def value(chance: Random) -> str:
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(NUMBERS)
    if kind == 1:
        return str(chance.randrange(-5, 20_000))
    if kind == 2:
        return f"{chance.choice(['z', 'z_l', 'z_u', 'y', ''])}.{chance.randrange(40)}~{chance.uniform(-9, 9):.3f}"
    return "".join(chance.choice(string.printable + "~é\u202e") for _ in range(chance.randrange(30)))


def test_three_thousand_links_at_random_meet_no_exception():
    for chance in chances(3000):
        query = {name: value(chance) for name in chance.sample(NAMES, chance.randrange(6))}
        query |= {
            name: chance.choice(OTHERS[name]) for name in chance.sample(list(OTHERS), chance.randrange(3))
        }
        at = opened(chance.choice(VIEWS), **{"model": chance.choice(MODELS), **query})
        assert all(len(sentence) < 2500 for sentence in sentences(at))
