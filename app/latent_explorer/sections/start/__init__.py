"""The sections of the page Start."""
