"""The explorer: a Streamlit front end over `vae_core`."""

MODELS_VARIABLE = "LATENT_EXPLORER_MODELS"
"""Environment variable with a folder of checkpoints to offer beside the bundled ones."""

LIVE = "/latent-explorer/live"
"""The route of the server over which pages ask for images while a pointer moves."""

DECODE = "/latent-explorer/decode"
"""The route of the server that decodes an item of a map."""
