"""The numbers in the documents are those of the cards and of the benchmarks' results; README's sentences are short, its commands are commands."""

import itertools
import re
import shlex
from pathlib import Path

import pytest
from latent_explorer.cli import COMMANDS

from benchmarks.readme import BLOCKS, MODEL, README, block
from vae_core import bundled
from vae_core.checkpoints import SUCCESSORS, bundled_folder, load_card
from vae_core.cli.parsing import parse

HERE = bundled_folder() / "README.md"  # how each bundled model was trained
LINK = re.compile(r"\]\([^)]*\)")


@pytest.mark.parametrize(("path", "name"), BLOCKS, ids=[name for _, name in BLOCKS])
def test_what_a_document_quotes_is_its_source(path: Path, name: str):
    assert block(path, name) == BLOCKS[path, name]()


def test_the_card_meets_what_the_bundled_model_promises():
    metrics = {name: found.value for name, found in load_card(bundled()[MODEL]).metrics.items()}
    assert metrics["bayes_accuracy"] >= 0.985
    assert metrics["sample_accuracy"] >= 0.98
    assert metrics["swap_accuracy"] >= 0.98
    assert metrics["negative_elbo"] <= 97


def test_the_class_stays_known_over_the_whole_range_of_betas():
    found = load_card(bundled()[MODEL]).frontier
    assert found is not None
    assert len(found.points) == 25
    assert len(found.anchors) >= 3
    for point in found.points:
        assert point.numbers["bayes_accuracy"].value >= 0.95
        assert point.numbers["sample_accuracy"].value >= 0.95


@pytest.mark.parametrize("name", ["mr-vae-mnist", "mr-cdvae-mnist"])
def test_a_frontier_falls_and_rises_with_beta(name: str):
    found = load_card(bundled()[name]).frontier
    assert found is not None
    for variable in found.blocks:
        line = found.line(variable, dict.fromkeys(found.blocks, 1.0))
        assert [point.rate for point in line] == sorted((point.rate for point in line), reverse=True)
        distortions = [point.distortion.value for point in line]
        assert distortions == sorted(distortions)


def test_the_slope_of_the_bundled_frontier_lies_between_neighbouring_betas():
    found = load_card(bundled()["mr-vae-mnist"]).frontier
    assert found is not None
    for one, other in itertools.pairwise(found.points):
        slope = (other.distortion.value - one.distortion.value) / (one.rate - other.rate)
        assert 0.9 * one.betas["z"] < slope < 1.1 * other.betas["z"]


def test_what_is_bundled_stays_small():
    files = [path for folder in bundled().values() for path in folder.iterdir()]
    assert sum(path.stat().st_size for path in files) < 60e6


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_checkpoint_is_measured_and_small(name: str):
    folder = bundled()[name]
    card = load_card(folder)
    assert {"negative_elbo", "distortion"} <= set(card.metrics)
    assert all(any(name in command for command in card.commands([number])) for number in card.metrics)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 9e6


def sentences(text: str) -> list[str]:
    """The sentences of a document's paragraphs and list items, without tables, code and the addresses of links."""
    text = re.sub(r"^```.*?^```|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)
    found = []
    for part in re.split(r"\n\s*\n|\n(?=- )", text):
        if not part.lstrip().startswith("|"):
            found += re.split(r"(?<=[.!?])\s+", LINK.sub("]", " ".join(part.split())))
    return found


def test_no_sentence_of_the_readme_is_longer_than_300_letters():
    found = sentences(README.read_text(encoding="utf-8"))
    assert len(found) > 100
    assert [sentence for sentence in found if len(sentence) > 300] == []


@pytest.mark.parametrize("path", [README, HERE], ids=["README", "pretrained"])
def test_a_document_names_no_model_that_is_no_more(path: Path):
    assert [
        name for name in SUCCESSORS if re.search(rf"\b{name}\b(?!-)", path.read_text(encoding="utf-8"))
    ] == []


def test_how_each_bundled_model_was_trained_is_said():
    assert [name for name in bundled() if f"`{name}`" not in HERE.read_text(encoding="utf-8")] == []


def commands(text: str) -> list[str]:
    """The lines of a document's shell blocks that are commands of ours, without what stands in capitals for another word."""
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
    return [
        line.partition("#")[0].strip() for line in lines.splitlines() if line.startswith("latent-explorer ")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands(README.read_text(encoding="utf-8")))
def test_a_command_of_the_readme_is_one(command: str):
    assert parse(shlex.split(command)[1:], COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    re.findall(r"\| `([a-z]+ --[^`]+)`", HERE.read_text(encoding="utf-8")),
    ids=lambda text: text[:60],
)
def test_the_options_that_a_bundled_model_was_trained_with_are_options(options: str):
    out = [] if "--out" in options else ["--out", "runs/one"]
    assert parse(["train", *shlex.split(options), *out], COMMANDS)
