"""The sections of the page Dimension."""
