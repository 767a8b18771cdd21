"""The sections of the page Open data."""
