"""The sections of the page What beta does."""
