"""The explorer: a Streamlit front end over `vae_core`."""
