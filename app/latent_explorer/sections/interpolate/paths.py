"""Paths between two codes, decoded."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import animations, menus, scripts, tables
from latent_explorer.parts import words
from latent_explorer.parts.anchors import has_class, held, moving
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.interpolate.along import FINE, charts
from latent_explorer.sections.interpolate.ends import Ends, chosen_ends
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from vae_core import Checkpoint
from vae_core.explore import MEANS, PATHS, Codes, decode, path

STEPS = (5, 17)


@fragment
def between_two(checkpoint: Checkpoint) -> None:
    model = checkpoint.model
    latents = checkpoint.model.coded
    labelled = checkpoint.model.labelled
    st.subheader("Between two")
    ends = chosen_ends(checkpoint)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        moved = moving(checkpoint, "move", "Latents that move")
        if "steps" not in st.session_state:
            links.number("steps", *STEPS, "number of steps")
        steps = st.slider("Steps", *STEPS, 11, 2, key="steps", bind="query-params", width=260)
    means = encodings.means_of_classes(checkpoint) if ends.labels and checkpoint.atlas.classes else {}
    stops = {
        block: means[block][ends.labels] for block in labelled or model.blocks if block in moved and means
    }
    kinds = [kind for kind in PATHS if kind != MEANS or stops]

    def codes_at(t: torch.Tensor, kind: str) -> Codes:
        return path(model, ends.codes, t, kind, moving=moved, stops=stops)

    t = torch.linspace(0, 1, steps)
    rows = [codes_at(t, kind) for kind in kinds]
    image_grid(
        to_bytes(torch.stack([decode(model, codes) for codes in rows]), checkpoint.kind),
        rows=kinds,
        columns=[f"{round(share, 2):g}" for share in t.tolist()],
        marks=[(row, column) for row in range(len(kinds)) for column in (0, steps - 1)],
        title="Paths between two codes, decoded, over the share t of the path",
        key="paths",
        headed=True,
    )

    def frames() -> tuple[np.ndarray, list[str]]:
        many = torch.linspace(0, 1, animations.STEPS)
        return to_bytes(
            torch.stack([decode(model, codes_at(many, kind)) for kind in kinds]), checkpoint.kind
        ), kinds

    together = {name: torch.cat([codes[name] for codes in rows]) for name in latents}
    menus.under(
        "paths",
        "paths",
        "Each row goes from the left end a to the right end b (both outlined).",
        "**line**: (1 − t) a + t b. **sphere**: along the great circle about the prior’s mean (slerp)."
        + words.estimated(checkpoint.model)
        + " "
        + over_means(checkpoint, stops, moved, bool(ends.labels))
        + held(checkpoint, moved, "as at the left end")
        + (" The class switches in the middle." if has_class(checkpoint, moved) else ""),
        codes=lambda: tables.table(together, path=np.repeat(kinds, steps), t=t.repeat(len(kinds)).numpy()),
        frames=frames,
        script=script_of_paths(checkpoint, ends, stops, moved, kinds, steps),
    )
    charts(checkpoint, {kind: codes_at(FINE, kind) for kind in kinds}, moved)


def over_means(checkpoint: Checkpoint, stops: Codes, moved: list[str], classes_known: bool) -> str:
    """What is said of the path over class means."""
    model = checkpoint.model
    labelled = checkpoint.model.labelled
    if not stops:
        why = (
            "nothing that moves has one"
            if classes_known
            else f"this model names no class for your {checkpoint.kind.one}"
        )
        return f"There is no path over class means here: {why}."
    means = "means of p(z | class)" if labelled else f"means of the codes of their {checkpoint.kind.many}"
    rest = "; the other latents go straight" if set(moved) & set(model.blocks) - set(stops) else ""
    where = words.listed([words.latents(model, block) for block in stops])
    return f"**class means**: in {where} by way of the two classes’ {means}{rest}."


def script_of_paths(
    checkpoint: Checkpoint, ends: Ends, stops: Codes, moved: list[str], kinds: list[str], steps: int
) -> str:
    arguments = f"moving={moved}, stops=stops"
    lines = [
        *ends.lines,
        *scripts.codes_written(stops, "stops"),
        f"t = torch.linspace(0, 1, {steps})",
        f"paths = [path(model, codes, t, kind, {arguments}) for kind in {kinds}]",
        "images = torch.cat([decode(model, codes) for codes in paths])",
    ]
    title = f"Paths between two codes of {checkpoint.name}, one a row"
    return scripts.script(checkpoint, title, lines, steps, path="vae_core.explore")
