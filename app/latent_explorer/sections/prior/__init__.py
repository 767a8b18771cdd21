"""The sections of the page Prior."""
