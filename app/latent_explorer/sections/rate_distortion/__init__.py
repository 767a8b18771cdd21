"""The sections of the page Rate-distortion."""
