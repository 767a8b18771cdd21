"""Checkpoints on a hub: files on disk, and a stub of huggingface_hub's client at its boundary. The hub itself is not asked."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from latent_explorer import cli

import vae_core
from tests.support.hubs import Hub, Refused, Unreachable
from vae_core.checkpoints import CARD, Address, bundled, hub, load_card, located

SMALL = "ppca-digits-plane"


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that is empty, and a machine that has fetched nothing."""
    found = Hub(tmp_path / "hub")
    monkeypatch.setattr(hub, "client", lambda: found)
    monkeypatch.setattr(hub, "KEPT", tmp_path / "kept")
    hub.fetched.cache_clear()
    return found


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A checkpoint beside which lies what others do not need."""
    folder = tmp_path / "mine"
    shutil.copytree(bundled()[SMALL], folder)
    (folder / "training.safetensors").write_bytes(b"state")
    (folder / "notes.txt").write_text("private")
    (folder / ".hidden.json").write_text("{}")
    (folder / "watch").mkdir()
    (folder / "watch" / "status.json").write_text("{}")
    return folder


def push(folder: Path, *more: str) -> int:
    return cli.main(["push", str(folder), "ann/small", "--licence", "mit", *more])


def again(folder: str) -> Path:
    """As a new process would find it."""
    hub.fetched.cache_clear()
    return located(folder)


def test_what_is_pushed_is_data_a_card_and_a_picture_and_opens_again(
    stub: Hub, mine: Path, capsys: pytest.CaptureFixture[str]
):
    assert push(mine, "--message", "first", "--private") == 0
    [(repository, message, names)] = stub.commits
    assert (repository, message, stub.private) == ("ann/small", "first", {"ann/small": True})
    assert sorted(names) == ["README.md", "atlas.npz", "card.json", "model.safetensors", "picture.png"]
    assert "latent-explorer app --models hf://ann/small" in capsys.readouterr().out
    opened = vae_core.load("hf://ann/small")
    assert opened.name == "small"
    assert opened.weights == vae_core.load(mine).weights
    assert sorted(path.name for path in opened.folder.iterdir()) == [
        "atlas.npz",
        "card.json",
        "model.safetensors",
    ]
    assert len(opened.atlas) == len(vae_core.load(mine).atlas)


def test_the_card_has_the_numbers_with_their_commands_the_command_the_picture_and_the_licence(
    stub: Hub, mine: Path
):
    assert push(mine) == 0
    text = (stub.root / "ann" / "small" / "README.md").read_text()
    _, head, body = text.split("---\n", 2)
    told = yaml.safe_load(head)
    assert (told["license"], told["library_name"]) == ("mit", "latent-explorer")
    card = load_card(mine)
    value, error, n = card.metrics["negative_elbo"]
    assert f"| −ELBO at β = 1 | {value:.2f} ± {error:.2f} nats | {n:,} |" in body
    for command in [card.command, *card.commands(card.metrics)]:
        assert command in body
    assert "![Draws of the prior, decoded](picture.png)" in body
    assert (stub.root / "ann" / "small" / "picture.png").read_bytes()[:4] == b"\x89PNG"
    assert 'vae_core.load("hf://ann/small")' in body


def test_a_readme_of_one_s_own_goes_as_it_is(stub: Hub, mine: Path):
    (mine / "README.md").write_text("mine")
    assert push(mine) == 0
    assert (stub.root / "ann" / "small" / "README.md").read_text() == "mine"


def test_what_a_card_says_is_text_in_the_readme(stub: Hub, mine: Path):
    told = json.loads((mine / CARD).read_text())
    told |= {"title": "a | <b>[x](http://evil.example)", "command": "x\n```\n# head"}
    (mine / CARD).write_text(json.dumps(told))
    assert push(mine) == 0
    text = (stub.root / "ann" / "small" / "README.md").read_text()
    assert "# a \\| \\<b\\>\\[x\\]\\(http://evil.example\\)" in text
    assert "````sh\nx\n```\n# head\n````" in text


def test_code_and_states_of_others_are_not_fetched(stub: Hub, mine: Path):
    assert push(mine) == 0
    for name in ("model.pkl", "plugin.py", "weights.bin", "training.safetensors"):
        (stub.root / "ann" / "small" / name).write_bytes(b"x")
    (stub.root / "ann" / "small" / "deep").mkdir()
    (stub.root / "ann" / "small" / "deep" / "card.json").write_text("{}")
    folder = again("hf://ann/small")
    assert sorted(path.name for path in folder.iterdir()) == ["atlas.npz", "card.json", "model.safetensors"]


def test_a_revision_lies_beside_the_newest(stub: Hub, mine: Path):
    assert push(mine) == 0
    shutil.copytree(stub.root / "ann" / "small", stub.root / "ann" / "small@v1")
    assert again("hf://ann/small@v1") != again("hf://ann/small")


def test_without_a_network_it_is_as_it_was_fetched(stub: Hub, mine: Path):
    assert push(mine) == 0
    folder = again("hf://ann/small")
    stub.fails = Unreachable("no route")
    assert again("hf://ann/small") == folder


def test_the_app_opens_on_a_checkpoint_of_the_hub(stub: Hub, mine: Path, monkeypatch: pytest.MonkeyPatch):
    assert push(mine) == 0
    served: list[Any] = []
    monkeypatch.setattr(cli, "serve", lambda *given, **_: served.extend(given))
    assert cli.main(["app", "--no-browser", "--port", "18771", "--models", "hf://ann/small"]) == 0
    assert served[3] == stub.root.parent / "kept" / "ann" / "small"


@pytest.mark.parametrize(
    ("arguments", "fails", "words"),
    [
        (["models", "hf://ann"], None, "is no address of a model: give one such as hf://user/name"),
        (["models", "hf://ann/../x"], None, "is no address of a model"),
        (["models", "hf://a/b/c"], None, "is no address of a model"),
        (["models", "hf://ann/gone"], None, "the hub shows no ann/gone: check the name"),
        (["models", "hf://ann/none"], None, "ann/none holds no checkpoint (no card.json)"),
        (["models", "hf://ann/x"], Unreachable("no route"), "the hub cannot be reached (no route)"),
        (["models", "hf://ann/x"], Refused(500, "oh\nno"), "the hub refuses ann/x (oh no)"),
        (["push"], Refused(403), "sign in with `hf auth login`"),
        (["push"], Unreachable("no\nroute"), "the hub cannot be reached (no route)"),
        (["push", "a b/c"], None, "is no address of a model"),
        (["push", "ann"], None, "is no address of a model"),
        (["licence", ""], None, "--licence mit"),
        (["licence", "My Own"], None, "--licence mit"),
    ],
)
def test_what_cannot_be_pushed_or_fetched_is_said_in_a_sentence(
    arguments: list[str],
    fails: Exception | None,
    words: str,
    stub: Hub,
    one_line: Callable,
    capsys: pytest.CaptureFixture[str],
):
    (stub.root / "ann" / "none").mkdir(parents=True)
    (stub.root / "ann" / "none" / "other.json").write_text("{}")
    stub.fails = fails
    what, *given = arguments
    command = {
        "models": ["app", "--no-browser", "--models", *given],
        "push": ["push", SMALL, *(given or ["ann/small"]), "--licence", "mit"],
        "licence": ["push", SMALL, "ann/small", f"--licence={(given or [''])[0]}"],
    }[what]
    assert cli.main(command) == 2
    assert words in one_line(capsys.readouterr().err.splitlines()[-1])
    assert stub.commits == []


def test_too_much_is_not_fetched(stub: Hub, mine: Path, monkeypatch: pytest.MonkeyPatch):
    assert push(mine) == 0
    monkeypatch.setattr(hub, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"at most 0\.0 are fetched"):
        again("hf://ann/small")


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    hub.client.cache_clear()
    with pytest.raises(ValueError, match=r"latent-explorer\[hub\]") as error:
        hub.client()
    one_line(error.value)


def test_the_client_is_there_as_it_is_used():
    """What the stub stands for: the real names, and that what the real client raises is caught."""
    from huggingface_hub import errors

    hub.client.cache_clear()
    real = hub.client()
    assert {"api", "snapshot_download", "CommitOperationAdd"} <= set(vars(real))
    assert issubclass(errors.RepositoryNotFoundError, real.absent)
    assert issubclass(errors.GatedRepoError, real.absent)
    assert issubclass(errors.HfHubHTTPError, real.refused)
    assert issubclass(errors.OfflineModeIsEnabled, real.unreachable)


def test_an_endpoint_that_does_not_answer_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The real client, and nobody at the other end."""
    import huggingface_hub

    hub.client.cache_clear()
    real = hub.client()
    nobody = huggingface_hub.HfApi(endpoint="http://127.0.0.1:9", token=False)
    monkeypatch.setattr(real, "api", lambda: nobody)
    monkeypatch.setattr(hub, "KEPT", tmp_path)
    hub.fetched.cache_clear()
    with pytest.raises(hub.Unreachable, match="the hub cannot be reached"):
        hub.fetched("hf://ann/x")
    hub.client.cache_clear()


def test_an_address_is_read_from_a_path_too():
    assert (
        Address.of(Path("hf://ann/vae@main"))
        == Address.of("hf://ann/vae@main")
        == Address("ann", "vae", "main")
    )
