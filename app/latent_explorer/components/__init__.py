"""Browser components of the app: linked maps of the latent space and a labelled grid of pictures.

Each component is one Python module that packs the data, with the JavaScript and the style sheet of the same
name beside it. They need nothing but Streamlit, and nothing is loaded from another host.

Import from the modules: ``latent_explorer.components.latent_map``, ``.image_grid``, ``.selection`` and ``.palette``.
"""
