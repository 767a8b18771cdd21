"""The views of the page Measure."""
