"""The page of paths, grids and differences: what links ask of it, and what it shows of each model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from latent_explorer.caches import encodings, priors
from latent_explorer.components import image_grid
from latent_explorer.user_image.chosen import SOURCE, STROKES
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.app.conftest import scripts_in
from tests.support.tiers import first
from vae_core import load

Open = Callable[..., AppTest]

PAGE = "views/interpolate.py"
A_STROKE = [{"width": 90, "ink": 255, "points": [500, 200, 500, 800]}]


def said(at: AppTest) -> str:
    assert not at.exception, at.exception[0].stack_trace
    return " ".join(element.value for element in (*at.warning, *at.error)).replace("\\", "")


def captions(at: AppTest) -> str:
    assert not at.exception, at.exception[0].stack_trace
    return " ".join(caption.value for caption in at.caption)


def numbers(at: AppTest) -> dict[str, int]:
    return {box.key: int(box.value) for box in at.number_input}


def with_a_drawing(at: AppTest) -> AppTest:
    at.session_state[STROKES], at.session_state[SOURCE] = A_STROKE, "drawing"
    return at.run()


def test_the_items_shown_first_are_of_several_classes(open_page: Open, trained: dict[str, Path]):
    at = open_page(PAGE, model="vae-digits")
    labels = load(trained["vae-digits"]).atlas.labels
    assert not said(at)
    chosen = numbers(at)
    assert len({labels[chosen[key]] for key in ("from", "to")}) == 2
    assert len({labels[chosen[key]] for key in ("c1", "c2", "c3", "c4")}) == 4
    assert labels[chosen["a"]] == labels[chosen["b"]] != labels[chosen["c"]]
    assert chosen["a"] != chosen["b"]


def test_a_link_restores_the_whole_view(open_page: Open):
    query = {"from": "7", "to": "9", "steps": "7", "c3": "30", "b": "5", "corners": "three"}
    query |= {"move": "z_u", "averaged": "z_l", "terms": "z_u", "measure": "log density", "of": "items"}
    at = open_page(PAGE, model="cdvae-digits", **query)
    assert not said(at)
    assert {"from": 7, "to": 9, "c3": 30, "b": 5}.items() <= numbers(at).items()
    assert "c4" not in numbers(at)
    assert at.slider(key="steps").value == 7
    chosen = {group.key: group.value for group in at.button_group}
    assert {key: chosen[key] for key in ("corners", "move", "averaged", "terms", "measure")} == {
        key: query[key] for key in ("corners", "move", "averaged", "terms", "measure")
    }


@pytest.mark.parametrize(
    ("query", "words"),
    first(
        [
            ({"from": "99999999"}, "image “99999999”. Give a whole number from 0 to 446."),
            ({"to": "seven"}, "image “seven”"),
            ({"c4": "-1"}, "image “-1”"),
            ({"a": "1.5"}, "image “1.5”"),
            ({"steps": "900"}, "number of steps “900”"),
            ({"move": "z_x"}, "latent “z_x”"),
            ({"averaged": "z_x"}, "latent “z_x”"),
            ({"terms": "z_x"}, "latent “z_x”"),
            ({"corners": "five"}, "number of corners “five”"),
            ({"measure": "height"}, "measure “height”"),
            ({"of": "dreams"}, "kind “dreams”"),
            ({"of": "class means", "class-a": "eleven"}, "class “eleven”"),
            ({"own": "true"}, "which it does not carry"),
        ],
        5,
    ),
)
def test_what_a_link_cannot_have_is_said_in_a_sentence(open_page: Open, query: dict, words: str):
    at = open_page(PAGE, model="cdvae-digits", **query)
    assert words in said(at)
    assert len(at.warning) == 1


@pytest.mark.slow
def test_another_pair_is_of_two_classes_and_the_page_stays_whole(open_page: Open, trained: dict[str, Path]):
    at = open_page(PAGE, model="cdvae-digits")
    labels, before = load(trained["cdvae-digits"]).atlas.labels, numbers(at)
    seen = set()
    for _ in range(4):
        at.button(key="draw-from").click().run()
        now = numbers(at)
        assert labels[now["from"]] != labels[now["to"]]
        assert {key: now[key] for key in ("c1", "a")} == {key: before[key] for key in ("c1", "a")}
        seen.add((now["from"], now["to"]))
    assert len(seen) > 1
    assert not said(at)


@pytest.mark.parametrize(
    ("model", "asked"),
    first(
        [
            ("cdvae-digits", ["all", "z_l", "z_u"]),
            ("vae-digits", None),
            ("srvae-digits", ["all", "u", "z"]),
            ("joint-digits", ["all", "y", "z"]),
            ("cvae-digits", ["all", "z", "y"]),
            ("ladder-digits", ["all", "z1", "z2"]),
        ],
        2,
    ),
)
def test_a_model_is_asked_which_latents_move_where_it_has_several(
    open_page: Open, model: str, asked: list | None
):
    at = open_page(PAGE, model=model)
    found = {group.key: group.options for group in at.button_group}
    assert found.get("move") == asked
    for name in (asked or [])[1:]:
        for key in ("move", "averaged", "terms"):
            assert not said(open_page(PAGE, model=model, **{key: name}))


def test_only_a_model_with_labelled_blocks_says_the_class_along_a_path(open_page: Open):
    assert "p(class | z_l)" in captions(open_page(PAGE, model="cdvae-digits"))
    for model in ("joint-digits", "vae-digits"):
        assert "p(class | z" not in captions(open_page(PAGE, model=model))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The pixels `(R, C, H, W)` of every grid that a page has drawn since, in order."""
    found: list[np.ndarray] = []
    pack = image_grid.pack
    monkeypatch.setattr(
        image_grid, "pack", lambda header, images: found.append(images) or pack(header, images)
    )
    return found


@pytest.mark.parametrize(
    ("model", "query"),
    first(
        [
            ("mr-cdvae-mnist", {"move": "z_l", "averaged": "z_u", "beta_z_l": "2"}),
            ("joint-mnist", {"corners": "three", "of": "class means"}),
            ("srvae-mnist", {"steps": "5", "terms": "u"}),
            ("vae-mnist-mixture", {}),
        ]
    ),
)
def test_the_script_of_every_figure_makes_the_picture_of_the_page(
    open_page: Open,
    shown: list[np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    query: dict,
):
    monkeypatch.chdir(tmp_path)
    at = open_page(PAGE, model=model, **query)
    assert not said(at)
    for grid, script in zip(shown, scripts_in(at), strict=True):
        exec(compile(script, "script", "exec"), {"__name__": "__main__"})
        with Image.open("picture.png") as picture:
            made = np.asarray(picture.convert("L")).astype(int)
        page = grid.transpose(0, 2, 1, 3).reshape(made.shape)
        assert np.abs(made - page).max() <= 1


@pytest.mark.slow
def test_the_script_of_a_path_from_ones_own_image_makes_the_picture_of_the_page(
    open_page: Open, shown: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    at = with_a_drawing(open_page(PAGE, model="cdvae-mnist"))
    shown.clear()
    at.toggle(key="own").set_value(True).run()
    exec(compile(scripts_in(at)[0], "script", "exec"), {"__name__": "__main__"})
    with Image.open("picture.png") as picture:
        made = np.asarray(picture.convert("L")).astype(int)
    assert np.abs(made - shown[0].transpose(0, 2, 1, 3).reshape(made.shape)).max() <= 1


@pytest.mark.slow
def test_it_is_said_where_the_class_means_come_from(open_page: Open):
    assert "means of p(z | class); the other latents go straight" in captions(
        open_page(PAGE, model="cdvae-digits")
    )
    assert "means of the codes of their images" in captions(open_page(PAGE, model="vae-digits"))
    assert "There is no path over class means" in captions(open_page(PAGE, model="cdvae-digits", move="z_u"))


@pytest.mark.slow
def test_a_latent_class_is_said_to_switch(open_page: Open):
    for model in ("joint-digits", "cvae-digits"):
        assert "class switches" in captions(open_page(PAGE, model=model))
    assert "class switches" not in captions(open_page(PAGE, model="joint-digits", move="z"))
    assert "class switches" not in captions(open_page(PAGE, model="cdvae-digits"))


@pytest.mark.parametrize(
    "model",
    first(["cvae-digits", "cdvae-digits", "joint-digits", "ppca-digits", "srvae-digits", "vamp-digits"], 2),
)
def test_differences_of_class_means_and_triangles_are_shown_for_every_model(open_page: Open, model: str):
    at = open_page(PAGE, model=model, of="class means", corners="three", measure="log density")
    assert not said(at)
    assert [box.label for box in at.selectbox if box.label.endswith("class")] == [
        "a, class",
        "b, class",
        "c, class",
    ]


@pytest.mark.slow
def test_ones_own_image_can_be_the_first_end(open_page: Open):
    for model in ("cdvae-digits", "vae-digits", "cvae-digits"):
        at = with_a_drawing(open_page(PAGE, model=model))
        assert not said(at)
        assert not at.toggle(key="own").value
        at.toggle(key="own").set_value(True).run()
        assert not said(at)
        assert at.number_input(key="from").disabled
        # Nobody says the class of an image to a model that knows none.
        assert ("class means**" in captions(at)) == (model != "vae-digits")


def test_another_model_keeps_the_items_and_has_its_own_latents(open_page: Open):
    at = open_page(PAGE, model="cdvae-digits", move="z_u", **{"from": "40"})
    at.selectbox(key="model").set_value("vae-digits").run()
    assert not said(at)
    assert numbers(at)["from"] == 40
    assert "move" not in [group.key for group in at.button_group]


def test_nine_in_ten_items_lie_within_what_is_called_usual(trained: dict[str, Path]):
    found = load(trained["cdvae-digits"])
    means = encodings.item_codes(found, list(range(len(found.atlas))))
    for measure, of in priors.PRIOR_MEASURES.items():
        for block, (low, high) in priors.usual_under_prior(found, measure).items():
            values = of(found.model, block, means).numpy()
            assert abs(np.mean((values >= low) & (values <= high)) - 0.9) < 0.01
