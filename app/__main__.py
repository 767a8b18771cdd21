"""Serve the explorer: `python -m app HOST PORT window|headless [FOLDER]` (`latent-explorer app` is the friendly way)."""

import os
import sys
from pathlib import Path

from streamlit.web import cli

from app import MODELS_VARIABLE


def main(host: str, port: str, window: str, folder: str = "") -> None:
    if folder:
        os.environ[MODELS_VARIABLE] = folder
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": str(window == "headless").lower(),
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "10",
        # A full garbage collection after every run looks through torch's million objects: 150 ms in which no message
        # leaves the server. Python's own collections still happen.
        "runner.postScriptGC": "false",
        "browser.gatherUsageStats": "false",
        "server.showEmailPrompt": "false",
        "client.toolbarMode": "minimal",
        # An option with several values is given several times.
        "theme.headingFontSizes": "1.7rem 1.4rem 1.25rem",
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#56B4E9",
    }
    script = Path(__file__).with_name("server.py")
    flags = [f"--{key}={value}" for key, given in options.items() for value in given.split()]
    sys.argv = ["streamlit", "run", str(script), *flags]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
