"""The page of one dimension: its order, its ends, what it writes, its rate over beta."""

import numpy as np
import pytest
import torch
from latent_explorer.caches import dimensions, encodings
from latent_explorer.charts.dimension import histogram

from tests.app.conftest import Open
from tests.app.test_directions import press
from tests.app.test_pages import healthy, said
from vae_core import bundled, load
from vae_core.explore import change_of_dimension, decode
from vae_core.kinds import Table
from vae_core.models import MODELS, Signature

PAGE = "views/dimension.py"


def test_the_page_opens_on_the_most_used_dimension_and_goes_from_one_to_the_next(open_page: Open):
    at = open_page(PAGE, model="cdvae-digits", block="z_u")
    assert healthy(at)
    names = at.selectbox(key="dim").options
    assert at.selectbox(key="dim").value == names[0]
    press(at, "Next")
    assert at.selectbox(key="dim").value == names[1]
    assert at.query_params["dim"] in (names[1], [names[1]])
    press(at, "Previous")
    assert at.selectbox(key="dim").value == names[0]
    assert next(button for button in at.button if button.label == "Previous").disabled


def test_a_link_restores_dimension_and_image(open_page: Open):
    at = open_page(PAGE, model="cdvae-digits", block="z_u", dim="z_u[3]", item="7")
    assert healthy(at)
    assert not said(at)
    assert at.selectbox(key="dim").value == "z_u[3]"
    assert "at image 7" in " ".join(caption.value for caption in at.caption)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"dim": "z_u[99]"}, "dimension “z_u[99]”"),
        ({"item": "-3"}, "image “-3”"),
        ({"block": "q"}, "block “q”"),
    ],
)
def test_what_a_link_cannot_have_is_said(open_page: Open, query: dict[str, str], words: str):
    at = open_page(PAGE, model="cdvae-digits", **{"block": "z_u", **query})
    assert healthy(at)
    assert words in said(at)


def test_the_ends_are_the_items_with_least_and_most():
    checkpoint = load(bundled()["vae-mnist"])
    values = checkpoint.atlas.means["z"][:, 3].astype(np.float32)
    low, high = dimensions.at_ends(checkpoint, "z", 3)
    assert values[low].tolist() == np.sort(values)[: len(low)].tolist()
    assert values[high].tolist() == np.sort(values)[::-1][: len(high)].tolist()


def test_the_rate_over_beta_falls_and_at_the_slider_it_is_that_of_the_page():
    checkpoint = load(bundled()["mr-vae-mnist"])
    found = dimensions.rate_over_betas(checkpoint, "z", 0)
    assert found is not None
    betas, rates = found
    assert len(betas) > 2
    assert rates[0] > rates[-1]
    here = encodings.rates(checkpoint)["z"][0]
    assert here is not None
    assert np.interp(0.0, np.log(betas), rates) == pytest.approx(here[0].item(), rel=0.02)
    assert dimensions.rate_over_betas(load(bundled()["vae-mnist"]), "z", 0) is None


def test_of_a_linear_decoder_a_dimension_writes_its_column():
    table = Table(("a", "b", "c"), ("real",) * 3, (0.0,) * 3, (1.0,) * 3, (-9.0,) * 3, (9.0,) * 3)
    model = MODELS["ppca"](latent=2).build(Signature(table, ()))
    with torch.no_grad():
        for parameter in model.p["x"].parameters():
            parameter.uniform_(0.5, 1.0, generator=torch.Generator().manual_seed(1))
    codes = {"z": torch.randn(5, 2, generator=torch.Generator().manual_seed(0))}
    column = decode(model, {"z": torch.tensor([[0.0, 1.0]])}) - decode(model, {"z": torch.zeros(1, 2)})
    assert column.abs().max() > 0
    found = change_of_dimension(model, codes, "z", 1, -1.5, 2.0)
    assert torch.allclose(found, 3.5 * column[0].abs(), atol=1e-5)


def test_the_bars_of_a_histogram_count_every_item_once():
    generator = np.random.default_rng(0)
    values, labels = generator.normal(size=500), generator.integers(0, 3, 500)
    _, table = histogram(values, labels, ["a", "b", "c"], "z[0]", "images", 0.0)
    assert [table[name].sum() for name in "abc"] == np.bincount(labels).tolist()
    assert (values >= table["from"][0]).all()
    assert (values <= table["to"][-1]).all()
