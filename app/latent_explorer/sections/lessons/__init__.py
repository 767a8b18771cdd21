"""The sections of the page Lessons."""
