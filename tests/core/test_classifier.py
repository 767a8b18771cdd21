"""A classifier of one's own: read by its shapes, right answers, one sentence for what is none; least changes against exact distances."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.support.foreign import written
from vae_core.graphs import GraphError
from vae_core.interchange.classifier import (
    are_probabilities,
    least_change,
    log_probabilities,
    read_classifier,
)
from vae_core.kinds import Image, Table

KIND = Image(1, 4, 6)
CLASSES = ("dark", "light", "half")
SHOWN = torch.rand(40, 1, 4, 6, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """Linear in what it is given, of any layout; gives logits, probabilities or one number."""

    weight: Tensor
    shift: Tensor

    def __init__(self, classes: int = 3, gives: str = "logits", factor: float = 1.0):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.register_buffer("weight", torch.randn(24, classes, generator=generator))
        self.register_buffer("shift", -self.weight.sum(0) / 2)
        self.gives, self.factor = gives, factor

    def forward(self, x: Tensor) -> Tensor:
        logits = x.flatten(1) / self.factor @ self.weight + self.shift
        if self.gives == "probabilities":
            return logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid()
        return logits[:, 0] if self.gives == "one number" else logits


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "as is": lambda x: x,
    "channels last": lambda x: x.movedim(1, -1),
    "no channel": lambda x: x.squeeze(1),
    "flat": lambda x: x.flatten(1),
}


def file(folder: Path, net: nn.Module, layout: str = "as is", shown: Tensor = SHOWN) -> Path:
    return written(net, LAYOUTS[layout](shown[:2]), folder / "c.onnx", ("image",), ("out",))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("gives", ["logits", "probabilities"])
def test_a_classifier_answers_as_its_net_does(tmp_path: Path, layout: str, gives: str):
    net = Net(gives=gives)
    found = read_classifier(file(tmp_path, net, layout), KIND, CLASSES, SHOWN)
    assert (found.layout, found.gives, found.classes) == (layout, gives, CLASSES)
    expected = log_probabilities(net(SHOWN), gives)
    assert torch.allclose(found.scores(SHOWN), expected, atol=1e-4)
    assert torch.allclose(found.scores(SHOWN).exp().sum(1), torch.ones(len(SHOWN)), atol=1e-4)


@pytest.mark.parametrize("gives", ["one number", "probabilities"])
def test_one_number_is_the_second_of_two_classes(tmp_path: Path, gives: str):
    net = Net(1, gives)
    found = read_classifier(file(tmp_path, net), KIND, ("no", "yes"), SHOWN)
    logit = Net(1)(SHOWN)[:, 0]
    assert torch.allclose(found.scores(SHOWN)[:, 1].exp(), logit.sigmoid(), atol=1e-4)
    assert found.classes == ("no", "yes")


def test_what_values_it_reads_is_told_by_the_classes(tmp_path: Path):
    net = Net(factor=255.0)
    labels = Net()(SHOWN).argmax(1)
    path = file(tmp_path, net)
    assert read_classifier(path, KIND, CLASSES, SHOWN, labels).values == "bytes"
    assert read_classifier(path, KIND, CLASSES, SHOWN).values == "unit"


def test_answers_of_other_classes_are_numbered(tmp_path: Path):
    found = read_classifier(file(tmp_path, Net(5)), KIND, CLASSES, SHOWN)
    assert found.classes == tuple(f"answer {c}" for c in range(5))


def test_rows_of_a_table_have_a_classifier_too(tmp_path: Path):
    names = tuple(f"f{j}" for j in range(24))
    table = Table(names, ("real",) * 24, (0.0,) * 24, (1.0,) * 24, (0.0,) * 24, (1.0,) * 24)
    rows = SHOWN.flatten(1)
    found = read_classifier(file(tmp_path, Net(), "flat"), table, CLASSES, rows)
    assert torch.allclose(found.scores(rows), Net()(rows).log_softmax(1), atol=1e-4)


class TwoInputs(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a.flatten(1) + b.flatten(1)


class NotFinite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x.flatten(1) - 2).log()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "gone.onnx", "there is no file"),
        (lambda folder: file(folder, Net(), shown=torch.zeros(2, 1, 6, 4)), "images are 1 x 4 x 6"),
        (lambda folder: file(folder, nn.Identity()), "one row of numbers"),
        (lambda folder: file(folder, NotFinite()), "NaN or infinite"),
        (
            lambda folder: written(
                TwoInputs(), (SHOWN[:2], SHOWN[:2]), folder / "c.onnx", ("a", "b"), ("o",)
            ),
            "takes 2 inputs",
        ),
    ],
)
def test_what_is_no_classifier_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], words: str, one_line: Callable[..., str]
):
    with pytest.raises(GraphError) as refused:
        read_classifier(make(tmp_path), KIND, CLASSES, SHOWN)
    assert words in one_line(refused.value)


def test_a_file_that_is_no_onnx_is_one_sentence(tmp_path: Path, one_line: Callable[..., str]):
    (tmp_path / "c.onnx").write_bytes(b"no graph")
    with pytest.raises(GraphError) as refused:
        read_classifier(tmp_path / "c.onnx", KIND, CLASSES, SHOWN)
    assert "is no ONNX file" in one_line(refused.value)


def test_probabilities_are_told_from_logits():
    assert are_probabilities(torch.tensor([[0.2, 0.8], [1.0, 0.0]]))
    assert not are_probabilities(torch.tensor([[0.2, 0.8], [1.0, 0.5]]))
    assert not are_probabilities(torch.tensor([[0.2], [1.5]]))


def linear(weight: Tensor, shift: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda z: (z @ weight.T + shift).log_softmax(1)


@pytest.mark.parametrize("seed", range(4))
def test_before_a_plane_the_least_change_is_the_distance(seed: int):
    generator = torch.Generator().manual_seed(seed)
    weight, shift = torch.randn(2, 6, generator=generator), torch.randn(2, generator=generator)
    start = torch.randn(6, generator=generator)
    scores = linear(weight, shift)
    before = int(scores(start[None]).argmax())
    normal = weight[1 - before] - weight[before]
    gap = ((weight[before] - weight[1 - before]) @ start + shift[before] - shift[1 - before]) / normal.norm()
    others = torch.randn(200, 6, generator=generator) * 5
    others = others[scores(others).argmax(1) != before]
    found = least_change(scores, start, others)
    assert found is not None
    assert found.size == pytest.approx(gap.item(), rel=2e-3)
    assert (found.before, found.after) == (before, 1 - before)
    assert int(scores(found.code[None]).argmax()) == found.after
    assert torch.allclose((found.code - start) / found.size, normal / normal.norm(), atol=5e-3)


def test_round_a_disc_the_least_change_is_the_way_to_its_edge():
    def scores(z: Tensor) -> Tensor:  # answer 0 within radius 2
        r = z.norm(dim=1)
        return torch.stack([2 - r, r - 2], 1).log_softmax(1)

    start = torch.tensor([0.5, 0.0, 0.0])
    found = least_change(scores, start, torch.tensor([[0.0, 5.0, 1.0], [4.0, 4.0, -3.0]]))
    assert found is not None
    assert found.size == pytest.approx(1.5, rel=0.01)


def test_where_the_answer_never_differs_there_is_no_change():
    scores = linear(torch.zeros(2, 3), torch.tensor([1.0, 0.0]))
    assert least_change(scores, torch.zeros(3), torch.randn(4, 3)) is None
