"""The addresses under which a page follows a training and steers it, on a server of its own."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
import uvicorn
from latent_explorer import LOCAL_VARIABLE, RUNS, RUNS_VARIABLE, TRAINING_VARIABLE
from latent_explorer.training import allowed, film, forking, route, runs
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.runs import HEADER, watched
from vae_core.runs import Answer as Answered
from vae_core.runs import Frames, Lock, Orders, layout


class Answer(NamedTuple):
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Client(NamedTuple):
    port: int

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(
        self, path: str, json: Any = None, content: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.ask("POST", path, content if json is None else json_text(json), headers)

    def ask(
        self, how: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.request(how, path, body, {"Host": "localhost:8501", **(headers or {})})
            answer = line.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            line.close()


def json_text(value: Any) -> str:
    return json.dumps(value)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    routes = [
        Route(f"{RUNS}/{{run}}/now", route.now),
        Route(f"{RUNS}/{{run}}/film", route.moving),
        Route(f"{RUNS}/{{run}}/steer", route.steer, methods=["POST"]),
        Route(f"{RUNS}/{{run}}/fork", route.fork, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    monkeypatch.delenv(TRAINING_VARIABLE, raising=False)
    return tmp_path


def opened(body: bytes) -> tuple[dict, bytes]:
    size = int.from_bytes(body[:4], "little")
    header = json.loads(body[4 : 4 + size])
    ((_, length),) = header["arrays"]
    return header, body[4 + size : 4 + size + length]


def test_frames_come_after_the_step_that_is_known(home: Path, client: Client):
    watched(home / "a")
    header, body = opened(client.get(f"{RUNS}/a/now?after=-1&start=-1").content)
    assert header["status"]["state"] == "finished"
    assert header["header"]["fields"][0]["name"] == "step"
    assert np.frombuffer(body, layout(HEADER).dtype)["step"].tolist() == [5, 10, 15]
    header, body = opened(client.get(f"{RUNS}/a/now?after=10&start=7").content)
    assert "header" not in header
    assert np.frombuffer(body, layout(HEADER).dtype)["step"].tolist() == [15]
    header, body = opened(client.get(f"{RUNS}/a/now?after=10&start=6").content)  # of another start
    assert "header" in header
    assert len(body) == 3 * layout(HEADER).dtype.itemsize


def test_nothing_that_names_the_machine_is_told(home: Path, client: Client):
    watched(home / "a", pid=4242, host="my-machine", command="latent-explorer train --data /home/me/x")
    text = client.get(f"{RUNS}/a/now").content
    for secret in (b"4242", b"my-machine", b"/home/me", str(home).encode()):
        assert secret not in text


@pytest.mark.parametrize("query", ["after=x", "after=1e309", "start=nan", "after=-1e400"])
def test_a_query_that_is_no_number_is_refused(home: Path, client: Client, query: str):
    watched(home / "a")
    answer = client.get(f"{RUNS}/a/now?{query}")
    assert answer.status_code == 404
    assert "is a number" in answer.text


@pytest.mark.parametrize("name", ["gone", "..", "%2e%2e", "a%00b", "x" * 300])
def test_a_run_that_is_not_there_is_a_sentence(home: Path, client: Client, name: str):
    assert client.get(f"{RUNS}/{name}/now").status_code == 404


def test_a_damaged_run_is_still_told_of(home: Path, client: Client):
    folder = watched(home / "a")
    for name in ("header.json", "status.json", "then.json", "asked.json"):
        (folder / "watch" / name).write_text("[" * 10_000)
    header, body = opened(client.get(f"{RUNS}/a/now").content)
    assert header["status"]["state"] == "trained"
    assert body == b""


def test_an_order_is_written_for_the_training(home: Path, client: Client):
    folder = watched(home / "a", "running")
    with Lock(folder):
        told = client.post(f"{RUNS}/a/steer", json={"do": "set", "name": "beta", "value": {"z": 2.0}})
        assert told.status_code == 200, told.text
    (order,) = Orders(folder).new()
    assert (order.do, order.value) == ("set", {"z": 2.0})  # type: ignore[union-attr]
    told = client.post(f"{RUNS}/a/steer", json={"do": "pause"})
    assert (told.status_code, told.text) == (400, "a is not training: nothing was changed")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"do": "dance"}',
        '{"do": "set"}',
        '{"do": 3}',
        '{"do": "set", "name": "beta", "value": 1e999}',
        "[" * 3000,
        "x" * 5000,
    ],
)
def test_what_is_no_order_is_one_sentence(home: Path, client: Client, body: str):
    folder = watched(home / "a", "running")
    with Lock(folder):
        told = client.post(f"{RUNS}/a/steer", content=body)
    assert told.status_code == 400, told.text
    assert told.text
    assert "\n" not in told.content.decode()
    assert Orders(folder).new() == []


@pytest.mark.parametrize("what", ["steer", "fork"])
def test_a_page_of_somebody_else_cannot_steer(home: Path, client: Client, what: str):
    watched(home / "a", "running")
    ask = {"json": {"do": "stop"}}
    assert (
        client.post(f"{RUNS}/a/{what}", headers={"Origin": "http://evil.example"}, **ask).status_code == 403
    )
    assert client.post(f"{RUNS}/a/{what}", headers={"Host": "rebound.example"}, **ask).status_code == 403


def test_a_visitor_of_a_shared_server_may_watch_and_not_steer(
    home: Path, client: Client, monkeypatch: pytest.MonkeyPatch
):
    watched(home / "a")
    monkeypatch.setenv(LOCAL_VARIABLE, "")
    assert client.get(f"{RUNS}/a/now").status_code == 200
    told = client.post(f"{RUNS}/a/steer", json={"do": "stop"})
    assert (told.status_code, "--allow-training" in told.text) == (403, True)
    monkeypatch.setenv(TRAINING_VARIABLE, "1")
    assert allowed.why_not("anywhere.example") == ""
    monkeypatch.setenv(RUNS_VARIABLE, "")
    assert allowed.why_not("localhost") == allowed.NOT_HERE


def test_a_film_shows_every_frame(home: Path, client: Client):
    watched(home / "a")
    told = client.get(f"{RUNS}/a/film?as=gif")
    assert told.headers["content-type"] == "image/gif"
    with Image.open(BytesIO(told.content)) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert client.get(f"{RUNS}/a/film?as=exe").status_code == 404
    (home / "a" / "watch" / "frames.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="no frames"):
        film.film(Frames(home / "a"), "GIF")


@pytest.mark.parametrize(
    "changed",
    [
        {"plugin": {"/srv/anything.py": 1}},
        {"data": {"/etc/passwd": 1}},
        {"--out": 1},
        {"beta": {"z --plugin": 1}},
        {"latent": 3},
    ],
    ids=str,
)
def test_a_fork_changes_numbers_of_the_training_and_no_other_option(home: Path, changed: dict):
    watched(home / "a", values={"beta": {"z": 1.0}, "learning_rate": 1e-3})
    with pytest.raises(ValueError, match="cannot be changed here: choose beta, learning_rate"):
        forking.check(runs.named("a"), changed)
    forking.check(runs.named("a"), {"beta": {"z": 4.0}, "learning_rate": 1e-2})


def test_what_came_of_an_order_is_told(home: Path, client: Client):
    folder = watched(home / "a", "running")
    with Lock(folder):
        sent = json.loads(client.post(f"{RUNS}/a/steer", json={"do": "pause"}).content)["order"]
    watched(home / "a", "running", answers=(Answered(sent, f"beta is at most 100 in {folder}"),))
    with Lock(folder):
        header, _ = opened(client.get(f"{RUNS}/a/now?after=-1&start=-1").content)
    ((order, told),) = header["status"]["answers"]
    assert order == sent
    assert told.startswith("beta is at most 100")
    assert str(home) not in told


def test_a_film_as_mp4_and_one_of_the_other_map(home: Path, client: Client, monkeypatch: pytest.MonkeyPatch):
    watched(home / "a")
    told = client.get(f"{RUNS}/a/film?as=mp4&map=umap")
    assert told.status_code == 200, told.content
    assert told.headers["content-type"] == "video/mp4"
    with av.open(BytesIO(told.content)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 3
    monkeypatch.setattr(film, "find_spec", lambda name: None)
    told = client.get(f"{RUNS}/a/film?as=mp4")
    assert told.status_code == 404
    assert "latent-explorer[film]" in told.content.decode()
    assert client.get(f"{RUNS}/a/film?as=webp").status_code == 200
