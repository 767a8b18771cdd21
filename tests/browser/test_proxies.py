"""The app behind a proxy that shows it below a path, and cuts that off or hands it on: pictures, live route, downloads, trainings, links."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import need_a_browser
from tests.browser.test_export import at_rest
from tests.support.driving import eventually, free_port, served
from tests.support.proxies import NO_NGINX, SOCKETS, Proxy, find_nginx, nginx
from vae_core.cli import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREFIX = "/user/ann/proxy/8501"
MAP = ".latent-map"


class Way(NamedTuple):
    """A proxy, and whether the server is told of the path."""

    name: str
    strips: bool
    told: bool
    nginx: bool = False
    rewrites: bool = False


WAYS = [
    Way("strips", strips=True, told=False),
    Way("strips, told", strips=True, told=True),
    Way("keeps", strips=False, told=True),
    Way("keeps, another host", strips=False, told=True, rewrites=True),
    Way("nginx strips", strips=True, told=False, nginx=True),
    Way("nginx keeps", strips=False, told=True, nginx=True),
]
REWRITING = free_port()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where servers run, with a training that ended."""
    need_a_browser()
    folder = tmp_path_factory.mktemp("home")
    words = [
        "--data",
        "digits",
        "--latent",
        "2",
        "--epochs",
        "3",
        "--no-atlas",
        "--out",
        str(folder / "runs" / "small"),
    ]
    assert main(["train", "vae", *words]) == 0
    return folder


@pytest.fixture(scope="module")
def servers(home: Path) -> Iterator[dict[bool, int]]:
    """The ports of two: one that is told of the path, and one that is not."""
    # Behind a proxy that puts another host in its place, the server is told of the browser's.
    known = {"STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{REWRITING}"}
    with served(folder=home, environment=known) as at_root:
        below = served(folder=home, environment=known, options=["--base-path", f"{PREFIX}/"])
        with below as address:
            yield {told: urlsplit(url).port or 0 for told, url in ((False, at_root), (True, address))}


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.name)
def proxy(
    request: pytest.FixtureRequest, servers: dict[bool, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    way: Way = request.param
    found = Proxy(servers[way.told], PREFIX, way.strips)
    with ExitStack() as stack:
        if way.nginx:
            if find_nginx() is None:
                pytest.skip(NO_NGINX)
            target = f"http://127.0.0.1:{found.port}{'/' if way.strips else ''}"
            listens = (
                f"listen 127.0.0.1:{found.own_port}; location {PREFIX}/ {{ proxy_pass {target}; {SOCKETS} }}"
            )
            stack.enter_context(
                nginx(tmp_path_factory.mktemp("nginx"), f"server {{ {listens} }}", found.own_port)
            )
        else:
            if way.rewrites:
                found.own_port, found.host = REWRITING, f"localhost:{found.port}"
            stack.enter_context(found.running())
        yield found


@pytest.fixture
def asked(page: Any) -> list[tuple[str, int]]:
    """The addresses that a page asks, with the status of each answer."""
    found: list[tuple[str, int]] = []
    page.on("response", lambda answer: found.append((answer.url, answer.status)))
    page.on("websocket", lambda socket: found.append((socket.url, 101)))
    return found


def astray(asked: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Of those, what lies beside the path, and what was not found. Streamlit looks for its server below the page too, and finds none."""
    looked = re.compile(rf"{PREFIX}/\w+/_stcore/(health|host-config)")
    bad = [
        (url, status) for url, status in asked if not urlsplit(url).path.startswith(PREFIX) or status >= 400
    ]
    return [(url, status) for url, status in bad if not looked.fullmatch(urlsplit(url).path)]


def hovered(page: Any) -> Any:
    """The map, with the cursor on the item nearest to the middle, once its picture is there."""
    page.locator(".panel[data-panel=z_u] .plot").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{MAP}[data-thumbnail]")
    return page.locator(MAP)


def test_a_map_decodes_under_the_pointer(page: Any, proxy: Proxy, asked: list[tuple[str, int]]):
    page.goto(f"{proxy.address}/map?model=cdvae-mnist")
    page.wait_for_selector(f"{MAP}[data-ready=true][data-live=true]")
    hovered(page)
    assert any(url.endswith(f"{PREFIX}/latent-explorer/live") for url, _ in asked)
    assert astray(asked) == []


def test_the_gallery_shows_its_pictures_from_the_first_page(
    page: Any, proxy: Proxy, asked: list[tuple[str, int]]
):
    page.goto(proxy.address)  # without a slash
    page.locator(".st-key-gallery button").click()
    picture = page.locator(".gallery-model img[src$='/mr-cdvae-mnist']")
    assert eventually(page, lambda: picture.count() and picture.evaluate("one => one.naturalWidth") > 0, 30)
    assert all(urlsplit(url).path.startswith(PREFIX) for url, _ in asked)


def test_files_are_downloaded(page: Any, proxy: Proxy, asked: list[tuple[str, int]]):
    page.goto(f"{proxy.address}/traverse?model=cdvae-mnist")
    page.get_by_role("button", name="Export").first.click()
    with page.expect_download() as download:
        page.locator("[data-testid=stPopoverBody]").get_by_role("button", name="CSV").click()
    assert Path(download.value.path()).stat().st_size > 1000
    assert astray(asked) == []


def test_a_training_is_followed_and_its_film_taken_along(
    page: Any, proxy: Proxy, asked: list[tuple[str, int]]
):
    page.goto(f"{proxy.address}/train?run=small")
    page.wait_for_selector(".training[data-ready=true]")
    assert eventually(page, lambda: int(page.locator(".training").get_attribute("data-frames") or 0) > 1)
    film = page.request.get(page.locator(".training a.film").first.evaluate("link => link.href"))
    assert film.body()[:4] == b"RIFF"
    assert astray(asked) == []


def test_a_page_of_the_menu_keeps_the_path_and_is_found_again(
    page: Any, proxy: Proxy, asked: list[tuple[str, int]]
):
    page.goto(f"{proxy.address}/map?model=vae-mnist")
    page.wait_for_selector(f"{MAP}[data-ready=true]")
    at_rest(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Start").first.click()
    assert eventually(page, lambda: urlsplit(page.url).path.rstrip("/") == PREFIX)
    page.reload()
    page.wait_for_selector(".live-controls[data-ready=true][data-live=true]")
    assert "model=vae-mnist" in page.url
    assert astray(asked) == []


def test_where_the_live_route_is_out_of_reach_pictures_come_over_http(
    new_page: Any, servers: dict[bool, int]
):
    """Not every proxy hands sockets on that it was not told of."""
    proxy = Proxy(servers[True], PREFIX, refuses="/latent-explorer/live")
    with proxy.running() as log:
        new_page.goto(f"{proxy.address}/map?model=cdvae-mnist")
        new_page.wait_for_selector(f"{MAP}[data-ready=true]")
        hovered(new_page)
        assert re.search(r"/latent-explorer/decode/cdvae-mnist/\d+\S* 200", log.read_text())


def test_a_visitor_through_a_proxy_that_says_localhost_is_not_at_this_machine(new_page: Any, home: Path):
    """A proxy beside the server may put `localhost` in the place of the host that the browser calls: its visitors open no paths and steer
    nothing."""
    with served(folder=home) as url, ExitStack() as stack:
        port = urlsplit(url).port or 0
        proxy = Proxy(port, "/lab", host=f"localhost:{port}")
        stack.enter_context(proxy.running())
        new_page.goto(f"{proxy.address}/data")
        new_page.get_by_text("opens uploads and no paths").first.wait_for()
        told = new_page.request.post(f"{proxy.address}/latent-explorer/runs/small/steer", data={"do": "stop"})
        assert (told.status, "--allow-training" in told.text()) == (403, True)
        new_page.goto(f"{url}/data")
        new_page.get_by_role("heading", level=1).first.wait_for()
        assert new_page.get_by_text("opens uploads and no paths").count() == 0
