"""The explorer: a Streamlit front end over `vae_core`."""

MODELS_VARIABLE = "LATENT_EXPLORER_MODELS"
"""Environment variable with a folder of checkpoints to offer beside the bundled ones."""
