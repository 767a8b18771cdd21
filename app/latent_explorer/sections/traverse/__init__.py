"""The sections of the page Traverse."""
