"""Interpolate: paths between two codes, a grid between three or four, and what tells two codes apart given to a third."""

import numpy as np
import streamlit as st
import torch

from app import links, resources
from app.components.image_grid import image_grid
from app.components.path_charts import along, classes_along
from app.own import codes_and_class, kept_own, own_expander, own_picture
from app.panels import ground, small_picture
from app.pictures import to_bytes
from app.uploads import Own
from vae_core.explore import (
    MEANS,
    PATHS,
    analogy,
    blend,
    blocks,
    class_of_codes,
    decode,
    neighbours,
    path,
    reads_label,
    square_weights,
    triangle_weights,
)

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
classes = atlas.classes
latents = model.latents
labelled = [block for block in blocks(model) if reads_label(model, block)]

FINE = torch.linspace(0, 1, 101)
SIDE = 7  # its middle cell is the mean of four corners, and another one that of three
ALL = "all"

PAIR, CORNERS, TERMS = ("from", "to"), ("c1", "c2", "c3", "c4"), ("a", "b", "c")
# Which of the items share a class, where nobody has chosen any.
PATTERNS = {PAIR: (0, 1), CORNERS: (0, 1, 2, 3), TERMS: (0, 0, 1)}

st.title("Interpolate and average")
st.caption(
    "Pictures between the items of the maps, by number: each is the decoder’s mean image of a code that is made of the items’ "
    "posterior means. The address of this page holds the view."
)
own_expander(checkpoint)
guest = kept_own(checkpoint)


def items_of(keys: tuple[str, ...], draw: np.random.Generator | None = None) -> list[int]:
    """Items whose classes follow the pattern of the controls: the first of the first classes, or drawn ones."""
    there = np.unique(atlas.labels)
    order = there if draw is None else draw.permutation(there)
    found: list[int] = []
    for number in PATTERNS[keys]:
        members = np.flatnonzero(atlas.labels == order[number % len(order)])
        left = members[~np.isin(members, found)]
        left = left if len(left) else members
        found.append(int(left[0] if draw is None else draw.choice(left)))
    return found


def draw_items(keys: tuple[str, ...]) -> None:
    st.session_state.update(dict(zip(keys, items_of(keys, np.random.default_rng()), strict=True)))


def choose(keys: tuple[str, ...], names: tuple[str, ...], button: str, own: Own | None = None) -> list[int]:
    """A number for each item with its picture below it, and a button that draws others; `own` takes the place of the first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = [
            choose_one(key, name, default, own if key == keys[0] else None)
            for key, name, default in zip(keys, names, items_of(keys), strict=False)
        ]
        st.button(button, icon=":material/shuffle:", key=f"draw-{keys[0]}", on_click=draw_items, args=(keys,))
    return chosen


def choose_one(key: str, name: str, default: int, own: Own | None) -> int:
    last = len(atlas) - 1
    links.number(key, 0, last, "item")
    with st.container(width=190, gap="small"):
        item = st.number_input(name, 0, last, default, key=key, bind="query-params", disabled=own is not None)
        if own is None:
            words = f"item {item} · class {classes[atlas.labels[item]]}"
            small_picture(resources.picture(checkpoint, item), words)
        else:
            small_picture(own_picture(own), "your image")
    return item


def moving(key: str, what: str) -> list[str]:
    """Which latents take part; nobody is asked where there is one."""
    if len(latents) == 1:
        return latents
    options = [ALL, *latents]
    links.check(key, options, "latent")
    chosen = st.segmented_control(what, options, default=ALL, key=key, bind="query-params") or ALL
    return latents if chosen == ALL else [chosen]


def held(moved: list[str], whose: str) -> str:
    """What is said of the latents that take no part."""
    rest = [name for name in latents if name not in moved]
    return f" {' and '.join(rest)} {'stays' if len(rest) == 1 else 'stay'} {whose}." if rest else ""


def switching(moved: list[str]) -> str:
    discrete = [name for name in moved if name not in blocks(model)]
    return f" The class {discrete[0]} has nothing in between: it switches." if discrete else ""


def own_end() -> Own | None:
    """The visitor's image where it is to be the first end."""
    if guest is not None:
        return guest if st.toggle("Start from your image", key="own", bind="query-params") else None
    if st.query_params.get("own", "").lower() == "true":
        st.warning(
            "The link starts from an image of one’s own, which no link can carry: draw or give one above."
        )
    return None


@st.fragment
def between_two() -> None:
    st.subheader("Between two")
    own = own_end()
    start, end = choose(PAIR, ("From item", "To item"), "Another pair", own)
    ends = resources.item_codes(checkpoint, [start, end])
    passed = [int(atlas.labels[item]) for item in (start, end)]
    if own is not None:
        code, label = codes_and_class(checkpoint, own)
        ends = {name: torch.cat([code[name], both[1:]]) for name, both in ends.items()}
        passed = [] if label is None else [label, passed[1]]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        moved = moving("move", "Latents that move")
        links.number("steps", 5, 17, "number of steps")
        steps = st.slider("Steps", 5, 17, 11, 2, key="steps", bind="query-params", width=260)
    stops = {}
    if passed:
        means = resources.means_of_classes(checkpoint)
        stops = {block: means[block][passed] for block in labelled or blocks(model)}
    kinds = [kind for kind in PATHS if kind != MEANS or any(block in moved for block in stops)]

    def codes_at(t: torch.Tensor, kind: str) -> dict[str, torch.Tensor]:
        return path(model, ends, t, kind, moving=moved, stops=stops, classes=len(classes))

    t = torch.linspace(0, 1, steps)
    image_grid(
        to_bytes(torch.stack([decode(model, codes_at(t, kind)) for kind in kinds])),
        rows=kinds,
        columns=[f"{share:.2g}" for share in t.tolist()],
        marks=[(row, column) for row in range(len(kinds)) for column in (0, steps - 1)],
        title="Paths between two codes, decoded",
        key="paths",
    )
    sources = "means of p(z | class)" if labelled else "means of the encodings of their classes’ items"
    st.caption(
        "What you see: from left to right the share t of each path, ends outlined. **line**: (1 − t) a + t b. **sphere**: the great "
        "circle about the prior’s mean (slerp), whose distance from it goes evenly from that of a to that of b. "
        + (
            f"**class means**: from a over the mean of its class and the mean of b’s to b at equal speed, in "
            f"{' and '.join(block for block in stops if block in moved)}, with the {sources}"
            f"{'; the other latents go straight' if set(moved) - set(stops) - {'y'} else ''}."
            if MEANS in kinds
            else "No path leads through class means here: what moves has none."
        )
        + held(moved, "as at the first end")
        + switching(moved)
    )
    charts({kind: codes_at(FINE, kind) for kind in kinds}, moved)


def charts(codes: dict[str, dict[str, torch.Tensor]], moved: list[str]) -> None:
    """What the model's own prior says along the paths."""
    t = FINE.numpy()
    said = {kind: class_of_codes(model, code, len(classes)) for kind, code in codes.items()}
    said = {kind: value.numpy() for kind, value in said.items() if value is not None}
    if said:
        st.markdown("**The class of the code along each path**")
        st.plotly_chart(classes_along(t, said, classes), key="classes-along")
        st.caption(
            f"What you see: p(class | {', '.join(labelled)}) by Bayes’ rule over the priors p({', '.join(labelled)} | class), all "
            "classes equally probable beforehand; no posterior and no image is involved. Classes below 1% throughout are left out."
        )
    measured = [block for block in blocks(model) if block in moved]
    if not measured:
        return
    options = list(resources.PRIOR_MEASURES)
    links.check("measure", options, "measure")
    st.markdown("**Where each path lies under the prior**")
    measure = (
        st.segmented_control(
            "Measure",
            options,
            default=options[0],
            key="measure",
            bind="query-params",
            label_visibility="collapsed",
        )
        or options[0]
    )
    of_prior = resources.PRIOR_MEASURES[measure]
    values = {
        block: {kind: of_prior(model, block, code, len(classes)).numpy() for kind, code in codes.items()}
        for block in measured
    }
    unit = "log p, nats" if measure == "log density" else "distance"
    st.plotly_chart(along(t, values, resources.usual_under_prior(checkpoint, measure), unit), key="along")
    st.caption(MEASURE_WORDS[measure] + (CLASSES_MIXED if labelled else ""))


MEASURE_WORDS = {
    "distance": "What you see: how far the code is from the prior’s mean; for p(z) = N(0, I), its length ‖z‖. The line cuts through the "
    "ball on whose shell the codes lie, the sphere stays out.",
    "log density": "What you see: log p of the code under the prior of its block, in nats. It is highest at the prior’s mean, where the "
    "line passes closest and where hardly any code is: dense is not typical.",
}
CLASSES_MIXED = " In a labelled block the prior is the mixture of its classes, all equally probable."


@st.fragment
def grid_between() -> None:
    st.subheader("A grid between three or four")
    options = ["four", "three"]
    links.check("corners", options, "number of corners")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        corners = (
            st.segmented_control("Corners", options, default="four", key="corners", bind="query-params")
            or "four"
        )
        moved = moving("span", "Latents that are averaged")
    four = corners == "four"
    names = ("Top left", "Top right", "Bottom left", "Bottom right")[: 4 if four else 3]
    items = choose(CORNERS, names, "Others")
    weights = square_weights(SIDE) if four else triangle_weights(SIDE)
    codes = blend(resources.item_codes(checkpoint, items), weights.flatten(0, 1), moved)
    pictures = to_bytes(decode(model, codes).unflatten(0, (SIDE, SIDE)))
    pictures[(weights < 0).any(-1).numpy()] = ground()
    last = SIDE - 1
    shares = [f"{share / last:.0%}" for share in range(SIDE)]
    image_grid(
        pictures,
        rows=[f"{share} down" for share in shares],
        columns=shares,
        marks=[(0, 0), (0, last), (last, 0), (last, last)][: len(items)],
        title=f"Weighted means of {len(items)} codes, decoded",
        key="span-grid",
    )
    means = (
        "The middle cell is the mean of all four"
        if four
        else "The cell in row and column 33% is the mean of all three"
    )
    st.caption(
        "What you see: each cell decodes the weighted mean of the outlined corners’ codes, "
        + ("bilinear" if four else "barycentric: cells outside the triangle are left out")
        + f". {means}.{held(moved, 'as at top left')}"
        + (" The class is that of the nearest corner." if switching(moved) else "")
    )


@st.fragment
def difference() -> None:
    st.subheader("a − b + c")
    options = ["items", "class means"]
    links.check("of", options, "kind")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        kind = st.segmented_control("Of", options, default="items", key="of", bind="query-params") or "items"
        moved = moving("terms", "Latents in which the difference is taken")
    if kind == "items":
        items = choose(TERMS, TERMS, "Other items")
        names = [f"item {item}" for item in items]
        codes = resources.item_codes(checkpoint, items)
    else:
        items, chosen = [], chosen_classes()
        names = [f"mean of {classes[c]}" for c in chosen]
        codes = {name: mean[chosen] for name, mean in resources.means_of_classes(checkpoint).items()}
    result = analogy(codes, moved)
    near = nearest(result, items)
    shown = {name: torch.cat([codes[name], result[name]]) for name in codes}
    near_codes = resources.item_codes(checkpoint, [near])
    shown = {name: torch.cat([code, near_codes[name]]) for name, code in shown.items()}
    image_grid(
        to_bytes(decode(model, shown))[None],
        rows=[""],
        columns=[f"a: {names[0]}", f"b: {names[1]}", f"c: {names[2]}", "a − b + c", f"nearest: {near}"],
        marks=[(0, 3)],
        scale=4,
        title="a − b + c, decoded",
        key="difference",
    )
    st.caption(
        "What you see: what a has and b lacks, added to c; outlined, the result. Last, the item whose code is nearest to the "
        f"result in {' and '.join(latents)} together (item {near}, class {classes[atlas.labels[near]]}"
        f"{'; a, b and c themselves are passed over' if items else ''}).{held(moved, 'as in c')}"
        + (" The class is a’s where b and c share theirs, else c’s." if switching(moved) else "")
        + ("" if kind == "items" else means_words())
    )


def chosen_classes() -> list[int]:
    """Three classes, by name."""
    there = [classes[c] for c in np.unique(atlas.labels)]
    chosen = []
    for place, key, number in zip(st.columns([1, 1, 1, 3]), TERMS, PATTERNS[TERMS], strict=False):
        name = f"class-{key}"
        links.check(name, there, "class")
        index = number % len(there)
        chosen.append(
            classes.index(place.selectbox(f"{key}, class", there, index, key=name, bind="query-params"))
        )
    return chosen


def means_words() -> str:
    rest = [block for block in blocks(model) if block not in labelled]
    parts = [f"of p({block} | class) in {block}" for block in labelled]
    parts += [f"of the encodings of its items in {block}" for block in rest]
    return f" The mean of a class is that {', and that '.join(parts)}."


def nearest(result: dict[str, torch.Tensor], passed_over: list[int]) -> int:
    """The item nearest to a code `(1, D)` in all latents side by side."""
    everything = resources.item_codes(checkpoint, list(range(len(atlas))))
    rows = torch.cat([everything[name] for name in latents], -1)
    code = torch.cat([result[name][0] for name in latents])
    return next(n for n in neighbours(rows, code, len(passed_over) + 1).tolist() if n not in passed_over)


between_two()
grid_between()
difference()
