"""Lessons: files that lead through the pages, step by step."""

LESSONS_VARIABLE = "LATENT_EXPLORER_LESSONS"
"""Environment variable with a folder of lessons to offer beside the bundled ones."""
