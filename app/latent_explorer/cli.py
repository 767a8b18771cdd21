"""The command `latent-explorer`: the explorer itself, and the commands of `vae_core`."""

import ipaddress
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latent_explorer import (
    CLASSIFIER_VARIABLE,
    DATA_ROOT_VARIABLE,
    HOSTS_VARIABLE,
    LOCAL_VARIABLE,
    METRICS_VARIABLE,
    MODELS_VARIABLE,
    OPENS_VARIABLE,
    RUNS_VARIABLE,
    SHARED_VARIABLE,
    TRAINING_VARIABLE,
    access,
    settings,
)
from latent_explorer import base_path as base
from latent_explorer.documents.commands import Push, Report
from latent_explorer.lessons import LESSONS_VARIABLE, commands, shelf
from latent_explorer.own_data.uploads import MEGABYTES
from latent_explorer.session.sharing import own_address, told
from latent_explorer.site.command import Publish
from vae_core import cli
from vae_core.checkpoints import CARD, CheckpointError, found_in, is_on_hub, load_card, located
from vae_core.cli.plugged import Plugged
from vae_core.data import SOURCES_VARIABLE
from vae_core.graphs import read_graph

EVERYWHERE = "0.0.0.0"  # every address of this machine


@dataclass(frozen=True)
class App(Plugged):
    """Open the explorer in a browser, on the bundled models and those in --models."""

    models: Path | None = None
    """A folder of checkpoint folders (or one checkpoint) to offer beside the bundled ones; or one of a hub, hf://user/name."""
    data: tuple[Path, ...] = ()
    """Folders or files that models were trained from, where their images are to be shown."""
    data_root: Path | None = None
    """The folder below which visitors may open data by its path, on the page Open data. Without it, whatever you can read where --host is
    this machine alone, and no path where it is not."""
    classifier: Path | None = None
    """A classifier of your own, an ONNX file, that is asked about what models decode; a file classifier.onnx in a model's folder goes before
    it."""
    lessons: Path | None = None
    """A folder of lessons to offer before the bundled ones; `latent-explorer lesson new` writes one."""
    allow_training: bool = False
    """Let every visitor start and steer trainings on the page Train, and measure; without it, only who opens the app on this machine. Runs
    live in the folder of --models, or in ./runs."""
    port: int = field(default_factory=settings.port)
    host: str = field(default_factory=settings.host)
    """Address to listen on; 0.0.0.0 lets other machines in."""
    base_path: str = field(default_factory=settings.base_path)
    """The path below which a proxy shows the app, such as /user/ann/proxy/8501, where the proxy hands addresses on with it. A proxy that
    cuts it off needs none."""
    share: bool = False
    """Let others on the local network in: listens on every address, and shows the one that they open, with a QR code."""
    allowed_origins: tuple[str, ...] = ()
    """Addresses by which others open it through a proxy or a name of yours, such as https://lab.example.org; * for any. Without them it
    answers to localhost, numeric addresses, --host and this machine's own name."""
    allow_metrics: bool = False
    """Let every visitor read /_stcore/metrics: sessions, and the memory of their caches."""
    browser: bool = field(default_factory=settings.window)
    """Open a browser window."""

    def run(self) -> int:
        settings.check()
        models = located(self.models) if self.models and is_on_hub(self.models) else self.models
        if models and not models.is_dir():
            raise ValueError(f"there is no folder {models}: give one that `latent-explorer train` wrote")
        if models and not found_in(models):
            raise ValueError(
                f"{models} holds no checkpoint: give a folder that `latent-explorer train` wrote, or one of several such"
            )
        if gone := [path for path in self.data if not path.exists()]:
            raise ValueError(f"there is no file or folder {gone[0]}: give one that a model was trained from")
        if self.data_root and not self.data_root.is_dir():
            raise ValueError(f"there is no folder {self.data_root}: give one that holds the data to open")
        if self.classifier:
            read_graph(
                self.classifier, self.classifier.name, embedded=False
            )  # what is no graph is said before anything opens
        if self.lessons and not (self.lessons.is_dir() and shelf.files(self.lessons)):
            raise ValueError(
                f"{self.lessons} is no folder with a lesson: write one with `latent-explorer lesson new NAME --out {self.lessons}`"
            )
        if not 0 < self.port < 65536:
            raise ValueError(f"the port must be between 1 and 65535, got {self.port}")
        if not self.host.strip():
            raise ValueError("the host has no name: give an address to listen on, or 0.0.0.0 for every one")
        origins = [access.origin_of(origin) for origin in self.allowed_origins]
        host, path = self.listened(), base.normal(self.base_path)
        shared = (
            f"http://{own_address() if host == EVERYWHERE else host}:{self.port}{path}" if self.share else ""
        )
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self.port))
            except (OSError, UnicodeError) as error:
                raise ValueError(
                    f"cannot listen on {host} port {self.port} ({getattr(error, 'strerror', None) or error}): choose another "
                    "with --port, or --host"
                ) from None
        if shared:
            print(told(shared))
        serve(
            host,
            self.port,
            self.browser,
            models,
            self.data,
            self.data_root,
            self.classifier,
            self.lessons,
            self.allow_training,
            shared,
            path,
            origins=origins,
            metrics=self.allow_metrics,
        )
        return 0

    def listened(self) -> str:
        """The address to listen on: shared, every one unless one is given that others reach.

        >>> App().listened(), App(share=True).listened(), App(share=True, host="192.168.1.5").listened()
        ('localhost', '0.0.0.0', '192.168.1.5')
        """
        return EVERYWHERE if self.share and is_local(self.host) else self.host


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server that listens there.

    >>> is_local("localhost"), is_local("127.0.0.1"), is_local("0.0.0.0"), is_local("example.org")
    (True, True, False, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def runs_folder(models: Path | None) -> Path:
    """Where trainings live that a page starts: in the folder of models, or where there is none, or one of a single model, in ./runs.

    >>> runs_folder(None).as_posix()
    'runs'
    """
    return models if models and not (models / CARD).exists() else Path("runs")


def newest(models: Path) -> str:
    """The checkpoint of a folder that was written last, of those whose card can be read; nothing where there is none."""
    folders = [folder.resolve() for folder in found_in(models).values() if readable(folder)]
    return str(max(folders, key=lambda folder: (folder / CARD).stat().st_mtime, default=""))


def readable(folder: Path) -> bool:
    try:
        load_card(folder)
    except CheckpointError:
        return False
    return True


def serve(
    host: str,
    port: int,
    window: bool,
    models: Path | None,
    data: Sequence[Path] = (),
    data_root: Path | None = None,
    classifier: Path | None = None,
    lessons: Path | None = None,
    training: bool = False,
    shared: str = "",
    path: str = "",
    *,
    origins: Sequence[str] = (),
    metrics: bool = False,
) -> None:
    """Run the server until it is stopped, on the bundled checkpoints and those of a folder, with the data that own models were trained from."""
    from streamlit.web.cli import main as streamlit  # a second to import, for this command alone

    if models:
        os.environ[MODELS_VARIABLE] = str(models.resolve())
        os.environ.setdefault(OPENS_VARIABLE, newest(models))
    if data:
        os.environ[SOURCES_VARIABLE] = os.pathsep.join(str(path.resolve()) for path in data)
    if classifier:
        os.environ[CLASSIFIER_VARIABLE] = str(classifier.resolve())
    if lessons:
        os.environ[LESSONS_VARIABLE] = str(lessons.resolve())
    # Whatever the shell says of these: what is served decides.
    os.environ[DATA_ROOT_VARIABLE] = str(data_root.resolve()) if data_root else ""
    os.environ[SHARED_VARIABLE] = shared
    os.environ[TRAINING_VARIABLE] = "1" if training else ""
    watched = (
        training or is_local(host) or runs_folder(models) == models
    )  # ./runs nobody has offered to others
    os.environ[RUNS_VARIABLE] = str(runs_folder(models).resolve()) if watched else ""
    os.environ[HOSTS_VARIABLE] = access.names(host, origins, is_local(host))
    os.environ[METRICS_VARIABLE] = "1" if metrics else ""
    os.environ[LOCAL_VARIABLE] = "1" if is_local(host) else ""
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.baseUrlPath": path,
        "server.headless": str(not window).lower(),
        "server.fileWatcherType": "none",
        "server.maxUploadSize": str(MEGABYTES),  # of the page that takes most; others take less
        # A full garbage collection after every run looks through torch's million objects: 150 ms in which no message
        # leaves the server. Python's own collections still happen.
        "runner.postScriptGC": "false",
        "server.maxMessageSize": "48",  # of the largest page; a visitor's message is read whole before anybody can say what it is
        "browser.gatherUsageStats": "false",
        "server.showEmailPrompt": "false",
        "client.toolbarMode": "minimal",
        # A defect is said, and its traceback is on the server's own terminal: it names paths and shows code.
        "client.showErrorDetails": "none",
        # The address, or what was looked at, says where a widget stands, and a default what is left out of the address: both are meant.
        "global.disableWidgetStateDuplicationWarning": "true",
        "theme.headingFontSizes": "1.7rem 1.4rem 1.25rem",
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#56B4E9",
    }
    if named := [origin for origin in origins if origin != access.ANY]:
        options["server.corsAllowedOrigins"] = " ".join(named)
    script = Path(__file__).with_name("server.py")
    sys.argv = ["streamlit", "run", str(script), *settings.flags(options)]
    streamlit()


COMMANDS: dict[str, Any] = {
    "app": App,
    "publish": Publish,
    "lesson": commands.LessonCommand,
    "report": Report,
    "push": Push,
    **cli.COMMANDS,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0, or 2 after one sentence on what to do, or 130 when interrupted."""
    return cli.main(arguments, COMMANDS)


if __name__ == "__main__":
    sys.exit(main())
