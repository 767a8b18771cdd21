"""Prior: what a block's prior looks like beside the encodings, for one model or for two that differ by it."""

from urllib.parse import quote, urlencode

import numpy as np
import streamlit as st
import torch
from latent_explorer import DECODE, palette
from latent_explorer.caches import checkpoints, collection, colourings, encodings, maps, priors
from latent_explorer.charts.priors import densities, emptiness, matrix
from latent_explorer.charts.rate_distortion import CONFIG
from latent_explorer.components.bars import bars
from latent_explorer.components.image_grid import image_grid
from latent_explorer.components.map import Decoder, Ellipse, Panel, latent_map
from latent_explorer.export import menus, scripts
from latent_explorer.parts.panels import opened
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import code_span, key, plain

from vae_core import Checkpoint
from vae_core.clusters import (
    Parts,
    Plane,
    dimensions_plane,
    draws_of_each,
    effective,
    plane_between,
    principal_plane,
    pseudo_inputs,
)
from vae_core.explore import (
    active_units,
    class_means,
    decode,
    path,
    prior_codes,
)
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

checkpoint = checkpoints.current()
NOBODY = "nothing"
CLUSTERS, COMPONENTS, CLASSES, DENSITIES, HOLES = VIEWS = (
    "Clusters",
    "Components",
    "Classes",
    "Densities",
    "Holes",
)
UMAP, PRINCIPAL, PAIR = PLANES = ("UMAP", "principal axes", "two dimensions")
PRIORS, ENCODINGS = BETWEEN = ("priors", "encodings")
MATRICES = {"KL": ("kl", "KL(row ‖ column)"), "Bhattacharyya": ("bhattacharyya", "Bhattacharyya distance")}

# Parts of a mixture that are outlined, and that get a row of samples: those that are used most.
OUTLINED, ROWS, SAMPLES, STEPS, SHOWN = 40, 10, 9, 11, 12

st.title("Prior")


def chosen() -> tuple[str, str, list[Checkpoint]]:
    """The controls on top: what is looked at, in which block, and beside which other model."""
    left, middle, right = st.columns([2.4, 1, 1.4], vertical_alignment="bottom")
    look = links.one_of("Look at", VIEWS, key="look", what="view", place=left)
    names = checkpoint.model.blocks
    links.settle("block", names, "block")
    block = middle.selectbox("Block", names, key="block", bind="query-params")
    others = [NOBODY, *collection.on_the_same_items(checkpoint)]
    links.settle("beside", others, "model beside it")
    other = right.selectbox("Beside it", others, key="beside", bind="query-params")
    return look, block, [checkpoint, *([] if other == NOBODY else opened([other]))]


def block_of(found: Checkpoint, block: str) -> str:
    """The block of another model that answers to this one: the one of that name, or its first."""
    names = found.model.blocks
    return block if block in names else names[0]


def outlines(found: Checkpoint, block: str, plane: Plane) -> list[Ellipse]:
    """The parts of the prior in a plane, exactly: two standard deviations of each marginal."""
    prior = priors.parts(found, block)
    if prior is None:
        return []
    centres, spreads = plane.marginals(prior)
    most = priors.usage(found, block).argsort(descending=True, stable=True)[:OUTLINED].tolist()
    few = len(prior.weights) <= OUTLINED
    return [
        Ellipse(
            centres[k].numpy(), spreads[k].numpy(), part_name(found, prior, k) if few else "", owner(prior, k)
        )
        for k in most
    ]


def owner(prior: Parts, k: int) -> int | None:
    return None if prior.classes[k] < 0 else int(prior.classes[k])


def part_name(found: Checkpoint, prior: Parts, k: int) -> str:
    """What a part is called: its class, its number, or both."""
    same = int((prior.classes == prior.classes[k]).sum())
    if owner(prior, k) is None:
        return "prior" if same == 1 else f"#{k + 1}"
    name = found.atlas.classes[int(prior.classes[k])]
    return name if same == 1 else f"{name} #{k % same + 1}"


def map_of(found: Checkpoint, block: str, panel: Panel, key: str, hidden: list[int] = []) -> None:  # noqa: B006
    """One map of the items of the atlas that opens the item of the address."""
    query = "?" + urlencode(found.betas) if found.betas else ""
    links.belonging("item", encodings.items_of(checkpoint))
    state = latent_map(
        [panel],
        found.atlas.labels,
        colourings.names_of_classes(found),
        key=key,
        decoder=Decoder(found.name, list(found.model.latents), found.betas),
        thumbnails=f"{DECODE}/{quote(found.name, safe='')}/{{item}}{query}",
        item=links.number("item", 0, len(found.atlas) - 1, "item"),
        hidden=hidden,
    )
    links.write(item=state.item)


def clusters(models: list[Checkpoint], block: str) -> None:
    controls = st.columns([2.6, 1, 1], vertical_alignment="bottom")
    kind = links.one_of("Plane", PLANES, key="plane", what="plane", place=controls[0])
    first, second = 0, 1
    if kind == PAIR:
        last = checkpoint.atlas.means[block].shape[1] - 1
        order = most_used(checkpoint, block)
        links.belonging("x", f"{checkpoint.name} {block}", float(order[0]))
        links.belonging("y", f"{checkpoint.name} {block}", float(order[1 % len(order)]))
        first = links.whole(controls[1], "across", 0, last, "x", "dimension", order[0])
        second = links.whole(controls[2], "up", 0, last, "y", "dimension", order[1 % len(order)])
        if first == second:
            st.warning("A plane needs two different dimensions: choose another one.")
            return
    for place, found in zip(st.columns(len(models)), models, strict=True):
        with place:
            own = block_of(found, block)
            map_of(
                found,
                own,
                cluster_panel(found, own, kind, first, second),
                f"clusters-{key(found.name)}-{own}-{kind}",
            )
    seen = {
        UMAP: "where draws of each part of the prior fall on the UMAP of the posterior means, each at the item nearest to it",
        PRINCIPAL: "the plane in which the posterior means vary most, and in it each part of the prior, two standard deviations",
        PAIR: "two dimensions of the posterior means, and the prior in them, two standard deviations",
    }[kind]
    st.caption(
        f"What you see: {seen}. Where outlines and items part, the prior promises codes that no image has, or images have codes that the "
        "prior does not expect."
    )


def cluster_panel(found: Checkpoint, block: str, kind: str, first: int, second: int) -> Panel:
    title = f"{block} of {found.name}"
    if kind == UMAP:
        return Panel(block, title, found.atlas.coordinates[block], maps.prior_ellipses(found, block))
    means = encodings.codes(found)[block][0]
    width = means.shape[1]
    plane = (
        principal_plane(means)
        if kind == PRINCIPAL
        else dimensions_plane(block, min(first, width - 1), min(second, width - 1), width)
    )
    return Panel(
        block,
        title,
        plane.project(means).numpy(),
        outlines(found, block, plane),
        axes=plane.names,
        blocks=(block,),
    )


def most_used(found: Checkpoint, block: str) -> list[int]:
    """The dimensions of a block, the most used first."""
    rate, variance, _ = encodings.rates(found)[block]
    return (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()


def components(found: Checkpoint, block: str) -> None:
    prior = priors.parts(found, block)
    if prior is None:
        st.info(conditional(found, block))
        return
    shares = priors.usage(found, block)
    order = shares.argsort(descending=True, stable=True)[:ROWS]
    names = [part_name(found, prior, k) for k in order.tolist()]
    st.markdown(f"**{block} of {plain(found.name)}**")
    colours = palette.colours(len(colourings.names_of_classes(found)))
    bars(
        names,
        shares[order].tolist(),
        [colours[owner(prior, k) or 0] for k in order.tolist()],
        f"Share of the {len(found.atlas):,} items that each part is responsible for",
        key=f"usage-{key(found.name)}",
    )
    few = f"the {ROWS} most used of {len(shares)}" if len(shares) > ROWS else f"all {len(shares)}"
    st.caption(
        f"What you see: the mean responsibility r_k(z) = w_k N(z; m_k, s_k) / p(z) at the posterior means, {few}. In effect "
        f"{effective(shares):.1f} of {len(shares)} parts are used (exp of the entropy of the shares); at draws of the posteriors: "
        f"{code_span(scripts.measuring(found, 'components'))}."
    )
    samples_of_parts(found, block, prior, order, names)


def samples_of_parts(
    found: Checkpoint, block: str, prior: Parts, order: torch.Tensor, names: list[str]
) -> None:
    """Draws of each part, decoded, behind its pseudo-input where there is one."""
    drawn = draws_of_each(prior, order, SAMPLES, seed=0)
    codes = with_the_rest(found, block, drawn.flatten(0, 1), prior.classes[order].repeat_interleave(SAMPLES))
    images = to_bytes(decode(found.model, codes).unflatten(0, (len(order), SAMPLES)))
    columns = [""] * SAMPLES
    inputs = pseudo_inputs(found.model, block)
    if inputs is not None:
        images = np.concatenate([to_bytes(inputs[order])[:, None], images], axis=1)
        columns = ["pseudo-input", *columns]
    image_grid(
        images,
        rows=names,
        row_notes=[f"{share:.1%}" for share in priors.usage(found, block)[order].tolist()],
        columns=columns if any(columns) else [],
        title="Samples of each part of the prior, decoded",
        key=f"parts-{key(found.name)}",
        headed=True,
    )
    title = f"Samples of each part of the prior of {found.name}"
    script = (
        scripts.of_codes(found, title, codes, SAMPLES)
        if inputs is None
        else scripts.of_parts(found, title, codes, SAMPLES, block, order.tolist())
    )
    first = " First the image whose posterior the part is (VampPrior)." if inputs is not None else ""
    with menus.beside(
        f"draws of {block} from each part, the other latents at their prior’s mean, decoded.{first}"
    ):
        menus.menu(
            f"parts-{key(found.name)}",
            f"{key(found.name)}-parts-{block}",
            codes=lambda: menus.table(codes, part=np.repeat(order.numpy(), SAMPLES)),
            script=script,
        )


def with_the_rest(
    found: Checkpoint, block: str, drawn: torch.Tensor, owners: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Codes of a block `(N, D)` with every other latent at its prior's mean, of the class that the part belongs to."""
    given = {block: drawn}
    if has_label(found.model):
        given[LABEL] = one_hot(owners.clamp(min=0), len(found.atlas.classes))
    return prior_codes(found.model, given)


def conditional(found: Checkpoint, block: str) -> str:
    parents = ", ".join(found.model.p[block].given)
    return f"The prior of {block} in {plain(found.name)} is conditioned on {parents}: it has no shape of its own that could be drawn here. Choose another block."


def classes(models: list[Checkpoint], block: str) -> None:
    left, right = st.columns(2)
    kind = links.one_of("Divergence", list(MATRICES), key="matrix", what="divergence", place=left)
    of = links.one_of("Between", BETWEEN, key="of", what="kind of classes", place=right)
    a, b = linked_pair()
    for place, found in zip(st.columns(len(models)), models, strict=True):
        with place:
            class_matrix(found, block_of(found, block), kind, of == PRIORS, (a, b))
    names = checkpoint.atlas.classes
    st.markdown(f"**Class {plain(names[a])} and class {plain(names[b])}**")
    for place, found in zip(st.columns(len(models)), models, strict=True):
        with place:
            two_clusters(found, block_of(found, block), a, b)


def linked_pair() -> tuple[int, int]:
    """The two classes of the address, such as 3~8; the first two unless it names others."""
    names = checkpoint.atlas.classes
    links.belonging("pair", encodings.items_of(checkpoint))
    asked = st.query_params.get("pair", f"{names[0]}~{names[-1]}")
    for a, first in enumerate(names):  # a class may have a ~ in its name
        if asked.startswith(f"{first}~") and (second := asked[len(first) + 1 :]) in names and first != second:
            links.write(pair=st.query_params.get("pair"))
            return a, names.index(second)
    st.warning(
        f"The link asks for the pair “{plain(asked)}”. Give two different classes, for example {plain(f'{names[0]}~{names[-1]}')}."
    )
    return 0, len(names) - 1


def class_matrix(found: Checkpoint, block: str, kind: str, of_priors: bool, pair: tuple[int, int]) -> None:
    between = priors.class_overlap(found, block, of_priors)
    if of_priors and between is None:
        between, of_priors = priors.class_overlap(found, block, False), False
    if between is None:
        st.info(
            f"{block} has too many classes and dimensions to compare the encodings of all pairs of classes here."
        )
        return
    field, title = MATRICES[kind]
    place = f"matrix-{key(found.name)}-{block}"

    def choose() -> None:
        points = st.session_state[place]["selection"]["points"]
        cell = next((p["customdata"] for p in points if "customdata" in p), None)
        if cell:
            names = found.atlas.classes
            links.write(pair=f"{names[int(cell[0])]}~{names[int(cell[1])]}")

    values = getattr(between, field).numpy()
    what = f"p({block} | class)" if of_priors else f"the encodings of each class in {block}"
    st.plotly_chart(
        matrix(values, found.atlas.classes, f"{title} between {what}, {found.name}", "nats", pair),
        key=place,
        on_select=choose,
        selection_mode="points",
        config=CONFIG,
    )
    note = "" if of_priors else " Each class is taken for the Gaussian of its encodings’ moments"
    if not of_priors:
        note += "." if block in found.model.labelled else ", since the prior does not read the class here."
    with menus.beside(
        f"how far apart the classes lie, in nats, in closed form. Click a cell to open its two classes.{note} The least of them is a number of "
        f"{code_span(scripts.measuring(found, 'priors' if of_priors else 'posteriors'))}."
    ):
        menus.menu(
            place,
            f"{key(found.name)}-{field}-{block}",
            codes=lambda: {"class": np.array(found.atlas.classes), field: values},
        )


def two_clusters(found: Checkpoint, block: str, a: int, b: int) -> None:
    """The items of two classes in the plane of the line between their means, and the images along it."""
    atlas, names = found.atlas, found.atlas.classes
    means = {name: mean for name, (mean, _) in encodings.codes(found).items()}
    labels = torch.from_numpy(atlas.labels)
    middles = class_means(found.model, means, labels, len(names))
    if torch.equal(middles[block][a], middles[block][b]):
        st.info(f"The means of the two in {block} are the same point, so that no line runs between them.")
        return
    members = torch.isin(labels, torch.tensor([a, b]))
    plane = plane_between(
        middles[block][a],
        middles[block][b],
        means[block][members],
        (f"from the mean of {names[a]} to that of {names[b]}", "where the two vary most besides"),
    )
    shown = [e for e in outlines(found, block, plane) if e.class_index in (a, b, None)]
    panel = Panel(
        block,
        f"{block} of {found.name}",
        plane.project(means[block]).numpy(),
        shown,
        axes=plane.names,
        blocks=(block,),
    )
    others = [c for c in range(len(names)) if c not in (a, b)]
    map_of(found, block, panel, f"pair-{key(found.name)}-{block}-{a}-{b}", others)
    ends = {name: torch.stack([rows[a], rows[b]]) for name, rows in middles.items()}
    codes = path(found.model, ends, torch.linspace(0, 1, STEPS))
    image_grid(
        to_bytes(decode(found.model, codes))[None],
        rows=[f"{names[a]} → {names[b]}"],
        columns=[f"{share:.0%}" for share in np.linspace(0, 1, STEPS)],
        title="On the line between the means",
        key=f"between-{key(found.name)}",
        headed=True,
    )
    what = "prior" if block in found.model.labelled else "encodings"
    st.caption(
        f"What you see: the items of both classes seen along the line between the means of their {what}, the other classes off (the legend "
        "brings them back); below, the images on that line, all latents moving."
    )


def dimension_densities(found: Checkpoint, block: str) -> None:
    if priors.parts(found, block) is None:
        st.info(conditional(found, block))
        return
    order = most_used(found, block)[:SHOWN]
    rate, _, _ = encodings.rates(found)[block]
    curves = {
        f"{block}[{d}]" + ("" if rate is None else f", KL {rate[d]:.2f} nats"): tuple(
            part.numpy() for part in priors.densities(found, block, d)
        )
        for d in order
    }
    st.markdown(f"**{block} of {plain(found.name)}**")
    place = f"densities-{key(found.name)}"
    st.plotly_chart(densities(curves, 4 if len(models) == 1 else 3), key=place, config=CONFIG)
    active = int(active_units(encodings.codes(found)[block][0]).sum())
    with menus.beside(
        f"for the {len(order)} most used dimensions, the density of the prior and of the aggregate posterior, the mean of the "
        f"{len(found.atlas):,} posteriors; both exact. Where they differ, draws of the prior are codes of no image. {active} of "
        f"{found.atlas.means[block].shape[1]} dimensions are active. KL and active units: "
        f"{code_span(scripts.measuring(found, 'elbo', 'active'))}; how far the two densities are apart, summed over dimensions: {code_span(scripts.measuring(found, 'rate'))}."
    ):
        menus.menu(
            place,
            f"{key(found.name)}-densities-{block}",
            codes=lambda: {
                f"{name}.{part}": values
                for name, curve in curves.items()
                for part, values in zip(("at", "prior", "aggregate"), curve, strict=True)
            },
        )


def empty_places(found: Checkpoint, block: str) -> None:
    prior = priors.parts(found, block)
    if prior is None:
        st.info(conditional(found, block))
        return
    empty = priors.prior_holes(found, block)
    middle = len(empty.codes) // 2 - SAMPLES // 2
    rows = {
        "lowest": slice(0, SAMPLES),
        "middling": slice(middle, middle + SAMPLES),
        "highest": slice(-SAMPLES, None),
    }
    chosen = torch.cat([empty.codes[part] for part in rows.values()])
    owners = prior.classes[priors.closest_part(found, block, chosen)]
    codes = with_the_rest(found, block, chosen, owners)
    st.markdown(f"**{block} of {plain(found.name)}**")
    image_grid(
        to_bytes(decode(found.model, codes).unflatten(0, (len(rows), SAMPLES))),
        rows=list(rows),
        row_notes=[f"{empty.log_ratio[part].mean():+.1f} nats" for part in rows.values()],
        title="Draws of the prior by density ratio",
        key=f"holes-{key(found.name)}",
        headed=True,
    )
    with menus.beside(
        f"of {len(empty.codes):,} draws of the prior, those with the lowest, a middling and the highest density ratio log q(z) − log p(z), where "
        "q is the mean of the posteriors of every other item; decoded, the other latents at their prior’s mean. Where it is low the decoder "
        "has met fewer codes than the prior draws."
    ):
        menus.menu(
            f"holes-{key(found.name)}",
            f"{key(found.name)}-holes-{block}",
            codes=lambda: {"log_ratio": empty.log_ratio.numpy(), block: empty.codes.numpy()},
            script=scripts.of_codes(
                found, f"Draws of the prior of {found.name} by density ratio", codes, SAMPLES
            ),
        )
    st.plotly_chart(
        emptiness(empty.log_ratio.numpy(), empty.reference.numpy()),
        key=f"empty-{key(found.name)}",
        config=CONFIG,
    )
    share = empty.share()
    st.caption(
        "What you see: the same number at all draws of the prior, and at draws from the posteriors of the items that q does not hold. "
        f"**{share.value:.1%} ± {share.se:.1%}** of the prior’s draws (n {share.n:,}, seed 0, bootstrap) have a lower one than 95 % of those (dotted); "
        f"5 % would, were the two the same, and near 5 % some hole may go unseen: `coverage` has more power there. Over again: {code_span(scripts.measuring(found, 'holes'))}."
    )


look, block, models = chosen()
if look == CLUSTERS:
    clusters(models, block)
elif look == CLASSES:
    if len(checkpoint.atlas.classes) > 1:
        classes(models, block)
    else:
        st.info("These items have no classes to tell apart.")
else:
    section = {COMPONENTS: components, DENSITIES: dimension_densities, HOLES: empty_places}[look]
    for place, found in zip(st.columns(len(models), gap="large"), models, strict=True):
        with place:
            section(found, block_of(found, block))
