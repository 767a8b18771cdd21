"""Every page over every model, and what links ask for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import collection
from latent_explorer.session.sidebar import OF_NO_MODEL
from latent_explorer.text import JOINER
from streamlit.testing.v1 import AppTest

from tests.support.cards import KINDS, kind_of
from tests.support.tiers import case, covering, first
from vae_core import bundled

Open = Callable[..., AppTest]

VIEWS = Path(__file__).parents[2] / "app" / "latent_explorer" / "views"
PAGES = sorted(f"views/{path.name}" for path in VIEWS.glob("*.py"))
TRAINED = [
    "cdvae-digits",
    "cvae-digits",
    "flow-digits",
    "joint-digits",
    "ladder-digits",
    "ppca-digits",
    "rate-digits",
    "rates-digits",
    "srvae-digits",
    "vae-digits",
    "vamp-digits",
]


MORE = [name for name in bundled() if name not in KINDS.values()]
MODELS = [*KINDS.values(), *TRAINED]


def said(at: AppTest) -> str:
    """What a reader sees of it: the escapes of markdown are none of the text."""
    return (
        " ".join(element.value for element in (*at.warning, *at.error)).replace("\\", "").replace(JOINER, "")
    )


def healthy(at: AppTest) -> bool:
    assert not at.exception, at.exception[0].stack_trace
    return True


def test_the_models_tried_are_those_that_were_trained(trained: dict[str, Path]):
    assert sorted(trained) == TRAINED


def test_every_kind_of_bundled_model_is_tried():
    assert set(KINDS) == set(map(kind_of, bundled()))
    assert "mr-cdvae-mnist" in KINDS.values()  # the one that the app opens on


@pytest.mark.parametrize(
    ("page", "model"),
    [*covering(PAGES, MODELS), *(case(page, model, slow=True) for page in PAGES for model in MORE)],
)
def test_every_page_opens_for_every_model(open_page: Open, page: str, model: str):
    at = open_page(page, model=model)
    assert healthy(at)
    assert at.selectbox(key="model").value == model
    assert not said(at)


@pytest.mark.parametrize("page", first(PAGES, 3))
def test_an_unknown_model_gives_a_sentence_and_the_default(open_page: Open, page: str):
    at = open_page(page, model="cdvae-digit")
    assert healthy(at)
    assert "“cdvae-digit”" in said(at)
    assert "cdvae-digits" in said(at)


@pytest.mark.parametrize(
    ("page", "query", "words"),
    first(
        [
            ("views/traverse.py", {"block": "z_x"}, "block “z_x”"),
            ("views/traverse.py", {"start": "class", "class": "eleven"}, "start “class”"),
            ("views/traverse.py", {"start": "prior mean", "class": "eleven"}, "class “eleven”"),
            ("views/traverse.py", {"dim": "z_l[99]"}, "dimension “z_l[99]”"),
            ("views/traverse.py", {"item": "-3"}, "image “-3”"),
            ("views/generate.py", {"class": "eleven"}, "class “eleven”"),
            ("views/generate.py", {"hold": "z_x"}, "variable “z_x”"),
            ("views/generate.py", {"items": "1, two"}, "image numbers"),
            ("views/generate.py", {"items": "99999999"}, "image numbers"),
            ("views/map.py", {"item": "99999999"}, "image “99999999”"),
            ("views/map.py", {"selection": "z_l~1"}, "selection"),
            ("views/rate_distortion.py", {"model": "rates-digits", "beta_z_l": "73"}, "beta of z_l “73”"),
            ("views/rate_distortion.py", {"model": "rates-digits", "block": "z_x"}, "block “z_x”"),
            ("views/map.py", {"selection": "z_q~0~0~1~0~1~1"}, "“z_q”"),
        ],
        7,
    ),
)
def test_what_a_link_cannot_have_is_said_in_a_sentence(open_page: Open, page: str, query: dict, words: str):
    at = open_page(page, **{"model": "cdvae-digits", **query})
    assert healthy(at)
    assert words in said(at)


@pytest.mark.parametrize("page", first([page for page in PAGES if Path(page).stem not in OF_NO_MODEL], 4))
def test_a_link_restores_the_betas_on_every_page(open_page: Open, page: str):
    at = open_page(page, model="rates-digits", beta_z_l="1.78", beta_z_u="0.1")
    assert healthy(at)
    assert at.session_state["betas"] == {"z_l": 1.78, "z_u": 0.1}
    assert not said(at)


def test_a_model_of_one_beta_has_no_slider_for_it(open_page: Open):
    assert "β(z)" not in [slider.label for slider in open_page(model="vae-digits").select_slider]
    assert [slider.label for slider in open_page(model="rates-digits").select_slider] == ["β(z_l)", "β(z_u)"]


def test_a_measured_number_follows_the_slider(open_page: Open):
    at = open_page("views/rate_distortion.py", model="rate-digits")
    shown = {metric.label: float(metric.value) for metric in at.metric}
    at.select_slider(key="beta_z").set_value("10").run()
    assert healthy(at)
    moved = {metric.label: float(metric.value) for metric in at.metric}
    assert moved["rate, nats"] < shown["rate, nats"]
    assert moved["distortion, nats"] > shown["distortion, nats"]


def test_a_link_restores_the_traversal(open_page: Open):
    at = open_page(
        "views/traverse.py",
        model="cdvae-digits",
        block="z_u",
        start="prior draw",
        seed="7",
        span="2.0",
        **{"class": "4"},
    )
    assert healthy(at)
    assert at.selectbox(key="block").value == "z_u"
    assert at.selectbox(key="class").value == "4"
    assert (at.number_input(key="seed").value, at.slider(key="span").value) == (7, 2.0)


def test_a_link_restores_the_samples_and_the_items(open_page: Open):
    at = open_page("views/generate.py", model="cdvae-digits", seed="3", temperature="0.5", items="5, 6")
    assert healthy(at)
    assert (at.number_input(key="seed").value, at.slider(key="temperature").value) == (3, 0.5)
    assert at.text_input(key="items").value == "5, 6"


@pytest.mark.parametrize(
    ("model", "holdable"),
    [
        ("cdvae-digits", ["z_l", "z_u", "y"]),
        ("cvae-digits", ["z", "y"]),
        ("joint-digits", ["z", "y"]),
        ("ladder-digits", ["z1", "z2"]),
        ("srvae-digits", ["u", "z", "coarse"]),
    ],
)
def test_every_variable_of_a_model_can_be_held(open_page: Open, model: str, holdable: list[str]):
    for name in holdable:
        at = open_page("views/generate.py", model=model, hold=name)
        assert healthy(at)
        assert not said(at)
        assert at.selectbox(key="hold").options == holdable
        assert at.selectbox(key="hold").value == name


@pytest.mark.parametrize("model", ["joint-digits", "cvae-digits"])
def test_a_model_told_the_class_is_sampled_and_swapped_by_class(open_page: Open, model: str):
    at = open_page("views/generate.py", model=model, **{"class": "4"})
    assert healthy(at)
    assert at.selectbox(key="class").value == "4"
    assert "The same style in every class" in [element.value for element in at.subheader]


def test_a_mixture_prior_says_by_what_its_dimensions_are_ordered(open_page: Open):
    at = open_page("views/traverse.py", model="vamp-digits")
    assert healthy(at)
    assert any("does not divide over dimensions" in element.value for element in at.caption)


def test_the_prior_is_a_switch_between_checkpoints_made_alike(open_page: Open):
    at = open_page(model="vae-mnist")
    assert healthy(at)
    at.button_group(key="prior").set_value("vamp").run()
    assert healthy(at)
    assert at.selectbox(key="model").value == "vae-mnist-vamp"


def test_a_checkpoint_stands_for_its_own_prior_beside_a_copy(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in ("one", "two"):
        shutil.copytree(trained["vae-digits"], tmp_path / name)
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert [collection.by_prior(name)["normal"] for name in ("one", "two")] == ["one", "two"]


@pytest.mark.parametrize(
    "model", [[], {"name": "vae"}, {"name": "vae", "arguments": 3}, {"name": [], "arguments": {}}]
)
def test_a_card_that_describes_no_model_is_said_and_the_others_still_open(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: object
):
    folder = shutil.copytree(trained["vae-digits"], tmp_path / "odd")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "model": model}))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    for name in ("odd", "vae-mnist"):
        at = AppTest.from_file(str(VIEWS.parent / "main.py"), default_timeout=60)
        at.query_params["model"] = name
        assert healthy(at.run())
        assert ("cannot be opened" in said(at)) == (name == "odd")


def test_an_item_in_the_link_opens_it(open_page: Open):
    at = open_page(model="cdvae-digits", item="17")
    assert healthy(at)
    assert "Image 17" in [element.value for element in at.subheader]


def test_another_model_keeps_the_page_whole(open_page: Open):
    at = open_page("views/traverse.py", model="cdvae-digits", block="z_u")
    at.selectbox(key="model").set_value("vae-digits").run()
    assert healthy(at)
    assert at.selectbox(key="block").value == "z"


def test_a_model_without_classes_asks_for_none(open_page: Open):
    at = open_page("views/generate.py", model="vae-digits")
    assert healthy(at)
    assert [box.key for box in at.selectbox] == ["model"]


def test_a_damaged_checkpoint_is_said_and_the_others_still_open(
    open_page: Open, trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    broken = tmp_path / "broken"
    shutil.copytree(trained["vae-digits"], broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    shutil.copytree(trained["cdvae-digits"], tmp_path / "whole")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = AppTest.from_file(str(VIEWS.parent / "main.py"), default_timeout=60)
    at.query_params["model"] = "broken"
    at.run()
    assert healthy(at)
    assert "broken cannot be opened" in said(at)
    at.selectbox(key="model").set_value("whole").run()
    assert healthy(at)
    assert not said(at)


def test_betas_that_another_model_does_not_reach_become_its_nearest(open_page: Open):
    at = open_page(model="rates-digits", beta_z_u="10")
    at.selectbox(key="model").set_value("mr-cdvae-mnist").run()
    assert healthy(at)
    assert at.session_state["betas"]["z_u"] == 4.0


def test_what_is_interpolated_is_said(open_page: Open):
    def captions(beta: str) -> str:
        return " ".join(caption.value for caption in open_page(model="rate-digits", beta_z=beta).caption)

    assert "two of the beta grid" in captions("1.78")
    assert "two of the beta grid" not in captions("1")


@pytest.mark.parametrize(
    "frontier", [3, {"points": []}, {"points": [{}], "anchors": []}, {"points": [{"betas": {"z": 1.0}}]}]
)
def test_a_damaged_frontier_is_said(
    trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, frontier: object
):
    folder = shutil.copytree(trained["rate-digits"], tmp_path / "odd")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "frontier": frontier}))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = AppTest.from_file(str(VIEWS.parent / "main.py"), default_timeout=60)
    at.query_params["model"] = "odd"
    at.switch_page("views/rate_distortion.py")
    assert healthy(at.run())
    assert "its frontier is damaged" in said(at)


@pytest.mark.slow
def test_what_two_pages_call_the_same_is_the_same_widget(open_page: Open):
    """What was set on one page is found on another under its key: it has to mean something there."""
    kinds: dict[str, dict[str, set[str]]] = {}
    for page in PAGES:
        at = open_page(page, model="rates-digits", item="3")
        for widget in at.main:
            if key := getattr(widget, "key", None):
                kind = type(widget).__name__
                kind = "one of some words" if kind in ("ButtonGroup", "Selectbox") else kind
                kinds.setdefault(key, {}).setdefault(kind, set()).add(page)
    assert len(kinds) > 30
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}
