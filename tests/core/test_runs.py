"""The folder of a run: frames, status, orders and lock, as a stranger may leave them."""

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core.checkpoints import CheckpointError
from vae_core.runs import (
    Frames,
    FrameWriter,
    Header,
    Lock,
    Order,
    Orders,
    Refused,
    Status,
    alive,
    frames,
    read_header,
    read_status,
    write_json,
    write_order,
)
from vae_core.runs import status as status_module
from vae_core.runs.orders import MOST_LINE

HEADER = Header(
    terms=("loss", "distortion"),
    blocks={"z_l": 3, "z_u": 2},
    items=5,
    picture=(4, 6, 1),
    reconstructions=2,
    samples=2,
    of_classes=(0, 1, 2),
)


def written(folder: Path, *steps: int, after: int | None = None) -> Frames:
    with FrameWriter(folder, HEADER, after) as writer:
        for step in steps:
            writer.append({"step": step, "terms": [step, 2 * step], "positions": step})
    return Frames(folder)


def steps(found: Frames) -> list[int]:
    return found.read(0, len(found))["step"].tolist()


def test_frames_come_back_as_they_were_written(tmp_path: Path):
    found = written(tmp_path, 1, 2, 5)
    assert steps(found) == [1, 2, 5]
    assert found.read(2, 9)["terms"].tolist() == [[5.0, 10.0]]
    assert found.read(0, 1)["positions"].shape == (1, 2, 5, 2)
    assert [found.after(step) for step in (0, 1, 2, 4, 5, 9)] == [0, 1, 2, 2, 3, 3]


def test_other_readers_find_each_part_where_the_header_says(tmp_path: Path):
    found = written(tmp_path, 7)
    told, raw = json.loads((tmp_path / "watch" / "header.json").read_text()), found.raw(0, 1)
    assert len(raw) == told["record"]
    for part in told["fields"]:
        size = np.dtype(part["dtype"]).itemsize
        assert part["offset"] % size == 0
        values = np.frombuffer(raw, part["dtype"], int(np.prod(part["shape"])), part["offset"])
        assert (values.reshape(part["shape"]) == found.read(0, 1)[part["name"]][0]).all()
    assert found.numbers(0, 9) == raw[: told["numbers"]]


def test_a_record_without_classes_or_samples_has_none_of_them(tmp_path: Path):
    header = Header(terms=(), blocks={"z": 1}, items=0, picture=(1, 1, 1), reconstructions=0)
    with FrameWriter(tmp_path, header) as writer:
        writer.append({"step": 3})
    assert steps(Frames(tmp_path)) == [3]
    assert Frames(tmp_path).read(0, 1)["samples"].shape == (1, 0, 1, 1, 1)


def test_a_torn_last_record_is_no_frame_and_a_resume_writes_over_it(tmp_path: Path):
    found = written(tmp_path, 1, 2, 3)
    os.truncate(found.path, found.path.stat().st_size - 3)
    assert steps(found) == [1, 2]
    assert len(found.raw(0, 9)) == 2 * found.header.record
    assert steps(written(tmp_path, 4, after=2)) == [1, 2, 4]


def test_a_resume_drops_the_frames_of_steps_that_are_repeated(tmp_path: Path):
    written(tmp_path, 10, 20, 30)
    assert steps(written(tmp_path, 25, after=20)) == [10, 20, 25]
    assert steps(written(tmp_path, 1)) == [1]


def test_frames_of_another_layout_are_not_gone_on_with(tmp_path: Path):
    with FrameWriter(tmp_path, Header((), {"z": 2}, 1, (1, 1, 1), 0)) as writer:
        writer.append({"step": 1})
    assert steps(written(tmp_path, 6, after=5)) == [6]


def test_thinning_keeps_the_first_and_the_last(tmp_path: Path):
    with FrameWriter(tmp_path, HEADER) as writer:
        for step in range(1, 7):
            writer.append({"step": step})
        writer.thin()
        assert steps(Frames(tmp_path)) == [1, 3, 5, 6]
        writer.append({"step": 7})
    assert steps(Frames(tmp_path)) == [1, 3, 5, 6, 7]


def test_no_more_frames_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(frames, "MOST_BYTES", 3 * HEADER.dtype.itemsize)
    with FrameWriter(tmp_path, HEADER) as writer:
        for step in range(3):
            writer.append({"step": step})
        assert writer.full


@pytest.mark.parametrize(
    "change",
    [
        {"items": 10**15},
        {"items": -1},
        {"picture": [1, 1]},
        {"blocks": {"z": "many"}},
        {"record": 8},
        {"format": 9},
        {"terms": None},
    ],
)
def test_a_strangers_header_is_refused_in_one_sentence(change: dict[str, Any], tmp_path: Path):
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "header.json").write_text(json.dumps({**asdict(HEADER), **change}))
    with pytest.raises(CheckpointError, match=r"header\.json is damaged") as caught:
        read_header(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", '{"state": "asleep"}', "[" * 100_000, '{"state": NaN}'])
def test_a_damaged_status_is_none(text: str, tmp_path: Path):
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "status.json").write_text(text)
    assert read_status(tmp_path) is None


def test_a_status_comes_back(tmp_path: Path):
    status = Status(
        state="finished", start=1.0, time=2.0, values={"beta": {"z": 2.0}}, limits={"beta": (0.1, 10.0)}
    )
    write_json(tmp_path, "status.json", status)
    assert read_status(tmp_path) == status


# Holds the lock of a run without torch, which takes seconds to import.
HOLDING = """
import sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_killed_is_told_from_a_living_one(tmp_path: Path):
    write_json(tmp_path, "status.json", Status(state="running", start=1.0, time=2.0, step=1234, saved=3))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path / "training.lock")], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert alive(tmp_path)
        status = read_status(tmp_path)
        assert status is not None
        assert status.state == "running"
        with pytest.raises(ValueError, match=r"a training runs in .* already"), Lock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    assert not alive(tmp_path)
    status = read_status(tmp_path)
    assert status is not None
    assert (status.state, status.live) == ("failed", False)
    assert "ended without a word at step 1,234" in status.said
    assert "epoch 3 is kept" in status.said


def test_a_training_that_ends_while_one_looks_has_not_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_json(tmp_path, "status.json", Status(state="running", start=1.0, time=2.0, step=7))

    def ends(folder: Path) -> bool:
        write_json(folder, "status.json", Status(state="finished", start=1.0, time=2.0, step=8))
        return False

    monkeypatch.setattr("vae_core.runs.status.alive", ends)
    status = read_status(tmp_path)
    assert status is not None
    assert (status.state, status.step) == ("finished", 8)


def test_orders_are_read_once_each_in_their_order(tmp_path: Path):
    orders = Orders(tmp_path)
    sent = [
        write_order(tmp_path, "pause"),
        write_order(tmp_path, "set", "beta", {"z_l": 2.0}),
        write_order(tmp_path, "go"),
    ]
    found = orders.new()
    assert [order.id for order in found] == sent
    assert isinstance(found[1], Order)
    assert found[1].value == {"z_l": 2.0}
    assert orders.new() == []
    assert Orders(tmp_path, later=True).new() == []


def test_a_line_that_is_still_being_written_waits(tmp_path: Path):
    orders, path = Orders(tmp_path), tmp_path / "watch" / "steer.jsonl"
    path.parent.mkdir()
    path.write_text('{"id": "1", "do": "pa')
    assert orders.new() == []
    with path.open("a") as file:
        file.write('use"}\n')
    assert orders.new() == [Order("1", "pause")]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[1]",
        "3",
        '{"id": "1"}',
        '{"id": 1, "do": "go"}',
        '{"id": "1", "do": "dance"}',
        '{"id": "1", "do": "set", "name": "beta", "value": NaN}',
        '{"id": "1", "do": "set", "name": "beta", "value": 1e309}',
        '{"id": "1", "do": "set", "name": "beta", "value": 1' + "0" * 400 + "}",
        '{"id": "1", "do": "set", "name": "beta", "value": "2"}',
        '{"id": "1", "do": "set", "name": "beta", "value": {"z": [1]}}',
        '{"id": "1", "do": "set", "value": 2}',
        '{"id": "1", "do": "set", "name": "' + "b" * 100 + '", "value": 2}',
        "[" * 4000,
        "x" * (MOST_LINE + 1),
        '"\\ud800"',
    ],
)
def test_a_line_that_is_no_order_is_one_sentence_and_the_next_is_read(line: str, tmp_path: Path):
    orders, path = Orders(tmp_path), tmp_path / "watch" / "steer.jsonl"
    path.parent.mkdir()
    path.write_bytes(line.encode() + b'\n\xff\xfe\n{"id": "2", "do": "go"}\n')
    refused, bytes_, order = orders.new()
    assert isinstance(refused, Refused)
    assert isinstance(bytes_, Refused)
    assert refused.said.startswith("an order was not understood: ")
    assert "\n" not in refused.said
    assert order == Order("2", "go")


def test_a_flood_of_text_is_read_by_parts_and_ends(tmp_path: Path):
    orders, path = Orders(tmp_path), tmp_path / "watch" / "steer.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"x" * 200_000 + b"\n" + b'{"id": "2", "do": "go"}\n')
    found, started = [], time.monotonic()
    while not any(isinstance(order, Order) for order in found):
        found += orders.new()
        assert time.monotonic() - started < 10
    assert found[-1] == Order("2", "go")


@pytest.mark.parametrize(
    ("do", "name", "value"), [("dance", "", None), ("set", "", 1.0), ("set", "beta", float("nan"))]
)
def test_what_is_no_order_is_not_sent(do: Any, name: str, value: float | None, tmp_path: Path):
    with pytest.raises(ValueError, match=r"do is|set needs|finite number"):
        write_order(tmp_path, do, name, value)
    assert not (tmp_path / "watch").exists()


def test_on_a_full_disk_the_last_words_go_where_the_ones_before_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_json(tmp_path, "status.json", Status(state="running", start=1.0, time=2.0, step=7, said="x" * 300))

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(status_module, "atomic", full)
    write_json(tmp_path, "status.json", Status(state="failed", start=1.0, time=3.0, said="the disk is full"))
    status = read_status(tmp_path)
    assert status is not None
    assert (status.state, status.said) == ("failed", "the disk is full")
    with pytest.raises(OSError, match="No space left"):
        write_json(tmp_path, "step.json", {})


def test_epochs_that_were_saved_after_the_last_word_are_counted(tmp_path: Path):
    write_json(tmp_path, "status.json", Status(state="running", start=1.0, time=2.0, step=7, saved=3))
    (tmp_path / "card.json").write_text('{"epochs_done": 4}')
    status = read_status(tmp_path)
    assert status is not None
    assert status.said.endswith("epoch 4 is kept: go on with --resume")
