"""What beta does: what the browser is sent of a model at nine betas, for every kind of model and observation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import collection
from latent_explorer.components.betas import Left
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, opened
from tests.conftest import principal_components
from tests.support.tiers import first
from tests.support.trained import Trained
from vae_core import projections
from vae_core.checkpoints import load, save_atlas
from vae_core.data import SOURCES_VARIABLE, Data, open_data
from vae_core.kinds import Image
from vae_core.models import VAE
from vae_core.training import Options, train

PAGE = "views/rate_distortion.py"
QUICK = Options(epochs=1, batch=16, warmup=2, device="cpu")


def sent(at: AppTest) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the arrays that the strip is given."""
    assert not at.exception, [error.message for error in at.exception]
    [data] = [part.proto.bytes for part in at.get("bidi_component") if b'"columns"' in part.proto.bytes]
    end = 4 + int.from_bytes(data[:4], "little")
    header, arrays = json.loads(data[4:end]), []
    for kind, size in header["arrays"]:
        array = np.frombuffer(data, kind, size, end)
        arrays.append(array)
        end += -(-array.nbytes // 8) * 8
    return header, arrays


@pytest.mark.parametrize(
    ("model", "block"),
    first([("rates-digits", "z_u"), ("rate-digits", "z"), ("rates-digits", "z_l"), ("mr-vae-mnist", "z")], 2),
)
def test_what_is_shown_was_measured(open_page: Open, model: str, block: str):
    header, (pixels, levels, labels) = sent(open_page(PAGE, model=model, block=block, item="3"))
    assert len(header["columns"]) == 9
    assert header["shape"][0] in (
        10,
        11,
    )  # the columns, the present beta, and the original where it is at hand
    assert len(pixels) == np.prod(header["shape"])
    assert header["start"] == {"mix": {name: [[[3, 1]]] for name in header["start"]["mix"]}}
    assert len(levels) == 2 * len(labels) * len(header["cloud"]["betas"])
    others = {name: beta for name, beta in header["betas"].items() if name != block}
    for place, beta in enumerate(header["kept"]["betas"]):
        at = {**others, block: beta}
        point = next(p for p in header["plane"]["points"] if p["betas"] == at)
        assert header["kept"]["total"][place] == pytest.approx(point["rate"], abs=1e-3)
        assert header["kept"]["error"][place] is not None


def test_as_many_lamps_are_lit_as_were_measured_active(open_page: Open, trained: Trained):
    header, _ = sent(open_page(PAGE, model="rate-digits"))
    frontier = load(trained["rate-digits"]).frontier
    assert frontier is not None
    assert [sum(lit) for lit in header["kept"]["active"]] == [
        point.numbers["active_units_z"].value for point in frontier.points
    ]
    used = {d for d in header["order"] for lit in header["kept"]["active"] if lit[d]}
    assert used == {d for lit in header["kept"]["active"] for d, on in enumerate(lit) if on}


def test_between_two_measured_betas_of_the_other_block_no_error_is_claimed(open_page: Open):
    header, _ = sent(open_page(PAGE, model="rates-digits", block="z_u", beta_z_l="1.78"))
    assert set(header["kept"]["error"]) == {None}
    assert all(rate is not None for rate in header["kept"]["rate"])


def test_the_picture_at_the_present_beta_is_that_of_its_column(open_page: Open):
    header, (pixels, *_) = sent(open_page(PAGE, model="rate-digits", beta_z="10", item="5"))
    pictures = pixels.reshape(header["shape"])
    assert (pictures[9] == pictures[8]).all()
    assert (pictures[9] != pictures[0]).any()


@pytest.mark.parametrize(("asked", "said"), [("7.7", True), ("nan", True), ("0.1", False), ("10", False)])
def test_what_is_compared_with_is_in_the_link(open_page: Open, asked: str, said: bool):
    at = open_page(PAGE, model="rate-digits", since=asked)
    header, _ = sent(at)
    assert header["since"] == pytest.approx(0.1 if said else float(asked))
    assert any("beta to compare with" in warning.value for warning in at.warning) == said


def test_another_image_is_one_of_the_atlas_and_in_the_link(open_page: Open):
    at = open_page(PAGE, model="rate-digits")
    at.button(key="another-item").click().run()
    header, _ = sent(at)
    item = int("".join(at.query_params["item"]))
    assert header["start"]["mix"]["z"] == [[[item, 1]]]


def test_a_model_without_a_frontier_shows_what_its_encodings_say(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = shutil.copytree(trained["rates-digits"], tmp_path / "unmeasured")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "frontier": None}))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = opened(PAGE, model="unmeasured", block="z_u")
    header, _ = sent(at)
    assert header["plane"] is None
    assert set(header["kept"]["error"]) == {None}
    assert header["kept"]["rate"][0] > header["kept"]["rate"][-1] > 0
    assert "encodings" in header["words"]["measured"]
    assert any("has not been measured" in info.value for info in at.info)


@pytest.mark.parametrize("model", first(["vae-digits", "ppca-digits", "srvae-digits"], 1))
def test_a_model_of_one_beta_has_one_line_and_a_way_to_others(open_page: Open, model: str):
    at = open_page(PAGE, model=model)
    assert not at.exception
    [info] = at.info
    assert "one β" in info.value
    assert not at.metric
    assert not collection.has_betas(model)
    at.button(key="go-mr-vae-mnist").click().run()
    assert sent(at)[0]["model"] == "mr-vae-mnist"


@pytest.mark.parametrize("value", [None, {}, {"betas": 3, "since": 1}, {"betas": {"z": "x"}, "since": 1}])
def test_a_report_that_is_none_is_left(value: Any):
    assert Left.from_json(value) is None
    assert Left.from_json({"betas": {"z": float("nan")}, "since": 1}) is None
    assert Left.from_json({"betas": {"z": 2}, "since": 1}) == Left({"z": 2.0}, 1.0)


# ---- other kinds of observation


def rows(home: Path) -> Data:
    generator = np.random.default_rng(0)
    names = ("height", "weight", "<b>age</b>")
    table = pd.DataFrame({name: generator.normal(size=60) for name in names})
    table.to_csv(home / "people.csv", index=False)
    return open_data(home / "people.csv").split("all")


def colours(home: Path) -> Data:
    import torch

    images = torch.randint(
        0, 256, (60, 3, 8, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return Data("colours", "test", images, torch.zeros(60, dtype=torch.long), (), kind=Image(3, 8, 6))


@pytest.mark.slow
@pytest.mark.parametrize("make", [rows, colours])
def test_tables_and_colours_have_their_pictures(
    make: Callable[[Path], Data], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(projections, "umap", principal_components)
    data = make(tmp_path)
    found = train(VAE(latent=1, nets="mlp-256", rates=(0.1, 10.0)), data, QUICK, tmp_path / "runs" / "theirs")
    save_atlas(found.folder, projections.make_atlas(found.model, data))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "runs"))
    monkeypatch.setenv(SOURCES_VARIABLE, str(tmp_path / "people.csv"))
    at = opened(PAGE, model="theirs", item="4")
    header, (pixels, *_) = sent(at)
    assert len(header["kept"]["active"][0]) == 1  # one dimension: the second axis of the map is empty
    assert header["cloud"]["shares"][1] == 0
    assert header["shape"][3] in (1, 3)
    assert len(pixels) == np.prod(header["shape"])
