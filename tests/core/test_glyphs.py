import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.fonts import build
from vae_core.checkpoints import load_card
from vae_core.cli import main
from vae_core.data import DATA_VARIABLE, Data, load_data, open_data
from vae_core.data.fonts import FONTS_VARIABLE
from vae_core.data.glyphs import keep_glyphs
from vae_core.data.letters import distinct, drawn
from vae_core.data.styles import styles_of
from vae_core.distributions import Sampler, mean
from vae_core.kinds import Image
from vae_core.metrics import Evaluation, measure, retrieval
from vae_core.metrics.base import Encodings
from vae_core.models import CDVAE, Signature
from vae_core.objectives import StylePairs, StyleShared
from vae_core.objectives.styles import Shared
from vae_core.training import Options, train
from vae_core.training.pairs import pairs_of


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three families of five fonts, and seven files of which each is to be left out for a reason of its own."""
    folder = tmp_path_factory.mktemp("fonts")
    build(folder / "one.ttf", "One", panose=(2, 3))
    build(folder / "one-bold.ttf", "One Bold", thick=130, weight=700, panose=(2, 3))
    build(folder / "one-italic.ttf", "One", slope=200)
    build(folder / "two.ttf", "Two", thick=100, width=7, panose=(2, 11))
    (folder / "below").mkdir()
    build(folder / "below" / "three.ttf", "Three", thick=20, weight=90)
    shutil.copy(folder / "one.ttf", folder / "zcopy.ttf")
    build(folder / "zlike.ttf", "Called otherwise")
    build(folder / "zsymbols.ttf", "Symbols", thick=40, panose=(5, 0))
    build(folder / "zlower.ttf", "Lower", letters="abcdefghijklmnopqrstuvwxyz")
    build(folder / "zcolour.ttf", "Colour", coloured=True)
    build(folder / "zblank.ttf", "Blank", thick=0)
    (folder / "zbroken.otf").write_bytes(b"OTTO and nothing else")
    return folder


def test_letters_are_the_classes_and_the_tables_of_fonts_the_columns(fonts: Path):
    found = open_data(f"glyphs:{fonts}")
    assert (found.name, found.signature.shape, "".join(found.signature.classes)) == (
        "glyphs",
        (1, 32, 32),
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
    whole = found.split("all")
    known = {
        font: (family, int(weight), slant, int(width), serif)
        for font, family, weight, slant, width, serif in zip(
            *(whole.columns[name] for name in ("font", "family", "weight", "slant", "width", "serif")),
            strict=True,
        )
    }
    assert known == {
        "one": ("One", 400, "upright", 5, "serif"),
        "one-bold": ("One", 700, "upright", 5, "serif"),
        "one-italic": ("One", 400, "slanted", 5, "unknown"),
        "two": ("Two", 400, "upright", 7, "sans"),
        "three": ("Three", 100, "upright", 5, "unknown"),
    }
    assert whole.factor_names == ("letter", "weight", "slant", "width")
    assert whole.factors is not None
    bold = whole.columns["font"] == "one-bold"
    assert whole.factors[bold][:, 1:].unique(dim=0).tolist() == [[6, 0, 4]]
    assert whole.factors[:, 0].equal(whole.labels)


def test_what_is_left_out_is_said_with_its_reason(fonts: Path):
    said = " ".join(open_data(f"glyphs:{fonts}").notes)
    assert "5 fonts of 3 families" in said
    for reason in (
        "7 fonts left out",
        "1 the same as another",
        "1 like another font",
        "1 of symbols",
        "1 without the letters A to Z",
        "1 in colour",
        "1 with blank letters",
        "1 cannot be read",
    ):
        assert reason in said, said


def test_test_families_are_unseen_and_the_same_each_time(fonts: Path):
    parts = [open_data(f"glyphs:{fonts}") for _ in range(2)]
    train, test = (set(parts[0].split(split).columns["family"]) for split in ("train", "test"))
    assert train
    assert test
    assert not train & test
    assert torch.equal(*(part.train.images[:] for part in parts))
    assert parts[0].origin == parts[1].origin
    assert set(parts[0].origin.fingerprints) == {"train", "test"}
    labels = parts[0].train.labels
    assert not labels.equal(labels.sort().values), "training rows are shuffled"


def test_all_letters_of_a_font_have_one_size_and_one_baseline(fonts: Path):
    letters = drawn(fonts / "one.ttf")
    assert letters.shape == (26, 32, 32)
    inked = np.any(letters > 127, axis=2)
    assert inked[:, 5:25].all()
    assert not inked[:, :5].any()
    assert not inked[:, 25:].any()
    assert 0 < ((letters > 0) & (letters < 255)).mean() < 0.2, "edges are anti-aliased"


def test_fonts_are_one_below_a_distance_and_two_above_it():
    grey = np.zeros((3, 26, 32, 32), np.uint8)
    grey[:, :, 8:24, 8:24] = 200
    grey[1, :, 8:24, 23] = 190
    grey[2, :, 8:24, 8:12] = 0
    assert distinct(grey).tolist() == [True, False, True]
    assert distinct(grey, least=1e-4).tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ([], "no fonts are found"),
        (["one.ttf", "one-bold.ttf"], "hold letters of one family"),
        (["zbroken.otf", "zsymbols.ttf"], "hold letters of no family (2 fonts left out"),
    ],
)
def test_too_few_fonts_say_what_to_install(made: list[str], sentence: str, fonts: Path, tmp_path: Path):
    for name in made:
        shutil.copy(fonts / name, tmp_path)
    with pytest.raises(ValueError, match="apt install fonts-") as caught:
        open_data(f"glyphs:{tmp_path}")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("glyphs:", "no folder is named"),
        ("glyphs:/nowhere/at/all", "there is no folder all of fonts"),
        ("{fonts}", "glyphs:.* opens their letters"),
        ("{fonts}/one.ttf", "glyphs:FOLDER opens the letters"),
    ],
)
def test_what_is_no_folder_of_fonts_is_refused_in_a_sentence(what: str, sentence: str, fonts: Path):
    with pytest.raises(ValueError, match=sentence):
        open_data(what.replace("{fonts}", str(fonts)))


def test_fonts_that_are_named_in_the_environment_come_before_a_kept_file_and_that_before_the_system(
    fonts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one = open_data(f"glyphs:{fonts}")
    keep_glyphs(fonts, tmp_path / "glyphs.npz")
    assert os.listdir(tmp_path) == ["glyphs.npz"]
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.delenv(FONTS_VARIABLE, raising=False)
    kept = open_data("glyphs")
    assert kept.origin == one.origin
    assert list(kept.test.columns["font"]) == list(one.test.columns["font"])
    assert "as they were kept" in " ".join(kept.notes)
    assert load_data("glyphs", "test", 3).images[:].equal(one.test.images[:3])
    monkeypatch.setenv(FONTS_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="there is no folder gone of fonts"):
        open_data("glyphs")
    monkeypatch.delenv(FONTS_VARIABLE)
    np.savez(tmp_path / "glyphs.npz", images=np.zeros((2, 32, 32), np.uint8))
    with pytest.raises(ValueError, match="holds no labels: make it anew"):
        open_data("glyphs")


def test_glyphs_of_a_folder_are_opened_by_the_command_line_in_any_size(
    fonts: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["data", f"glyphs:{fonts}", "--size", "16"]) == 0
    out = capsys.readouterr().out
    assert "16 x 16" in out
    assert "52 train, 78 test" in out or "104 train, 26 test" in out or "26 train" in out, out


# Whose style a swap shows


def styled(styles: int = 6, classes: int = 3) -> Evaluation:
    """Letters of styles, two a family, and a model whose z_u holds the number of the style, z_l a prototype for each class."""
    count = styles * classes
    images = torch.randint(
        0, 256, (count, 1, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    labels, style = torch.arange(count) % classes, torch.arange(count) // classes
    columns = {"font": np.char.add("font ", style.numpy().astype(str)), "family": style.numpy() // 2}
    data = Data("styled", "test", images, labels, tuple("ABC"), columns=columns)
    model = CDVAE(unlabelled=1).build(Signature(Image(1, 4, 4), tuple("ABC")))
    evaluation = Evaluation(model, data, train=data)
    means = {"z_l": torch.zeros(count, classes), "z_u": style[:, None].float()}
    evaluation.__dict__["encoded"] = Encodings(means, means, means, labels)
    return evaluation


@pytest.mark.parametrize(("shift", "swap", "family"), [(0, 1.0, 1.0), (2, 0.0, 0.0)])
def test_the_style_of_a_swap_is_found_where_it_shows(
    shift: int, swap: float, family: float, monkeypatch: pytest.MonkeyPatch
):
    evaluation = styled()
    images = evaluation.data.images[:].float().view(6, 3, 1, 4, 4) / 255

    def decode(_model: object, codes: dict[str, torch.Tensor]) -> torch.Tensor:
        return images[(codes["z_u"][:, 0].long() + shift) % 6, codes["z_l"].argmax(-1)]

    monkeypatch.setattr(retrieval, "decode", decode)
    found = measure(evaluation, ["retrieval"])
    assert {name: number.value for name, number in found.items() if "reconstruction" not in name} == {
        "retrieval_swap": swap,
        "retrieval_family": family,
        "retrieval_chance": 1 / 6,
    }
    assert found["retrieval_swap"].n == 6


def test_the_nearest_of_a_family_counts_for_the_family(monkeypatch: pytest.MonkeyPatch):
    evaluation = styled()
    images = evaluation.data.images[:].float().view(6, 3, 1, 4, 4) / 255
    monkeypatch.setattr(
        retrieval, "decode", lambda _, codes: images[codes["z_u"][:, 0].long() ^ 1, codes["z_l"].argmax(-1)]
    )
    found = measure(evaluation, ["retrieval"])
    assert (found["retrieval_swap"].value, found["retrieval_family"].value) == (0, 1)


def test_data_that_tells_no_styles_give_no_retrieval():
    evaluation = styled()
    bare = Evaluation(evaluation.model, evaluation.data._with(columns={}), train=evaluation.data)
    assert measure(bare, ["retrieval"]) == {}


# Pairs of one style


@pytest.mark.parametrize(("shared", "whose"), [("first", [0, 0, 2, 2]), ("other", [1, 0, 3, 2])])
def test_a_pair_of_one_style_is_decoded_with_the_style_of_one(shared: Shared, whose: list[int]):
    model = CDVAE(unlabelled=2, nets="mlp-256").build(Signature(Image(1, 4, 4), tuple("AB")))
    batch = {"x": torch.eye(16)[:4].view(4, 1, 4, 4), "y": torch.eye(2)[[0, 1, 0, 1]]}
    own = model.infer(batch).posteriors
    inference = StyleShared(["z_u"], shared)
    found = inference(model, batch, mean)
    assert found.posteriors["z_u"].mean.equal(own["z_u"].mean[whose])
    assert found.posteriors["z_u"].stddev.allclose(own["z_u"].stddev[whose])
    assert found.env["z_u"].equal(own["z_u"].mean[whose])
    assert found.posteriors["z_l"].mean.equal(own["z_l"].mean)
    assert inference.eval()(model, batch, mean).posteriors["z_u"].mean.equal(own["z_u"].mean)


def test_partners_are_other_letters_of_the_same_font():
    data = styled().data
    pairs = pairs_of(data, "style")
    assert pairs is not None
    rows = pairs(torch.arange(len(data)).repeat(20), Sampler.seeded(0)).view(-1, 2)
    fonts = styles_of(data)
    assert fonts is not None
    assert fonts[rows[:, 0]].equal(fonts[rows[:, 1]])
    assert (rows[:, 0] != rows[:, 1]).all()
    assert {tuple(row) for row in rows.tolist()} == {
        (a, b) for a in range(18) for b in range(18) if a != b and a // 3 == b // 3
    }


def test_pairs_of_one_style_want_data_that_tell_styles(tmp_path: Path):
    with pytest.raises(
        ValueError, match=r"column that says the style \(font, writer, style\), and digits has none"
    ):
        train(CDVAE(), load_data("digits", "train", 40), Options(objective=StylePairs(), epochs=1), tmp_path)


def test_a_training_of_pairs_of_one_style_lowers_its_loss(fonts: Path, tmp_path: Path):
    data = open_data(f"glyphs:{fonts}").train
    options = Options(objective=StylePairs(), epochs=6, batch=16)
    train(CDVAE(nets="mlp-256", unlabelled=2), data, options, tmp_path)
    losses = [entry["loss"] for entry in load_card(tmp_path).history]
    assert losses[-1] < 0.8 * losses[0]
