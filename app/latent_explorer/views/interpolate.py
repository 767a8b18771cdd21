"""Interpolate: paths between two codes, a grid between three or four, and what tells two codes apart given to a third."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from latent_explorer.caches import checkpoints, encodings, priors
from latent_explorer.charts.paths import along, classes_along
from latent_explorer.charts.rate_distortion import CONFIG
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts
from latent_explorer.parts.anchors import choose, has_class, held, moving
from latent_explorer.parts.panels import ground
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image.images import Own
from latent_explorer.user_image.panel import codes_and_class, kept_own, own_expander

from vae_core.explore import (
    MEANS,
    PATHS,
    Codes,
    analogy,
    blend,
    class_of_codes,
    decode,
    neighbours,
    path,
    square_weights,
    triangle_weights,
)

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
classes = atlas.classes
latents = model.latents
labelled = model.labelled

FINE = torch.linspace(0, 1, 101)
STEPS = (5, 17)
SIDE = 7  # its middle cell is the mean of four corners, and another one that of three
CELL = 112  # CSS pixels of a picture of which there are few
PAIR = {"from": "From item", "to": "To item"}
CORNERS = {"c1": "Top left", "c2": "Top right", "c3": "Bottom left", "c4": "Bottom right"}
TERMS = {"a": "a", "b": "b", "c": "c"}

st.title("Interpolate and average")
st.caption(
    "Pictures between items of the maps: each is the decoder’s mean image of a code that is made of the items’ posterior means. One’s "
    "own image, below, can be an end as well."
)
guest = kept_own(checkpoint)


def own_end() -> Own | None:
    """The visitor's image where it is to be the first end."""
    if guest is not None:
        return guest if st.toggle("Start from your image", key="own", bind="query-params") else None
    if st.query_params.get("own", "").lower() == "true":
        st.warning(
            "The link starts from an image of one’s own, which no link can carry: draw or give one above."
        )
    return None


class Ends(NamedTuple):
    """The codes `(2, D)` of two ends in each latent, their classes where both are known, and the lines of a script that make `codes`."""

    codes: Codes
    labels: list[int]
    lines: list[str]


def chosen_ends() -> Ends:
    own = own_end()
    items = choose(checkpoint, PAIR, (0, 1), "Another pair", own)
    codes, labels = encodings.item_codes(checkpoint, items), [int(atlas.labels[item]) for item in items]
    if own is None:
        return Ends(codes, labels, scripts.codes_of_items(items))
    code, label = codes_and_class(checkpoint, own)
    codes = {name: torch.cat([code[name], both[1:]]) for name, both in codes.items()}
    return Ends(codes, [] if label is None else [label, labels[1]], scripts.codes_written(codes))


@st.fragment
def between_two() -> None:
    st.subheader("Between two")
    ends = chosen_ends()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        moved = moving(checkpoint, "move", "Latents that move")
        links.number("steps", *STEPS, "number of steps")
        steps = st.slider("Steps", *STEPS, 11, 2, key="steps", bind="query-params", width=260)
    means = encodings.means_of_classes(checkpoint) if ends.labels and classes else {}
    stops = {
        block: means[block][ends.labels] for block in labelled or model.blocks if block in moved and means
    }
    kinds = [kind for kind in PATHS if kind != MEANS or stops]

    def codes_at(t: torch.Tensor, kind: str) -> Codes:
        return path(model, ends.codes, t, kind, moving=moved, stops=stops, classes=len(classes))

    t = torch.linspace(0, 1, steps)
    rows = [codes_at(t, kind) for kind in kinds]
    image_grid(
        to_bytes(torch.stack([decode(model, codes) for codes in rows])),
        rows=kinds,
        columns=[f"{round(share, 2):g}" for share in t.tolist()],
        marks=[(row, column) for row in range(len(kinds)) for column in (0, steps - 1)],
        title="Paths between two codes, decoded, over the share t of the path",
        key="paths",
        headed=True,
    )

    def frames() -> tuple[np.ndarray, list[str]]:
        many = torch.linspace(0, 1, menus.STEPS)
        return to_bytes(torch.stack([decode(model, codes_at(many, kind)) for kind in kinds])), kinds

    together = {name: torch.cat([codes[name] for codes in rows]) for name in latents}
    with menus.beside(
        "each row goes from the left end a to the right end b, outlined. **line**: (1 − t) a + t b. **sphere**: the great circle about the "
        "prior’s mean (slerp), whose distance from it goes evenly from that of a to that of b. "
        + over_means(stops, moved, bool(ends.labels))
        + held(checkpoint, moved, "as at the left end")
        + (
            " The class has nothing in between: it switches in the middle."
            if has_class(checkpoint, moved)
            else ""
        )
    ):
        menus.menu(
            "paths",
            "paths",
            codes=lambda: menus.table(together, path=np.repeat(kinds, steps), t=t.repeat(len(kinds)).numpy()),
            frames=frames,
            script=script_of_paths(ends, stops, moved, kinds, steps),
        )
    charts({kind: codes_at(FINE, kind) for kind in kinds}, moved)


def over_means(stops: Codes, moved: list[str], classes_known: bool) -> str:
    """What is said of the path over class means."""
    if not stops:
        why = "what moves has none" if classes_known else "this model does not tell the class of your image"
        return f"No path leads over class means here: {why}."
    sources = "means of p(z | class)" if labelled else "means of their items’ codes"
    straight = "; what else moves goes straight" if set(moved) & set(model.blocks) - set(stops) else ""
    return (
        f"**class means**: in {' and '.join(stops)} from a over the mean of a’s class and that of b’s to b, at equal speed; they are the "
        f"{sources}{straight}."
    )


def script_of_paths(ends: Ends, stops: Codes, moved: list[str], kinds: list[str], steps: int) -> str:
    arguments = f"moving={moved}, stops=stops, classes={len(classes)}"
    lines = [
        *ends.lines,
        *scripts.codes_written(stops, "stops"),
        f"t = torch.linspace(0, 1, {steps})",
        f"paths = [path(model, codes, t, kind, {arguments}) for kind in {kinds}]",
        "images = torch.cat([decode(model, codes) for codes in paths])",
    ]
    title = f"Paths between two codes of {checkpoint.name}, one a row"
    return scripts.script(checkpoint, title, lines, steps, path="vae_core.explore")


def charts(codes: dict[str, Codes], moved: list[str]) -> None:
    """What the model's own prior says along the paths."""
    said = {kind: class_of_codes(model, code, len(classes)) for kind, code in codes.items()}
    said = {kind: value.numpy() for kind, value in said.items() if value is not None}
    if said:
        read = ", ".join(labelled)
        st.plotly_chart(classes_along(FINE.numpy(), said, classes), key="classes-along", config=CONFIG)
        with menus.beside(
            f"p(class | {read}) by Bayes’ rule over the priors p({read} | class), all classes equally probable beforehand; no posterior "
            "and no image is involved. Classes below 1% throughout are left out."
        ):
            menus.menu("classes-along", "classes-along-paths", codes=lambda: of_paths(said))
    measured = [block for block in model.blocks if block in moved]
    if measured:
        under_prior(codes, measured)


def under_prior(codes: dict[str, Codes], measured: list[str]) -> None:
    """How far out and how probable the codes are."""
    options = list(priors.PRIOR_MEASURES)
    measure = links.one_of("Under the prior", options, key="measure", what="measure")
    of_prior = priors.PRIOR_MEASURES[measure]
    values = {
        block: {kind: of_prior(model, block, code, len(classes)).numpy() for kind, code in codes.items()}
        for block in measured
    }
    unit, words = MEASURES[measure]
    usual = priors.usual_under_prior(checkpoint, measure)
    st.plotly_chart(along(FINE.numpy(), values, usual, unit), key="along", config=CONFIG)
    with menus.beside(words + (CLASSES_MIXED if labelled else "")):
        menus.menu(
            "along",
            f"{measure.replace(' ', '-')}-along-paths",
            codes=lambda: of_paths(
                {kind: np.stack([values[block][kind] for block in measured], -1) for kind in codes}
            ),
        )


def of_paths(values: dict[str, np.ndarray]) -> menus.Table:
    """Numbers `(T, M)` of each path, one below the other."""
    return {
        "path": np.repeat(list(values), len(FINE)),
        "t": np.tile(FINE.numpy(), len(values)),
        "value": np.concatenate(list(values.values())),
    }


MEASURES = {
    "distance": (
        "distance from the prior’s mean",
        "how far the code is from its prior’s mean: its length ‖z‖, where that is 0. A line mostly comes nearer to the mean than its ends; on "
        "the sphere the distance goes evenly from one to the other. Grey: where 90% of the items lie.",
    ),
    "log density": (
        "log p, nats",
        "log p of the code under its block’s prior. More is not better: one Gaussian is densest at its mean, where in many "
        "dimensions hardly any item lies. Grey: where 90% of the items lie.",
    ),
}
CLASSES_MIXED = " In a labelled block the prior is the mixture of its classes, all equally probable."


@st.fragment
def grid_between() -> None:
    st.subheader("A grid between three or four")
    options = ["four", "three"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        corners = links.one_of("Corners", options, key="corners", what="number of corners")
        moved = moving(checkpoint, "span", "Latents that are averaged")
    four, last = corners != "three", SIDE - 1
    shown = dict(list(CORNERS.items())[: 4 if four else 3])
    items = choose(checkpoint, shown, (0, 1, 2, 3), "Others")
    weights = (square_weights(SIDE) if four else triangle_weights(SIDE)).flatten(0, 1)
    inside = (weights >= 0).all(-1)
    codes = blend(encodings.item_codes(checkpoint, items), weights, moved)
    pictures = to_bytes(decode(model, codes))
    pictures[~inside.numpy()] = ground()
    shares = [f"{share / last:.0%}" for share in range(SIDE)]
    image_grid(
        pictures.reshape(SIDE, SIDE, *pictures.shape[1:]),
        rows=[f"{share} down" for share in shares],
        columns=shares,
        marks=[(0, 0), (0, last), (last, 0), (last, last)][: len(items)],
        title=f"Weighted means of {len(items)} codes, decoded",
        key="span-grid",
        headed=True,
    )
    middle = (
        "bilinear: the middle cell is the mean of all four"
        if four
        else "barycentric: the cell 33% down and to the right is the mean of all three, and cells outside the triangle are left out"
    )
    cells = np.flatnonzero(inside.numpy())
    with menus.beside(
        f"each cell decodes a weighted mean of the codes of the outlined corners, {middle}.{held(checkpoint, moved, 'as at top left')}"
        + (" The class is that of the greatest weight." if has_class(checkpoint, moved) else "")
    ):
        menus.menu(
            "span-grid",
            "grid-between-items",
            codes=lambda: menus.table(
                {name: code[cells] for name, code in codes.items()}, row=cells // SIDE, column=cells % SIDE
            ),
            script=script_of_grid(items, four, moved),
        )


def script_of_grid(items: list[int], four: bool, moved: list[str]) -> str:
    weights = "square_weights" if four else "triangle_weights"
    lines = [
        *scripts.codes_of_items(items),
        f"weights = {weights}({SIDE}).flatten(0, 1)",
        f"images = decode(model, blend(codes, weights, {moved}))",
        *([] if four else ["images[(weights < 0).any(-1)] = 1  # outside the triangle"]),
    ]
    sources = dict.fromkeys((weights, "blend"), "vae_core.explore")
    return scripts.script(checkpoint, f"A grid between items of {checkpoint.name}", lines, SIDE, **sources)


class Terms(NamedTuple):
    """The codes `(3, D)` of a, b and c in each latent, what they are called, and which items they are."""

    codes: Codes
    names: list[str]
    items: list[int]


def chosen_terms(of_items: bool) -> Terms:
    if of_items:
        items = choose(checkpoint, TERMS, (0, 0, 1), "Other items")
        return Terms(encodings.item_codes(checkpoint, items), [f"item {item}" for item in items], items)
    chosen = chosen_classes()
    codes = {name: mean[chosen] for name, mean in encodings.means_of_classes(checkpoint).items()}
    return Terms(codes, [f"mean of {classes[c]}" for c in chosen], [])


@st.fragment
def difference() -> None:
    st.subheader("a − b + c")
    options = ["items", *(["class means"] if len(classes) > 1 else [])]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        kind = links.one_of("Of", options, key="of", what="kind")
        moved = moving(checkpoint, "terms", "Latents in which the difference is taken")
    terms = chosen_terms(kind != "class means")
    result = analogy(terms.codes, moved)
    near = nearest(result, terms.items)
    codes = joined(terms.codes, result, encodings.item_codes(checkpoint, [near]))
    pictures = to_bytes(decode(model, codes))
    names = [
        *(f"{term}: {name}" for term, name in zip(TERMS, terms.names, strict=True)),
        "a − b + c",
        f"nearest: {near}",
    ]
    image_grid(
        pictures[None],
        rows=[""],
        columns=names,
        marks=[(0, 3)],
        scale=max(1, round(CELL / pictures.shape[2])),
        title="a − b + c, decoded",
        key="difference",
        headed=True,
    )
    with menus.beside(
        "what a has and b lacks, added to c; outlined, the result. Last, the item whose code is nearest to the result, measured over "
        f"{' and '.join(latents)} ({plain(', '.join(filter(None, (f'item {near}', atlas.class_of(near)))))}"
        f"{'; a, b and c themselves are passed over' if terms.items else ''}).{held(checkpoint, moved, 'as in c')}"
        + (" The class is a’s where b and c share theirs, else c’s." if has_class(checkpoint, moved) else "")
        + ("" if terms.items else means_words())
    ):
        menus.menu(
            "difference",
            "difference",
            codes=lambda: menus.table(codes, code=names),
            script=scripts.of_codes(checkpoint, f"a − b + c by {checkpoint.name}", codes, len(names)),
        )


def joined(*parts: Codes) -> Codes:
    return {name: torch.cat([codes[name] for codes in parts]) for name in latents}


def chosen_classes() -> list[int]:
    """Three classes, by name."""
    there = [classes[c] for c in np.unique(atlas.labels)]
    chosen = []
    for number, (place, term) in enumerate(zip(st.columns([1, 1, 1, 3]), TERMS, strict=False)):
        key = f"class-{term}"
        links.check(key, there, "class")
        name = place.selectbox(f"{term}, class", there, number % len(there), key=key, bind="query-params")
        chosen.append(classes.index(name))
    return chosen


def means_words() -> str:
    parts = [
        f"of p({block} | class) in {block}" if block in labelled else f"of the codes of its items in {block}"
        for block in model.blocks
    ]
    return f" The mean of a class is that {', and that '.join(parts)}."


def nearest(result: Codes, passed_over: list[int]) -> int:
    """The item nearest to a code `(1, D)` in all latents side by side."""
    everything = encodings.item_codes(checkpoint, list(range(len(atlas))))
    rows = torch.cat([everything[name] for name in latents], -1)
    code = torch.cat([result[name][0] for name in latents])
    return next(n for n in neighbours(rows, code, len(passed_over) + 1).tolist() if n not in passed_over)


between_two()
grid_between()
difference()
own_expander(checkpoint)
