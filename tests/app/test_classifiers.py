"""A classifier beside a model: colours of the map, its plane, what it says on Live, the least change; and files that are none."""

import shutil
from pathlib import Path

import pytest
import torch
from latent_explorer import CLASSIFIER_VARIABLE, MODELS_VARIABLE, cli
from latent_explorer.caches import classifiers, colourings
from torch import Tensor, nn

from tests.app.conftest import Open, opened
from tests.app.test_pages import healthy, said
from tests.support.foreign import embeddings, written
from vae_core import Checkpoint, bundled, load
from vae_core.data import load_data
from vae_core.explore import codes_of, decode

MAP, LIVE = "views/map.py", "views/live.py"


class Nearest(nn.Module):
    """Logits by the distance to the mean picture of each class."""

    means: Tensor

    def __init__(self, means: Tensor):
        super().__init__()
        self.register_buffer("means", means.flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return -(x.flatten(1)[:, None] - self.means).square().sum(-1)


def shown(checkpoint: Checkpoint) -> Tensor:
    means = {n: torch.from_numpy(checkpoint.atlas.means[n]) for n in checkpoint.model.latents}
    return decode(checkpoint.model, codes_of(means))


@pytest.fixture(scope="module")
def nearest(trained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Nearest]:
    checkpoint = load(trained["vae-digits"])
    pictures, labels = shown(checkpoint), torch.from_numpy(checkpoint.atlas.labels)
    net = Nearest(torch.stack([pictures[labels == c].mean(0) for c in range(10)]))
    return written(
        net, pictures[:2], tmp_path_factory.mktemp("c") / "mine.onnx", ("image",), ("logits",)
    ), net


@pytest.fixture
def given(nearest: tuple[Path, Nearest], monkeypatch: pytest.MonkeyPatch) -> Nearest:
    monkeypatch.setenv(CLASSIFIER_VARIABLE, str(nearest[0]))
    return nearest[1]


def test_the_map_is_coloured_by_what_it_says(open_page: Open, given: Nearest, trained: dict[str, Path]):
    for by in (colourings.ANSWER, colourings.CERTAINTY):
        at = open_page(MAP, model="vae-digits", colour=by)
        assert healthy(at)
        assert not said(at)
        assert at.selectbox(key="colour").value == by
    checkpoint = load(trained["vae-digits"])
    found = colourings.colouring(checkpoint, colourings.ANSWER)
    expected = given(shown(checkpoint)).argmax(1)
    assert (torch.from_numpy(found.groups) == expected).float().mean() > 0.99
    assert found.names == tuple("0123456789")


@pytest.mark.parametrize("model", ["vae-digits", "cdvae-digits", "cvae-digits", "ladder-digits"])
def test_live_asks_it_and_shows_the_least_change(open_page: Open, given: Nearest, model: str):
    at = open_page(LIVE, model=model, item="7", asking="true")
    assert healthy(at)
    assert not said(at)
    told = " ".join(caption.value for caption in at.caption)
    assert "local minimum" in told or "alters the answer" in told
    assert "mine.onnx reads unit values" in told.replace("\\", "")


def test_the_least_change_alters_the_answer_and_a_little_less_does_not(
    given: Nearest, trained: dict[str, Path]
):
    checkpoint = load(trained["vae-digits"])
    code = {"z": torch.from_numpy(checkpoint.atlas.means["z"][[7]])}
    found = classifiers.least(checkpoint, code, "z")
    assert found is not None
    start = code["z"][0]
    just_short = start + 0.99 * (found.code - start)
    answers = given(decode(checkpoint.model, {"z": torch.stack([start, just_short, found.code])})).argmax(1)
    assert answers.tolist() == [found.before, found.before, found.after]
    others = torch.from_numpy(checkpoint.atlas.means["z"])
    different = given(shown(checkpoint)).argmax(1) != found.before
    assert found.size < (others[different] - start).norm(dim=1).min()


def test_the_plane_is_what_it_says_there(open_page: Open, given: Nearest, trained: dict[str, Path]):
    at = open_page(MAP, model="vae-digits", item="7", plane="true", plane_x="z[3]", plane_y="z[1]")
    assert healthy(at)
    assert not said(at)
    assert at.selectbox(key="plane_x").value == "z[3]"
    checkpoint = load(trained["vae-digits"])
    found = classifiers.plane(checkpoint, "z", (3, 1), 7)
    assert found is not None
    code = torch.from_numpy(checkpoint.atlas.means["z"][[7]]).clone()
    code[0, 3], code[0, 1] = float(found.across[30]), float(found.up[4])
    expected = given(decode(checkpoint.model, {"z": code}))[0].softmax(0)
    assert found.answer[4, 30] == int(expected.argmax())
    assert found.certainty[4, 30] == pytest.approx(expected.max().item(), abs=1e-3)


def test_a_file_in_the_folder_goes_before_the_one_given(
    nearest: tuple[Path, Nearest], trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    folder = shutil.copytree(trained["vae-digits"], tmp_path / "own")
    shutil.copy(nearest[0], folder / "classifier.onnx")
    monkeypatch.setenv(CLASSIFIER_VARIABLE, str(tmp_path / "gone.onnx"))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = opened(MAP, model="own", colour=colourings.ANSWER)
    assert healthy(at)
    assert not said(at)


@pytest.mark.parametrize("page", [MAP, LIVE])
@pytest.mark.parametrize(("content", "words"), [(b"no graph", "no ONNX file"), (None, "there is no file")])
def test_a_file_that_is_no_classifier_is_said(
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    page: str,
    content: bytes | None,
    words: str,
):
    if content is not None:
        (tmp_path / "c.onnx").write_bytes(content)
    monkeypatch.setenv(CLASSIFIER_VARIABLE, str(tmp_path / "c.onnx"))
    at = open_page(page, model="vae-digits")
    assert healthy(at)
    assert words in said(at)
    assert str(tmp_path) not in said(at)


def test_a_classifier_of_other_images_is_said(open_page: Open, given: Nearest):
    at = open_page(MAP, model="vae-mnist")
    assert healthy(at)
    assert "images are 1 x 28 x 28" in said(at)
    assert colourings.ANSWER not in at.selectbox(key="colour").options


def test_where_nothing_is_decoded_the_reason_is_said(
    given: Nearest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    embeddings(tmp_path / "codes", load_data("digits", "test"))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = opened(MAP, model="codes")
    assert healthy(at)
    assert "it looks at what is decoded, and" in said(at)


def test_the_command_refuses_what_is_no_classifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["app", "--classifier", str(tmp_path / "gone.onnx")]) == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "c.onnx").write_bytes(b"x")
    assert cli.main(["app", "--classifier", str(tmp_path / "c.onnx")]) == 2
    assert "no ONNX file" in capsys.readouterr().err


def test_without_a_classifier_nothing_speaks_of_one(open_page: Open):
    assert classifiers.beside(load(bundled()["vae-mnist"])) is None
    at = open_page(LIVE, model="vae-digits")
    assert "Ask the classifier" not in [toggle.label for toggle in at.toggle]
    assert not {colourings.ANSWER, colourings.CERTAINTY} & set(
        colourings.colourings(load(bundled()["vae-mnist"]))
    )
