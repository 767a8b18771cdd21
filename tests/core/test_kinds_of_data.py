"""Data as people bring it: what `Data` refuses, and what no class, one class, many classes and few images come to, in every model."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import principal_components
from tests.kinds import bars, offered
from tests.support.tiers import case, first
from vae_core import projections
from vae_core.checkpoints import Checkpoint, load, save_atlas
from vae_core.checkpoints.atlas import Atlas, AtlasGrid
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler
from vae_core.explore import class_means, prior_distance
from vae_core.explore.components import parts_of
from vae_core.labels import has_label
from vae_core.metrics import METRICS, evaluation_of, measure, oracle
from vae_core.metrics import classes as judges
from vae_core.models import CDVAE, PPCA, SRVAE, VAE, Declaration, Joint
from vae_core.objectives import ELBO, M2
from vae_core.priors import one_hot
from vae_core.serving import LiveDecoder, Request
from vae_core.training import Options, TrainingError, options_for, train

GREY = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
FLOATS = torch.linspace(0, 1, 256).view(4, 1, 8, 8)


def made(images: Any = GREY, labels: Any = None, classes: Any = ("a", "b"), **more: Any) -> Data:
    return Data(
        "own", "train", images, torch.tensor([0, 1, 1, 0]) if labels is None else labels, classes, **more
    )


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (FLOATS, r"are float32 from 0 to 1: give uint8 from 0 to 255, for example \(255 \* images\)\.round"),
        (FLOATS.double() * 2 - 1, r"are float64 from -1 to 1: .*\(127\.5 \* \(images \+ 1\)\)\.round"),
        (FLOATS.half() * 255, r"are float16 from 0 to 255: .* images\.round\(\)\.to\(torch\.uint8\)"),
        (
            FLOATS * 4.5 - 1.5,
            r"are float32 from -1\.5 to 3: .*\(were they standardised\?\).*\(\) \+ 1\.5\) / 4\.5\)",
        ),
        (FLOATS * 4095, r"are float32 from 0 to 4095: .*\(images\.double\(\) \* \(255 / 4095\)\)"),
        ((FLOATS * 65535).long().to(torch.uint16), r"are uint16 from 0 to 65535: .*\(255 / 65535\)\)\.round"),
        ((FLOATS * 255).short(), r"are int16 from 0 to 255: .* images\.to\(torch\.uint8\)"),
        (FLOATS.round().long(), r"are int64 from 0 to 1: .*\(255 \* images\)"),
        (-(FLOATS * 300).int(), r"are int32 from -300 to 0: .*\(images\.double\(\) \+ 300\) / 300\)"),
        (FLOATS > 0.5, r"are bool: give uint8 from 0 to 255, for example 255 \* images\.to\(torch\.uint8\)"),
        (FLOATS.to(torch.complex64), "are complex64, which are no grey values"),
        (
            FLOATS / (FLOATS > 0.1),
            r"are float32 and \d+ of their 256 values are NaN or infinite: mend these images",
        ),
        (FLOATS.numpy(), r"are numpy\.ndarray: give a tensor, for example torch\.from_numpy"),
        (None, "are None: give a tensor"),
        (GREY[:, 0], r"are 4 x 8 x 8: give images x channels x height x width.*images\[:, None\]"),
        (GREY[0, 0, 0], "are 8: give images x channels x height x width"),
        (GREY[:0], "there are no images: 0 x 1 x 8 x 8 holds none"),
        (GREY[..., :0], "there are no images: 4 x 1 x 8 x 0 holds none"),
        (GREY.expand(4, 3, 8, 8).permute(0, 2, 3, 1), r"channels last: .* images\.permute\(0, 3, 1, 2\)"),
    ],
)
def test_images_that_are_no_bytes_are_refused_with_the_way_out(images: Any, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        made(images)
    one_line(caught.value)


@pytest.mark.parametrize(
    "images",
    [
        FLOATS,
        FLOATS.double() * 2 - 1,
        FLOATS * 255,
        FLOATS * 4.5 - 1.5,
        FLOATS * 4095,
        (FLOATS * 65535).long().to(torch.uint16),
        (FLOATS * 255).short(),
        FLOATS.round().long(),
        FLOATS > 0.5,
        -(FLOATS * 300).int(),
    ],
)
def test_what_the_sentence_advises_makes_bytes_of_the_whole_range(images: Tensor):
    with pytest.raises(ValueError, match="give uint8") as caught:
        made(images)
    advice = str(caught.value)
    start = min(
        place
        for sign in ("(255 ", "(127.5", "(images.double", " images.", " 255 *")
        if (place := advice.find(sign)) > 0
    )
    mended = eval(advice[start:].strip(), {"images": images, "torch": torch})
    assert made(mended).images.aminmax() == (0, 255)


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        (
            [1, 2, 3, 3],
            "abc",
            "labels run from 1 to 3, they begin at 1 and have to begin at 0: give labels - 1",
        ),
        ([0, 1, 2, 7], "abc", "labels run from 0 to 7 and there are 3 classes, numbered 0 to 2"),
        ([-1, 1, 2, 0], "abc", "labels run from -1 to 2: classes are numbered from 0; say in `known`"),
        (
            [0, 1, 2, 3],
            "",
            "labels run from 0 to 3 and there are no classes: name the classes, or give labels of 0",
        ),
        ([0, 1, 2], "abc", "labels are of 3 images and there are 4"),
        ([0.0, 1.0, 1.0, 0.0], "ab", r"labels are float32: give integers, for example labels\.long"),
        ([True, False, True, True], "ab", "labels are bool: give integers"),
        ([[1, 0], [1, 0], [0, 1], [1, 0]], "ab", r"labels are 4 x 2: .* for example labels\.argmax\(1\)"),
        (0, "ab", "labels are one number: give one number for each image"),
        ([0, 0, 0, 1], ("a", "a"), "1 class names stand twice, among them 'a'"),
        (
            [0, 0, 0, 1],
            ("a" * 1001, "b"),
            "1,001 letters, and at most 1,000 are kept: give it a shorter name",
        ),
        ([0, 0, 0, 1], ("a", "b\0"), "the name of class 1, .* holds what is no text"),
        ([0, 0, 0, 1], ("a", os.fsdecode(b"\xff")), "the name of class 1, .* holds what is no text"),
        ([0, 0, 0, 1], tuple(map(str, range(65_537))), "65,537 classes, and a model has at most 65,536"),
        ([0, 0, 0, 1], (0, 1), r"class names are text, not int: give tuple\(map\(str, classes\)\)"),
    ],
)
def test_labels_that_name_no_class_are_refused_with_the_way_out(
    labels: Any, classes: Any, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        made(labels=torch.tensor(labels), classes=tuple(classes))
    one_line(caught.value)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"labels": [0, 0, 0, 0]}, "labels are list: give a tensor"),
        ({"factors": torch.zeros(3, 2).long()}, "factors are of 3 images and there are 4"),
        ({"factors": torch.zeros(4, 2)}, "factors are float32 of 2 dimensions: give integers"),
        (
            {"factors": torch.zeros(4, 2).long(), "factor_names": ("x",)},
            "1 factor names for 2 factors: give one for each",
        ),
        ({"known": torch.ones(3, dtype=torch.bool)}, "known are of 3 images and there are 4"),
        ({"known": torch.ones(4)}, r"known is float32: give bool, for example known\.bool\(\)"),
    ],
)
def test_parts_that_are_of_other_images_are_refused(parts: dict[str, Any], words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        made(**parts)
    one_line(caught.value)


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_labels_of_any_integers_are_kept_as_int64(kind: torch.dtype):
    found = made(labels=torch.tensor([0, 1, 1, 0], dtype=kind), classes=["a", "b"])
    assert found.labels.dtype == torch.int64
    assert found.classes == ("a", "b")
    assert found.batch(slice(None), Sampler.seeded(0))["y"].argmax(-1).tolist() == [0, 1, 1, 0]


def test_data_are_looked_at_once_and_not_at_every_part_of_them(monkeypatch: pytest.MonkeyPatch):
    data = made()

    def again(images: Tensor) -> None:
        raise AssertionError("looked at again")

    monkeypatch.setattr("vae_core.data.source.check_images", again)
    model = VAE(latent=2, nets="mlp-256").build(data.signature)
    part = data.scored_by(model).rows(torch.tensor([2, 0])).to("cpu").head(1).with_labels
    assert part.__self__.labels.tolist() == [1]  # type: ignore[attr-defined]
    assert len(data.rows(slice(4, 4))) == 0  # nothing held out
    with pytest.raises(AssertionError, match="looked at again"):
        made()


def test_data_without_classes_give_batches_of_images_alone():
    batch = made(labels=torch.zeros(4).long(), classes=()).batch(slice(0, 3), Sampler.seeded(0))
    assert batch["x"].shape == (3, 1, 8, 8)
    assert batch["y"].shape == (3, 0)


# Kinds of data: images to train on, images to test on, classes.
KINDS = {
    "no class": (160, 60, 0),
    "one class": (160, 60, 1),
    "two classes": (160, 60, 2),
    "128 classes": (256, 140, 128),
    "30 images": (20, 10, 3),
    "more classes than test images": (150, 20, 75),
}
UNLABELLED: dict[str, Declaration] = {
    "vae": VAE(latent=2, nets="mlp-256"),
    "vae, vamp": VAE(latent=2, nets="mlp-256", prior="vamp", components=40),
    "vae, one latent": VAE(latent=1, nets="mlp-256"),
    "vae, rates": VAE(latent=2, nets="mlp-256", rates=(0.1, 10.0)),
    "ppca": PPCA(latent=2),
    "srvae": SRVAE(latent=2, coarse_latent=2, pool=2, prior="mixture", components=3, nets="mlp-256"),
}
LABELLED: dict[str, Declaration] = {
    "cdvae": CDVAE(unlabelled=2, nets="mlp-256"),
    "cdvae, simplex": CDVAE(unlabelled=2, layout="simplex", nets="mlp-256"),
    "cdvae, class": CDVAE(labelled=2, unlabelled=2, prior="class", nets="mlp-256"),
    "cdvae, class-mixture": CDVAE(labelled=2, unlabelled=2, prior="class-mixture", nets="mlp-256"),
    "cdvae, rates": CDVAE(labelled=2, unlabelled=2, prior="class", rates=(0.1, 10.0), nets="mlp-256"),
    "joint": Joint(latent=2, nets="mlp-256"),
    "joint, class": Joint(latent=2, prior="class", nets="mlp-256"),
    "srvae, class": SRVAE(latent=2, coarse_latent=2, pool=2, prior="class", nets="mlp-256"),
}
# All pairs with no and one class, where it is new for every model, and elsewhere one model of each sort.
PAIRS = [
    (kind, model)
    for kind in KINDS
    for model in (*UNLABELLED, *LABELLED)
    if (kind != "no class" or model in UNLABELLED)
    and (kind in ("no class", "one class") or model in ("vae", "cdvae", "joint"))
]
QUICK = Options(epochs=1, batch=16, warmup=2, device="cpu")
# What takes long and is the same for every kind: the rest is measured of all.
SLOW = {"importance", "two-sample", "dci"}
# And what is as right with less of it.
FEW = {"EXAMPLES": 8, "CHAINS": 2, "TEMPERATURES": 4, "STEPS": 4, "FINAL": 4}


# The default run tries every second model, and the kinds of data that are quick.
TRIED = {("one class", model) for model in list(LABELLED)[2::2]} | {
    ("no class", model) for model in list(UNLABELLED)[1::2]
}
TRIED |= {("30 images", "vae")}  # what needs classes is measured of the digits
CASES = [case((pair,), slow=pair not in TRIED) for pair in PAIRS]


@pytest.fixture(scope="module", params=CASES, ids=[": ".join(pair) for pair in PAIRS])
def trained_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Checkpoint]]:
    """A kind of data, known by the name `kind`, and a model that was trained on it, with its atlas, as it is loaded."""
    kind, model = request.param
    trained, tested, classes = KINDS[kind]
    folder = tmp_path_factory.mktemp("kinds") / "run"

    with pytest.MonkeyPatch.context() as patch:
        offered(patch, "kind", bars("train", trained, classes), bars("test", tested, classes))
        patch.setattr(projections, "umap", principal_components)
        patch.setattr(oracle, "ORACLE_STEPS", 20)
        patch.setattr(judges, "SAMPLES", 256)
        patch.setattr(judges, "CLASS_DRAWS", 1)
        patch.setattr("vae_core.metrics.separation.RESAMPLES", 4)
        for cost, few in FEW.items():
            patch.setattr(f"vae_core.metrics.gaps.{cost}", few)
        found = train({**UNLABELLED, **LABELLED}[model], load_data("kind"), QUICK, folder)
        save_atlas(folder, projections.make_atlas(found.model, load_data("kind", "test")))
        yield kind, load(folder)


def test_every_kind_of_data_trains_maps_measures_and_opens(trained_on: tuple[str, Checkpoint]):
    kind, found = trained_on
    _, tested, classes = KINDS[kind]
    atlas, said = found.atlas, []
    assert atlas.labels.tolist() == load_data("kind", "test").labels.tolist()
    assert all(
        np.isfinite(places).all() and places.shape == (tested, 2) for places in atlas.coordinates.values()
    )

    # Probes of many classes are those of the 75: they take seconds for each block.
    left_out = SLOW | ({"probes"} if classes == 128 else set())
    numbers = measure(
        evaluation_of(found, report=said.append), [name for name in METRICS if name not in left_out]
    )
    assert {"negative_elbo", *(f"rate_{block}" for block in found.model.blocks)} <= set(numbers)
    assert all(np.isfinite(part) for number in numbers.values() for part in number), numbers
    of_classes = [
        name for name in numbers if name.startswith(("probe_", "silhouette_", "judge_", "bayes_", "prior_kl"))
    ]
    if classes < 2:
        assert not of_classes
        reason = "the data has no classes" if not classes else "the data has one class"
        assert sum(reason in line for line in said) >= 2
    else:
        assert any(name.startswith("probe_") for name in of_classes) == (classes != 128)
        assert ("judge_accuracy" in of_classes) == has_label(found.model)


def test_every_kind_of_data_has_priors_means_and_answers(trained_on: tuple[str, Checkpoint]):
    kind, found = trained_on
    classes = KINDS[kind][2]
    means = {block: torch.from_numpy(values) for block, values in found.atlas.means.items()}
    for block in found.model.blocks:
        distance = prior_distance(found.model, block)
        assert distance is None or (classes > 1 and distance > 0)
        assert parts_of(found.model, block) is not None or block == "z"
    for values in class_means(
        found.model, means, one_hot(torch.from_numpy(found.atlas.labels), classes)
    ).values():
        assert values.shape[0] == classes
    label = {"label": [0]} if has_label(found.model) else {}
    (answer,) = LiveDecoder(lambda name: found).answer(
        [Request.of({"model": "any", "draw": {"seed": 1}, "back": True, "classes": True, **label})]
    )
    assert not isinstance(answer, ValueError)
    assert answer.pixels.shape == (1, 8, 8, 1)
    assert answer.classes is None or answer.classes.shape == (1, classes)


@pytest.mark.parametrize("group", sorted(SLOW))
@pytest.mark.parametrize("tested", [2, 3, 30])
def test_few_images_are_measured_or_left_out_with_a_reason(
    tested: int, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of all metrics those that are slow, beside the others above."""
    monkeypatch.setattr("vae_core.metrics.evidence.IMPORTANCE_SAMPLES", 5)
    data, said = bars("train", 30, 3), []
    offered(monkeypatch, data.name, data, bars("test", tested, 3))
    found = train(UNLABELLED["vae"], data, QUICK, tmp_path / "run")
    numbers = measure(evaluation_of(found, report=said.append), [group])
    assert all(np.isfinite(part) for number in numbers.values() for part in number), numbers
    assert numbers or group == "dci" or "no two-sample tests: they need 3 images, and there are 2" in said


@pytest.mark.parametrize("tested", first([2, 10]))
def test_very_few_images_lose_no_group_of_numbers(
    tested: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(oracle, "ORACLE_STEPS", 5)
    monkeypatch.setattr(judges, "SAMPLES", 30)
    data = bars("train", 30, 3)
    offered(monkeypatch, data.name, data, bars("test", tested, 3))
    found = train(LABELLED["cdvae"], data, QUICK, tmp_path / "run")
    for group in (name for name in METRICS if name not in SLOW):
        numbers = measure(evaluation_of(found), [group])
        assert all(np.isfinite(part) for number in numbers.values() for part in number), numbers


def test_probes_that_would_be_fitted_on_one_class_are_left_out_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one = replace(bars("train", 30, 3), labels=torch.ones(30, dtype=torch.int64))
    offered(monkeypatch, one.name, one, bars("test", 30, 3))
    found, said = train(UNLABELLED["vae"], one, QUICK, tmp_path / "run"), []
    assert measure(evaluation_of(found, report=said.append), ["probes"]) == {}
    assert "no probes: the images that they are fitted on are of one class" in said


@pytest.mark.parametrize(
    ("classes", "declaration", "options", "words"),
    [
        (0, CDVAE(), {}, "a CDVAE needs data with classes: choose a labelled data set, or the model vae"),
        (0, Joint(), {}, "a Joint VAE needs data with classes"),
        (0, SRVAE(prior="class", pool=2), {}, "a labelled prior needs data with classes"),
        (0, VAE(), {"labels": 16}, "has no classes, so there are no labels to tell: leave out --labels"),
        (0, VAE(), {"class_weight": 1.0}, "the data has no classes: leave them out"),
        (0, VAE(), {"adversary": 1.0}, "the data has no classes: leave them out"),
        (1, CDVAE(), {"class_weight": 1.0}, "the data has one class: leave them out"),
        (1, CDVAE(), {"adversary": 1.0}, "the data has one class: leave them out"),
        (2, VAE(), {"class_weight": 1.0}, "no variable of this model is conditioned on the class: leave out"),
        (
            2,
            CDVAE(),
            {"batch": 64},
            "30 training images are fewer than a batch of 64: give a smaller --batch",
        ),
    ],
)
def test_what_the_data_cannot_give_is_said_before_training_begins(
    classes: int, declaration: Declaration, options: dict, words: str, tmp_path: Path, one_line: Callable
):
    with pytest.raises((ValueError, TrainingError), match=words) as caught:
        train(
            declaration,
            bars("train", 30, classes),
            options_for(declaration, {**vars(QUICK), **options}),
            tmp_path / "run",
        )
    one_line(caught.value)
    assert not (tmp_path / "run").exists()


PARTLY = torch.arange(160) % 5 == 0


def test_a_model_that_infers_the_class_sums_out_what_nobody_knows(tmp_path: Path):
    data = replace(bars("train", 160, 3), known=PARTLY)
    found = train(Joint(latent=2, nets="mlp-256"), data, QUICK, tmp_path / "run")
    assert found.card.objective == M2(labels=32, beta={"z": 1.0})
    fewer = replace(QUICK, objective=M2(labels=9))
    assert train(Joint(latent=2), data, fewer, tmp_path / "fewer").card.objective.labelled() == 9
    assert options_for(Joint(), {"epochs": 3}).objective is None  # as the command line leaves it
    with pytest.raises(ValueError, match="needs all: give --labels 32, by which the others are summed out"):
        train(Joint(latent=2), data, replace(QUICK, objective=ELBO(beta=2.0)), tmp_path / "other")


@pytest.mark.parametrize("known", [PARTLY, torch.ones(160, dtype=torch.bool)], ids=["some", "all"])
def test_a_model_without_a_class_trains_on_all_images_alike(known: Tensor, tmp_path: Path):
    data, one, other = bars("train", 160, 3), tmp_path / "one", tmp_path / "other"
    weights = [
        train(UNLABELLED["vae"], given, QUICK, folder).weights
        for given, folder in ((data, one), (replace(data, known=known), other))
    ]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("adversary", [0.0, 1.0])
def test_a_model_that_needs_every_class_says_so(adversary: float, tmp_path: Path, one_line: Callable):
    data = replace(bars("train", 160, 3), known=PARTLY)
    options = options_for(CDVAE(), {**vars(QUICK), "adversary": adversary})
    with pytest.raises(
        ValueError,
        match=r"class of 32 of 160 images is known, and this objective needs all: choose joint.*--labelled-only",
    ) as caught:
        train(CDVAE(nets="mlp-256"), data, options, tmp_path / "run")
    one_line(caught.value)
    assert train(CDVAE(nets="mlp-256"), data.rows(PARTLY), QUICK, tmp_path / "run").card.epochs_done == 1


def test_what_is_measured_by_class_is_of_images_of_known_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A label that is not known is a 0 in the data, and no image of the first class."""
    data, said = replace(bars("train", 160, 3), known=PARTLY), []
    offered(monkeypatch, data.name, data, bars("test", 60, 3))
    found = train(Joint(latent=2, nets="mlp-256"), data, QUICK, tmp_path / "run")
    evaluation = evaluation_of(found, report=said.append)
    assert torch.equal(evaluation.train.images, data.images[PARTLY])
    assert "128 train images of no known class are left out" in said


def test_accuracy_of_uneven_classes_is_balanced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    even, uneven = bars("train", 160, 2), bars("train", 160, 2)
    uneven = uneven.rows(
        torch.cat([(uneven.labels == 0).nonzero()[:, 0], (uneven.labels == 1).nonzero()[:8, 0]])
    )
    numbers = {}
    for name, data in (("even", even), ("uneven", uneven)):
        offered(monkeypatch, data.name, data, data)
        numbers[name] = measure(
            evaluation_of(train(LABELLED["cdvae"], data, QUICK, tmp_path / name)), ["bayes"]
        )
    assert set(numbers["uneven"]) - set(numbers["even"]) == {"bayes_balanced_accuracy"}
    plain, balanced = (numbers["uneven"][f"bayes_{what}"] for what in ("accuracy", "balanced_accuracy"))
    right = plain.value * plain.n
    assert plain.n == balanced.n == 88
    assert balanced.value in [
        pytest.approx((a / 80 + b / 8) / 2) for b in range(9) for a in [round(right) - b]
    ]
    assert balanced.se > 0


@pytest.mark.parametrize(("images", "batch"), [(22, 8), (99, 32), (160, 128)])
def test_few_images_have_a_batch_that_fits_them(images: int, batch: int, tmp_path: Path):
    data = bars("train", images, 3)
    options = Options(epochs=1, warmup=2, device="cpu")
    assert train(UNLABELLED["vae"], data, options, tmp_path / "run").card.training.batch == batch
    assert train(UNLABELLED["vae"], data, options, tmp_path / "run", resume=True).card.epochs_done == 1


def test_one_class_can_be_told_for_some_images_only(tmp_path: Path):
    options = replace(QUICK, objective=M2(labels=8))
    assert train(Joint(latent=2), bars("train", 64, 1), options, tmp_path / "run").card.epochs_done == 1


@pytest.mark.parametrize(
    ("classes", "kind"), [(0, "uint8"), (1, "uint8"), (256, "uint8"), (257, "uint16"), (70_000, "uint32")]
)
def test_an_atlas_numbers_all_its_classes(classes: int, kind: str):
    labels = np.array([0, max(classes - 1, 0), max(classes - 2, 0)])
    part = {"z": np.zeros((3, 2), np.float32)}
    grid = AtlasGrid({}, (Atlas(part, part, part, labels, tuple(map(str, range(classes)))),))
    arrays = grid.arrays()
    assert arrays["labels"].dtype == kind
    again = AtlasGrid.from_arrays(arrays).atlases[0]
    assert again.labels.tolist() == labels.tolist()
    assert again.classes == grid.atlases[0].classes
