"""The names of the two variables that data sets hold: every model of images calls them so."""

IMAGE = "x"
"""Image, `(B, C, H, W)`."""

LABEL = "y"
"""Class, one-hot `(B, K)`."""
