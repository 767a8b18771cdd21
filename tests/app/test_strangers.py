"""Links, cards, names and requests of strangers: shown as text, said in one sentence, and no harm to anybody else."""

import ast
import asyncio
import copy
import gc
import os
import shutil
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from latent_explorer import DECODE, MODELS_VARIABLE, PLACES
from latent_explorer.caches import checkpoints, encodings
from latent_explorer.export import scripts
from latent_explorer.live.route import allowed
from latent_explorer.server import decode, places
from latent_explorer.text import JOINER, code_span, key, plain, said
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit.testing.v1 import AppTest

from tests.app.conftest import START
from tests.strangers import card_of, hostile, measured, rewritten, small, with_classes
from tests.support.tiers import first
from vae_core import bundled
from vae_core.checkpoints import CheckpointError, load
from vae_core.serving import Request

MAIN = Path(__file__).parents[2] / "app" / "latent_explorer" / "main.py"
VIEWS = sorted(f"views/{path.name}" for path in (MAIN.parent / "views").glob("*.py"))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("strangers") / "good")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models that the app offers."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    return tmp_path


def opened(page: str = "views/map.py", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=120)
    at.query_params.update(query)
    if page != START:
        at.switch_page(page)
    at.run()
    assert not at.exception, at.exception[0].stack_trace
    return at


def sentences(at: AppTest) -> list[str]:
    return [element.value for element in (*at.warning, *at.error)]


# ---- text


@pytest.mark.parametrize(
    "text", ["`a` ``b``", "*a* _b_ __c__", "$x$ $$y$$", ":red[x] :material/home: :smile:", "[a](b) ![c](d)"]
)
def test_a_text_is_itself_when_the_escapes_are_taken_away(text: str):
    assert plain(text).replace("\\", "").replace(JOINER, "") == text
    assert text in code_span(text).replace(JOINER, "")


@pytest.mark.parametrize(
    "text", ["# a", "> a", "- a", "+ a", "1. a", "12) a", "=== b", "--- c", "| a |", "a\n\n# b"]
)
def test_no_text_begins_a_heading_a_list_or_a_quotation(text: str):
    assert (
        plain(text)[0] == "\\" or plain(text)[1:3].startswith(("\\", "2\\")) or plain(text).startswith("a ")
    )


def test_a_text_is_one_line_and_no_longer_than_a_sentence():
    assert "\n" not in plain("a\nb\u2028c")
    assert len(plain("x" * 100_000)) == 200
    plain("\ud800 \u202e").encode()


def test_names_become_keys_of_components_and_stay_different():
    names = ["run__1", "run_1", "run 1", "run-1", "läuft", "a" * 300, "a" * 301, "'\"%#", ".hidden"]
    keys = [key(name) for name in names]
    assert len(set(keys)) == len(names)
    assert all("__" not in k and k.isascii() and len(k) < 50 for k in keys)


def test_paths_outside_the_working_directory_are_not_disclosed(tmp_path: Path):
    folder = tmp_path / "a b" / "model"
    told = said(
        f"{folder}/card.json cannot be read ([Errno 13] Permission denied: '/etc/secret/card.json')", folder
    )
    assert str(tmp_path) not in told
    assert "/etc" not in told
    assert "model/card.json" in told


# ---- no text of a stranger reaches markdown raw

ELEMENTS = {
    *("markdown", "caption", "warning", "info", "error", "success", "title", "header", "subheader", "button"),
    *("metric", "progress", "toggle", "expander", "popover", "beside"),
}
FROM_OUTSIDE = (
    "found.name",
    "checkpoint.name",
    "classes[",
    ".command",
    "['command']",
    "asked",
    "file.name",
    "job.line",
    "['data']",
    "['name']",
)


def test_every_text_from_outside_is_escaped_before_it_is_markdown():
    """Reads the code: what stands in the f-strings that page elements are given."""
    found = []
    for path in sorted(MAIN.parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ELEMENTS and call.args:
                for part in ast.walk(call.args[0]):
                    if isinstance(part, ast.FormattedValue):
                        source = ast.unparse(part.value)
                        safe = (
                            source.startswith(("plain(", "code_span(", "checkpoints.why("))
                            or "+ ' --write'" in source
                        )
                        if not safe and (source == "error" or any(name in source for name in FROM_OUTSIDE)):
                            found.append(f"{path.name}:{part.lineno}: {source}")
    assert not found


# ---- links

NUMBERS = ["9" * 5000, "inf", "-inf", "1e309", "nan", "１２", "-0", "1_000", "", " ", "0x5", "1e1", "7.5"]
NUMERIC = {
    "views/map.py": ["item", "hidden", "selection", "selection_a"],
    "views/live.py": ["item", "seed", "temperature", "move", "start"],
    "views/traverse.py": ["item", "seed", "span", "dim"],
    "views/generate.py": ["seed", "temperature", "items", "first", "held-seed", "held-temperature"],
    "views/interpolate.py": ["from", "to", "steps", "c1", "c2", "c3", "c4", "a", "b", "c"],
    "views/prior.py": ["x", "y", "pair", "item"],
    "views/measure.py": ["seed"],
}


@pytest.mark.parametrize(
    "value",
    [*NUMBERS[:1], *(pytest.param(value, marks=pytest.mark.slow) for value in NUMBERS[1:])],
    ids=[value[:6] or "empty" for value in NUMBERS],
)
def test_any_number_in_a_link_is_one_sentence_or_the_default(good: Path, models: Path, value: str):
    shutil.copytree(good, models / "good")
    for page, names in NUMERIC.items():
        extra = {"start": "prior draw"} if page == "views/traverse.py" else {"plane": "two dimensions"}
        query = {name: f"z_u.0~{value}" if name == "move" else value for name in names}
        at = opened(page, **{"model": "good", **extra, **query})
        assert all(len(sentence) < 1500 for sentence in sentences(at))


def test_a_beta_of_a_link_is_one_of_the_slider(models: Path):
    for value in NUMBERS[:6]:
        at = opened("views/rate_distortion.py", model="mr-vae-mnist", beta_z=value)
        assert "beta of z" in " ".join(sentences(at))


def test_a_pair_of_classes_may_have_a_tilde_in_their_names(good: Path, models: Path):
    folder = shutil.copytree(good, models / "good")
    with_classes(folder, lambda c: f"{c}~{c}")
    at = opened("views/prior.py", model="good", look="Classes", pair="3~3~4~4")
    assert any("Class 3\\~3 and class 4\\~4" in element.value for element in at.markdown)
    assert not sentences(at)


# ---- cards


def test_a_card_of_hostile_texts_is_shown_as_text_on_every_page(good: Path, models: Path):
    folder = shutil.copytree(good, models / "good")
    hostile(folder)
    for page in VIEWS:
        at = opened(page, model="good", item="3")
        elements = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.subheader, *at.title]
        texts = [element.value for element in elements if "evil" in element.value]
        for text in texts:
            outside = "".join(text.split("``")[::2])  # the fenced parts are code
            assert "[sign" not in outside.replace("\\[", "")
            assert "<b>" not in outside.replace("\\<", "")


GOOD_PART = {"prior": ("model", "arguments", "prior"), "likelihood": ("model", "arguments", "likelihood")}
ODD: list[Any] = [None, [], {}, "text", -1, 1e400, float("nan"), 10**400, True, [[]], {"a": {}}, "\ud800"]


def mutants(card: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The card with one thing wrong: every field and the fields of every field, gone or odd."""
    number = 0
    for field in (
        "model",
        "data",
        "objective",
        "training",
        "cost",
        "epochs_done",
        "metrics",
        "evaluation",
        "found",
    ):
        yield f"no-{field}", {name: value for name, value in card.items() if name != field}
        for odd in ODD:
            number += 1
            yield f"{field}-{number}", {**card, field: odd}
    for place in (
        ("data", "name"),
        ("data", "shape"),
        ("data", "classes"),
        ("objective", "name"),
        ("objective", "beta"),
        ("metrics", "distortion"),
        *GOOD_PART.values(),
    ):
        for odd in ODD[:8]:
            number += 1
            changed = copy.deepcopy(card)
            inside = changed
            for name in place[:-1]:
                inside = inside[name]
            inside[place[-1]] = odd
            yield f"{'-'.join(place)}-{number}", changed
    yield "deep", '{"format": 1, "model": {}, "data": ' + "[" * 100_000 + "]" * 100_000 + "}"
    yield "nothing", ""
    yield "list", "[]"
    yield "bytes", "\x00\x01"


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_one_bad_card_hurts_no_other_model_and_is_said_in_one_sentence(good: Path, models: Path, step: int):
    shutil.copytree(good, models / "good")
    rewritten(models / "good", measured(card_of(good)))
    names = []
    for name, card in list(mutants(measured(card_of(good))))[::-step]:
        folder = models / name
        folder.mkdir()
        for file in ("model.safetensors", "atlas.npz"):
            os.link(good / file, folder / file)
        rewritten(folder, card)
        names.append(name)
    assert len(names) > 150 / step
    for page in ("views/map.py", "views/measure.py", "views/rate_distortion.py", "views/prior.py"):
        at = opened(page, model="good")
        assert not sentences(at)
    assert not sentences(opened("views/measure.py", model="good", show="All models"))
    assert not sentences(opened("views/measure.py", model="good", show="Disentanglement"))
    refused = []
    for name in names:
        try:
            checkpoints.checkpoint(name)
        except CheckpointError:
            refused.append(name)
    assert len(refused) > 100 / step
    for name in [refused[0], refused[-1], "deep", *(name for name in names if name not in refused)][:6]:
        said = sentences(opened(model=name))
        assert (name in refused) == any("cannot be opened" in sentence for sentence in said), said
        assert not any(str(models) in sentence for sentence in said)


def test_a_model_without_an_atlas_is_said_once(good: Path, models: Path):
    shutil.copytree(good, models / "good")
    (models / "good" / "atlas.npz").unlink()
    [sentence] = sentences(opened(model="good"))
    assert sentence.count("latent\\-explorer atlas") + sentence.count("latent-explorer atlas") == 1
    assert "does not fit" not in sentence
    assert str(models) not in sentence


@pytest.mark.parametrize(
    "name",
    first(
        [
            "run__1",
            'it\'s "q"',
            "`$[a](b)",
            "my run",
            "100%",
            "a#b",
            "läuft_ä",
            "a.b.c",
            "r" * 200,
            "-x",
        ],
        2,
    ),
)
def test_any_name_of_a_folder_opens_on_every_page(good: Path, models: Path, name: str):
    shutil.copytree(good, models / name)
    pages = VIEWS if name == "run__1" else ["views/live.py", "views/prior.py"]
    for page in pages:
        at = opened(page, model=name)
        assert not sentences(at)
        assert at.selectbox(key="model").value == name


def test_a_checkpoint_with_the_name_of_a_bundled_one_stands_beside_it(good: Path, models: Path):
    shutil.copytree(good, models / "vae-mnist")
    own = f"vae-mnist ({models.name})"
    assert {"vae-mnist", own} <= set(checkpoints.offered())
    assert checkpoints.checkpoint("vae-mnist").folder == bundled()["vae-mnist"]
    assert checkpoints.checkpoint(own).name == own
    at = opened(model=own)
    assert any("2 models are called vae-mnist" in caption.value for caption in at.caption)
    assert not sentences(at)


@pytest.mark.slow
def test_the_checkpoints_that_are_kept_are_bounded_and_the_stale_ones_go(good: Path, models: Path):
    folder = shutil.copytree(good, models / "good")
    first = checkpoints.checkpoint("good")
    assert checkpoints.checkpoint("good") is first
    encodings.codes(first)
    os.utime(folder / "card.json", ns=(1, 1))
    second = checkpoints.checkpoint("good")
    assert second is not first
    os.utime(folder / "card.json", ns=(2, 2))
    assert checkpoints.checkpoint("good") is not second
    gone = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


# ---- scripts and commands

QUOTES = 'q"); print(1) #'


def test_a_name_in_a_script_is_a_text_of_python(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in (QUOTES, 'a"""b', "back\\", "ü", "it's"):
        found = load(shutil.copytree(good, tmp_path / name))
        text = scripts.of_codes(found, f"One code of {found.name}", {"z_u": torch.zeros(1, 3)}, 1)
        tree = ast.parse(text)
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "vae_core.load"
        ]
        assert [ast.literal_eval(call.args[0]) for call in calls] == [name]
        assert name in (ast.get_docstring(tree, clean=False) or "")
        assert not any(
            ast.unparse(node.func) == "print" for node in ast.walk(tree) if isinstance(node, ast.Call)
        )


def test_a_name_in_a_command_is_one_word_of_a_shell(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name in (QUOTES, "a b", "$(id)", "-x", "it's"):
        found = load(shutil.copytree(good, tmp_path / name))
        line = scripts.measuring(found, "elbo").replace("latent-explorer", "printf '%s\\n'")
        words = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert words == ["evaluate", f"./{name}" if name.startswith("-") else name, "--metrics", "elbo"]


# ---- routes


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("vae-mnist/" + "9" * 5000, ""),
        ("vae-mnist/１２", ""),
        ("vae-mnist/-1", ""),
        ("vae-mnist/1_0", ""),
        ("vae-mnist/0", "z=nan"),
        ("mr-vae-mnist/0", "z=nan"),
        ("mr-vae-mnist/0", "z=inf"),
        ("mr-vae-mnist/0", "z_q=1"),
        ("mr-vae-mnist/0", "z=1&z_q=1"),
        ("mr-vae-mnist/0", "z=" + "1" * 5000),
        ("<b>nobody</b>/0", ""),
    ],
)
def test_an_address_that_names_no_picture_is_not_found_and_says_why(path: str, query: str):
    status, kind, text = got(f"{DECODE}/{path}", query)
    assert status == 404
    assert kind.startswith("text/plain")
    assert 0 < len(text) < 600
    assert str(Path.cwd()) not in text


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("nobody/z", "panel=z"),
        ("mr-vae-mnist/z_q", "panel=z"),
        ("vae-mnist/z", "panel=z"),
        ("mr-vae-mnist/z", ""),
        ("mr-vae-mnist/z", "panel=z_q"),
        ("mr-vae-mnist/z", "panel=z.1.1"),
        ("mr-vae-mnist/z", "&".join(["panel=z"] * 99)),
        ("mr-vae-mnist/z", "panel=z&beta_z_q=1"),
        ("mr-vae-mnist/z", "panel=z&beta_z=much"),
        ("mr-cdvae-mnist/z_u", "panel=z_u&beta_z_l=nan"),
        ("mr-cdvae-mnist/z_u", "panel=z_u&beta_z_l=1e9"),
    ],
)
def test_an_address_that_names_no_places_is_not_found_and_says_why(path: str, query: str):
    status, kind, text = got(f"{PLACES}/{path}", query)
    assert status == 404
    assert kind.startswith("text/plain")
    assert 0 < len(text) < 600
    assert str(Path.cwd()) not in text


def got(path: str, query: str) -> tuple[int, str, str]:
    """Status, type and text of the answer of the routes of pictures and of places."""
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "root_path": "", "query_string": query.encode(), "headers": [],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    routes = [
        Route(f"{DECODE}/{{model}}/{{item}}", decode),
        Route(f"{PLACES}/{{model}}/{{block}}", places),
    ]
    asyncio.run(Starlette(routes=routes)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers["content-type"], b"".join(m.get("body", b"") for m in sent[1:]).decode()


@pytest.mark.parametrize(
    "origin", ["http://[", "http://]", "//", "\x00", "http://a:b:c", "null", "http://evil.test"]
)
@pytest.mark.parametrize("host", [None, "", "[", "localhost:8501"])
def test_odd_origins_are_refused(origin: str, host: str | None):
    assert not allowed(origin, host)


ASKED = [
    '{"model": "vae-mnist", "betas": {"z": 1' + "0" * 400 + "}}",
    '{"model": "vae-mnist", "id": 1' + "0" * 400 + "}",
    '{"model": "vae-mnist", "codes": {"z": [[1' + "0" * 400 + "]]}}",
    '{"model": "vae-mnist", "mix": {"z": [[[0, 1' + "0" * 400 + "]]]}}",
    '{"model": "vae-mnist", "draw": {"temperature": NaN, "seed": 1}}',
    '{"model": "vae-mnist", "draw": {"temperature": Infinity}}',
    '{"model": "vae-mnist", "move": {"z": {"0": 1' + "0" * 400 + "}}}",
    '{"model": "vae-mnist", "move": {"z": {"²": 1}}}',
    "[" * 60_000,
    '{"model": "vae-mnist", "label": [1' + "0" * 5000 + "]}",
]


@pytest.mark.parametrize("text", ASKED, ids=range(len(ASKED)))
def test_an_odd_request_is_refused_with_a_sentence(text: str):
    with pytest.raises(ValueError, match=r"[a-z]{4}") as error:
        Request.read(text)
    assert len(str(error.value)) < 300
