"""Every page over checkpoints whose data has no class, one class, or 128 of them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import maps
from latent_explorer.caches.layouts import Laid
from latent_explorer.parts import panels
from latent_explorer.sections.map.panel import panel
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN, opened
from tests.conftest import principal_components
from tests.kinds import bars
from tests.support.tiers import case, covering
from tests.support.trained import Trained
from vae_core import projections
from vae_core.checkpoints import load, save_atlas, save_card
from vae_core.data import DATASETS, Data, Dataset
from vae_core.metrics import evaluation_of, measure
from vae_core.models import CDVAE, PPCA, SRVAE, VAE, Declaration, Joint
from vae_core.training import Options, train

Open = Callable[..., AppTest]

PAGES = sorted(f"views/{path.name}" for path in (MAIN.parent / "views").glob("*.py"))
QUICK = Options(epochs=2, batch=16, warmup=2, device="cpu")
# Models by how many classes their data has.
MODELS: dict[str, tuple[int, Declaration]] = {
    "vae-of-none": (0, VAE(latent=2, nets="mlp-256")),
    "vae-of-none-vamp": (0, VAE(latent=2, nets="mlp-256", prior="vamp", components=4)),
    "ppca-of-none": (0, PPCA(latent=2)),
    "rate-of-none": (0, VAE(latent=2, nets="mlp-256", rates=(0.1, 10.0))),
    "srvae-of-none": (0, SRVAE(latent=2, coarse_latent=2, pool=2, prior="mixture", nets="mlp-256")),
    "cdvae-of-one": (1, CDVAE(unlabelled=2, nets="mlp-256")),
    "joint-of-one": (1, Joint(latent=2, nets="mlp-256")),
    "vae-of-one": (1, VAE(latent=2, nets="mlp-256")),
    "cdvae-of-128": (128, CDVAE(unlabelled=2, nets="mlp-256")),
    "joint-of-128": (128, Joint(latent=2, nets="mlp-256")),
    "joint-of-75": (75, Joint(latent=2, nets="mlp-256")),
}
# Images to train on and to test on: some of the 75 classes have none of the latter.
SIZES = {75: {"train": 150, "test": 20}}
USUAL = {"train": 256, "test": 140}
# Links into the parts of the pages: each is opened over some models, whatever it means for them.
LINKS: list[tuple[str, dict[str, str]]] = [
    ("views/map.py", {"item": "3", "hidden": "0"}),
    ("views/generate.py", {"hold": "y"}),
    ("views/live.py", {"item": "3", "class": "class 0"}),
    ("views/traverse.py", {"item": "3", "start": "prior mean"}),
    ("views/interpolate.py", {"of": "class means", "corners": "three", "measure": "log density"}),
    *(("views/prior.py", {"look": look}) for look in ("Components", "Classes", "Densities", "Holes")),
    ("views/prior.py", {"look": "Classes", "of": "encodings", "matrix": "Bhattacharyya"}),
    ("views/prior.py", {"look": "Classes", "pair": "class 60~class 70"}),
    *(("views/measure.py", {"show": show}) for show in ("Calibration", "Factors", "Two numbers")),
]
SOME = ("vae-of-none", "cdvae-of-one", "cdvae-of-128", "joint-of-75")
EASY = [*SOME, "rate-of-none"]  # each costs a training


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The models, each trained, mapped and measured when it is first asked for; their data are known by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        for classes in {classes for classes, _ in MODELS.values()}:

            def load(split: str, limit: int | None, classes: int = classes) -> Data:
                return bars(split, SIZES.get(classes, USUAL)[split], classes, f"kind-{classes}")

            patch.setitem(DATASETS, f"kind-{classes}", Dataset(load("test", None).signature, load, "bars"))
        yield Trained(MODELS, made, tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("kinds"))


def made(name: str, folder: Path) -> None:
    classes, declaration = MODELS[name]
    data = DATASETS[f"kind-{classes}"].load
    found = train(declaration, data("train", None), QUICK, folder)
    save_atlas(folder, projections.make_atlas(found.model, data("test", None)))
    numbers = measure(evaluation_of(found), ["elbo", "active", "bayes"])
    metrics = {name: number._asdict() for name, number in numbers.items()}
    how = {"data": f"kind-{classes}", "split": "test", "seed": 0, "command": "latent-explorer evaluate"}
    save_card(folder, found.card.changed(metrics=metrics, evaluation=how))


@pytest.fixture
def open_kind(kinds: Trained, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A page over one of the models, as a link with these parameters opens it."""
    monkeypatch.setenv(MODELS_VARIABLE, str(kinds.folder))

    def open_one(page: str, model: str, **query: str) -> AppTest:
        assert kinds[model].exists()
        return opened(page, model=model, **query)

    return open_one


def healthy(at: AppTest) -> AppTest:
    assert not at.exception, at.exception[0].stack_trace
    return at


@pytest.mark.parametrize(
    ("page", "model"),
    covering(PAGES, EASY)
    + [case(page, model, slow=True) for page in PAGES for model in MODELS if model not in EASY],
)
def test_every_page_opens(open_kind: Open, page: str, model: str):
    at = healthy(open_kind(page, model=model))
    assert at.selectbox(key="model").value == model
    assert not [part.value for part in (*at.warning, *at.error)]


@pytest.mark.parametrize(("page", "query", "model"), covering(LINKS, SOME), ids=str)
def test_what_a_page_has_parts_for_opens_too(open_kind: Open, page: str, query: dict[str, str], model: str):
    at = healthy(open_kind(page, model=model, **query))
    assert at.selectbox(key="model").value == model


def data_of(at: AppTest, words: str) -> str:
    """What the one component of a page is sent in which these words stand."""
    sent = [part.proto for part in at.get("bidi_component") if "glossary" not in part.proto.component_name]
    (found,) = [str(proto) for proto in sent if words in str(proto)]
    return found


def test_many_classes_come_in_pages_by_name_and_the_most_probable_first(open_kind: Open):
    at = healthy(open_kind("views/generate.py", model="cdvae-of-128"))
    for key, title in (("samples-page", "one row a class"), ("swaps-page", "style in every class")):
        assert at.number_input(key=key).max == 7
        assert "class 19" in data_of(at, title)
        assert "class 20" not in data_of(at, title)
        at.number_input(key=key).set_value(7.0)
        healthy(at.run())
        assert "class 127" in data_of(at, title)
        assert "class 20" not in data_of(at, title)
    at = healthy(open_kind("views/map.py", model="cdvae-of-128", item="3"))
    bars = data_of(at, "q(class | x)")
    assert "116 others" in bars
    assert len(re.findall(r"class \d+", bars)) == panels.MOST_BARS


def test_of_many_classes_a_map_outlines_the_one_of_the_opened_item(kinds: Trained):
    found = load(kinds["cdvae-of-128"])
    assert maps.prior_shapes(found, "z_l") == []
    (outline,) = maps.prior_shapes(found, "z_l", (100,))
    assert (outline.label, outline.class_index) == ("class 100", 100)
    of_item = panel(found, Laid("z_l"), "class").of_item(3)
    assert [outline.class_index for outline in of_item if outline.kind == "prior"] == [found.atlas.labels[3]]


def test_a_matrix_of_many_classes_shows_two_by_name_and_those_nearest(open_kind: Open):
    at = healthy(open_kind("views/prior.py", model="cdvae-of-128", look="Classes", pair="class 60~class 70"))
    first, second = (next(box for box in at.selectbox if box.label == side) for side in ("Class", "and class"))  # fmt: skip
    assert (first.value, second.value) == ("class 60", "class 70")
    (chart,) = at.get("plotly_chart")
    ticks = json.loads(chart.proto.spec)["layout"]["xaxis"]["ticktext"]
    assert len(ticks) == 24
    assert {"class 60", "class 70"} <= set(ticks)
    first.set_value("class 3")
    healthy(at.run())
    assert at.query_params["pair"] in ("class 3~class 70", ["class 3~class 70"])


def test_a_map_of_data_without_classes_is_coloured_by_none(open_kind: Open):
    said = {
        model: " ".join(caption.value for caption in healthy(open_kind("views/map.py", model=model)).caption)
        for model in ("vae-of-none", "cdvae-of-one")
    }
    assert "coloured by" not in said["vae-of-none"]
    assert "coloured by class, " in said["cdvae-of-one"]
