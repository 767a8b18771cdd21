"""What stands behind the Map page: posteriors on the maps, what a selection gives, atlases of all images."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import colourings, encodings, maps, sources
from latent_explorer.components.map.selection import Selection
from latent_explorer.export import tables
from latent_explorer.parts.selections import table
from streamlit.testing.v1 import AppTest

from tests.support.tiers import first
from vae_core import Checkpoint, bundled, load, projections
from vae_core.cli import main
from vae_core.data import load_data
from vae_core.explore import along_attribute, attribute_vector, codes_of, decode, mean_code
from vae_core.names import LABEL
from vae_core.projections import JOINT

Open = Callable[..., AppTest]

ROWS = np.array([0, 3, 7, 20, 41])


def opened(at: AppTest) -> str:
    """Everything the page says, after checking that nothing was raised."""
    assert not at.exception, at.exception[0].stack_trace
    return " ".join(
        element.value for kind in ("markdown", "caption", "subheader", "warning") for element in at.get(kind)
    )


def box_round(found: Checkpoint, items: slice) -> str:
    """A selection in a link: the box round some items on the first map."""
    block = found.model.blocks[0]
    places = found.atlas.coordinates[block][items]
    (left, bottom), (right, top) = places.min(0).round(2) - 0.01, places.max(0).round(2) + 0.01
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return Selection(block, tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners)).encode()


def address(at: AppTest, name: str) -> str | None:
    """What the page's address holds under a name; what the page wrote itself is text, what came with the link a list."""
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


@pytest.mark.parametrize(
    "name",
    first(
        ["cdvae-digits", "cvae-digits", "joint-digits", "ladder-digits", "rates-digits", "srvae-digits"], 2
    ),
)
def test_a_link_restores_both_selections_and_the_way_between_them(
    open_page: Open, trained: dict[str, Path], name: str
):
    found = load(trained[name])
    a, b = box_round(found, slice(0, 40)), box_round(found, slice(100, 130))
    at = open_page(model=name, selection=b, selection_a=a, item="5")
    text = opened(at)
    assert "**A** · Selected" in text
    assert "**B** · Selected" in text
    assert "From A to B" in text
    assert address(at, "selection") == b
    assert address(at, "selection_a") == a


def test_a_selection_is_kept_as_a_and_forgotten(open_page: Open, trained: dict[str, Path]):
    found = load(trained["cdvae-digits"])
    asked = box_round(found, slice(0, 40))
    at = open_page(model="cdvae-digits", selection=asked)
    at.button(key="keep-as-a").click().run()
    assert "they become B" in opened(at)
    assert address(at, "selection_a") == asked
    at.button(key="forget-a").click().run()
    assert "they become B" not in opened(at)
    assert address(at, "selection_a") is None


def test_hidden_classes_come_back_from_a_link_and_are_not_selected(open_page: Open, trained: dict[str, Path]):
    found = load(trained["cdvae-digits"])
    asked = box_round(found, slice(0, 40))
    every = opened(open_page(model="cdvae-digits", selection=asked))
    fewer = opened(open_page(model="cdvae-digits", selection=asked, hidden="0,1,2,3,4"))
    count = [int(text.partition("Selected ")[2].split()[0].replace(",", "")) for text in (every, fewer)]
    assert 0 < count[1] < count[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"selection_a": "z_l~1"}, "selection cannot be read"),
        ({"selection_a": "z_q~0~0~1~0~1~1"}, "“z_q”"),
        ({"hidden": "eleven"}, "hides the classes “eleven”"),
        ({"hidden": "99"}, "hides the classes “99”"),
    ],
)
def test_what_a_link_cannot_have_is_said(open_page: Open, query: dict[str, str], words: str):
    assert words in opened(open_page(model="cdvae-digits", **query))


def test_the_rows_of_a_selection_come_back_from_both_files(trained: dict[str, Path]):
    found = load(trained["joint-digits"])
    rows = table(found, ROWS)
    with np.load(io.BytesIO(tables.npz(rows)), allow_pickle=False) as arrays:
        assert arrays["image"].tolist() == ROWS.tolist()
        assert set(arrays["split"]) == {"test"}
        assert arrays["class"].tolist() == [found.atlas.classes[found.atlas.labels[row]] for row in ROWS]
        for name in found.model.latents:
            np.testing.assert_array_equal(arrays[f"mean.{name}"], found.atlas.means[name][ROWS])
            np.testing.assert_array_equal(arrays[f"scale.{name}"], found.atlas.scales[name][ROWS])
        for name, places in found.atlas.coordinates.items():
            np.testing.assert_array_equal(arrays[f"map.{name}"], places[ROWS])
    header, *lines = tables.csv(rows).decode().splitlines()
    assert len(lines) == len(ROWS)
    column = header.split(",").index("mean.z[1]")
    assert np.float32(lines[2].split(",")[column]) == found.atlas.means["z"][ROWS[2], 1]


def test_the_rows_of_a_multi_rate_model_say_their_betas(trained: dict[str, Path]):
    found = load(trained["rates-digits"]).at({"z_l": 4.0, "z_u": 0.5})
    rows = table(found, ROWS)
    assert (rows["beta.z_l"] == 4.0).all()
    assert (rows["beta.z_u"] == 0.5).all()


@pytest.mark.parametrize("name", ["cdvae-digits", "joint-digits", "ppca-digits", "srvae-digits"])
def test_both_means_of_a_selection_are_what_they_say(trained: dict[str, Path], name: str):
    found = load(trained[name])
    means = {latent: torch.from_numpy(found.atlas.means[latent][ROWS]) for latent in found.model.latents}
    pictures = list(encodings.means_of(found, ROWS).values())
    of_images = decode(found.model, codes_of(means)).mean(0)[0]
    of_codes = decode(found.model, codes_of({k: v.mean(0, keepdim=True) for k, v in means.items()}))[0, 0]
    for picture, expected in zip(pictures, (of_images, of_codes), strict=False):
        assert np.abs(picture.astype(float) - 255 * expected.numpy()).max() <= 0.51
    assert len(pictures) == (2 if len(found.model.blocks) == 1 else 2 + len(found.model.blocks))


@pytest.mark.parametrize("name", ["cdvae-digits", "joint-digits", "srvae-digits"])
def test_the_way_from_a_to_b_begins_at_a_and_passes_b(trained: dict[str, Path], name: str):
    found = load(trained[name])
    codes = {latent: torch.from_numpy(found.atlas.means[latent]) for latent in found.model.latents}
    a, b = (
        mean_code({latent: code[part] for latent, code in codes.items()})
        for part in (slice(0, 30), slice(30, 90))
    )
    t = torch.tensor([-0.5, 0.0, 1.0, 1.5])
    way = along_attribute(found.model, a, attribute_vector(a, b), t)
    for latent in found.model.blocks:
        torch.testing.assert_close(way[latent][1], a[latent][0])
        torch.testing.assert_close(way[latent][2], b[latent][0])
        torch.testing.assert_close(way[latent][3] - way[latent][2], 0.5 * (b[latent] - a[latent])[0])
    if LABEL in way:
        assert torch.equal(way[LABEL], torch.cat([a[LABEL], a[LABEL], b[LABEL], b[LABEL]]))
    one = found.model.blocks[0]
    held = along_attribute(found.model, a, attribute_vector(a, b), t, [one])
    assert all(torch.equal(code, a[latent].expand(4, -1)) for latent, code in held.items() if latent != one)
    assert torch.equal(held[one], way[one])


def test_a_narrow_posterior_lies_on_its_item_and_a_wide_one_does_not(trained: dict[str, Path]):
    found = load(trained["cdvae-digits"])
    pairs = {
        name: (torch.from_numpy(mean[[9]]), torch.full((1, mean.shape[1]), 1e-6))
        for name, mean in found.atlas.means.items()
    }
    wide = {name: (mean, torch.full_like(scale, 5.0)) for name, (mean, scale) in pairs.items()}
    for block in (*found.model.blocks, JOINT):
        ellipse = maps.posterior_ellipse(found, block, pairs)
        assert ellipse.kind == "posterior"
        np.testing.assert_allclose(ellipse.centre, found.atlas.coordinates[block][9], atol=1e-5)
        assert np.abs(ellipse.covariance).max() < 1e-9
        assert np.trace(maps.posterior_ellipse(found, block, wide).covariance) > 1e-3


@pytest.fixture
def of_all_images(trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint whose atlas holds the training and the test images."""

    def first_two(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
        return codes[:, :2].astype(np.float32)

    monkeypatch.setattr(projections, "umap", first_two)
    folder = tmp_path / f"all-{tmp_path.name}"  # a server takes a name for the same model for a second
    shutil.copytree(trained["cdvae-digits"], folder)
    assert main(["atlas", str(folder), "--split", "all", "--device", "cpu"]) == 0
    return folder


def test_an_atlas_of_all_images_numbers_the_training_images_first(of_all_images: Path):
    found = load(of_all_images)
    train, test = (load_data("digits", split) for split in ("train", "test"))
    assert (len(found.atlas), found.atlas.training, found.atlas.split) == (
        len(train) + len(test),
        len(train),
        "all",
    )
    assert found.atlas.labels.tolist() == [*train.labels.tolist(), *test.labels.tolist()]
    last = len(train) - 1
    assert found.atlas.splits(np.array([0, last, last + 1])).tolist() == ["train", "train", "test"]
    originals = sources.originals(found)
    assert originals is not None
    assert torch.equal(originals.images[[last, last + 1]], torch.stack([train.images[-1], test.images[0]]))


def test_the_page_says_that_umap_placed_some_of_its_dots(
    of_all_images: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
):
    assert main(["atlas", str(of_all_images), "--most", "200", "--device", "cpu"]) == 0
    monkeypatch.setenv(MODELS_VARIABLE, str(of_all_images.parent))
    text = opened(open_page(model=of_all_images.name))
    assert "UMAP of 200 items; the others are placed beside their neighbours." in text
    found = load(of_all_images)
    rows = found.atlas.mapped
    assert rows is not None
    item = int(np.setdiff1d(np.arange(len(found.atlas)), rows)[0])  # its outline lies where it was placed
    for block in found.model.blocks:
        centre = maps.item_posterior(found, block, item).centre
        assert np.abs(centre - found.atlas.coordinates[block][item]).max() < 5


def test_an_atlas_that_says_nothing_is_of_test_images(trained: dict[str, Path]):
    atlas = load(trained["rates-digits"]).atlas
    assert (atlas.training, atlas.split) == (0, "test")
    assert set(atlas.splits(np.arange(len(atlas)))) == {"test"}


def test_the_page_says_which_images_its_dots_are(
    of_all_images: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MODELS_VARIABLE, str(of_all_images.parent))
    text = opened(open_page(model=of_all_images.name, item="1400"))
    assert "1,797 training and test images" in text
    assert "Image 1400" in text


def test_what_moves_is_forgotten_with_its_outlines_by_a_model_with_other_latents(
    open_page: Open, trained: dict[str, Path]
):
    whole = {
        name: f"{JOINT}~-99~-99~99~-99~99~{top}~-99~{top}"
        for name, top in (("selection", 0.5), ("selection_a", 99))
    }
    at = open_page(model="cdvae-digits", joint="true", moves="z_u", **whole)
    assert "Only the style latents z_u move" in opened(at)
    at.selectbox(key="model").set_value("srvae-digits").run()
    assert "From A to B" not in opened(at)
    assert "Only the style latents z_u move" not in opened(at)
    assert not at.warning


def test_a_link_with_latents_that_are_not_there_is_said(open_page: Open):
    whole = {
        name: f"{JOINT}~-99~-99~99~-99~99~{top}~-99~{top}"
        for name, top in (("selection", 0.5), ("selection_a", 99))
    }
    assert "latents to move “z_x”" in opened(
        open_page(model="cdvae-digits", joint="true", moves="z_x", **whole)
    )


@pytest.mark.slow
def test_items_are_coloured_by_what_their_images_were_made_of():
    found = load(bundled()["factor-vae-sprites"])
    assert colourings.known_of_data(found) == ["class", "scale", "orientation", "x", "y"]
    source = sources.originals(found)
    assert source is not None
    assert source.factors is not None
    scale, x = (colourings.colouring(found, by) for by in ("scale", "x"))
    assert scale.names == tuple(f"scale {value}" for value in range(1, 7))
    assert (scale.groups == source.factors[:, 1].numpy()).all()
    assert x.names[0] == "x 1–6"
    assert x.names[-1] == "x 28–32"
    assert len(x.names) == len(x.colours) == len(set(x.colours)) == 6
    assert (np.diff(x.groups[source.factors[:, 3].argsort().numpy()]) >= 0).all()
    assert colourings.colouring(found, "class").names == ("square", "ellipse", "heart")


def test_a_link_restores_the_colouring_and_what_it_hides(open_page: Open):
    text = opened(open_page(model="factor-vae-sprites", colour="y", hidden="5"))
    assert "link" not in text
    assert "the colouring “shade”" in opened(open_page(model="factor-vae-sprites", colour="shade"))
    assert "from 0 to 5" in opened(open_page(model="factor-vae-sprites", colour="y", hidden="6"))


def test_data_of_unknown_factors_is_coloured_by_class_and_by_what_the_model_says(
    open_page: Open, trained: dict[str, Path]
):
    found = load(trained["cdvae-digits"])
    assert colourings.known_of_data(found) == ["class"]
    of_model = ["class as read", "ELBO", "distortion", "rate", "rate of z_l", "rate of z_u", "log prior"]
    assert colourings.colourings(found) == ["class", *of_model]
    assert "the colouring “x”" in opened(open_page(model="cdvae-digits", colour="x"))


def test_numbers_are_coloured_by_a_scale_that_names_its_range_and_words_by_their_names():
    ages = np.append(np.linspace(20, 80, 601), [np.nan, 1e6])
    found = colourings.of_values("age", ages)
    assert found.scale is not None
    assert found.scale.title == "age"
    assert found.scale.high.startswith("≥ ")
    assert found.scale.low.startswith("≤ ")
    assert (np.diff(found.groups[:601]) >= 0).all()
    assert found.groups[602] == found.groups[600] == colourings.STEPS - 1
    assert (found.groups[601], found.names[-1], found.colours[-1]) == (64, "age not known", colourings.GREY)
    words = colourings.of_values("ward", np.array(["b", "", "a", "b"]))
    assert (words.groups.tolist(), words.names, words.scale) == (
        [1, 2, 0, 1],
        ("a", "b", "ward not known"),
        None,
    )
    few = colourings.of_values("dose", np.array([0.5, 2.0, 0.5]))
    assert (few.groups.tolist(), few.names) == ([0, 1, 0], ("dose 0.5", "dose 2"))
    alike = colourings.of_values("same", np.array([np.nan, np.nan]))
    assert (alike.groups.tolist(), alike.names) == ([0, 0], ("same not known",))
