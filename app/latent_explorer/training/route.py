"""The addresses under which a page follows a training and steers it, without a rerun of its script.

`GET /latent-explorer/runs/NAME/now?after=STEP&start=START` gives the envelope of `pack`: where the run stands, and the frames after a step;
with a header where the page knows of another start. `POST .../steer` writes an order. Pages of others are refused by their origin.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from latent_explorer.components.shared import pack
from latent_explorer.live.route import allowed
from latent_explorer.own_data.bounds import called
from latent_explorer.text import cleaned, said
from latent_explorer.training import film, forking, keeper, runs
from latent_explorer.training.allowed import why_not
from latent_explorer.training.runs import THEN, Run
from vae_core.checkpoints import load_card
from vae_core.checkpoints.folder import CARD, CheckpointError
from vae_core.runs import Frames, read_step, snapshots, write_order

# Bytes of frames in one answer, and of an order.
MOST_BYTES, MOST_ORDER = 8 * 2**20, 4096

KINDS = {"webp": "image/webp", "mp4": "video/mp4", "gif": "image/gif"}


def now(request: Request) -> Response:
    """Where a run stands, and what came after the step that the page has. A plain function: Starlette runs it off the event loop."""
    try:
        run = runs.named(request.path_params["run"])
        after, start = _number(request, "after", -1.0), _number(request, "start", -1.0)
        return Response(told(run, int(after), start), media_type="application/octet-stream", headers=FRESH)
    except ValueError as error:
        return PlainTextResponse(cleaned(said(error), 500), 404)


FRESH = {"Cache-Control": "no-store"}


def told(run: Run, after: int, start: float) -> bytes:
    """The answer as bytes."""
    header: dict[str, Any] = {"status": status_of(run), "then": _then(run), "of": start}
    body = b""
    try:
        frames = Frames(run.folder)
    except CheckpointError:
        return pack(header, np.empty(0, np.uint8))
    if frames.header.start != start:
        header["header"], header["of"], after = asdict(frames.header), frames.header.start, -1
    first = frames.after(after)
    most = max(1, MOST_BYTES // frames.header.dtype.itemsize)
    body = frames.raw(first, first + most)
    header |= {"more": len(frames) > first + most, **_of_card(run)}
    return pack(header, np.frombuffer(body, np.uint8))


def status_of(run: Run) -> dict[str, Any]:
    """Where it stands, for a page: without what names this machine."""
    known = asdict(run.status) if run.status else {}
    for private in ("pid", "host", "command"):
        known.pop(private, None)
    known["answers"] = (
        [[each.id, cleaned(said(each.said, run.folder), 300)] for each in run.status.answers]
        if run.status
        else []
    )
    words = run.said.replace("go on with --resume", "“Go on” takes it up again")  # which is a shell's word
    told = known | {"state": run.state, "said": cleaned(said(words, run.folder), 500)}
    told["snapshots"] = [[each.step, each.epoch] for each in snapshots(run.folder)]
    return _finite(told)


def _then(run: Run) -> dict[str, Any]:
    told = runs.read_json(run.folder, THEN)
    if not told:
        return {}
    going = keeper.is_following(run)
    return {
        "doing": cleaned(told.get("doing", "")) if going else "",
        "line": cleaned(said(told.get("line", ""), run.folder), 300) if going else "",
        "done": [cleaned(each) for each in told.get("done", [])][:5],
        "failed": cleaned(said(told.get("failed", ""), run.folder), 500),
        "cancelled": bool(told.get("cancelled")),
    }


def _of_card(run: Run) -> dict[str, Any]:
    """The validation losses by epoch, and the detail of a single step."""
    step = read_step(run.folder) if run.state == "paused" else None
    try:
        written = (run.folder / CARD).stat().st_mtime_ns
    except OSError:
        return {"validation": [], "detail": step}
    return {"validation": _validation(str(run.folder), written), "detail": step}


@lru_cache(maxsize=16)
def _validation(folder: str, written: int) -> list[list[float]]:
    """Epoch and validation loss of each epoch that has one."""
    try:
        history = load_card(folder).history
    except CheckpointError:
        return []
    return [[each["epoch"], each["validation_loss"]] for each in history if "validation_loss" in each]


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _number(request: Request, name: str, default: float) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = math.nan
    if not abs(value) < 2**53:
        raise ValueError(f"{name} is a number")
    return value


# ---- orders


async def steer(request: Request) -> Response:
    """Write an order: `{"do": "set", "name": "beta", "value": 4}`."""
    return await _ordered(request, _steer)


def _steer(run: Run, order: dict[str, Any]) -> dict[str, Any]:
    do = order.get("do")
    if do == "leave":
        keeper.withdraw(run)
    elif do == "cancel":
        keeper.cancel(run)
    elif do == "follow":
        keeper.follow(run)
    elif do == "resume":
        keeper.again(run)
    elif not run.trains:
        raise ValueError(f"{run.name} is not training: nothing was changed")
    else:
        sent = write_order(run.folder, do, order.get("name", ""), order.get("value"))  # type: ignore[arg-type]
        return {"order": sent}
    return {}


async def fork(request: Request) -> Response:
    """A new run from a step of another: `{"step": 1200, "set": {"beta": 4}}`; gives its name."""
    return await _ordered(request, lambda run, order: {"run": forking.fork(run, order).name})


async def _ordered(request: Request, act: Callable[[Run, dict[str, Any]], dict[str, Any]]) -> Response:
    host = request.headers.get("host")
    if not allowed(request.headers.get("origin"), host):
        return PlainTextResponse("this is not a page of this server", 403)
    if wrong := why_not(called(request.headers)):
        return PlainTextResponse(wrong, 403)
    try:
        order = json.loads(await _body(request))
        if not isinstance(order, dict):
            raise ValueError("an order is an object")
        run = runs.named(request.path_params["run"])
        return JSONResponse(act(run, order))
    except (ValueError, RecursionError, TypeError) as error:
        return PlainTextResponse(cleaned(said(error), 500), 400)
    except OSError as error:
        return PlainTextResponse(f"it could not be written: {error.strerror or 'the disk is full'}", 400)


async def _body(request: Request) -> bytes:
    """What was sent, and no more than an order needs. Raises ValueError for more."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > MOST_ORDER:
            raise ValueError(f"an order has at most {MOST_ORDER:,} bytes")
    return found


# ---- the film


def moving(request: Request) -> Response:
    """All frames as one animation."""
    kind = request.query_params.get("as", "webp")
    try:
        if kind not in KINDS:
            raise ValueError("a film is a webp, an mp4 or a gif")
        run = runs.named(request.path_params["run"])
        made = film.film(Frames(run.folder), kind.upper(), request.query_params.get("map") == "umap")
    except ValueError as error:
        return PlainTextResponse(cleaned(said(error), 500), 404)
    name = f'attachment; filename="{run.name}.{kind}"'
    return Response(made, media_type=KINDS[kind], headers={"Content-Disposition": name, **FRESH})
