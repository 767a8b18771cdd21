"""Sharing on the local network: the address that others open, as a link and as a QR code."""

import io
import os
import socket
from urllib.parse import urlencode

import segno
import streamlit as st

from latent_explorer import SHARED_VARIABLE

# Reserved for documentation (RFC 5737): a datagram socket that is "connected" there sends nothing, and knows its own address.
NOWHERE = ("192.0.2.1", 9)


def address() -> str:
    """Where others open this server; nothing where it is not shared."""
    return os.environ.get(SHARED_VARIABLE, "")


def own_address() -> str:
    """The address of this machine on its network. Raises ValueError where it has none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(NOWHERE)
            found = probe.getsockname()[0]
    except OSError:
        found = ""
    if not found or found.startswith(("127.", "0.")):
        raise ValueError(
            "this machine has no address on a network that others could open: connect it, or give one with --host"
        )
    return found


def told(link: str) -> str:
    """What a terminal shows: the address, and its QR code in half blocks."""
    picture = io.StringIO()
    segno.make(link, error="m").terminal(picture, compact=True)
    return f"Others on this network open {link}\n{picture.getvalue()}"


def show(model: str, page: str) -> None:
    """Under a button, the QR code of what the page shows; nothing where the server is not shared."""
    if not address():
        return
    query = urlencode({**st.query_params.to_dict(), "model": model})
    link = f"{address()}/{page}?{query}"
    with st.popover("Open on a phone", icon=":material/qr_code:"):
        code = segno.make(link, error="l").svg_data_uri(scale=6, border=4, light="white")
        st.html(f'<img src="{code}" alt="QR code of the link to this view" style="width:220px">')
        st.code(link, language=None, wrap_lines=True)
        st.caption("It opens on every device of this network.")
