"""How far apart the classes lie: a matrix of divergences, and two classes seen along the line between their means."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings, priors
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.priors import matrix
from latent_explorer.components.image_grid import image_grid
from latent_explorer.components.map import Panel
from latent_explorer.export import menus, scripts
from latent_explorer.parts import words
from latent_explorer.parts.nets import absent
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.prior.shared import block_of, map_of, outlines
from latent_explorer.session import links
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.explore import class_means, decode, path
from vae_core.explore.components import plane_between
from vae_core.priors import one_hot

PRIORS, ENCODINGS = BETWEEN = ("priors", "encodings")


MATRICES = {"KL": ("kl", "KL(row ‖ column)"), "Bhattacharyya": ("bhattacharyya", "Bhattacharyya distance")}


STEPS = 11

# Classes of a matrix: of more, those nearest to one of them.
SHOWN = 24


def classes(models: list[Checkpoint], block: str) -> None:
    checkpoint, names = models[0], models[0].atlas.classes
    links.belonging("item", encodings.items_of(checkpoint))
    left, right = st.columns(2)
    kind = links.one_of("Divergence", list(MATRICES), key="matrix", what="divergence", place=left)
    of = links.one_of("Between", BETWEEN, key="of", what="kind of classes", place=right)
    a, b = linked_pair(checkpoint)
    if len(names) > SHOWN:
        a, b = _chosen_pair(checkpoint, a, b)
    for place, each in zip(st.columns(len(models)), models, strict=True):
        with place:
            class_matrix(each, block_of(each, block), kind, of == PRIORS, (a, b))
    st.markdown(f"**Class {plain(names[a])} and class {plain(names[b])}**")
    for place, each in zip(st.columns(len(models)), models, strict=True):
        with place:
            two_clusters(each, block_of(each, block), a, b)


def _chosen_pair(checkpoint: Checkpoint, a: int, b: int) -> tuple[int, int]:
    """Where not all classes are in the matrix: the two by name, one of them the middle of what it shows."""
    names = checkpoint.atlas.classes
    chosen = []
    for place, side, one, other in zip(st.columns(2), ("Class", "and class"), (a, b), (b, a), strict=True):
        rest = [name for number, name in enumerate(names) if number != other]
        state = f"pair-{side}-{key(checkpoint.name)}"
        st.session_state[state] = names[one]
        chosen.append(place.selectbox(side, rest, key=state, on_change=_write_pair, args=(checkpoint,)))
    return names.index(chosen[0]), names.index(chosen[1])


def _write_pair(checkpoint: Checkpoint) -> None:
    a, b = (st.session_state[f"pair-{side}-{key(checkpoint.name)}"] for side in ("Class", "and class"))
    links.write(pair=f"{a}~{b}")


def _in_matrix(checkpoint: Checkpoint, block: str, pair: tuple[int, int]) -> tuple[int, ...]:
    """The classes of a matrix: all of them, or of many the pair and those whose means are nearest to that of its first."""
    classes = len(checkpoint.atlas.classes)
    if classes <= SHOWN:
        return tuple(range(classes))
    middles = encodings.means_of_classes(checkpoint)[block]
    nearest = (
        (middles - middles[pair[0]]).norm(dim=-1).nan_to_num(nan=torch.inf).argsort(stable=True).tolist()
    )
    there = [c for c in np.unique(checkpoint.atlas.labels).tolist() if c not in pair]
    return tuple(sorted([*pair, *[c for c in nearest if c in set(there)][: SHOWN - 2]]))


def linked_pair(checkpoint: Checkpoint) -> tuple[int, int]:
    """The two classes of the address, such as 3~8; the first two unless it names others."""
    names = checkpoint.atlas.classes
    links.belonging("pair", encodings.items_of(checkpoint))
    asked = st.query_params.get("pair", f"{names[0]}~{names[-1]}")
    for a, first in enumerate(names):  # a class may have a ~ in its name
        if asked.startswith(f"{first}~") and (second := asked[len(first) + 1 :]) in names and first != second:
            links.write(pair=st.query_params.get("pair"))
            return a, names.index(second)
    st.warning(
        f"This link asks for the pair “{plain(asked)}”. Give two different classes, for example {plain(f'{names[0]}~{names[-1]}')}."
    )
    return 0, len(names) - 1


def class_matrix(
    checkpoint: Checkpoint, block: str, kind: str, of_priors: bool, pair: tuple[int, int]
) -> None:
    of = _in_matrix(checkpoint, block, pair)
    between = priors.class_overlap(checkpoint, block, of_priors, of)
    instead = ""
    if of_priors and between is None:
        between, of_priors = priors.class_overlap(checkpoint, block, False, of), False
        if block in checkpoint.model.labelled:
            instead = " The class priors are no Gaussians, so that theirs have no closed form: these are of the encodings."
    if between is None:
        st.info(
            f"The {words.latents(checkpoint.model, block)} have too many classes and dimensions to compare all pairs of classes here."
        )
        return
    field, title = MATRICES[kind]
    place = f"matrix-{key(checkpoint.name)}-{block}"

    names = [checkpoint.atlas.classes[c] for c in of]

    def choose() -> None:
        points = st.session_state[place]["selection"]["points"]
        cell = next((p["customdata"] for p in points if "customdata" in p), None)
        if cell:
            links.write(pair=f"{names[int(cell[0])]}~{names[int(cell[1])]}")

    values = getattr(between, field).numpy()
    what = f"p({block} | class)" if of_priors else f"encodings in {block}"
    st.plotly_chart(
        matrix(
            values,
            names,
            f"{title} between classes",
            f"{what}, {checkpoint.name}",
            "nats",
            (of.index(pair[0]), of.index(pair[1])),
        ),
        key=place,
        on_select=choose,
        selection_mode="points",
        config=CONFIG,
    )
    few = (
        ""
        if len(of) == len(checkpoint.atlas.classes)
        else f" Of {len(checkpoint.atlas.classes):,} classes, these are the two chosen and the {len(of) - 2} nearest to {plain(checkpoint.atlas.classes[pair[0]])}."
    )
    gaussians = "" if of_priors else " Each class is taken for the Gaussian of its encodings’ moments."
    menus.under(
        place,
        f"{key(checkpoint.name)}-{field}-{block}",
        f"Each cell says how far apart two classes lie, in nats, in closed form.{instead}{gaussians}{few}",
        "Click a cell to see its two classes below.",
        codes=lambda: {"class": np.array(names), field: values},
        commands=[scripts.measuring(checkpoint, "priors" if of_priors else "posteriors")],
    )


def two_clusters(checkpoint: Checkpoint, block: str, a: int, b: int) -> None:
    """The items of two classes in the plane of the line between their means, and the images along it."""
    atlas, names = checkpoint.atlas, checkpoint.atlas.classes
    means = {name: mean for name, (mean, _) in encodings.codes(checkpoint).items()}
    labels = torch.from_numpy(atlas.labels)
    middles = class_means(checkpoint.model, means, one_hot(labels, len(names)))
    if torch.equal(middles[block][a], middles[block][b]):
        st.info(
            f"Both classes have the same mean in the {words.latents(checkpoint.model, block)}, so no line runs between them. Choose another pair."
        )
        return
    members = torch.isin(labels, torch.tensor([a, b]))
    plane = plane_between(
        middles[block][a],
        middles[block][b],
        means[block][members],
        (f"from the mean of {names[a]} to that of {names[b]}", "where the two vary most besides"),
    )
    shown = outlines(checkpoint, block, plane, (a, b))
    panel = Panel(
        block,
        f"{words.capital(words.latents(checkpoint.model, block))} of {checkpoint.name}",
        plane.project(means[block]).numpy(),
        shown,
        axes=plane.names,
        blocks=(block,),
    )
    others = [c for c in range(len(names)) if c not in (a, b)]
    map_of(checkpoint, block, panel, f"pair-{key(checkpoint.name)}-{block}-{a}-{b}", others)
    if not absent(checkpoint, "the way between the means, decoded,"):
        _between(checkpoint, middles, a, b)
    of_priors = block in checkpoint.model.labelled and not words.fitted_classes(checkpoint.model)
    what = "priors" if of_priors else "encodings"
    below = "" if checkpoint.model.no_decoder else f"; below, the {checkpoint.kind.many} on that line"
    st.caption(
        f"The dots are the {checkpoint.kind.many} of both classes, seen along the line between the means of their {what}{below}. "
        "The legend brings the other classes back."
    )


def _between(checkpoint: Checkpoint, middles: dict[str, torch.Tensor], a: int, b: int) -> None:
    """The line between the means of two classes, decoded."""
    names = checkpoint.atlas.classes
    ends = {name: torch.stack([rows[a], rows[b]]) for name, rows in middles.items()}
    codes = path(checkpoint.model, ends, torch.linspace(0, 1, STEPS))
    image_grid(
        to_bytes(decode(checkpoint.model, codes), checkpoint.kind)[None],
        rows=[f"{names[a]} → {names[b]}"],
        columns=[f"{share:.0%}" for share in np.linspace(0, 1, STEPS)],
        title="On the line between the means",
        key=f"between-{key(checkpoint.name)}",
        headed=True,
    )
