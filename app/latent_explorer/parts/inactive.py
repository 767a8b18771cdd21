"""Inactive dimensions are one line, until they are asked for."""

from typing import Literal

import streamlit as st
import torch


def in_use(
    order: list[int],
    active: torch.Tensor,
    key: str = "inactive",
    bind: Literal["query-params"] | None = "query-params",
) -> list[int]:
    """The dimensions that are active, and the others only where they are asked for, or where there is nothing else."""
    idle = [dimension for dimension in order if not active[dimension]]
    if not idle or len(idle) == len(order):
        return order
    also = st.toggle(f"Also {len(idle)} inactive dimension{'s' * (len(idle) > 1)}", key=key, bind=bind)
    return order if also else [dimension for dimension in order if active[dimension]]
