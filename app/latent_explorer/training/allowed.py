"""Who may start and steer trainings here: every visitor where `--allow-training` says so, else who calls this server by a name of this machine."""

import os

from latent_explorer import HOSTS_VARIABLE, LOCAL_VARIABLE, RUNS_VARIABLE, TRAINING_VARIABLE
from latent_explorer.own_data.bounds import called_of_session, is_here

NOT_HERE = (
    "this server trains nothing: it serves other machines, and was started without --allow-training, and without the --models whose "
    "trainings could be watched"
)
NOT_MEASURED = "this server measures nothing for its visitors: it serves other machines and was started without --allow-training"
NOT_YOU = "this server was started without --allow-training, so that visitors can watch trainings and not start or steer them"


def why_not(host: str | None) -> str:
    """Why a visitor who calls this server by that name may not train, one sentence; empty where they may."""
    if not os.environ.get(RUNS_VARIABLE):
        return NOT_HERE
    if os.environ.get(TRAINING_VARIABLE):
        return ""
    return "" if os.environ.get(LOCAL_VARIABLE) and is_here(host) else NOT_YOU


def why_not_here() -> str:
    """The same of the visitor for whom a page is drawn."""
    return why_not(called_of_session())


def why_not_measure() -> str:
    """Why the visitor for whom a page is drawn may not have a model measured, which takes a core for minutes; empty where they may."""
    return NOT_MEASURED if os.environ.get(HOSTS_VARIABLE) and why_not_here() else ""
