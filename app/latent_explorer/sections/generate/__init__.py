"""The sections of the page Generate."""
