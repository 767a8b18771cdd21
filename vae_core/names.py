"""The names of the variables that data sets hold or that are derived from them: every model of images calls them so; and what a name can be."""

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

MOST_CLASSES, LONGEST_NAME = 65_536, 1000
"""Classes that a card and an atlas hold, and letters of the name of one."""


def sendable(value: object) -> bool:
    """Whether it is text that can be sent to a browser: half of a pair of surrogates is none.

    Args:
        value: anything.

    Returns:
        True or False.

    Example:
        >>> sendable("β-VAE"), sendable(chr(0xD800)), sendable(3)
        (True, False, False)
    """
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)
