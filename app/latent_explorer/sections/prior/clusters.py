"""Encodings and prior components in one plane: UMAP, principal axes or two dimensions."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from latent_explorer.caches import encodings, maps
from latent_explorer.components.map import Contour, Ellipse, Panel, Shape
from latent_explorer.parts import words
from latent_explorer.sections.prior.shared import block_of, map_of, most_used, outlines
from latent_explorer.session import links
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.explore.components import Plane, dimensions_plane, principal_plane

UMAP, PRINCIPAL, PAIR = PLANES = ("UMAP", "principal axes", "two dimensions")


def clusters(models: list[Checkpoint], block: str) -> None:
    checkpoint = models[0]
    links.belonging("item", encodings.items_of(checkpoint))
    controls = st.columns([2.6, 1, 1], vertical_alignment="bottom")
    kind = links.one_of("Plane", PLANES, key="plane", what="plane", place=controls[0])
    first, second = 0, 1
    last = checkpoint.atlas.means[block].shape[1] - 1
    if kind == PAIR and last:
        order = most_used(checkpoint, block)
        links.belonging("x", f"{checkpoint.name} {block}", float(order[0]))
        links.belonging("y", f"{checkpoint.name} {block}", float(order[1 % len(order)]))
        first = links.whole(controls[1], "Horizontal", 0, last, "x", "dimension", order[0])
        second = links.whole(controls[2], "Vertical", 0, last, "y", "dimension", order[1 % len(order)])
        if first == second:
            st.warning("A plane needs two different dimensions: choose another one.")
            return
    shapes: list[Shape] = []
    for place, each in zip(st.columns(len(models)), models, strict=True):
        with place:
            its_block = block_of(each, block)
            if kind == PAIR and each.atlas.means[its_block].shape[1] < 2:
                st.info(
                    f"The {words.latents(each.model, its_block)} of {plain(each.name)} have one dimension."
                )
                continue
            panel = cluster_panel(each, its_block, kind, first, second)
            map_of(each, its_block, panel, f"clusters-{key(each.name)}-{its_block}-{kind}")
            shapes.extend(panel.shapes)
    outlined = " ".join(_outlined(shapes, kind))
    st.caption(
        f"{words.of_kind(f'{SEEN[kind]} {outlined}', checkpoint.kind)} Where outlines and dots part, the prior draws codes that no {checkpoint.kind.one} has, or misses codes that {checkpoint.kind.many} have."
    )


SEEN = {
    UMAP: "Each dot is {an} where UMAP places its posterior mean.",
    PRINCIPAL: "Each dot is {an} in the plane in which posterior means vary most.",
    PAIR: "Each dot is {an} in two dimensions of its posterior mean.",
}


def _outlined(shapes: Sequence[Shape], kind: str) -> list[str]:
    """What the shapes of a prior are, a sentence for each kind there is."""
    found = []
    if any(isinstance(shape, Ellipse) for shape in shapes):
        how = (
            "where its draws fall, each at the nearest {one}"
            if kind == UMAP
            else "at two standard deviations"
        )
        found.append(f"Each ellipse is a component of the prior, {how}.")
    if regions := [shape for shape in shapes if isinstance(shape, Contour)]:
        whole = any(shape.class_index is None for shape in regions)
        what = "50 % and 90 % of the prior’s draws" if whole else "90 % of the draws of a class"
        at = ", each placed at the nearest {one}" if kind == UMAP else ""
        found.append(f"The outlines are the smallest regions with {what}{at}.")
    return found


def _on_the_map(checkpoint: Checkpoint, block: str) -> Sequence[Shape]:
    """The priors of all classes, or of many those that most images are of."""
    classes = len(checkpoint.atlas.classes)
    if block not in checkpoint.model.labelled or classes <= maps.MOST_CLASSES:
        return maps.prior_shapes(checkpoint, block)
    most = np.bincount(checkpoint.atlas.labels, minlength=classes).argsort(kind="stable")[::-1]
    return maps.prior_shapes(checkpoint, block, tuple(most[: maps.FEW_COMPONENTS].tolist()))


def cluster_panel(checkpoint: Checkpoint, block: str, kind: str, first: int, second: int) -> Panel:
    title = f"{words.capital(words.latents(checkpoint.model, block))} of {checkpoint.name}"
    if kind == UMAP:
        return Panel(block, title, checkpoint.atlas.coordinates[block], _on_the_map(checkpoint, block))
    means = encodings.codes(checkpoint)[block][0]
    plane = principal_plane(means) if kind == PRINCIPAL else _pair(checkpoint, block, first, second)
    return Panel(
        block,
        title,
        plane.project(means).numpy(),
        outlines(checkpoint, block, plane),
        axes=plane.names,
        blocks=(block,),
    )


def _pair(checkpoint: Checkpoint, block: str, first: int, second: int) -> Plane:
    """Two dimensions as asked for, or where a model beside has not as many its own most used."""
    width = checkpoint.atlas.means[block].shape[1]
    if max(first, second) >= width:
        first, second = most_used(checkpoint, block)[:2]
    return dimensions_plane(block, first, second, width)
