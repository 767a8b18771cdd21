"""Settings of Streamlit's that the command sets too: what the environment says of them is honoured, or refused in a sentence."""

import os
from collections.abc import Mapping

from streamlit import config

PORT, HOST = 8501, "localhost"

# What pages rely on, with its value and why. Everything else that the environment sets goes before the command's own choice.
_KEPT = {
    "client.showErrorDetails": (
        "none",
        "a traceback shows paths and code of the server, and is printed on its terminal",
    ),
    "global.disableWidgetStateDuplicationWarning": (
        "true",
        "widgets take their places from the address, and the warning would be wrong",
    ),
}


def variable(option: str) -> str:
    """The environment variable of an option of Streamlit's.

    >>> variable("server.baseUrlPath")
    'STREAMLIT_SERVER_BASE_URL_PATH'
    """
    return config.get_config_options()[option].env_var


def said(option: str) -> str:
    """What the environment says of an option; nothing where it is silent."""
    return os.environ.get(variable(option), "").strip()


def port() -> int:
    """The port where the command names none. One that is no number is left to `check`."""
    given = said("server.port")
    return int(given[:6]) if given.isascii() and given.isdecimal() else PORT


def host() -> str:
    """The address to listen on where the command names none."""
    return said("server.address") or HOST


def base_path() -> str:
    """The base path where the command names none."""
    return said("server.baseUrlPath")


def window() -> bool:
    """Whether a browser window opens where the command says nothing."""
    return said("server.headless").lower() not in ("1", "true", "yes", "on", "t", "y")


def check() -> None:
    """Raises ValueError, one sentence, for a variable that is no value of its option, or that the app cannot do with."""
    given = said("server.port")
    if given and not (given.isascii() and given.isdecimal() and 0 < int(given[:6]) < 65536):
        raise ValueError(
            f"{variable('server.port')} is {given[:40]!r}: give a port between 1 and 65535, or unset it"
        )
    for option, (value, why) in _KEPT.items():
        if (given := said(option)) and given.lower() != value:
            raise ValueError(f"{variable(option)}={given[:40]} is not taken, since {why}: unset it")


def flags(options: Mapping[str, str]) -> list[str]:
    """The command's options as Streamlit takes them; one with several values is given several times. Those of which the environment says
    something else are left out, so that Streamlit reads that, but for what the user asked of the command itself."""
    ours = {key: value for key, value in options.items() if key in _ASKED or key in _KEPT or not said(key)}
    ours |= {key: value for key, value in options.items() if key in _ASKED_IF_SAID and value}
    return [f"--{key}={value}" for key, given in ours.items() for value in given.split() or _empty(key)]


def _empty(key: str) -> list[str]:
    """An option without a value is not given, but where that is itself a value."""
    return [""] if key == "server.baseUrlPath" else []


# Options for which the command has its own: their values have been weighed against the environment when they come here.
_ASKED = ("server.address", "server.port", "server.baseUrlPath", "server.headless")
# Likewise, and the environment is heard where nobody asked.
_ASKED_IF_SAID = ("server.corsAllowedOrigins",)
