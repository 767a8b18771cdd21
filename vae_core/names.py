"""The names of the variables that data sets hold or that are derived from them: every model of images calls them so."""

IMAGE = "x"
"""Image, `(B, C, H, W)`."""

LABEL = "y"
"""Class, one-hot `(B, K)`."""

COARSE = "coarse"
"""Image of lower resolution, the average-pooled image, `(B, C, h, w)`."""

LIBRARY = "library"
"""Library size, the sum of an example's counts, `(B, 1)`."""

RATE = "log_beta_"
"""What the name of a rate input begins with: log beta of the block that follows, `(B, 1)`."""

FACTOR = "y_"
"""What the name of a factor's value begins with: y_size, one-hot `(B, K)`, of those that a batch tells."""
