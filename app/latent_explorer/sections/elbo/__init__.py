"""The sections of the page that weighs the bound of one image."""
