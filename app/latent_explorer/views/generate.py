"""Generate: samples of the prior, class by class, and the swap matrix: the style of an item in every class."""

import numpy as np
import streamlit as st
import torch
from latent_explorer.caches import checkpoints, encodings, sources
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts
from latent_explorer.parts.panels import measured_at
from latent_explorer.pictures import enlarged, to_bytes
from latent_explorer.session import links
from latent_explorer.text import measured_by
from latent_explorer.user_image.panel import codes_and_class, kept_own

from vae_core.distributions import Sampler
from vae_core.explore import complete, decode, holdable, prior_codes, swapped
from vae_core.labels import has_label
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot

COLUMNS = 12
TEMPERATURES = (0.0, 2.0)

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
labelled = has_label(model)
classes = atlas.classes

# Rows of the swap matrix, at most.
SWAPPED = 20

st.title("Generate")


@st.fragment
def samples() -> None:
    st.subheader("Class-conditional samples" if labelled else "Samples")
    options = ["all", *classes]
    controls = st.columns([1, 2, 1], vertical_alignment="bottom")
    shown = "all"
    if labelled:
        links.settle("class", options, "class")
        shown = controls[2].selectbox("Class", options, key="class", bind="query-params")
    links.amount("temperature", *TEMPERATURES, "temperature")
    seed = links.whole(controls[0], "Seed", 0, 9999, "seed", "seed")
    temperature = controls[1].slider(
        "Temperature (factor on the prior’s σ)",
        *TEMPERATURES,
        1.0,
        0.05,
        key="temperature",
        bind="query-params",
    )
    draw = Sampler.seeded(seed, temperature)
    chosen: list[int | None] = [None] * 6
    inputs = {}
    if labelled:
        chosen = list(range(len(classes))) if shown == "all" else [classes.index(shown)] * 4
        inputs = {LABEL: one_hot(torch.tensor(chosen).repeat_interleave(COLUMNS), len(classes))}
    codes = prior_codes(model, inputs, len(chosen) * COLUMNS, draw)
    rows = ["" if c is None else classes[c] for c in chosen]
    image_grid(
        to_bytes(decode(model, codes).unflatten(0, (len(rows), COLUMNS))),
        rows=rows,
        title="Samples of the prior, decoded; one row a class"
        if labelled
        else "Samples of the prior, decoded",
        key="samples",
    )
    with menus.beside(
        "the decoder’s mean image of latents drawn from the prior. " + _judged("sample_accuracy")
    ):
        about = {"class": np.repeat(rows, COLUMNS)} if labelled else {}
        menus.menu(
            "samples",
            "samples",
            codes=lambda: menus.table(codes, **about),
            script=scripts.samples(checkpoint, chosen, COLUMNS, seed, temperature),
        )


@st.fragment
def swaps() -> None:
    kept = model.unlabelled
    if not (labelled and kept and len(classes) > 1):
        return
    st.subheader("Swap matrix")
    there = np.unique(atlas.labels)[:SWAPPED]
    default = ", ".join(str(int(np.flatnonzero(atlas.labels == c)[0])) for c in there)
    links.belonging("items", encodings.items_of(checkpoint), default)
    text = st.text_input("Items, by number", default, key="items", bind="query-params")
    try:
        items = links.numbers(text, len(atlas) - 1)[:SWAPPED]
    except ValueError as error:
        st.warning(str(error))
        return
    codes = encodings.item_codes(checkpoint, items)
    rows, notes = (
        [f"item {item}" for item in items],
        [atlas.class_of(item) for item in items],
    )
    guest = own_row()
    if guest is not None:
        codes = {name: torch.cat([code, guest[name]]) for name, code in codes.items()}
        rows, notes = [*rows, "your image"], [*notes, ""]
    elsewhere = swapped(model, {block: codes[block] for block in kept}, len(classes))
    grid = [code.unflatten(0, (len(rows), -1)) for code in (decode(model, codes), decode(model, elsewhere))]
    image_grid(
        to_bytes(torch.cat(grid, dim=1)),
        rows=rows,
        row_notes=notes,
        columns=["decoded", *(f"→ {c}" for c in classes)],
        marks=[(row, 1 + int(atlas.labels[item])) for row, item in enumerate(items)],
        title="Each item’s style in every class",
        key="swaps",
    )
    with menus.beside(
        f"each row keeps {' and '.join(kept)} of its item and takes the other block from the prior’s mean of "
        f"the column’s class; outlined, the item’s own class. {_judged('swap_accuracy')}"
    ):
        menus.menu(
            "swaps",
            "swaps",
            codes=lambda: menus.table(
                elsewhere,
                item=np.repeat(rows, len(classes)),
                to_class=np.tile(classes, len(rows)),
            ),
            script=scripts.swaps(checkpoint, items, kept, guest),
        )


def own_row() -> dict[str, torch.Tensor] | None:
    """The codes of the visitor's image, where there is one and it is wanted."""
    own = kept_own(checkpoint)
    if own is None:
        if st.query_params.get("own") == "true":
            st.warning(
                "The link includes its sender’s own image, which a link cannot carry. Give one of yours on the page Map."
            )
        return None
    if not st.toggle("With your image", key="own", bind="query-params"):
        return None
    return codes_and_class(checkpoint, own)[0]


HELD_ITEMS = 5


@st.fragment
def held() -> None:
    """Some variables of a few items stay, everything else is drawn anew: what each of them decides becomes visible."""
    options = holdable(model)
    if len(options) < 2:
        return
    st.subheader("Hold some, draw the rest")
    links.settle("hold", options, "variable")
    links.belonging("first", encodings.items_of(checkpoint), 0)
    links.amount("held-temperature", *TEMPERATURES, "temperature of the draws")
    controls = st.columns([1, 1, 1, 1.6], vertical_alignment="bottom")
    name = controls[0].selectbox("Hold", options, key="hold", bind="query-params")
    first = links.whole(controls[1], "First item", 0, len(atlas) - 1, "first", "first item")
    seed = links.whole(controls[2], "Seed of the draws", 0, 9999, "held-seed", "seed of the draws")
    temperature = controls[3].slider(
        "Temperature of the draws", *TEMPERATURES, 1.0, 0.05, key="held-temperature", bind="query-params"
    )
    items = list(range(first, min(first + HELD_ITEMS, len(atlas))))
    values = encodings.variables(checkpoint, items)
    needed = [name, *model.inputs(name)]
    fixed = {key: values[key].repeat_interleave(COLUMNS - 2, 0) for key in needed}
    drawn = complete(model, fixed, draw=Sampler.seeded(seed, temperature))
    own = decode(model, encodings.item_codes(checkpoint, items))[:, None]
    images = torch.cat([own, drawn[IMAGE].unflatten(0, (len(items), -1))], dim=1)
    derived = [other for other in model.observed if other != IMAGE]
    smaller = [to_bytes(enlarged(values[other], images.shape[-2:]))[:, None] for other in derived]
    shown = np.concatenate([to_bytes(images[:, :1]), *smaller, to_bytes(images[:, 1:])], axis=1)
    columns = ["decoded", *derived]
    image_grid(
        shown,
        rows=[f"item {item}" for item in items],
        row_notes=[atlas.class_of(item) for item in items],
        columns=columns + ["drawn"] * (shown.shape[1] - len(columns)),
        title=f"{name} of each item held, the rest drawn",
        key="held",
    )
    others = [other for other in options if other != name]
    with menus.beside(
        f"each row holds {name} of its item and draws {', '.join(others)} from the model; what stays the same "
        f"along a row is what {name} decides."
    ):
        draws = COLUMNS - 2
        menus.menu(
            "held",
            f"held-{name}",
            codes=lambda: menus.table(
                {latent: drawn[latent] for latent in model.latents}, item=np.repeat(items, draws)
            ),
            script=scripts.held(
                checkpoint,
                items,
                name,
                draws,
                seed,
                temperature,
                derived=derived,
                originals=sources.originals(checkpoint) is not None,
            ),
        )


def _judged(metric: str) -> str:
    """What an independent classifier said of such pictures, from the card."""
    card = checkpoint.card
    if not {metric, "judge_accuracy"} <= set(card["metrics"]):
        return ""
    value, se, n = (card["metrics"][metric][part] for part in ("value", "se", "n"))
    judge = card["metrics"]["judge_accuracy"]["value"]
    return (
        f"Of {n:,} of them an independent classifier (itself right on {judge:.1%} of the test images) gave {value:.2%} "
        f"(± {se:.2%}) the class asked for{measured_at(checkpoint)}, which says how typical they are and not how diverse: {measured_by(card, [metric])}"
    )


samples()
swaps()
held()
