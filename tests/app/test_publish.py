"""The command publish: what it writes, where it does not, and the sentences for what cannot be published."""

import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from latent_explorer import cli
from latent_explorer.lessons.places import facts
from latent_explorer.site import publishing, runtime
from latent_explorer.site.card import card
from latent_explorer.site.lessons import FACTS, lessons
from latent_explorer.site.publishing import publish
from latent_explorer.site.shown import MOST_NAMES, drawn_as, shown

from tests.support.foreign import embeddings
from vae_core import load
from vae_core.data import load_data
from vae_core.kinds import Table

SMALL = "ppca-digits-plane"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of onnxruntime-web's."""
    folder = tmp_path / "library"
    folder.mkdir()
    for name in (runtime.MODULE, runtime.WASM):
        (folder / name).write_bytes(b"\0asm")
    monkeypatch.setattr(runtime, "folders", lambda: [folder])
    return folder


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_site_is_what_a_browser_needs_and_nothing_else(tmp_path: Path, library: Path):
    out = tmp_path / "site"
    sizes = publish([load(SMALL)], out).sizes
    there = files_of(out)
    assert {"index.html", "site.json", "runtime/wasm.bin", f"models/{SMALL}/draw.bin"} <= there
    assert {Path(name).suffix for name in there} == {".html", ".json", ".js", ".css", ".bin"}
    assert not [name for name in there if ".test." in name]
    assert sizes["all"] == sum((out / name).stat().st_size for name in there)
    told = json.loads((out / "site.json").read_text())
    assert [model["name"] for model in told["models"]] == [SMALL]
    index = (out / "index.html").read_text()
    assert "{{" not in index
    assert "http" not in index.split("<script>")[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "site"]


def test_binaries_are_compressed_and_the_same_each_time(tmp_path: Path):
    first, second = (shown(load(SMALL)) for _ in range(2))
    assert first.files == second.files
    assert gzip.decompress(first.files["film.bin"])
    assert json.dumps(first.page, allow_nan=False) == json.dumps(second.page)


def test_a_folder_that_holds_something_is_refused_and_left(tmp_path: Path, library: Path, one_line: Callable):
    out = tmp_path / "site"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty: give a new folder") as error:
        publish([load(SMALL)], out, replace=True)
    one_line(error.value)
    assert files_of(out) == {"notes.txt"}


def test_a_site_gives_way_only_where_that_is_asked(tmp_path: Path, library: Path):
    out = tmp_path / "site"
    publish([load(SMALL)], out)
    (out / "index.html").write_text("old")
    with pytest.raises(ValueError, match="add --replace"):
        publish([load(SMALL)], out)
    publish([load(SMALL)], out, replace=True)
    assert "<!doctype html>" in (out / "index.html").read_text()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        publish([load(SMALL)], out, replace=True)


def test_a_disk_that_is_full_leaves_what_was_there(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    out = tmp_path / "site"
    publish([load(SMALL)], out)
    before = files_of(out)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        ValueError, match=r"site cannot be written \(No space left on device\), and is as it was"
    ) as error:
        publish([load(SMALL)], out, replace=True)
    one_line(error.value)
    assert files_of(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "site"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty cannot be written"):
        publish([load(SMALL)], tmp_path / "empty")
    assert not list((tmp_path / "empty").iterdir())


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path, library: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "site").symlink_to("there")
    publish([load(SMALL)], tmp_path / "site")
    publish([load(SMALL)], tmp_path / "site", replace=True)
    assert (tmp_path / "site").is_symlink()
    assert "index.html" in files_of(tmp_path / "there")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "site", "there"]
    (tmp_path / "gone").symlink_to("nowhere")
    publish([load(SMALL)], tmp_path / "gone")
    assert (tmp_path / "nowhere" / "index.html").exists()


def test_an_empty_folder_is_filled_where_the_one_above_is_not_to_be_written(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "site"
    out.mkdir()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(publishing.tempfile, "mkdtemp", refused)
    publish([load(SMALL)], out)
    assert "index.html" in files_of(out)
    with pytest.raises(ValueError, match=r"Permission denied.*give another folder"):
        publish([load(SMALL)], out, replace=True)
    assert "index.html" in files_of(out)


def test_a_site_that_another_publish_put_there_meanwhile_is_left(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "site"
    fill = publishing._fill

    def meanwhile(folder: Path, files: dict[str, bytes]) -> None:
        out.mkdir()
        (out / "index.html").write_text("theirs")
        fill(folder, files)

    monkeypatch.setattr(publishing, "_fill", meanwhile)
    with pytest.raises(ValueError, match="cannot be written"):
        publish([load(SMALL)], out)
    assert (out / "index.html").read_text() == "theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "site"]


def test_what_a_killed_publish_left_goes_after_an_hour(tmp_path: Path, library: Path):
    for name, hours in (
        (".site.abcdefgh", 2),
        (".site.abcdefgh.old", 2),
        (".site.abcdefg0", 0),
        (".site.mine", 2),
    ):
        (tmp_path / name / "modules").mkdir(parents=True)
        at = time.time() - hours * 3600 - 1
        os.utime(tmp_path / name, (at, at))
    publish([load(SMALL)], tmp_path / "site")
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert sorted(left) == [".site.abcdefg0", ".site.mine"]


def test_a_title_that_looks_like_a_place_of_the_page_is_text():
    told = [{"folder": "one", "title": "{{ahead}} <b>", "purpose": "{{title}}"}]
    page = publishing._index({}, told, None).decode()
    assert "<title>{{ahead}} &lt;b&gt;</title>" in page
    assert 'content="{{title}}"' in page


def test_one_view_alone_holds_what_it_needs(
    tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "map"
    assert cli.main(["publish", SMALL, "--out", str(out), "--only", "map"]) == 0
    there = files_of(out)
    assert f"models/{SMALL}/places-0.bin" in there
    assert f"models/{SMALL}/encode.bin" not in there
    assert '<iframe src="' in capsys.readouterr().out
    assert 'data-only="map"' in (out / "index.html").read_text()


def test_what_cannot_be_published_is_said_in_a_sentence(
    tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    embeddings(tmp_path / "codes", load_data("digits", "test"))
    out = str(tmp_path / "site")
    for words, said in (
        ([SMALL, "--only", "frontier"], "was trained for one beta"),
        ([str(tmp_path / "codes"), "--only", "live"], "publish its map with --only map"),
        ([SMALL, SMALL], "two of the models are called"),
        ([], "say which model to publish"),
        (["gone"], "holds no checkpoint"),
        ([str(library / runtime.MODULE)], "holds no checkpoint"),
    ):
        assert cli.main(["publish", *words, "--out", out]) == 2
        assert said in one_line(capsys.readouterr().err.replace("Writing the site\n", ""))
    assert not Path(out).exists()
    assert cli.main(["publish", SMALL, "--out", str(library / runtime.MODULE / "site")]) == 2
    assert "is a file, so there is no" in one_line(capsys.readouterr().err.replace("Writing the site\n", ""))


def test_the_line_that_serves_a_site_is_one_that_a_shell_reads(
    tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "my [b]site"
    assert cli.main(["publish", SMALL, "--out", str(out)]) == 0
    assert f"--directory '{out}'`" in capsys.readouterr().out


def test_embeddings_are_a_map_without_a_decoder(tmp_path: Path, library: Path):
    embeddings(tmp_path / "codes", load_data("digits", "test"))
    found = shown(load(tmp_path / "codes"))
    assert found.page["noDecoder"]
    assert found.page["map"]["decoder"] is None
    assert set(found.files) == {"places-0.bin"}


def test_without_the_library_it_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    monkeypatch.setattr(runtime, "folders", lambda: [tmp_path / "gone"])
    with pytest.raises(ValueError, match="npm install") as error:
        publish([load(SMALL)], tmp_path / "site")
    one_line(error.value)


def test_the_modules_of_a_site_are_the_apps_own():
    modules = publishing._modules()
    for name in ("components/map/map.js", "components/controls/first.js", "site/main.js"):
        assert modules[f"modules/{name}"] == (publishing.PACKAGE / name).read_bytes()


PAGES = {
    "one": {"noDecoder": "", "blocks": [{"name": "z"}], "betas": {"z": [0.1, 10]}, "kept": {"z": {}}},
    "codes": {"noDecoder": "it has no decoder"},
}
STEP = {"page": "live", "with": "{item: 3}", "task": "Look.", "goal": "{moved_z: 1}"}


def written(folder: Path, **changed: str) -> Path:
    """A lesson of one step."""
    step = "\n".join(f"{name}: {value}" for name, value in {**STEP, **changed}.items())
    text = f"---\ntitle: Mine\nabout: Mine.\nmodel: one\n---\n\n## A *step* $x^2$\n\n```step\n{step}\n```\n"
    (folder / "mine.md").write_text(text)
    return folder


def test_a_lesson_goes_along_as_html_and_goals_as_data(tmp_path: Path):
    told, left = lessons(PAGES, written(tmp_path, goal='{page: live, beta_z: ">= 4", item: yes}'))
    assert left == []
    (lesson,) = [each for each in told if each["name"] == "mine"]
    (step,) = lesson["steps"]
    assert step["title"].startswith("A <em>step</em> <math>")
    assert step["query"] == "model=one&page=live&item=3"
    assert step["goal"] == [
        {"fact": "page", "anyOf": ["live"]},
        {"fact": "beta_z", "least": 4.0},
        {"fact": "item", "present": True},
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"page": "prior"}, "on the page prior, which a site has not"),
        ({"model": "two"}, "about two: publish it too"),
        ({"model": "codes"}, "codes cannot: it has no decoder"),
        ({"with": "{move: z.1~2, finding: label}"}, "sets finding"),
        ({"page": "traverse", "with": "{start: class}"}, "sets start"),
        ({"goal": "{dim: z}"}, "asks for dim"),
        ({"goal": "{page: measure}"}, "leads to the page measure"),
        ({"goal": "{model: two}"}, "leads to the model two"),
    ],
)
def test_what_a_lesson_asks_for_and_a_site_has_not_is_said(
    tmp_path: Path, changed: dict[str, str], words: str
):
    told, (sentence,) = lessons(PAGES, written(tmp_path, **changed))
    assert "mine" not in [each["name"] for each in told]
    assert sentence.startswith("mine.md is not on the site: its step 1")
    assert words in sentence


def test_a_lesson_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / "mine.md").write_text("nothing")
    assert "mine.md:1" in lessons(PAGES, tmp_path)[1][0]


def test_every_fact_that_a_site_tells_is_one_that_a_lesson_may_ask_for():
    assert set(FACTS) <= facts([])


def test_no_text_of_a_lesson_becomes_markup(tmp_path: Path):
    """What the page writes as HTML is what the hand-out writes: formulas and Markdown, of which nothing else comes through."""
    evil = r"$\\text{<img src=x onerror=alert(1)>}$ [a](javascript:alert(1))"
    told, _ = lessons(PAGES, written(tmp_path, task=f'"{evil}"', hint=f'"{evil}"'))
    (step,) = next(each for each in told if each["name"] == "mine")["steps"]
    for text in (step["task"], step["hint"]):
        assert "&lt;img" in text
        assert "<img" not in text
        assert "<a " not in text


def test_the_bars_of_a_table_are_named():
    numbers = [tuple([value] * 40) for value in (0.0, 1.0, 0.0, 1.0)]
    names = tuple(f"gene {i}" for i in range(40))
    said = drawn_as(Table(names, ("real",) * 40, *numbers))
    assert "from left to right: gene 0, gene 1," in said
    assert said.count("gene") == MOST_NAMES
    assert "and 10 more" in said
    assert drawn_as(load(SMALL).kind) == ""


def test_numbers_of_a_card_name_their_unit_once():
    for each in card(load("vae-mnist"))["numbers"]:
        assert "nats" not in each["title"] or "nats" not in each["value"], each
        assert "-" not in each["value"], each
