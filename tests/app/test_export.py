"""What a visitor takes along: numbers, animations, and what stands in the menu of a figure."""

import csv
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from latent_explorer.export import animations, tables
from latent_explorer.text import key
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.tiers import first

Open = Callable[..., AppTest]

TABLE = tables.table(
    {"z_l": torch.tensor([[0.1, -1e-7], [3.0, 2.5]]), "y": torch.tensor([[1.0], [0.0]])},
    item=[4, 17],
    to_class=["nought", "a, b"],
)


def test_a_csv_gives_the_same_floats_under_their_names():
    header, *rows = csv.reader(io.StringIO(tables.csv(TABLE).decode()))
    assert header == ["item", "to_class", "z_l[0]", "z_l[1]", "y[0]"]
    assert [row[:2] for row in rows] == [["4", "nought"], ["17", "a, b"]]
    assert (np.array([row[2:4] for row in rows], dtype=np.float32) == TABLE["z_l"]).all()


def test_an_npz_is_read_without_unpickling():
    with np.load(io.BytesIO(tables.npz(TABLE)), allow_pickle=False) as found:
        assert set(found) == set(TABLE)
        for name, values in TABLE.items():
            assert (found[name] == values).all()
            assert found[name].dtype == values.dtype


def frames_of(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as found:
        frames = []
        for number in range(found.n_frames):
            found.seek(number)
            frames.append(np.asarray(found.convert("RGB")).astype(int))
    return frames


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
@pytest.mark.parametrize("colours", [(), (3,)])
def test_an_animation_runs_there_and_back_and_shows_the_pixels_as_they_are(kind: str, colours: tuple):
    rng = np.random.default_rng(0)
    # A GIF has 256 colours: enough for all greys, and for a few of the other colours.
    images = rng.integers(0, 256, (3, 4, 7, 5, *colours), dtype=np.uint8)
    images = images // 128 * 255 if colours else images
    with Image.open(io.BytesIO(animations.animation(images, ["a", "b", "c"], kind))) as found:
        assert found.info["loop"] == 0
    frames = frames_of(animations.animation(images, ["a", "b", "c"], kind))
    assert len(frames) == 6  # 0 1 2 3 2 1
    assert (frames[1] == frames[5]).all()
    assert (frames[2] == frames[4]).all()
    factor = 16  # the least whole number that makes 7 pixels 112
    corner = (slice(animations.GAP + animations.LABEL, None), slice(animations.GAP, None))
    shown = frames[3][corner][: 7 * factor : factor, : 5 * factor : factor]
    expected = images[0, 3] if colours else images[0, 3][..., None].repeat(3, -1)
    assert (shown == expected).all()


def test_an_animation_of_one_path_needs_no_name():
    images = np.zeros((1, 3, 28, 28), dtype=np.uint8)
    assert frames_of(animations.animation(images, [""], "WEBP"))[0].shape[:2] == (112 + 12, 112 + 12)


MENUS = {
    "views/traverse.py": {"CSV", "NPZ", "GIF", "WebP"},
    "views/generate.py": {"CSV", "NPZ"},
    "views/rate_distortion.py": {"CSV", "NPZ"},
}


@pytest.mark.parametrize(("page", "files"), MENUS.items())
def test_each_figure_has_its_menu(open_page: Open, page: str, files: set[str]):
    at = open_page(page, model="rates-digits")
    assert not at.exception
    assert {button.label for button in at.get("download_button")} == files


ASKED = [
    ("views/traverse.py", {"span": "99"}, "range “99”"),
    ("views/traverse.py", {"start": "prior draw", "seed": "x"}, "seed “x”"),
    ("views/traverse.py", {"start": "your image"}, "sender’s own image"),
    ("views/generate.py", {"seed": "-1"}, "seed “-1”"),
    ("views/generate.py", {"temperature": "nan"}, "temperature “nan”"),
    ("views/generate.py", {"first": "99999999"}, "first image “99999999”"),
    ("views/generate.py", {"held-seed": "1.5"}, "seed of the draws “1.5”"),
    ("views/generate.py", {"held-temperature": "hot"}, "temperature of the draws “hot”"),
    ("views/generate.py", {"own": "true"}, "sender’s own image"),
]


@pytest.mark.parametrize(("page", "query", "words"), ASKED)
def test_what_a_link_cannot_have_is_said_in_one_sentence(open_page: Open, page: str, query: dict, words: str):
    at = open_page(page, model="cdvae-digits", **query)
    assert not at.exception
    assert [words in warning.value.replace("\\", "") for warning in at.warning] == [True]


@pytest.mark.slow
def test_an_own_image_that_is_taken_back_leaves_the_pages_whole(open_page: Open):
    for page, widget, value in (
        ("views/traverse.py", "start", "your image"),
        ("views/generate.py", "own", True),
    ):
        at = open_page(page, model="cdvae-digits")
        at.session_state["user-image-strokes"] = [
            {"points": [300, 200, 600, 200, 500, 800], "width": 75, "ink": 255}
        ]
        at.run()
        (at.selectbox if widget == "start" else at.toggle)(key=widget).set_value(value).run()
        assert not at.exception
        at.session_state["user-image-strokes"] = []
        at.run()
        assert not at.exception


def test_what_is_chosen_by_hand_is_no_fault_of_the_link(open_page: Open):
    at = open_page("views/traverse.py", model="cdvae-digits", block="z_u", dim="z_u[2]")
    assert at.selectbox(key="dim").value == "z_u[2]"
    at.selectbox(key="block").set_value("z_l").run()
    assert (at.selectbox(key="dim").value, len(at.warning)) == ("all", 0)
    at.selectbox(key="model").set_value("vae-digits").run()
    assert (at.selectbox(key="block").value, len(at.warning)) == ("z", 0)
    at = open_page("views/generate.py", model="cdvae-digits", hold="y")
    at.selectbox(key="model").set_value("srvae-digits").run()
    assert (at.selectbox(key="hold").value, len(at.warning)) == ("u", 0)


def test_a_model_of_one_beta_is_a_point_with_a_way_to_those_of_every_beta(open_page: Open):
    at = open_page("views/rate_distortion.py", model="srvae-mnist")
    assert "one β" in at.info[0].value
    at.button(key=f"go-{key('mr-vae-mnist')}").click().run()
    assert at.selectbox(key="model").value == "mr-vae-mnist"
    assert not at.info


def keys_of(at: AppTest, sort: str) -> set[str]:
    ids = (re.search(r'^id: "\$\$ID-[0-9a-f]+-(.*)"', str(part.proto), re.MULTILINE) for part in at.get(sort))
    return {found[1] for found in ids if found}


VIEWED = [
    ("views/measure.py", {"show": "This model", "model": "vae-digits-plane"}),  # which has numbers
    ("views/map.py", {"item": "3"}),
    ("views/traverse.py", {}),
    ("views/generate.py", {}),
    ("views/interpolate.py", {}),
    ("views/rate_distortion.py", {}),
    *(("views/prior.py", {"look": look}) for look in ("Components", "Classes", "Densities")),
    *(
        ("views/measure.py", {"show": show})
        for show in ("This model", "All models", "Two numbers", "Calibration", "Disentanglement")
    ),
    ("views/dimension.py", {}),
    ("views/elbo.py", {"item": "3"}),
]


def offered_and_there(at: AppTest) -> tuple[set[str], set[str]]:
    """The figures of which a picture is offered, and those that there are."""
    components = keys_of(at, "bidi_component")
    offered = {key.removeprefix("save-") for key in components if key.startswith("save-")}
    return offered, components | keys_of(at, "plotly_chart")


@pytest.mark.parametrize(("page", "query"), first(VIEWED, 7), ids=str)
def test_a_picture_is_offered_of_what_is_one(open_page: Open, page: str, query: dict[str, str]):
    offered, there = offered_and_there(open_page(page, **{"model": "rates-digits", **query}))
    assert offered <= there
