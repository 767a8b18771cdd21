"""The Live page without a browser: its state as a link and as a request, its handles, and what it refuses."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from latent_explorer.caches import user_images
from latent_explorer.components.controls import State
from latent_explorer.live import controls
from latent_explorer.pictures import to_bytes
from latent_explorer.user_image.images import UserImage

from tests.app.conftest import Open
from tests.support.cards import EVERY
from vae_core import Checkpoint, bundled, load
from vae_core.explore import codes_of, decode

CHECKPOINTS: dict[str, Checkpoint] = {}


def found(name: str) -> Checkpoint:
    return CHECKPOINTS.setdefault(name, load(bundled()[name]))


@pytest.mark.parametrize("name", EVERY)
def test_the_first_sight_is_the_decoded_item(name: str):
    checkpoint = found(name)
    state = controls.fitting(checkpoint, State(item=7))
    scene = controls.scene(checkpoint, state)
    means = {n: torch.from_numpy(checkpoint.atlas.means[n][[7]]) for n in checkpoint.model.latents}
    picture = to_bytes(decode(checkpoint.model, codes_of(means)), checkpoint.kind)
    shown = scene.pixels[0, :, :, : 3 if picture.ndim == 4 else 1].astype(int).reshape(picture[0].shape)
    assert np.abs(shown - picture[0].astype(int)).max() <= 1
    # Another place in a batch, another order of sums: some processors round one value the other way.
    assert np.abs(scene.pixels[0].astype(int) - scene.pixels[1].astype(int)).max() <= 1


@pytest.mark.parametrize("name", EVERY)
def test_every_dimension_has_a_handle_whose_range_holds_the_codes(name: str):
    checkpoint = found(name)
    for block in controls.handles(checkpoint):
        means = checkpoint.atlas.means[block.name]
        assert sorted(handle.dimension for handle in block.handles) == list(range(means.shape[1]))
        for handle in block.handles:
            inside = (means[:, handle.dimension] >= handle.low - 1e-3) & (
                means[:, handle.dimension] <= handle.high + 1e-3
            )
            assert inside.mean() > 0.99
            assert handle.low < handle.high


def test_moves_are_put_after_the_class_has_been_changed():
    checkpoint = found("cdvae-mnist")
    state = controls.fitting(checkpoint, State(item=7, label=2, moved={"z_u": {1: 1.5}, "z_l": {0: -1.0}}))
    codes = controls.scene(checkpoint, state).codes
    kept = checkpoint.atlas.means["z_u"][7].copy()
    kept[1] = 1.5
    assert np.allclose(codes["z_u"][0], kept, atol=1e-3)
    assert codes["z_l"][0][0] == -1.0
    assert codes["z_l"][0][2] == pytest.approx(8.0)


def test_a_draw_at_temperature_0_is_the_mean_of_the_prior():
    checkpoint = found("cdvae-mnist")
    state = controls.fitting(checkpoint, State("prior", label=4, temperature=0.0))
    codes = controls.scene(checkpoint, state).codes
    assert np.allclose(codes["z_u"], 0)
    assert codes["z_l"][0][4] == pytest.approx(8.0)


@pytest.mark.parametrize(
    "wild",
    [
        State("nowhere"),
        State(item=10**9),
        State(item=-4, seed=-1),
        State(label=77),
        State(temperature=float("nan")),
        State(temperature=1e9),
        State(moved={"z_q": {0: 1.0}, "z_u": {400: 1.0, -1: 2.0, 0: float("inf")}}),
        State(betas={"z_u": 3.0}),
    ],
)
def test_a_state_that_the_model_has_not_is_made_to_fit(wild: State):
    checkpoint = found("cdvae-mnist")
    state = controls.fitting(checkpoint, wild)
    assert state.moved == {}
    assert controls.scene(checkpoint, state).pixels.shape == (2, 28, 28, 1)


def test_ones_own_image_is_where_the_code_starts():
    checkpoint, own = found("cdvae-mnist"), UserImage(np.zeros((1, 28, 28), np.uint8))
    state = controls.fitting(checkpoint, State("own", label=2), own)
    assert state.start == "own"
    kept = user_images.codes(checkpoint, own)["z_u"][0][0]
    assert np.allclose(controls.scene(checkpoint, state, own).codes["z_u"][0], kept, atol=1e-3)
    assert controls.fitting(checkpoint, state, None).start == "item"


def test_a_link_to_somebody_elses_own_image_gets_a_sentence(open_page: Open):
    at = open_page("views/live.py", model="cdvae-mnist", start="own")
    assert "which it does not carry" in at.warning[0].value


@pytest.mark.parametrize("value", [None, 3, {}, {"start": "item"}, {"item": "x"}, [1]])
def test_what_is_no_state_is_read_as_none(value: Any):
    assert State.from_json(value) is None


def test_a_state_comes_back_from_the_browser_as_it_was():
    state = State("prior", 3, 2, 9, 0.5, {"z": {1: -0.25}}, {"z": 2.0})
    told = {**vars(state), "moved": {"z": {"1": -0.25}}, "reports": 4}
    assert State.from_json(told) == state


@pytest.mark.parametrize(
    "model", ["cdvae-mnist", "cvae-digits", "joint-digits", "rates-digits", "srvae-digits", "vamp-digits"]
)
def test_the_page_opens(open_page: Open, model: str):
    at = open_page("views/live.py", model=model)
    assert not at.exception
    assert not at.warning


def test_the_page_shows_what_its_link_says(open_page: Open):
    at = open_page("views/live.py", model="cdvae-mnist", item="5", **{"class": "3", "move": "z_u.1~1.5"})
    assert not at.warning
    state = controls.fitting(found("cdvae-mnist"), State(item=5, label=3, moved={"z_u": {1: 1.5}}))
    assert at.query_params["move"] in ("z_u.1~1.5", ["z_u.1~1.5"])
    assert replace(state, betas={}) == State(item=5, label=3, moved={"z_u": {1: 1.5}})


def test_a_link_with_blocks_of_another_model_gets_a_sentence(open_page: Open):
    at = open_page("views/live.py", model="vae-mnist", move="z_u.1~1.5")
    assert not at.exception
    assert "moves cannot be read" in at.warning[0].value


def test_another_model_drops_the_moves_without_a_word(open_page: Open):
    at = open_page("views/live.py", model="cdvae-mnist", move="z_u.1~1.5")
    at.selectbox(key="model").set_value("vae-mnist").run()
    assert not at.exception
    assert not at.warning
    assert "move" not in at.query_params


def test_a_report_that_comes_with_the_choice_of_another_model_is_of_the_one_before(open_page: Open):
    at = open_page("views/live.py", model="mr-cdvae-mnist", item="3")
    at.session_state["live-reported"] = "mr-cdvae-mnist"
    at.selectbox(key="model").set_value("rate-digits").run()
    assert not at.exception
    assert at.selectbox(key="model").value == "rate-digits"


def test_a_report_that_came_as_the_page_was_left_does_not_hide_a_later_link(open_page: Open):
    at = open_page(model="mr-cdvae-mnist")
    at.session_state["live-reported"] = "mr-cdvae-mnist"
    at.query_params["item"] = "5"
    at.switch_page("views/live.py").run()
    assert not at.exception
    assert at.query_params["item"] in ("5", ["5"])


def test_blocks_that_read_the_class_do_not_stay_when_it_changes():
    assert controls.kept(found("cdvae-mnist")) == ["z_u"]
    assert controls.kept(found("vae-mnist")) == found("vae-mnist").model.blocks
