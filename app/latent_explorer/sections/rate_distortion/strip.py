"""One observation at nine betas: the marker, what is kept, which dimensions are awake, the frontier, and two maps of one scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from latent_explorer import palette
from latent_explorer.caches import betas as along_betas
from latent_explorer.caches import encodings
from latent_explorer.components.betas import beta_strip, columns, left
from latent_explorer.export import menus, scripts
from latent_explorer.parts import words
from latent_explorer.sections.rate_distortion import shown
from latent_explorer.sections.rate_distortion.shown import Looked
from latent_explorer.session import current, links
from latent_explorer.session.sidebar import scale, slider_key, slider_option
from latent_explorer.text import cleaned, key, plain
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint
from vae_core.checkpoints import Frontier
from vae_core.multirate import rates_of

COLUMNS = 9
SINCE = "since"  # in the address: the beta that the present one is compared with


def strip(checkpoint: Checkpoint, measured: Frontier | None) -> None:
    """Draw it, with the choice of block and of what is looked at above."""
    looked = looked_at(checkpoint)
    block = _controls(checkpoint, looked)
    positions = scale(rates_of(checkpoint.model)[block].exposed)
    since = _since(checkpoint, positions)
    of = f"betas-{key(checkpoint.name)}-{block}"
    told = header(checkpoint, measured, looked, block, since)
    cloud = along_betas.cloud(along_betas.along(checkpoint, block), block)
    beta_strip(
        told,
        shown.pictures(checkpoint, looked, block, told["columns"]),
        cloud.places,
        checkpoint.atlas.labels[cloud.items],
        reach=reach(cloud.places, told),
        key=of,
        on_change=lambda: follow(checkpoint, of),
    )
    _under(checkpoint, measured, of, block, told["words"]["shown"])


def header(
    checkpoint: Checkpoint, measured: Frontier | None, looked: Looked, block: str, since: float
) -> dict[str, Any]:
    """What the strip is told beside its pictures and dots."""
    positions = scale(rates_of(checkpoint.model)[block].exposed)
    at_columns = columns(positions, COLUMNS)
    anchored = along_betas.along(checkpoint, block)
    told, cloud = along_betas.kept_along(anchored, block), along_betas.cloud(anchored, block)
    lamps = shown.order(told)
    atlas, latents = checkpoint.atlas, words.latents(checkpoint.model, block)
    what = (
        f"your {checkpoint.kind.one}" if looked.image is not None else f"{checkpoint.kind.one} {looked.item}"
    )
    return {
        "model": checkpoint.name,
        "block": block,
        "positions": positions,
        "columns": at_columns,
        "betas": checkpoint.betas,
        "since": since,
        "start": shown.start(checkpoint, looked),
        "kept": shown.kept(told),
        "shades": palette.ordered(len(lamps))[::-1],
        "order": lamps,
        "cloud": {"betas": cloud.betas, "shares": cloud.shares},
        "posterior": shown.posterior(checkpoint, looked, block, at_columns),
        "circle": shown.is_gaussian(checkpoint, block),
        "colours": palette.colours(max(1, len(atlas.classes))),
        "plane": None if measured is None else shown.plane(checkpoint, measured),
        "words": {
            "latents": latents,
            "an": checkpoint.kind.an,
            "one": checkpoint.kind.one,
            "shown": what,
            "measured": _about(checkpoint, measured),
            "prior": shown.prior_in_words(checkpoint, block),
        },
    }


def reach(places: np.ndarray, told: Mapping[str, Any]) -> float:
    """How far from 0 the maps of the strip go: all its dots and posteriors lie within."""
    return max(2.4, 1.05 * float(max(np.abs(places).max(), np.abs(told["posterior"]["mean"]).max())))


def looked_at(checkpoint: Checkpoint) -> Looked:
    """The item in the address, or what is looked at on other pages, or the first item."""
    links.belonging("item", encodings.items_of(checkpoint))
    asked = links.number("item", 0, len(checkpoint.atlas) - 1, checkpoint.kind.one)
    if asked is not None:
        current.look_at(checkpoint, asked)
        linked.write(False)
        return Looked(asked, None)
    image, before = chosen_image(checkpoint), current.looked_at(checkpoint)
    linked.write(before == current.OWN)
    if before == current.OWN:
        return Looked(0, image)
    return Looked(before if isinstance(before, int) else 0, None)


def _controls(checkpoint: Checkpoint, looked: Looked) -> str:
    """Which block's beta moves, and buttons for another item and for the visitor's own."""
    blocks, one = list(rates_of(checkpoint.model)), checkpoint.kind.one
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        block = blocks[0]
        if len(blocks) > 1:
            block = links.one_of("Latents", blocks, key="block", what="block", label_visibility="collapsed")
        st.button(
            f"Another {one}",
            icon=":material/shuffle:",
            key="another-item",
            on_click=lambda: _look(checkpoint, int(np.random.default_rng().integers(len(checkpoint.atlas)))),
        )
        if looked.image is None and chosen_image(checkpoint) is not None:
            st.button(
                f"Your {one}",
                icon=":material/draw:",
                key="own-item",
                on_click=lambda: _look(checkpoint, current.OWN),
            )
        st.caption(
            f"β is the price of a nat in the {plain(words.latents(checkpoint.model, block))}. Drag the red marker: the higher the price, the less is kept.",
            width="stretch",
        )
    return block


def _look(checkpoint: Checkpoint, what: int | str) -> None:
    current.look_at(checkpoint, what)
    links.write(item=what if isinstance(what, int) else None)


def _since(checkpoint: Checkpoint, positions: list[float]) -> float:
    """The beta that the present one is compared with: of the link, or the least."""
    options = [f"{beta:.3g}" for beta in positions]
    links.belonging(SINCE, checkpoint.name)
    links.check(SINCE, options, "beta to compare with")
    asked = st.query_params.get(SINCE)
    return positions[options.index(asked)] if asked in options else positions[0]


def follow(checkpoint: Checkpoint, of: str) -> None:
    """The sliders of the sidebar follow what the visitor left at the strip of that key."""
    released = left(of)
    if released is None:
        return
    for block in rates_of(checkpoint.model):
        if block in released.betas:
            st.session_state[slider_key(block)] = slider_option(checkpoint, block, released.betas[block])
    lowest = min(min(rate.exposed) for rate in rates_of(checkpoint.model).values())
    since = f"{released.since:.3g}"
    links.write(**{SINCE: None if since == f"{lowest:.3g}" else since})


def _about(checkpoint: Checkpoint, measured: Frontier | None) -> str:
    """What the numbers are of."""
    if measured is not None:
        return f"measured on {cleaned(measured.about)}"
    count = min(along_betas.READ, len(checkpoint.atlas))
    return f"of the encodings of {count:,} {checkpoint.kind.many} of the atlas"


def _under(checkpoint: Checkpoint, measured: Frontier | None, of: str, block: str, what: str) -> None:
    source = (
        "pale bars and half lamps lie between two measured betas. Click a picture or a dot to move the slider there."
        if measured is not None
        else f"the distortion was not measured: {scripts.run(checkpoint, 'frontier')} does."
    )
    menus.under(
        of,
        "beta",
        f"{words.capital(plain(what))}, decoded at nine β of the {plain(words.latents(checkpoint.model, block))}. Bars: the rate, a colour a dimension, {plain(_about(checkpoint, measured))}. "
        "Lamps: active dimensions.",
        words.capital(source),
        codes=measured.columns if measured is not None else None,
        commands=[cleaned(measured.command, 2000)] if measured is not None else [],
    )
