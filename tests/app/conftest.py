"""The app under Streamlit's AppTest: no browser, the real script."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.user_image import apart
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, local_script_runner

from tests.support.trained import Trained

MAIN = Path(__file__).parents[2] / "app" / "latent_explorer" / "main.py"

START = "views/start.py"  # the page of an address without one

Open = Callable[..., AppTest]


def scripts_in(at: AppTest) -> list[str]:
    """The Python that the menus under the figures of a page show."""
    return [code.value for code in at.code if code.language == "python"]


def opened(page: str = "views/map.py", **query: str) -> AppTest:
    """A page as a link with these parameters opens it, over the models that the environment names."""
    at = AppTest.from_file(str(MAIN), default_timeout=100)
    at.query_params.update(query)
    if page != START:
        at.switch_page(page)
    return at.run()


@pytest.fixture(scope="session", autouse=True)
def _one_look() -> Iterator[None]:
    """What each run of an AppTest does anew and a server once: to read the metadata of all that is installed, which is two thirds of its time,
    and to compile the scripts. Nor does it count what is used, as the command `app` does not."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan))
        patch.setattr(local_script_runner, "ScriptCache", functools.cache(ScriptCache))
        usual = config.get_option("browser.gatherUsageStats")
        config.set_option("browser.gatherUsageStats", False)
        yield
        config.set_option("browser.gatherUsageStats", usual)


@pytest.fixture
def open_page(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Open:
    """`open_page("views/map.py", model="vae-digits")`: a page as a link with those parameters opens it."""
    monkeypatch.setenv(MODELS_VARIABLE, str(trained.everything()))
    return opened


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a visitor is read in time on a busy machine too."""
    monkeypatch.setattr(apart, "SECONDS", 100)
