"""The sections of the page Interpolate."""
