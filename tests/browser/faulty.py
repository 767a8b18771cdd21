"""An app with one planted fault on each page, for the tests of the detectors."""

import streamlit as st
from streamlit.components.v2 import component

COMPONENTS = {
    "throwing": "throw new Error('planted at mounting')",
    "late": """
        const button = document.createElement('button')
        button.textContent = 'Throw'
        button.onclick = () => { throw new Error('planted in a handler') }
        parentElement.append(button)
    """,
    "promising": "Promise.reject(new Error('planted in a promise'))",
    "logging": "console.error('planted in the console')",
    "asking": "fetch('/media/no-such-thing.png')",
    "unparsable": "this is no JavaScript",
    "drawing": """
        const ns = 'http://www.w3.org/2000/svg'
        const svg = document.createElementNS(ns, 'svg')
        svg.append(document.createElementNS(ns, 'text'))
        svg.firstChild.textContent = 'NaN'
        parentElement.append(svg)
    """,
    "writing": "parentElement.append('class undefined')",
}
MOUNTED = {
    name: component(f"faulty.{name}", js=f"export default function ({{ parentElement }}) {{\n{body}\n}}")
    for name, body in COMPONENTS.items()
}


def exception() -> None:
    raise RuntimeError("planted on a page")


def callback() -> None:
    def fail() -> None:
        raise RuntimeError("planted in a callback")

    st.button("Fail", on_click=fail)


def folded() -> None:
    with st.expander("More"):
        st.caption(f"rate {float('nan'):.2f} nats")


def captioned() -> None:
    st.caption(f"trained on {None}, `None` in code is none of it")


def linked() -> None:
    st.warning("The link asks for the block “z”, which is not here.")


def healthy() -> None:
    st.button("Press me")
    st.caption("No fault: NaNs, undefinedness and Nonesuch are other words, and `None` is code.")
    st.warning("A plane needs two different dimensions: choose another one.")


SCRIPTS = {page.__name__: page for page in (exception, callback, folded, captioned, linked)}
st.navigation(
    [
        st.Page(healthy, title="healthy", default=True),
        *(st.Page(page, title=name, url_path=name) for name, page in SCRIPTS.items()),
        *(
            st.Page(lambda name=name: MOUNTED[name](key=name), title=name, url_path=name)  # type: ignore[misc]
            for name in MOUNTED
        ),
    ]
).run()
