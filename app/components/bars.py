"""Horizontal bars as plain HTML: a few numbers do not deserve a chart library's five megabytes."""

from collections.abc import Sequence
from html import escape

import streamlit as st


def bars(names: Sequence[str], values: Sequence[float], colours: Sequence[str], title: str) -> None:
    """One bar for each name, its length the value in [0, 1], the value beside it in per cent."""
    rows = "".join(
        f'<div style="width:3.5em;text-align:right;white-space:nowrap">{escape(name)}</div>'
        f'<div style="background:rgba(128,128,128,.15);border-radius:3px"><div style="width:{value:.2%};'
        f'background:{colour};height:1em;border-radius:3px"></div></div>'
        f'<div style="text-align:right">{value:.1%}</div>'
        for name, value, colour in zip(names, values, colours, strict=True)
    )
    spoken = escape(f"{title}: " + ", ".join(f"{n} {v:.1%}" for n, v in zip(names, values, strict=True)))
    st.html(
        f'<div role="img" aria-label="{spoken}"><div style="font-weight:600;margin-bottom:.3em">{escape(title)}</div>'
        '<div style="display:grid;grid-template-columns:auto 1fr 3.5em;gap:2px 8px;align-items:center;font-size:.85rem">'
        f"{rows}</div></div>"
    )
